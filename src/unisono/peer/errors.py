"""What a headless peer refuses, each with a stable code; the codes are those of the web app's error tree.

UnisonoError
├── SwarmKeyError  key-empty · key-too-long
├── WireError      wire-malformed · wire-too-large · wire-version · wire-unsealed · wire-unproven ·
│                  wire-replayed
└── FileError      file-empty · file-not-audio · file-too-large · file-too-many · file-unreadable ·
                   storage-full
"""

from __future__ import annotations

from typing import Literal

from unisono.errors import UnisonoError

KeyErrorCode = Literal["key-empty", "key-too-long"]
WireErrorCode = Literal[
    "wire-malformed", "wire-too-large", "wire-version", "wire-unsealed", "wire-unproven", "wire-replayed"
]
FileErrorCode = Literal[
    "file-empty", "file-not-audio", "file-too-large", "file-too-many", "file-unreadable", "storage-full"
]


class SwarmKeyError(UnisonoError):
    """The text names no swarm."""

    def __init__(self, code: KeyErrorCode) -> None:
        super().__init__(code)
        self.code = code


class WireError(UnisonoError):
    """Bytes from another peer, or from the server, that are not what they should be."""

    def __init__(self, code: WireErrorCode, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


class FileError(UnisonoError):
    """A file that cannot be offered or played. `detail`: why, in words that follow the file's name."""

    def __init__(self, code: FileErrorCode, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
