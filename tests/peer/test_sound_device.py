"""A sound card behind a fake stream, in virtual time: how early it must know of a start to begin on time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
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
    heard_sec: float | None = None

    def start(self) -> None: ...

    def close(self) -> None:
        self.closed = True

    def advance(self) -> None:
        block = np.empty((CALLBACK_FRAMES, CHANNELS), dtype=np.float32)
        self.copy(block, CALLBACK_FRAMES, SimpleNamespace(outputBufferDacTime=self.time + self.latency), None)
        sounding = np.flatnonzero(block[:, 0])
        if self.heard_sec is None and len(sounding):
            self.heard_sec = self.time + self.latency + sounding[0] / OUTPUT_RATE_HZ
        self.time += CALLBACK_FRAMES / OUTPUT_RATE_HZ


def first_heard_ms(
    monkeypatch: pytest.MonkeyPatch, arrives_ms: float, early_ms: float, latency_sec: float
) -> float:
    """How late a song begins whose plan arrives then, `early_ms` earlier than the card asks for."""
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
    device = SoundDevice("default", controller)
    (stream,) = made
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
