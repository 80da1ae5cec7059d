"""`--output`: a sound card, by PortAudio. Blocks are rendered ahead on the event loop; the card's own thread
only copies them, and tells when what it copied will be heard.

Local ms. Whoever opens it closes it; `close` is idempotent.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from unisono.errors import StartError
from unisono.peer.constants.audio import REJOIN_MS
from unisono.peer.lane import CHANNELS
from unisono.peer.output_clock import OutputClock
from unisono.peer.playback_controller import PlaybackController
from unisono.peer.render import OUTPUT_RATE_HZ, Place, Run, render_block
from unisono.peer.sound import Sound
from unisono.peer.sound_priority import sound_priority

BLOCK_FRAMES = OUTPUT_RATE_HZ // 10
# Rendered ahead, so that a busy event loop is not heard; what changes meanwhile is cut behind KEPT_BLOCKS.
HORIZON_BLOCKS = 10
KEPT_BLOCKS = 2
# Two clocks read in a row: further apart than this, the thread was interrupted in between.
READING_MS = 0.2
MAX_WAITING_OUTPUT_SAMPLES = 1024
# The card's thread takes the interpreter's lock several times for each block, and each time waits until who
# computes lets go of it: with Python's 5 ms that adds up to 20 ms beside bulk, more than a card has in hand.
# Beside a transfer at full speed a block was there by 6 ms at p95, with 5 ms by 20; the transfer was as fast.
SWITCH_INTERVAL_SEC = 0.0002
# PulseAudio's "high" is 35 ms and ran dry nine times in 9 s on the busy rig; with this it never did, and what
# was heard lay within 0.6 ms of what PortAudio had said, with 200 ms within 23.
LATENCY_SEC = 0.05
CARD_BLOCK_FRAMES = OUTPUT_RATE_HZ // 100
# P26: after a step of the card what sounds crosses over to its place within this time, if it is off by more
# than that: what is less is bent away sooner than it is heard.
REJOINS_FOR_SEC = 3.0
LEAST_REJOIN_MS = 3.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Queued:
    sound: Sound
    # What the song was read from before this block: to render it again.
    before: Run | None


@dataclass(frozen=True)
class _OutputSample:
    frame: int
    local_ms: float


class SoundDevice:
    def __init__(self, name: str, controller: PlaybackController) -> None:
        """`name`: part of a device's name, its number, or "default". Raises `StartError`."""
        self.error_ms: float | None = None
        # How often the card ran dry, as far as it says so.
        self.underruns = 0
        self._controller = controller
        self._line = OutputClock(OUTPUT_RATE_HZ)
        self._lock = threading.Lock()
        self._queue: deque[_Queued] = deque()
        # How much of the first queued block the card has taken, and of all blocks before it.
        self._taken_frames = 0
        self._gone_frames = 0
        self._samples: deque[_OutputSample] = deque(maxlen=MAX_WAITING_OUTPUT_SAMPLES)
        self._run: Run | None = None
        self._revision = controller.revision
        self._steps = 0
        self._rejoins_until_frame = -1
        self._former_interval_sec = sys.getswitchinterval()
        with sound_priority():  # the card's thread begins here, and PulseAudio's within it
            self._stream = _open_stream(name, self._copy)
            sys.setswitchinterval(SWITCH_INTERVAL_SEC)
            self._stream.start()  # not sooner: the card's thread asks the stream for the time

    @property
    def uncertainty_ms(self) -> float:
        """Of `error_ms`."""
        return self._line.uncertainty_ms

    @property
    def start_ms(self) -> float:
        """What is kept of the queue, and what the card has taken of it and not sounded yet."""
        latency_ms: float = self._stream.latency * 1000
        return KEPT_BLOCKS * BLOCK_FRAMES * 1000 / OUTPUT_RATE_HZ + latency_ms

    def advance(self, local_ms: float) -> None:  # noqa: ARG002 - it goes by the card's clock
        """Renders ahead; call it at least every quarter of a second."""
        with self._lock:
            samples = list(self._samples)
            self._samples.clear()
        for sample in samples:
            self._line.add(sample.frame, sample.local_ms)
        if self._controller.revision != self._revision:
            self._revision = self._controller.revision
            self._cut()
        self._rejoin_after_step()
        while len(self._queue) < HORIZON_BLOCKS:
            self._render_next()

    def close(self) -> None:
        if not self._stream.closed:
            self._stream.close()
            sys.setswitchinterval(self._former_interval_sec)

    def _rejoin_after_step(self) -> None:
        """P11, P26. What is queued is late by what an underrun cost: once that is known better than by half,
        the sound crosses over to its place, and a bend of many seconds is spared.
        """
        with self._lock:
            frame = self._gone_frames + KEPT_BLOCKS * BLOCK_FRAMES
            run = self._queue[KEPT_BLOCKS].before if len(self._queue) > KEPT_BLOCKS else None
        if self._line.steps != self._steps:
            self._steps = self._line.steps
            log.info("the output lost its place; it has run dry %d times so far", self.underruns)
            self._rejoins_until_frame = frame + round(REJOINS_FOR_SEC * OUTPUT_RATE_HZ)
        place = self._place_of(frame) if frame < self._rejoins_until_frame else None
        if run is None or place is None:
            return
        error_ms = abs(run.at_sec - place.begin_sec) * 1000
        if error_ms > max(LEAST_REJOIN_MS, 2 * self._line.uncertainty_ms):
            self._rejoins_until_frame = -1
            self._cut()
            self._render_next(rejoin_ms=0.0)

    def _cut(self) -> None:
        """Throws away what is queued behind the next blocks, and goes on from there."""
        with self._lock:
            while len(self._queue) > KEPT_BLOCKS:
                self._run = self._queue.pop().before

    def _place_of(self, frame: int) -> Place | None:
        """What a block that begins with this frame is to sound like."""
        if not self._line.is_settled:
            return None
        begin_ms = self._line.local_ms_of(frame)
        return self._controller.place_at(begin_ms, self._line.local_ms_of(frame + BLOCK_FRAMES))

    def _render_next(self, rejoin_ms: float = REJOIN_MS) -> None:
        with self._lock:
            frame = self._gone_frames + len(self._queue) * BLOCK_FRAMES
        block = render_block(self._run, self._place_of(frame), BLOCK_FRAMES, rejoin_ms)
        queued = _Queued(block.sound, self._run)
        self._run, self.error_ms = block.after, block.error_ms
        with self._lock:
            self._queue.append(queued)

    def _copy(self, output: Sound, frames: int, moments: Any, status: Any) -> None:  # noqa: ANN401
        """Runs on the card's thread. Silence is played when nothing is queued, and counts as frames."""
        local_ms, is_sharp = self._local_ms_of(moments.outputBufferDacTime)
        with self._lock:
            self.underruns += bool(status.output_underflow)
            if is_sharp:
                self._samples.append(_OutputSample(self._gone_frames + self._taken_frames, local_ms))
            done = 0
            while done < frames and self._queue:
                sound = self._queue[0].sound
                count = min(frames - done, BLOCK_FRAMES - self._taken_frames)
                output[done : done + count] = sound[:, self._taken_frames : self._taken_frames + count].T
                done += count
                self._taken_frames += count
                if self._taken_frames == BLOCK_FRAMES:
                    self._queue.popleft()
                    self._gone_frames += BLOCK_FRAMES
                    self._taken_frames = 0
            output[done:] = 0
            self._gone_frames += frames - done

    def _local_ms_of(self, stream_sec: float) -> tuple[float, bool]:
        """A moment of the stream's clock in local time, and whether nothing came between the two readings."""
        before_ns = time.monotonic_ns()
        now_sec: float = self._stream.time
        after_ns = time.monotonic_ns()
        local_ms = (before_ns + after_ns) / 2e6 + (stream_sec - now_sec) * 1000
        return local_ms, (after_ns - before_ns) / 1e6 < READING_MS and stream_sec > 0


def _open_stream(name: str, callback: Any) -> Any:  # noqa: ANN401 - sounddevice ships no types
    try:
        import sounddevice  # noqa: PLC0415 - without PortAudio it cannot be imported, and only --output needs it
    except (ImportError, OSError) as cause:
        raise StartError(
            "output-unavailable", "--output needs PortAudio (Debian: apt-get install libportaudio2)."
        ) from cause
    device: str | int | None = None if name == "default" else int(name) if name.isdecimal() else name
    try:
        high_sec: float = sounddevice.query_devices(device, "output")["default_high_output_latency"]
        stream = sounddevice.OutputStream(
            samplerate=OUTPUT_RATE_HZ,
            channels=CHANNELS,
            dtype=np.float32,
            device=device,
            latency=max(LATENCY_SEC, high_sec),
            blocksize=CARD_BLOCK_FRAMES,
            callback=callback,
        )
    except (sounddevice.PortAudioError, ValueError) as cause:
        said = str(cause).splitlines()[0]
        raise StartError("output-unavailable", f"The output {name!r} cannot be opened: {said}.") from cause
    return stream
