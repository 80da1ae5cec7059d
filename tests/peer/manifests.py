"""The manifest of a made-up file, reckoned without the code under test."""

from __future__ import annotations

import hashlib

from unisono.peer.manifest import Manifest, piece_length_of


def make_manifest(content: bytes) -> Manifest:
    length = piece_length_of(len(content))
    hashes = [
        hashlib.sha256(content[begin : begin + length]).digest() for begin in range(0, len(content), length)
    ]
    return Manifest(len(content), b"".join(hashes))
