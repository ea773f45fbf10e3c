import pytest
from sqlalchemy import Engine, text

from profile_api.workers import RESERVED, connections_each


def test_connections_are_as_many_as_wanted_and_never_more_than_the_server_has(engine: Engine) -> None:
    with engine.connect() as connection:
        most = int(connection.scalar(text("show max_connections")) or 0)
    free = most - RESERVED
    assert connections_each(engine, 1, 12) == 12
    assert connections_each(engine, 1, free + 50) == free
    assert connections_each(engine, 4, free) == free // 4
    assert connections_each(engine, 1, 1) == 2, "one would wait for itself"
    with pytest.raises(SystemExit, match="start fewer workers"):
        connections_each(engine, free, 12)
