"""Where the pieces of files are kept: a folder that goes with the session. One file per file id.

Whoever opens it closes it; `close` wipes all and is idempotent.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from unisono.peer.errors import FileError
from unisono.peer.manifest import MAX_FILE_BYTES, Manifest, make_manifest, piece_length_of, piece_size_of


class PieceStore:
    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="unisono-peer-")

    def path_of(self, file_id: str) -> Path:
        """Whole once the file is complete."""
        return Path(self._folder.name) / file_id

    def copy_in(self, source: Path) -> Manifest:
        """Takes a copy, so that what is given away stays what it is. Raises `FileError`. Takes a while."""
        try:
            size_bytes = source.stat().st_size
            if size_bytes == 0:
                raise FileError("file-empty", source.name)
            if size_bytes > MAX_FILE_BYTES:
                raise FileError("file-too-large", source.name)
            manifest = make_manifest(source.read_bytes())
            shutil.copyfile(source, self.path_of(manifest.file_id))
        except OSError as cause:
            raise FileError("file-unreadable", f"{source.name}: {cause.strerror}") from cause
        return manifest

    def write(self, file_id: str, piece: int, size_bytes: int, data: bytes) -> None:
        path = self.path_of(file_id)
        if not path.exists():
            with path.open("wb") as file:
                file.truncate(size_bytes)
        with path.open("r+b") as file:
            file.seek(piece * piece_length_of(size_bytes))
            file.write(data)

    def read(self, file_id: str, piece: int, size_bytes: int) -> bytes:
        with self.path_of(file_id).open("rb") as file:
            file.seek(piece * piece_length_of(size_bytes))
            return file.read(piece_size_of(size_bytes, piece))

    def close(self) -> None:
        self._folder.cleanup()
