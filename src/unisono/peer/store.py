"""Where the pieces of files are kept: a folder that goes with the session. One file per file id.

It lies on a disc, not in memory, where there is the choice, and leaves room for others on it.
Whoever opens it closes it; `close` wipes all and is idempotent.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from stat import S_ISREG

from unisono.peer.constants.transfer import MAX_FILE_BYTES
from unisono.peer.errors import FileError
from unisono.peer.manifest import Manifest, piece_length_of, piece_size_of, read_manifest
from unisono.peer.memory import free_memory_bytes, lies_in_memory
from unisono.peer.session_folder import SessionFolder, remove_abandoned

# Two files of the greatest size; a swarm rarely holds so much.
MOST_BYTES = 2 * MAX_FILE_BYTES
# A system whose disc is full to the last byte stops working.
RESERVE_BYTES = 256 * 1024**2
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def folders_to_choose_from() -> list[Path]:
    """Temporary folders first; the cache folder lies on a disc even where /tmp lies in memory."""
    folders = [Path(tempfile.gettempdir()), Path("/var/tmp")]  # noqa: S108 - a folder of its own is made in it
    with contextlib.suppress(RuntimeError):  # a user without a home, as containers have them
        folders.append(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"))
    return folders


class PieceStore:
    def __init__(self, choices: Iterable[Path] | None = None) -> None:
        """Raises OSError where no folder can be written."""
        folders = folders_to_choose_from() if choices is None else list(choices)
        for each in folders:
            remove_abandoned(each)
        self._folder = SessionFolder(_choose(folders))
        self.is_in_memory = lies_in_memory(self.folder)

    @property
    def folder(self) -> Path:
        return self._folder.path

    def capacity_bytes(self) -> int:
        """How much it may hold in all, what it holds already included."""
        held_bytes = sum(_taken_bytes(each) for each in self.folder.iterdir())
        free_bytes = shutil.disk_usage(self.folder).free - RESERVE_BYTES
        if self.is_in_memory:
            free_bytes = min(free_bytes, free_memory_bytes() // 4)
        return max(0, min(MOST_BYTES, held_bytes + free_bytes))

    def path_of(self, file_id: str) -> Path:
        """Whole once the file is complete."""
        return self.folder / file_id

    def copy_in(self, source: Path, is_stopped: Callable[[], bool] = lambda: False) -> Manifest:
        """Takes a copy, so that what is given away stays what it is. Raises `FileError`. Takes a while,
        unless `is_stopped`.
        """
        try:
            seen = source.stat()
            size_bytes = seen.st_size
            if not S_ISREG(seen.st_mode):
                raise FileError("file-unreadable", "it is no file")
            if size_bytes == 0:
                raise FileError("file-empty", "it is empty")
            if size_bytes > MAX_FILE_BYTES:
                raise FileError("file-too-large", f"it is larger than {MAX_FILE_BYTES // 1024**3} GiB")
            if size_bytes > self.capacity_bytes():
                raise FileError("storage-full", f"there is no room for it in {self.folder.parent}")
            return self._copy(source, size_bytes, is_stopped)
        except EOFError as cause:
            raise FileError("file-unreadable", "it became shorter while it was read") from cause
        except OSError as cause:
            if cause.errno in NO_ROOM:
                raise FileError("storage-full", f"there is no room for it in {self.folder.parent}") from cause
            raise FileError("file-unreadable", cause.strerror or str(cause)) from cause

    def _copy(self, source: Path, size_bytes: int, is_stopped: Callable[[], bool]) -> Manifest:
        handle, name = tempfile.mkstemp(dir=self.folder)
        try:
            with source.open("rb") as original, os.fdopen(handle, "wb") as copy:
                manifest = read_manifest(original, copy, size_bytes, is_stopped)
            Path(name).replace(self.path_of(manifest.file_id))
        finally:
            Path(name).unlink(missing_ok=True)
        return manifest

    def write(self, file_id: str, piece: int, size_bytes: int, data: bytes | bytearray) -> None:
        """Raises OSError where it cannot be written; it is then not there."""
        path = self.path_of(file_id)
        if not path.exists():
            with path.open("wb") as file:
                file.truncate(size_bytes)
        with path.open("r+b") as file:
            file.seek(piece * piece_length_of(size_bytes))
            file.write(data)

    def read(self, file_id: str, piece: int, size_bytes: int) -> bytes:
        """Raises OSError where it cannot be read whole."""
        length = piece_size_of(size_bytes, piece)
        with self.path_of(file_id).open("rb") as file:
            file.seek(piece * piece_length_of(size_bytes))
            data = file.read(length)
        if len(data) < length:
            raise OSError(errno.EIO, "the file has become shorter")
        return data

    def close(self) -> None:
        self._folder.close()


def _taken_bytes(path: Path) -> int:
    """0 where it went while the folder was read: another file is being copied in, and gets its name."""
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0


def _choose(choices: Iterable[Path]) -> Path | None:
    """A folder on a disc before one in memory; None: the system's own choice."""
    writable = [folder for folder in choices if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)]
    on_disc = [folder for folder in writable if not lies_in_memory(folder)]
    roomy = [folder for folder in on_disc if shutil.disk_usage(folder).free > RESERVE_BYTES]
    return next(iter([*roomy, *on_disc, *writable]), None)
