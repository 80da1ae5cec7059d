"""A sound card behind a fake stream, in virtual time: how early it must know of a start to begin on time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from unisono.peer import device as device_module
from unisono.peer.device import SoundDevice
from unisono.peer.lane import CHANNELS
from unisono.peer.offset import OffsetEstimate
from unisono.peer.plan import Plan
from unisono.peer.playback_controller import PlaybackController
from unisono.peer.queue import Queue
from unisono.peer.render import OUTPUT_RATE_HZ
from unisono.peer.song import Song
from unisono.peer.sound import HeldSound

SONG = Song("f" * 64, OUTPUT_RATE_HZ, HeldSound(np.ones((2, 10 * OUTPUT_RATE_HZ), dtype=np.float32)))
CALLBACK_FRAMES = 480
TICK_MS = 100.0


@dataclass
class FakeStream:
    """Takes ten milliseconds at a time, heard `latency` later; knows when anything was first heard."""

    copy: Callable[..., None]
    latency: float
    time: float = 0.0
    closed: bool = False
    has_run_dry: bool = False
    heard_sec: float | None = None
    # When each of its blocks was heard, and that block's last frame.
    blocks: list[tuple[float, float]] = field(default_factory=list)

    def start(self) -> None: ...

    def close(self) -> None:
        self.closed = True

    def advance(self) -> None:
        block = np.empty((CALLBACK_FRAMES, CHANNELS), dtype=np.float32)
        heard = SimpleNamespace(outputBufferDacTime=self.time + self.latency)
        self.copy(block, CALLBACK_FRAMES, heard, SimpleNamespace(output_underflow=self.has_run_dry))
        self.has_run_dry = False
        self.blocks.append((self.time + self.latency + CALLBACK_FRAMES / OUTPUT_RATE_HZ, block[-1, 0]))
        sounding = np.flatnonzero(block[:, 0])
        if self.heard_sec is None and len(sounding):
            self.heard_sec = self.time + self.latency + sounding[0] / OUTPUT_RATE_HZ
        self.time += CALLBACK_FRAMES / OUTPUT_RATE_HZ

    def run_dry(self, for_sec: float) -> None:
        self.time += for_sec
        self.has_run_dry = True


def opened_on(
    monkeypatch: pytest.MonkeyPatch, latency_sec: float
) -> tuple[PlaybackController, SoundDevice, FakeStream]:
    """All by the stream's clock, which knows global time."""
    made: list[FakeStream] = []

    def open_stream(_: str, copy: Callable[..., None]) -> Any:
        made.append(FakeStream(copy, latency_sec))
        return made[0]

    monkeypatch.setattr(device_module, "_open_stream", open_stream)
    monkeypatch.setattr(
        device_module, "time", SimpleNamespace(monotonic_ns=lambda: round(made[0].time * 1e9) if made else 0)
    )
    controller = PlaybackController()
    controller.estimated(OffsetEstimate("north", 0.0, 0.0, 0.0, 0.01, 0.2, 0.4, 50))
    return controller, SoundDevice("default", controller), made[0]


def first_heard_ms(
    monkeypatch: pytest.MonkeyPatch, arrives_ms: float, early_ms: float, latency_sec: float
) -> float:
    """How late a song begins whose plan arrives then, `early_ms` earlier than the card asks for."""
    controller, device, stream = opened_on(monkeypatch, latency_sec)
    start_ms = arrives_ms + TICK_MS + device.start_ms + early_ms
    plan = Plan(
        clock_id="north",
        file_id=SONG.file_id,
        entry_id="e" * 16,
        state="playing",
        global_start_us=start_ms * 1000,
    )
    next_tick_ms = 0.0
    while stream.heard_sec is None and stream.time * 1000 < start_ms + 2_000:
        now_ms = stream.time * 1000
        if now_ms >= arrives_ms:
            controller.follow(plan, Queue(), {SONG.file_id: SONG}, is_clock_known=True)
        if now_ms >= next_tick_ms:
            device.advance(now_ms)
            next_tick_ms += TICK_MS
        stream.advance()
    device.close()
    assert stream.heard_sec is not None
    return stream.heard_sec * 1000 - start_ms


@pytest.mark.parametrize("latency_sec", [0.02, 0.15])
def test_a_plan_that_arrives_as_early_as_a_card_asks_for_begins_on_time(
    monkeypatch: pytest.MonkeyPatch, latency_sec: float
) -> None:
    """[D15] Whenever it arrives between two ticks and two blocks, and not much earlier than is needed."""
    arrivals_ms = [3_000.0 + 13 * step for step in range(16)]
    late_ms = [first_heard_ms(monkeypatch, at_ms, 0.0, latency_sec) for at_ms in arrivals_ms]
    assert max(abs(each) for each in late_ms) < 1
    hasty_ms = [first_heard_ms(monkeypatch, at_ms, -60.0, latency_sec) for at_ms in arrivals_ms]
    assert max(hasty_ms) > 5


@pytest.mark.parametrize("late_ms", [12.0, 20.0, 60.0])
def test_after_an_underrun_the_sound_crosses_over_to_its_place(
    monkeypatch: pytest.MonkeyPatch, late_ms: float
) -> None:
    """[P11] [P26] Also after one that is too short for a crossfade while it plays on."""
    controller, device, stream = opened_on(monkeypatch, 0.05)
    # Its samples say where in the song they are.
    ramp = np.tile(np.arange(10 * OUTPUT_RATE_HZ, dtype=np.float32), (2, 1))
    song = Song("f" * 64, OUTPUT_RATE_HZ, HeldSound(ramp))
    plan = Plan(
        clock_id="north", file_id=song.file_id, entry_id="e" * 16, state="playing", global_start_us=1e6
    )
    next_tick_ms = 0.0
    while stream.time < 8:
        if stream.time * 1000 >= next_tick_ms:
            controller.follow(plan, Queue(), {song.file_id: song}, is_clock_known=True)
            device.advance(next_tick_ms)
            next_tick_ms += TICK_MS
        if stream.time >= 4 and device.underruns == 0:
            stream.run_dry(late_ms / 1000)
        stream.advance()
    device.close()
    assert device.underruns == 1
    off_ms = [
        (heard_sec, (heard_sec - 1) * 1000 - (frame + 1) * 1000 / OUTPUT_RATE_HZ)
        for heard_sec, frame in stream.blocks
    ]
    assert max(abs(ms) for sec, ms in off_ms if 2 < sec < 4) < 0.2
    assert max(ms for sec, ms in off_ms if 4 < sec < 4.5) == pytest.approx(late_ms, abs=0.2)
    assert max(abs(ms) for sec, ms in off_ms if sec > 5) < 0.5


def test_while_a_card_is_open_its_thread_does_not_wait_for_computing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_module, "_open_stream", lambda _, copy: FakeStream(copy, 0.05))
    before_sec = sys.getswitchinterval()
    device = SoundDevice("default", PlaybackController(0))
    try:
        assert sys.getswitchinterval() == pytest.approx(device_module.SWITCH_INTERVAL_SEC, abs=1e-6)
    finally:
        device.close()
        device.close()
    assert sys.getswitchinterval() == before_sec
