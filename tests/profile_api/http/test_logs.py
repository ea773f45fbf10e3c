"""An exception in the logs is its type: messages of drivers repeat what they were given."""

import logging

from profile_api.http.logs import TypesOnly


def test_a_logged_exception_is_reduced_to_its_type() -> None:
    try:
        raise ValueError("Key (value)=(ana@inbox.example) already exists")
    except ValueError as error:
        caught = (type(error), error, error.__traceback__)
    record = logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, "Exception in ASGI application\nmore", (), caught)
    assert TypesOnly().filter(record)
    assert logging.Formatter("%(message)s").format(record) == "Exception in ASGI application ValueError"
