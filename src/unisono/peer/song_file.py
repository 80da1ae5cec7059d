"""A whole song file, looked at by decoding processes: how long it is, and some stretches of it.

Blocking: in a thread. `close` ends what goes on, from any thread, and is idempotent.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from unisono.peer.decode import MAX_RATE_HZ, Decoder
from unisono.peer.decode_protocol import Ending, Heading, Job, SeekIndex
from unisono.peer.errors import FileError
from unisono.peer.sound import Sound, Span, padded


class SongFile:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._decoder: Decoder | None = None
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def survey(self) -> tuple[Heading, SeekIndex]:
        """A look through all of it. Raises `FileError`."""
        heading, index = None, None
        for answer in self._begin(Job(MAX_RATE_HZ)).answers():
            if isinstance(answer, Heading):
                heading = answer
            elif isinstance(answer, Ending):
                index = answer.index
        if heading is None or index is None:
            raise FileError("file-not-audio", "it holds no sound")
        return heading, index

    def spans(self, index: SeekIndex, spans: Sequence[Span]) -> list[Sound]:
        """What lies outside of the song is silence, and is not decoded. Raises `FileError`."""
        inside = [_inside(span, index.frames) for span in spans]
        parts = [
            answer
            for answer in self._begin(Job(MAX_RATE_HZ, spans=inside, index=index)).answers()
            if isinstance(answer, np.ndarray)
        ]
        sound = np.concatenate([np.zeros((2, 0), dtype=np.float32), *parts], axis=1)
        found: list[Sound] = []
        for span, (first, length) in zip(spans, inside, strict=True):
            found.append(padded(sound[:, :length], first, span))
            sound = sound[:, length:]
        return found

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            if self._decoder is not None:
                self._decoder.close()

    def _begin(self, job: Job) -> Decoder:
        with self._lock:
            if self._is_closed:
                raise FileError("file-not-audio", "decoding was stopped")
            self._decoder = Decoder(self._path, job)
            return self._decoder


class FileStretches:
    """Stretches of a song file, decoded where they are asked for."""

    def __init__(self, file: SongFile, index: SeekIndex) -> None:
        self._file = file
        self._index = index

    @property
    def frames(self) -> int:
        return self._index.frames

    def read_all(self, spans: Sequence[Span]) -> list[Sound]:
        return self._file.spans(self._index, spans)


def _inside(span: Span, frames: int) -> Span:
    first, length = span
    low = min(max(0, first), frames)
    return low, max(0, min(first + length, frames) - low)
