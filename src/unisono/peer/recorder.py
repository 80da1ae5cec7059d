"""`--record`: a loudspeaker without a card. Its frame n leaves at an exact local moment, so it is in step by
construction. Writes 16-bit stereo at 48 kHz, silence included, and beside it when its first frame was.

Whoever opens it closes it; `close` is idempotent.
"""

from __future__ import annotations

import contextlib
import json
import logging
import wave
from pathlib import Path

import numpy as np

from unisono.peer.ambient import Clock
from unisono.peer.lane import CHANNELS
from unisono.peer.offset import OffsetEstimate
from unisono.peer.playback_controller import PlaybackController
from unisono.peer.render import OUTPUT_RATE_HZ, Run, render_block
from unisono.peer.safe_text import clean_line

# A quarter of a second: the rate is bent no faster than that.
BLOCK_FRAMES = OUTPUT_RATE_HZ // 4
# A WAV says its length in 32 bits.
MOST_FRAMES = (2**32 - 1024) // (2 * CHANNELS)

log = logging.getLogger(__name__)


class Recorder:
    def __init__(self, path: Path, controller: PlaybackController, clock: Clock) -> None:
        """Raises OSError where the file cannot be written."""
        self._controller = controller
        self._path = path
        # Unbuffered: on a full disc the header can still be put right, which a full buffer would prevent.
        self._disc = path.open("wb", buffering=0)
        self._file = wave.open(self._disc, "wb")  # noqa: SIM115 - open for as long as the recorder is
        self._file.setnchannels(CHANNELS)
        self._file.setsampwidth(2)
        self._file.setframerate(OUTPUT_RATE_HZ)
        self._begin_local_ms = clock.local_ms()
        self._begin_wall_ms = clock.wall_ms()
        self._frames = 0
        self._run: Run | None = None
        self._is_closed = False
        self._has_ended = False
        self.error_ms: float | None = None
        self.uncertainty_ms = 0.0  # what is recorded is where it is
        self.start_ms = 0.0  # a block is written when its time is over

    def advance(self, local_ms: float) -> None:
        """Writes what has sounded until now."""
        while not self._has_ended and self._local_ms_of(self._frames + BLOCK_FRAMES) <= local_ms:
            if self._frames + BLOCK_FRAMES > MOST_FRAMES:
                self._end("a WAV holds no more than six hours")
                return
            try:
                self._write(BLOCK_FRAMES)
            except OSError as failure:
                self._end(failure.strerror or str(failure))

    def close(self, estimate: OffsetEstimate | None) -> None:
        """`estimate` says when the first frame was in global time, by which recordings compare."""
        if self._is_closed:
            return
        self._is_closed = True
        self._finish()
        moment: dict[str, object] = {
            "sampleRate": OUTPUT_RATE_HZ,
            "firstFrameLocalMs": self._begin_local_ms,
            "firstFrameWallMs": self._begin_wall_ms,
        }
        if estimate is not None:
            offset_ms = estimate.offset_ms_at(self._begin_local_ms)
            moment["clockId"] = estimate.clock_id
            moment["firstFrameGlobalUs"] = (self._begin_local_ms - offset_ms) * 1000
        try:
            self._path.with_name(self._path.name + ".json").write_text(json.dumps(moment, indent=2) + "\n")
        except OSError as failure:
            log.warning("when the recording began cannot be written: %s", failure)

    def _end(self, why: str) -> None:
        """What was recorded stays; the peer goes on without."""
        log.warning("the recording %s ends here: %s", clean_line(self._path.name), why)
        self._finish()

    def _finish(self) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        self.error_ms = None
        for file in (self._file, self._disc):
            with contextlib.suppress(OSError):
                file.close()

    def _write(self, frames: int) -> None:
        begin_ms, end_ms = self._local_ms_of(self._frames), self._local_ms_of(self._frames + frames)
        block = render_block(self._run, self._controller.place_at(begin_ms, end_ms), frames)
        self._run, self.error_ms = block.after, block.error_ms
        samples = np.round(np.clip(block.sound, -1, 1) * 32767).astype("<i2")
        self._file.writeframes(samples.T.tobytes())
        self._frames += frames

    def _local_ms_of(self, frame: int) -> float:
        return self._begin_local_ms + frame * 1000 / OUTPUT_RATE_HZ
