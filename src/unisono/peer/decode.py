"""From a file to sound: stereo, at the file's own rate up to 48 kHz. Blocking: call in a thread.

The decoding itself happens in a process of its own (`decode_worker`); here its output is read, bounded in
bytes and in time. Raises `FileError` file-not-audio or file-too-large for what cannot be played.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

import msgspec
import numpy as np

from unisono.peer.decode_worker import BLOCK_HEAD, Ending, Heading
from unisono.peer.errors import FileError
from unisono.peer.memory import free_memory_bytes
from unisono.peer.song import Song

# Above it our own interpolation, made for ratios near 1, would fold the uppermost octave down.
MAX_RATE_HZ = 48_000
# An hour and a half in stereo at 48 kHz.
MAX_DECODED_BYTES = 2 * 1024**3
# A Raspberry Pi decodes an hour of MP3 in less than a minute. What takes longer than this never ends.
TIMEOUT_SEC = 300.0


class Decoder:
    """Decodes one file, and can be stopped meanwhile; `close` is idempotent."""

    def __init__(self, timeout_sec: float = TIMEOUT_SEC, max_bytes: int = MAX_DECODED_BYTES) -> None:
        self._timeout_sec = timeout_sec
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def decode(self, file_id: str, path: Path) -> Song:
        """Raises `FileError`."""
        # Half of what is free: the network, the system and the next song need some as well.
        max_bytes = min(self._max_bytes, free_memory_bytes() // 2)
        command = [sys.executable, "-m", "unisono.peer.decode_worker", str(MAX_RATE_HZ), str(max_bytes)]
        try:
            with path.open("rb") as song, self._lock:
                if self._is_closed:
                    raise FileError("file-not-audio", "decoding was stopped")
                process = self._process = subprocess.Popen(  # noqa: S603 - this very program
                    command, stdin=song, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
                )
        except OSError as cause:
            raise FileError("file-unreadable", cause.strerror or str(cause)) from cause
        is_late = threading.Event()

        def give_up() -> None:
            is_late.set()
            process.kill()

        timer = threading.Timer(self._timeout_sec, give_up)
        timer.start()
        try:
            heading, data, ending = _read(process.stdout, max_bytes)
        except MemoryError as cause:
            raise FileError("file-too-large", "its sound is too long for this computer's memory") from cause
        finally:
            timer.cancel()
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        return _song(file_id, heading, data, ending, is_late=is_late.is_set())

    def close(self) -> None:
        """Ends a decoding that goes on; it is then refused."""
        with self._lock:
            self._is_closed = True
            if self._process is not None:
                self._process.kill()


def _read(stream: IO[bytes] | None, max_bytes: int) -> tuple[Heading | None, bytearray, Ending | None]:
    """To the end of the process, and never more than was agreed upon."""
    heading: Heading | None = None
    data = bytearray()
    if stream is None:
        return None, data, None
    while len(head := stream.read(BLOCK_HEAD.size)) == BLOCK_HEAD.size:
        kind, length = BLOCK_HEAD.unpack(head)
        if length > max_bytes - len(data) and kind == b"s":
            raise MemoryError
        content = stream.read(length)
        if len(content) < length:
            break
        if kind == b"s":
            data += content
        elif kind == b"h":
            heading = msgspec.json.decode(content, type=Heading)
        else:
            return heading, data, msgspec.json.decode(content, type=Ending)
    return heading, data, None


def _song(
    file_id: str, heading: Heading | None, data: bytearray, ending: Ending | None, *, is_late: bool
) -> Song:
    if is_late:
        raise FileError("file-not-audio", "decoding it takes too long")
    if ending is None:
        raise FileError("file-not-audio", "its decoder broke down")
    if ending.refusal is not None:
        raise FileError("file-too-large" if ending.is_too_long else "file-not-audio", ending.refusal)
    if heading is None:
        raise FileError("file-not-audio", "it holds no sound")
    channels = np.frombuffer(data, dtype="<f4").reshape(-1, 2).T
    is_by_heading = ending.said_sec is None
    return Song(
        file_id,
        heading.sample_rate,
        channels,
        said_sec=heading.said_sec if is_by_heading else ending.said_sec,
        is_said_roughly=is_by_heading and heading.is_rough,
    )
