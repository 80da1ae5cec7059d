"""The part of a song around the place that plays, decoded as it goes on: a song may be of any length.

A thread reads a decoding process, which stands still while enough lies ahead. Where the place leaps to what
is neither here nor soon to come, another process begins there. Local to one song; whoever makes it closes it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np

from unisono.peer.constants.session import Role
from unisono.peer.decode import MAX_RATE_HZ, TIMEOUT_SEC, Decoder
from unisono.peer.decode_protocol import Ending, Heading, Job, SeekIndex
from unisono.peer.errors import FileError
from unisono.peer.sound import Sound, padded

# In stereo at 48 kHz 27 MB: a recording reads a little behind the place, a card a second ahead of it.
BEHIND_SEC = 10.0
AHEAD_SEC = 60.0
# A process begins that much before the place, which is a little earlier for the slowest output.
LEAD_SEC = 1.0
# As near ahead of what is decoded, going on gets there sooner than another process, which takes 0.3 s.
NEAR_SEC = 10.0
# With so much there, a song can begin.
READY_SEC = 0.5
# So much is decoded at once. What lies further ahead has time: it comes at a multiple of the song's own
# speed, so that a song that opens leaves the cores to the sound that plays.
EAGER_SEC = 5.0
UNHURRIED_SPEED = 15.0


class SongWindow:
    """Readable sound. `on_failed` is called from a thread, of a song that was ready and cannot go on."""

    def __init__(
        self,
        path: Path,
        from_sec: float,
        index: SeekIndex | None,
        on_failed: Callable[[FileError], None],
        timeout_sec: float = TIMEOUT_SEC,
        role: Role = "all",
    ) -> None:
        self._path = path
        self._on_failed = on_failed
        self._timeout_sec = timeout_sec
        self._role = role
        self._changed = threading.Condition()
        self._index = index
        self._aim_sec = from_sec
        self._ahead_sec = AHEAD_SEC
        # Where the process that runs was told to begin, and how far it has come, in frames.
        self._begin_sec = max(0.0, from_sec - LEAD_SEC)
        self._heading: Heading | None = None
        self._end = 0
        self._has_begun = False
        self._has_ended = False
        self._is_index_used = False
        # What is held, each part with its first frame; after a leap the former place until the next sounds.
        self._parts: deque[tuple[int, Sound]] = deque()
        self._frames: int | None = index.frames if index is not None else None
        self._decoder: Decoder | None = None
        self._is_leaping = False
        self._was_ready = False
        self._is_closed = False
        self._failure: FileError | None = None
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def frames(self) -> int | None:
        return self._frames

    def wait_ready(self) -> Heading:
        """Until it can begin; blocks. Raises `FileError`."""
        with self._changed:
            self._changed.wait_for(lambda: self._failure is not None or self._is_closed or self._is_ready)
            if self._failure is not None:
                raise self._failure
            if self._heading is None or self._is_closed:
                raise FileError("file-not-audio", "decoding was stopped")
            self._was_ready = True
            return self._heading

    def read(self, first: int, length: int) -> Sound | None:
        """Of two parts of the song that lie apart, none is taken for the other."""
        with self._changed:
            high = first + length if self._frames is None else min(first + length, self._frames)
            low = min(max(0, first), high)
            held = [(at, part) for at, part in self._parts if at < high and at + part.shape[1] > low]
            if low < high and not _covers(held, low, high):
                return None
        if not held:
            rows = self._heading.rows if self._heading is not None else 2
            return np.zeros((rows, length), dtype=np.float32)
        joined = np.concatenate([part for _, part in held], axis=1)[:, : max(0, high - held[0][0])]
        return padded(joined, held[0][0], (first, length))

    def aim(self, sec: float, ahead_sec: float = AHEAD_SEC) -> None:
        """Where in this decode the song is or will be next, and how much is held from there on; call it now
        and then.
        """
        with self._changed:
            self._aim_sec = max(0.0, sec)
            self._ahead_sec = ahead_sec
            if self._leaps_for(self._aim_sec):
                self._leap()
            self._forget()
            self._changed.notify_all()

    def reaches(self, sec: float) -> bool:
        """Whether it is there, or will be sooner than after a leap."""
        with self._changed:
            if self._heading is None or self._is_leaping:  # it will begin where it was told to
                return abs(sec - self._aim_sec) <= NEAR_SEC
            return not self._leaps_for(max(0.0, sec))

    def learn(self, index: SeekIndex) -> None:
        """How long the song is, and how to seek in it."""
        with self._changed:
            self._index = index
            if not self._has_ended:
                self._frames = index.frames
            is_on_its_way = not self._has_begun and self._begin_sec > NEAR_SEC and not self._is_index_used
            if is_on_its_way and index.exact_frames > 0:
                self._leap()
            self._changed.notify_all()

    def close(self) -> None:
        """What is held stays readable until it is forgotten."""
        with self._changed:
            self._is_closed = True
            if self._decoder is not None:
                self._decoder.close()
            self._changed.notify_all()

    @property
    def _rate(self) -> int:
        return self._heading.sample_rate if self._heading is not None else MAX_RATE_HZ

    @property
    def _is_ready(self) -> bool:
        if self._heading is None or self._is_leaping:
            return False
        held = self._end - self._heading.from_frame
        return self._has_ended or (self._has_begun and held >= READY_SEC * self._rate)

    @property
    def _has_room(self) -> bool:
        return self._end < (self._aim_sec + self._ahead_sec) * self._rate

    def _leaps_for(self, sec: float) -> bool:
        """Whether the place is where this process never comes, or where another one is sooner."""
        if self._is_leaping or self._heading is None:
            return False
        aim = sec * self._rate
        if self._frames is not None:
            aim = min(aim, self._frames)
        if aim < self._begin_sec * self._rate or (
            self._parts and self._has_begun and aim < self._parts[0][0]
        ):
            return True
        if self._index is None or self._has_ended:
            return False
        near = NEAR_SEC * self._rate
        soonest = max(self._end, self._begin_sec * self._rate)
        return aim > soonest + near and min(aim, self._index.exact_frames) > soonest + near

    def _leap(self) -> None:
        self._is_leaping = True
        if self._decoder is not None:
            self._decoder.close()

    def _forget(self) -> None:
        """What lies far behind."""
        oldest = (self._aim_sec - BEHIND_SEC) * self._rate
        while len(self._parts) > 1 and self._parts[0][0] + self._parts[0][1].shape[1] < oldest:
            self._parts.popleft()

    def _run(self) -> None:
        try:
            while (decoder := self._next_decoder()) is not None:
                self._decode(decoder)
        except Exception as cause:  # noqa: BLE001 - whoever waits would wait for ever
            failure = cause if isinstance(cause, FileError) else FileError("file-not-audio", repr(cause))
            with self._changed:
                self._failure = failure
                self._changed.notify_all()
            if self._was_ready:
                self._on_failed(failure)

    def _next_decoder(self) -> Decoder | None:
        with self._changed:
            if self._heading is not None:
                self._changed.wait_for(lambda: self._is_leaping or self._is_closed)
            if self._is_closed:
                return None
            if self._heading is not None:
                self._begin_sec = max(0.0, self._aim_sec - LEAD_SEC)
            self._has_begun, self._has_ended, self._is_leaping = False, False, False
            self._is_index_used = self._index is not None
            job = Job(MAX_RATE_HZ, from_sec=self._begin_sec, index=self._index, role=self._role)
            self._decoder = Decoder(self._path, job, self._timeout_sec)
            self._end = round(self._begin_sec * self._rate)
            return self._decoder

    def _decode(self, decoder: Decoder) -> None:
        """To the end, or to the next leap."""
        try:
            for answer in decoder.answers():
                with self._changed:
                    if self._is_leaping or self._is_closed:
                        return
                    before = self._end
                    self._take(answer)
                    self._changed.notify_all()
                    self._changed.wait_for(lambda: self._is_leaping or self._is_closed or self._has_room)
                    self._rest(self._end - before)
        except FileError:
            if not decoder.is_closed:
                raise

    def _rest(self, frames: int) -> None:
        """After so many frames, until more is needed soon: the decoding process stands still meanwhile."""

        def is_over() -> bool:
            is_needed = self._end <= (self._aim_sec + EAGER_SEC) * self._rate
            return is_needed or self._is_leaping or self._is_closed

        self._changed.wait_for(is_over, frames / self._rate / UNHURRIED_SPEED)

    def _take(self, answer: Heading | Sound | Ending | None) -> None:
        if isinstance(answer, Heading):
            self._heading = answer
            self._end = answer.from_frame
        elif isinstance(answer, Ending):
            self._has_ended = True
            self._frames = answer.frames
        elif answer is not None:
            if not self._has_begun:
                self._parts.clear()
                self._has_begun = True
            self._parts.append((self._end, answer))
            self._end += answer.shape[1]
            self._forget()


def _covers(parts: list[tuple[int, Sound]], low: int, high: int) -> bool:
    """They follow each other without a gap, as one decoding gave them."""
    return bool(parts) and parts[0][0] <= low and parts[-1][0] + parts[-1][1].shape[1] >= high
