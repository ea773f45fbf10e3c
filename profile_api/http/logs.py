"""Structured logs that hold no personal data: routes by their templates, errors by their types."""

import logging
import sys

import structlog


class TypesOnly(logging.Filter):
    """Reduces an exception to its type: the messages of drivers and parsers may repeat personal data."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[0]:
            record.msg, record.args = f"{record.getMessage().splitlines()[0]} {record.exc_info[0].__name__}", ()
            record.exc_info = None
        return True


def configure_logs() -> None:
    """One JSON object a line on standard error, for this process's own log and for its libraries' warnings."""
    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.add_log_level,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(TypesOnly())
    handler.setFormatter(logging.Formatter('{"level": "%(levelname)s", "logger": "%(name)s", "event": "%(message)s"}'))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
