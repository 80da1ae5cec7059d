"""The request that opens a control channel: what it must say, and how others are refused. Pure.

Two carriers ask this file, so that they agree: picows for the first request of a connection, aiohttp for a
later one. `read_handshake` is strict: whatever it does not know is left to aiohttp, which knows all of HTTP.
Knows no clock and no socket.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

# Of one request with all its headers; aiohttp takes 8 KiB for each line.
MAX_HEAD_BYTES = 16 * 1024
MAX_HEADERS = 128

_METHOD = b"GET "
_END_OF_HEAD = b"\r\n\r\n"
# RFC 9110 §5.1 and §5.5: a name is a token; a value holds no control character but the tab.
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*")
_KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Handshake:
    """RFC 6455 §4.2.1, as far as this server goes by it."""

    key: str
    host: str
    origin: str | None
    forwarded_for: Sequence[str]


@dataclass(frozen=True, slots=True)
class HttpRefusal:
    """An answer instead of a WebSocket, for either carrier to write."""

    status: int
    reason: str
    text: str
    headers: dict[str, str] = field(default_factory=dict)


FOREIGN_ORIGIN = HttpRefusal(403, "Forbidden", "Pages of other sites may not open this channel.\n")
NOT_A_HANDSHAKE = HttpRefusal(
    426,
    "Upgrade Required",
    "This address speaks WebSocket.\n",
    {"Upgrade": "websocket", "Sec-WebSocket-Version": "13"},
)
# A proxy may still hold a connection from before the listener closed. Nobody would tell whoever came in by it
# to go; with a 503 the proxy asks the next server.
STOPPING = HttpRefusal(503, "Service Unavailable", "This server is stopping.\n", {"Retry-After": "1"})


def come_again(status: int, detail: str, retry_after_sec: int) -> HttpRefusal:
    """429 for what the address of the client did, 503 for what the server cannot do now."""
    return HttpRefusal(
        status, HTTPStatus(status).phrase, f"{detail}.\n", {"Retry-After": str(retry_after_sec)}
    )


def may_become_handshake(data: bytes, paths: Collection[bytes]) -> bool:
    """Whether a connection that began with these bytes may still ask for a control channel."""
    for path in paths:
        start = _METHOD + path
        if data.startswith((start + b"?", start + b" ")) or start.startswith(data):
            return len(data) <= MAX_HEAD_BYTES or 0 <= data.find(_END_OF_HEAD) <= MAX_HEAD_BYTES
    return False


def split_head(data: bytes) -> tuple[bytes, bytes] | None:
    """The first request without the empty line at its end, and what came behind it; None: not all here."""
    head, end, rest = data.partition(_END_OF_HEAD)
    return (head, rest) if end else None


def read_handshake(head: bytes) -> Handshake | None:
    """None for whatever is no well-formed handshake, which aiohttp may answer."""
    request_line, *lines = head.split(b"\r\n")
    if not request_line.endswith(b" HTTP/1.1") or request_line.count(b" ") != 2 or len(lines) > MAX_HEADERS:
        return None
    fields: dict[str, list[str]] = {}
    for line in lines:
        match = _FIELD.fullmatch(line)
        if match is None:
            return None
        fields.setdefault(match[1].decode("ascii").lower(), []).append(match[2].decode("latin-1"))
    return make_handshake(lambda name: fields.get(name.lower(), []))


def make_handshake(values_of: Callable[[str], Sequence[str]]) -> Handshake | None:
    """Of a GET in HTTP/1.1 with these header fields; None when they ask for no WebSocket."""
    hosts, origins, keys = values_of("Host"), values_of("Origin"), values_of("Sec-WebSocket-Key")
    is_asked_for = (
        "websocket" in _tokens(values_of("Upgrade"))
        and "upgrade" in _tokens(values_of("Connection"))
        and list(values_of("Sec-WebSocket-Version")) == ["13"]
        and len(hosts) == 1
        and len(origins) <= 1
        and len(keys) == 1
        and _is_key(keys[0])
    )
    has_body = values_of("Transfer-Encoding") or any(each != "0" for each in values_of("Content-Length"))
    if not is_asked_for or has_body:
        return None
    return Handshake(
        key=keys[0],
        host=hosts[0],
        origin=origins[0] if origins else None,
        forwarded_for=values_of("X-Forwarded-For"),
    )


def _tokens(values: Sequence[str]) -> Iterator[str]:
    """RFC 9110 §5.6.1: lists with commas, over several lines too. Some proxies send `keep-alive, Upgrade`."""
    return (token.strip().lower() for value in values for token in value.split(","))


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        return False
