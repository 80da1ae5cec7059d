"""Sound as arrays, and where it is read from: a song is longer than what of it lies in memory. Pure.

Positions are frames of the decode; what lies before its begin or behind its end is silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

# Channels x frames.
Sound = NDArray[np.float32]
# First frame and number of frames.
Span = tuple[int, int]


class ReadableSound(Protocol):
    """For who plays: never waits."""

    @property
    def frames(self) -> int | None:
        """How many there are; None until the end is known."""
        ...

    def read(self, first: int, length: int) -> Sound | None:
        """None: not there yet. What is returned is only read."""
        ...


class Stretches(Protocol):
    """For who looks at some places of a song: may block while they are decoded. Raises `FileError`."""

    @property
    def frames(self) -> int: ...

    def read_all(self, spans: Sequence[Span]) -> list[Sound]: ...


class HeldSound:
    """All of it in memory."""

    def __init__(self, channels: Sound) -> None:
        self.channels = channels

    @property
    def frames(self) -> int:
        return int(self.channels.shape[1])

    def read(self, first: int, length: int) -> Sound:
        return padded(self.channels, 0, (first, length))

    def read_all(self, spans: Sequence[Span]) -> list[Sound]:
        return [self.read(*span) for span in spans]


def padded(part: Sound, part_first: int, span: Span) -> Sound:
    """A span of the song, of which `part` begins at the frame `part_first`; silence beside it."""
    first, length = span
    sound = np.zeros((part.shape[0], max(0, length)), dtype=np.float32)
    low, high = max(part_first, first), min(part_first + part.shape[1], first + length)
    if high > low:
        sound[:, low - first : high - first] = part[:, low - part_first : high - part_first]
    return sound
