"""Reads numbers and ids from the front of a message of bytes, big-endian, and checks them. Pure.

Raises `WireError` wire-malformed for what runs over or is out of range.
"""

from __future__ import annotations

import struct

from unisono.peer.errors import WireError


class ByteReader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def take(self, length: int) -> bytes:
        part = self._content[self._at : self._at + length]
        if len(part) < length:
            raise WireError("wire-malformed", "runs over")
        self._at += length
        return part

    def unpack(self, shape: str) -> tuple[float, ...]:
        """Numbers as `struct` names them."""
        numbers: tuple[float, ...] = struct.unpack(">" + shape, self.take(struct.calcsize(">" + shape)))
        return numbers

    def uint8(self, most: int = 0xFF) -> int:
        return int(checked(self.take(1)[0], 0, most))

    def uint16(self, most: int = 0xFFFF) -> int:
        return int(checked(int.from_bytes(self.take(2), "big"), 0, most))

    def uint32(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def float64(self) -> float:
        return self.unpack("d")[0]

    def is_set(self) -> bool:
        return self.uint8(1) == 1

    def entry_id(self) -> str:
        return self.take(8).hex()

    def user_id(self) -> str:
        return self.take(16).hex()

    def file_id(self) -> str:
        return self.take(32).hex()

    def ascii(self, length: int) -> str:
        text = self.take(length)
        if any(not 0x20 <= byte <= 0x7E for byte in text):
            raise WireError("wire-malformed", "text")
        return text.decode("ascii")

    def rest(self) -> bytes:
        return self.take(len(self._content) - self._at)

    def has_more(self) -> bool:
        return self._at < len(self._content)

    def end(self) -> None:
        if self.has_more():
            raise WireError("wire-malformed", "runs over")


def checked(value: float, least: float, most: float) -> float:
    if not least <= value <= most:
        raise WireError("wire-malformed", "a number out of range")
    return value


def flags_of(*flags: bool) -> int:
    return sum(1 << bit for bit, is_set in enumerate(flags) if is_set)
