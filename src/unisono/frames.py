"""What of RFC 6455's framing is not left to picows: text frames in one go, and messages that come in pieces.

Pure. picows hands over frames, not messages, and does not look at the reserved bits.
"""

from __future__ import annotations

import struct

from unisono.errors import PeerError
from unisono.protocol import ErrorCode

OP_CONTINUATION, OP_TEXT, OP_BINARY, OP_CLOSE, OP_PING, OP_PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


PROTOCOL_ERROR = 1002
# RFC 6455 §7.4 and the registry it made: 1004 has no meaning, 1005, 1006 and 1015 are never in a frame.
_CLOSE_CODES = frozenset((*range(1000, 1004), *range(1007, 1015)))


class FramingError(Exception):
    """The peer breaks RFC 6455: it is closed with 1002 and this reason."""


def text_frame(payload: bytes) -> bytes:
    """RFC 6455 §5.2: one unfragmented, unmasked text frame of at most 64 KiB."""
    if len(payload) < 126:
        return struct.pack("!BB", 0x81, len(payload)) + payload
    return struct.pack("!BBH", 0x81, 126, len(payload)) + payload


def may_be_sent(close_code: int) -> bool:
    """Whether this code may stand in a closing frame. picows lets 0, 1006 and those from 5000 on pass."""
    return close_code in _CLOSE_CODES or 3000 <= close_code < 5000


class Pieces:
    """A message that comes in pieces (RFC 6455 §5.4), as browsers may send it. One for each connection that
    ever sends any.
    """

    __slots__ = ("_data", "_max_bytes", "is_binary")

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._data: bytearray | None = None
        self.is_binary = False

    @property
    def size_bytes(self) -> int:
        """Of the pieces that wait for their last one."""
        return len(self._data) if self._data is not None else 0

    def take(self, opcode: int, payload: bytes, *, is_last: bool) -> bytes | None:
        """The message that this frame completes. Raises `FramingError`, and `PeerError` above the limit."""
        if opcode == OP_CONTINUATION:
            if self._data is None:
                raise FramingError("a continuation of nothing")
        elif self._data is not None:
            raise FramingError("a message within a message")
        else:
            self._data, self.is_binary = bytearray(), opcode == OP_BINARY
        self._data += payload
        if len(self._data) > self._max_bytes:
            raise PeerError(ErrorCode.FRAME_TOO_LARGE, f"a frame may have {self._max_bytes} bytes")
        if not is_last:
            return None
        message, self._data = bytes(self._data), None
        return message
