"""A temporary folder that no session leaves behind. It is locked for as long as its process lives, so that
the next session on this computer knows what one that was killed left there, and removes it.

Whoever opens it closes it; `close` is idempotent.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import weakref
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, which does not remove what is in use
    fcntl = None  # type: ignore[assignment]

PREFIX = "unisono-songs-"
# Between making a folder and locking it another session may take it for one that was left behind.
MOST_TRIES = 8


class SessionFolder:
    def __init__(self, parent: Path | None) -> None:
        """None: the system's own choice. Raises OSError where no folder can be made."""
        for _ in range(MOST_TRIES):
            self._made = tempfile.TemporaryDirectory(prefix=PREFIX, dir=parent, ignore_cleanup_errors=True)
            self.path = Path(self._made.name)
            lock = _lock(self.path)
            if self.path.is_dir():
                break
        self._unlock = (lambda: None) if lock is None else weakref.finalize(self, os.close, lock)

    def close(self) -> None:
        self._made.cleanup()
        self._unlock()


def remove_abandoned(parent: Path) -> None:
    """What sessions of this user that are no more left in `parent`. What cannot be removed stays."""
    if fcntl is None:
        return
    with contextlib.suppress(OSError):
        for folder in parent.glob(f"{PREFIX}*"):
            lock = _lock(folder)
            if lock is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)


def _lock(folder: Path) -> int | None:
    """None where somebody holds it, where it is another user's, or where the system knows no locks."""
    if fcntl is None:
        return None
    try:
        folder_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        if os.fstat(folder_fd).st_uid == os.getuid():
            fcntl.flock(folder_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return folder_fd
    except OSError:
        pass
    os.close(folder_fd)
    return None
