"""A decoding process, its output read: bounded in bytes, and in time without progress. Blocking: in a thread.

The decoding itself happens in a process of its own (`decode_worker`), which goes no further than its output
is read. Raises `FileError` file-not-audio or file-too-large for what cannot be played.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec
import numpy as np

from unisono.peer.decode_protocol import BLOCK_HEAD, MAX_BLOCK_BYTES, Ending, Heading, Job
from unisono.peer.errors import FileError, FileErrorCode
from unisono.peer.sound import Sound

# Above it our own interpolation, made for ratios near 1, would fold the uppermost octave down.
MAX_RATE_HZ = 48_000
# A Raspberry Pi decodes a minute of any song in a second. What says nothing for this long never will.
TIMEOUT_SEC = 60.0


class Decoder:
    """Does one job on one file, and can be stopped meanwhile; `close` is idempotent."""

    def __init__(self, path: Path, job: Job, timeout_sec: float = TIMEOUT_SEC) -> None:
        self._path = path
        self._job = job
        self._timeout_sec = timeout_sec
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_closed = False
        # Since when an answer is waited for; None while nobody reads.
        self._waiting_since_sec: float | None = None
        self._is_late = False

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def answers(self) -> Iterator[Heading | Sound | Ending | None]:
        """As they come, the ending last; None: nothing new, but it goes on. Raises `FileError`."""
        process = self._start()
        has_ended = threading.Event()
        threading.Thread(target=self._watch, args=(process, has_ended), daemon=True).start()
        try:
            yield from self._read(process.stdout)
        finally:
            has_ended.set()
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def close(self) -> None:
        """Ends a decoding that goes on; it is then refused."""
        with self._lock:
            self._is_closed = True
            if self._process is not None:
                self._process.kill()

    def _start(self) -> subprocess.Popen[bytes]:
        job = msgspec.json.encode(self._job).decode()
        command = [sys.executable, "-m", "unisono.peer.decode_worker", job]
        try:
            with self._path.open("rb") as song, self._lock:
                if self._is_closed:
                    raise FileError("file-not-audio", "decoding was stopped")
                self._process = subprocess.Popen(  # noqa: S603 - this very program
                    command, stdin=song, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
                )
                return self._process
        except OSError as cause:
            raise FileError("file-unreadable", cause.strerror or str(cause)) from cause

    def _watch(self, process: subprocess.Popen[bytes], has_ended: threading.Event) -> None:
        """Time counts while somebody waits: a process whose output is not read stands still by right."""
        while not has_ended.wait(self._timeout_sec / 8):
            since_sec = self._waiting_since_sec
            if since_sec is not None and time.monotonic() - since_sec > self._timeout_sec:
                self._is_late = True
                process.kill()
                return

    def _read(self, stream: IO[bytes] | None) -> Iterator[Heading | Sound | Ending | None]:
        """To the ending, without which the process broke down."""
        rows = 2
        while stream is not None:
            self._waiting_since_sec = time.monotonic()
            kind, content = _next_block(stream)
            self._waiting_since_sec = None
            if not kind:
                break
            answer = _answer(kind, content, rows)
            rows = answer.rows if isinstance(answer, Heading) else rows
            if isinstance(answer, Ending) and answer.refusal is not None:
                code: FileErrorCode = "file-too-large" if answer.is_too_long else "file-not-audio"
                raise FileError(code, answer.refusal)
            yield answer
            if isinstance(answer, Ending):
                return
        if self._is_late:
            raise FileError("file-not-audio", "decoding it takes too long")
        raise FileError("file-not-audio", "its decoder broke down")


def _next_block(stream: IO[bytes]) -> tuple[bytes, bytes]:
    """Its kind and content; no kind where the process ended, or writes what none of ours would."""
    head = stream.read(BLOCK_HEAD.size)
    if len(head) < BLOCK_HEAD.size:
        return b"", b""
    kind, length = BLOCK_HEAD.unpack(head)
    if length > MAX_BLOCK_BYTES:
        return b"", b""
    content = stream.read(length)
    return (kind, content) if len(content) == length else (b"", b"")


def _answer(kind: bytes, content: bytes, rows: int) -> Heading | Sound | Ending | None:
    """Raises `FileError` for what no process of ours would write."""
    try:
        match kind:
            case b"h":
                return msgspec.json.decode(content, type=Heading)
            case b"s":
                return np.frombuffer(content, dtype="<f4").reshape(-1, rows).T
            case b"e":
                return msgspec.json.decode(content, type=Ending)
            case _:
                return None
    except (msgspec.MsgspecError, ValueError) as cause:
        raise FileError("file-not-audio", "its decoder broke down") from cause
