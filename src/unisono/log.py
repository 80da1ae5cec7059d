"""Structured log lines on stderr: time, level, event, fields. Clock: wall time, UTC, for people reading logs.

What must never be in a line: a key, a swarm id, a user id, a network address. Fields are therefore numbers
and short words chosen here, never anything a peer sent, and aiohttp's own records are reduced to what failed.
"""

from __future__ import annotations

import logging
import sys
import time

LOGGER = logging.getLogger("unisono")

Field = str | int | float | None


def log_event(event: str, level: int = logging.INFO, **fields: Field) -> None:
    """One line. Field values with spaces are quoted."""
    if LOGGER.isEnabledFor(level):
        LOGGER.log(
            level, "%s", " ".join([event, *(f"{name}={_word(value)}" for name, value in fields.items())])
        )


def log_failure(event: str, failure: BaseException) -> None:
    """An error nobody expected, with its traceback. Tracebacks hold code, not values."""
    LOGGER.error("%s type=%s", event, type(failure).__name__, exc_info=failure)


def start_logging() -> None:
    """Sends everything to stderr in one format. Called once, by the command."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_LineFormatter())
    handler.addFilter(_strip_aiohttp)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def _word(value: Field) -> str:
    text = str(value)
    return f'"{text}"' if " " in text else text


def _strip_aiohttp(record: logging.LogRecord) -> bool:
    """Its messages name addresses and repeat what the peer sent, so only the kind of failure stays."""
    if record.name.startswith("aiohttp"):
        failure = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else "none"
        record.msg, record.args = f"http-library source={record.name} failure={failure}", ()
        record.exc_info = record.exc_text = None
    return True


class _LineFormatter(logging.Formatter):
    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
