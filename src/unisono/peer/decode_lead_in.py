"""What stands before the sound in a file: tags and zeros, behind which FFmpeg finds MPEG frames only."""

from __future__ import annotations

import io
from typing import BinaryIO

ID3_HEAD_BYTES = 10
HAS_ID3_FOOTER = 0x10
APE_HEAD_BYTES = 32
# Behind more than this nobody looks for the sound.
MAX_ZEROS_BYTES = 1024 * 1024
# MP4 begins with a size, whose first bytes are zero.
MAX_ZEROS_OF_CONTAINER = 4
CONTAINERS = (
    b"RIFF",
    b"riff",  # Wave64
    b"RF64",
    b"BW64",
    b"FORM",
    b"fLaC",
    b"OggS",
    b"\x1a\x45\xdf\xa3",
    b"caff",
    b".snd",
    b"#!AMR",
)
LOOK_BYTES = 64


def behind_tags(song: BinaryIO) -> int:
    """Where the first byte behind all ID3v2 and APE tags is. Moves in `song`."""
    at = 0
    while size_bytes := _tag_bytes(_read_at(song, at, APE_HEAD_BYTES)):
        at += size_bytes
    return at


def container_start(song: BinaryIO) -> int:
    """Where a container begins that is not at the beginning; 0: nowhere. `song` stands at its beginning."""
    tagged = behind_tags(song)
    first_set = tagged + _zeros_bytes(song, tagged)
    for at in range(max(tagged, first_set - MAX_ZEROS_OF_CONTAINER), first_set + 1):
        head = _read_at(song, at, LOOK_BYTES)
        if head.startswith(CONTAINERS) or head[4:8] == b"ftyp":
            break
    else:
        at = 0
    song.seek(0)
    return at


class Behind(io.RawIOBase):
    """The part of a file from a byte on, as a file of its own."""

    def __init__(self, song: BinaryIO, start: int) -> None:
        self._song = song
        self._start = start
        song.seek(start)

    def read(self, size: int = -1) -> bytes:
        return self._song.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        place = self._start + offset if whence == io.SEEK_SET else offset
        return self._song.seek(place, whence) - self._start

    def tell(self) -> int:
        return self._song.tell() - self._start

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


def _tag_bytes(head: bytes) -> int:
    """The size of the tag that begins so, with all that belongs to it; 0 where none does."""
    if head[:3] == b"ID3" and len(head) >= ID3_HEAD_BYTES:
        content = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        return ID3_HEAD_BYTES + content + (ID3_HEAD_BYTES if head[5] & HAS_ID3_FOOTER else 0)
    if head[:8] == b"APETAGEX" and len(head) == APE_HEAD_BYTES:
        return APE_HEAD_BYTES + int.from_bytes(head[12:16], "little")
    return 0


def _zeros_bytes(song: BinaryIO, at: int) -> int:
    part = _read_at(song, at, MAX_ZEROS_BYTES)
    return len(part) - len(part.lstrip(b"\0"))


def _read_at(song: BinaryIO, at: int, size: int) -> bytes:
    song.seek(at)
    return song.read(size)
