"""What a file is: its size and the SHA-256 of each of its pieces; and which pieces somebody has. Pure.

The file id is SHA-256 of the canonical manifest, UTF-8 of
`{"v":1,"size":…,"pieceLength":…,"sha256":["<hex>",…]}` in this order without white space: equal content has
one id whoever adds it. As web/src/transfer/core/manifest.ts.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from unisono.peer.constants.transfer import (
    AIMED_PIECES,
    LARGE_PIECE_BYTES,
    MAX_FILE_BYTES,
    MAX_PIECES,
    MIN_PIECE_BYTES,
)
from unisono.peer.encoding import decode_base64url, encode_base64url
from unisono.peer.errors import FileError, WireError

HASH_BYTES = 32


def piece_length_of(size_bytes: int) -> int:
    """The only piece length a file of this size can have: two people who add one song must cut it alike."""
    power = 1 << max(0, int(size_bytes // AIMED_PIECES).bit_length() - 1)
    length = min(LARGE_PIECE_BYTES, max(MIN_PIECE_BYTES, power))
    while length * MAX_PIECES < min(size_bytes, MAX_FILE_BYTES):
        length *= 2
    return length


def piece_count_of(size_bytes: int) -> int:
    return math.ceil(size_bytes / piece_length_of(size_bytes))


def piece_size_of(size_bytes: int, piece: int) -> int:
    """Only the last may be short."""
    length = piece_length_of(size_bytes)
    return min(length, size_bytes - piece * length)


@dataclass(frozen=True)
class Manifest:
    size_bytes: int
    # One SHA-256 of 32 bytes per piece, one after the other.
    sha256: bytes

    @property
    def piece_count(self) -> int:
        return piece_count_of(self.size_bytes)

    @property
    def file_id(self) -> str:
        hashes = [self.hash_of(piece).hex() for piece in range(self.piece_count)]
        length = piece_length_of(self.size_bytes)
        canonical = {"v": 1, "size": self.size_bytes, "pieceLength": length, "sha256": hashes}
        return hashlib.sha256(json.dumps(canonical, separators=(",", ":")).encode()).hexdigest()

    @property
    def encoded_hashes(self) -> str:
        return encode_base64url(self.sha256)

    def hash_of(self, piece: int) -> bytes:
        return self.sha256[piece * HASH_BYTES : (piece + 1) * HASH_BYTES]

    def is_piece(self, piece: int, data: bytes | bytearray) -> bool:
        return hashlib.sha256(data).digest() == self.hash_of(piece)


def read_manifest(
    source: BinaryIO, copy: BinaryIO, size_bytes: int, is_stopped: Callable[[], bool] = lambda: False
) -> Manifest:
    """The manifest of what is copied, piece by piece. Raises `EOFError` where it is shorter than said, and
    `FileError` when it `is_stopped`.
    """
    hashes = []
    for piece in range(piece_count_of(size_bytes)):
        if is_stopped():
            raise FileError("file-unreadable", "this peer leaves before it was read")
        data = source.read(piece_size_of(size_bytes, piece))
        if len(data) < piece_size_of(size_bytes, piece):
            raise EOFError
        hashes.append(hashlib.sha256(data).digest())
        copy.write(data)
    return Manifest(size_bytes, b"".join(hashes))


def parse_manifest(file_id: str, size_bytes: int, encoded_hashes: str) -> Manifest:
    """Rebuilds a received manifest. Raises `WireError` unless it is the manifest of `file_id`."""
    if not 1 <= size_bytes <= MAX_FILE_BYTES:
        raise WireError("wire-malformed", "manifest size")
    hashes = decode_base64url(encoded_hashes)
    if len(hashes) != piece_count_of(size_bytes) * HASH_BYTES:
        raise WireError("wire-malformed", "manifest has the wrong number of hashes")
    manifest = Manifest(size_bytes, hashes)
    if manifest.file_id != file_id:
        raise WireError("wire-malformed", "manifest of another file")
    return manifest


def encode_bitfield(pieces: set[int], count: int) -> str:
    """Piece 0 in the highest bit of the first byte, spare bits 0."""
    field = bytearray(math.ceil(count / 8))
    for piece in pieces:
        field[piece >> 3] |= 0x80 >> (piece & 7)
    return encode_base64url(bytes(field))


def decode_bitfield(text: str, count: int) -> set[int]:
    """Raises `WireError` when the text is not a bitfield of exactly this length."""
    field = decode_base64url(text)
    if len(field) != math.ceil(count / 8):
        raise WireError("wire-malformed", "bitfield of another length")
    pieces = {piece for piece in range(len(field) * 8) if field[piece >> 3] & (0x80 >> (piece & 7))}
    if any(piece >= count for piece in pieces):
        raise WireError("wire-malformed", "bitfield has spare bits set")
    return pieces
