"""A song that is open at one or several of its places at once: windows on one file, read as one sound.

Where a loop leads back, or a song ends that begins again, the place after the leap is decoded ahead of time
in a window of its own. Whoever makes it closes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from unisono.peer.decode_protocol import SeekIndex
from unisono.peer.song_window import AHEAD_SEC, SongWindow
from unisono.peer.sound import Sound

# The place that plays, and the one after the next leap.
MAX_WINDOWS = 2
# More than another one needs to come there, once it sounds.
NEXT_AHEAD_SEC = 15.0


class OpenSong:
    """`make(place_sec, index)` opens a window there."""

    def __init__(
        self,
        places_sec: Sequence[float],
        index: SeekIndex | None,
        make: Callable[[float, SeekIndex | None], SongWindow],
    ) -> None:
        self._make = make
        self._index = index
        self.windows = [make(places_sec[0], index)]

    @property
    def frames(self) -> int | None:
        return next((window.frames for window in self.windows if window.frames is not None), None)

    def read(self, first: int, length: int) -> Sound | None:
        """Never waits; None where no window is yet."""
        for window in self.windows:
            sound = window.read(first, length)
            if sound is not None:
                return sound
        return None

    def aim(self, places_sec: Sequence[float]) -> None:
        """Where in this decode it sounds and will sound soon, in that order; call it now and then.

        A place that a window comes to is left to it. Of the others the first may make a window leap, as what
        nobody listens to need not go on; for a later one another window is opened.
        """
        free = list(self.windows)
        used: list[SongWindow] = []
        for number, place_sec in enumerate(places_sec):
            if number > 0 and any(window.reaches(place_sec) for window in used):
                continue
            window = next((each for each in free if each.reaches(place_sec)), None)
            if window is None and number == 0:
                window = free[0]
            if window is None and len(used) < MAX_WINDOWS:
                window = self._make(place_sec, self._index)
            if window is not None:
                free = [each for each in free if each is not window]
                used.append(window)
                window.aim(place_sec, AHEAD_SEC if number == 0 else NEXT_AHEAD_SEC)
        for window in free:
            window.close()
        self.windows = used

    def learn(self, index: SeekIndex) -> None:
        self._index = index
        for window in self.windows:
            window.learn(index)

    def close(self) -> None:
        """What is held stays readable."""
        for window in self.windows:
            window.close()
