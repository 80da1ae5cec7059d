"""Structured log lines on stderr: time, level, event, fields. Clock: wall time, UTC, for people reading logs.

What must never be in a line: a key, a swarm id, a user id, a network address. Fields are therefore numbers
and short words chosen here, never anything a peer sent, and aiohttp's own records are reduced to what failed.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Literal

LOGGER = logging.getLogger("unisono")

Field = str | int | float | None
LogFormat = Literal["text", "json"]


def log_event(event: str, level: int = logging.INFO, **fields: Field) -> None:
    """One line. Field values with spaces are quoted."""
    if LOGGER.isEnabledFor(level):
        line = " ".join([event, *(f"{name}={_word(value)}" for name, value in fields.items())])
        LOGGER.log(level, "%s", line, extra={"event": event, "fields": fields})


def log_failure(event: str, failure: BaseException) -> None:
    """An error nobody expected, with its traceback. Tracebacks hold code, not values."""
    kind = type(failure).__name__
    extra = {"event": event, "fields": {"type": kind}}
    LOGGER.error("%s type=%s", event, kind, exc_info=failure, extra=extra)


def start_logging(log_format: LogFormat = "text") -> None:
    """Sends everything to stderr in one format. Called once, by the command."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if log_format == "json" else _LineFormatter())
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


class _JsonFormatter(logging.Formatter):
    """One object a line: at, level, event, and the fields of the event beside them."""

    def format(self, record: logging.LogRecord) -> str:
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        said: dict[str, Field] = {"at": f"{seconds}.{record.msecs:03.0f}Z", "level": record.levelname}
        event = getattr(record, "event", None)
        if event is None:
            # A warning in words: its first word is the event.
            event, _, words = record.getMessage().partition(" ")
            said |= {"event": event, "words": words}
        else:
            said |= {"event": event, **getattr(record, "fields", {})}
        if record.exc_info:
            said["traceback"] = self.formatException(record.exc_info)
        return json.dumps(said)
