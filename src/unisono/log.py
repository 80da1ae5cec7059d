"""Structured log lines on stderr: time, level, event, fields. Clock: wall time, UTC, for people reading logs.

What must never be in a line: a key, a swarm id, a user id, a network address. Fields are therefore numbers
and short words chosen here, never anything a peer sent. What libraries say is reduced to what failed, and of
every exception only its kind and where it was raised are written: its words may repeat an id or an address.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Literal

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

LOGGER = logging.getLogger("unisono")

# What aiohttp calls errors are requests that are none. Strangers must not fill the disk with them.
STRANGERS_FAULTS = (HttpProcessingError, web.RequestPayloadError)

Field = str | int | float | None
LogFormat = Literal["text", "json"]


def log_event(event: str, level: int = logging.INFO, **fields: Field) -> None:
    """One line. Field values with spaces are quoted."""
    if LOGGER.isEnabledFor(level):
        line = " ".join([event, *(f"{name}={_word(value)}" for name, value in fields.items())])
        LOGGER.log(level, "%s", line, extra={"event": event, "fields": fields})


def log_failure(event: str, failure: BaseException) -> None:
    """An error nobody expected, with where it was raised: code and no values."""
    kind = type(failure).__name__
    extra = {"event": event, "fields": {"type": kind}}
    LOGGER.error("%s type=%s", event, kind, exc_info=failure, extra=extra)


def start_logging(log_format: LogFormat = "text") -> None:
    """Sends everything to stderr in one format. Called once, by the command."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if log_format == "json" else _LineFormatter())
    handler.addFilter(_strip_libraries)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    sys.excepthook = _log_last_words
    sys.unraisablehook = _log_ignored
    threading.excepthook = _log_ignored


def _word(value: Field) -> str:
    text = str(value)
    return f'"{text}"' if " " in text else text


def failure_lines(failure: BaseException) -> Iterator[str]:
    """Where it was raised and its kind, and so for what caused it and for the parts of a group. No message: a
    KeyError says the key.
    """
    cause = failure.__cause__ or (None if failure.__suppress_context__ else failure.__context__)
    if cause is not None:
        yield from failure_lines(cause)
        yield "and from that:"
    for frame in traceback.extract_tb(failure.__traceback__):
        yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
    yield type(failure).__qualname__
    if isinstance(failure, BaseExceptionGroup):
        for part in failure.exceptions:
            yield from failure_lines(part)


def _log_last_words(_kind: type[BaseException], failure: BaseException, _trace: TracebackType | None) -> None:
    """The process ends of this: without it, Python would print what the exception says."""
    log_failure("failed", failure)


def _log_ignored(ignored: sys.UnraisableHookArgs | threading.ExceptHookArgs) -> None:
    """Raised where nobody can catch it, in a finalizer or a callback of compiled code, or in a thread. Python
    would print the object, too.
    """
    if ignored.exc_value is not None:
        log_failure("failed", ignored.exc_value)


def _strip_libraries(record: logging.LogRecord) -> bool:
    """Messages of libraries name addresses and repeat what the peer sent, and asyncio's show whole objects:
    only the kind of failure stays.
    """
    failure = record.exc_info[1] if record.exc_info else None
    if isinstance(failure, STRANGERS_FAULTS) and record.name.startswith("aiohttp"):
        return False
    record.exc_text = None if failure is None else "\n".join(failure_lines(failure))
    record.exc_info = None
    if not record.name.startswith(LOGGER.name):
        kind = "none" if failure is None else type(failure).__name__
        record.msg, record.args = f"library source={record.name} failure={kind}", ()
        if record.name.startswith("aiohttp"):
            record.exc_text = None  # what a peer sent made it fail; its place says nothing
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
        if record.exc_text:
            said["traceback"] = record.exc_text
        return json.dumps(said)
