"""A headless peer compares its clock with its neighbours' as a page does (T17 to T19)."""

from __future__ import annotations

import numpy as np
import pytest

from unisono.peer.offset import OffsetEstimate, OffsetEstimator, Probe
from unisono.peer.peer_comparison import PeerComparison
from unisono.peer.playback_clock import PlaybackClock

ME, ADA, BO, CY = "me", "ada", "bo", "cy"


class Room:
    """This peer's local clock is global time plus 700 ms; paths take 1 ms and some queueing."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.estimator = OffsetEstimator()
        self.comparison = PeerComparison()
        self.local_ms = 10_000.0
        # What the server, and each neighbour, tells beside the true time, ms.
        self.server_skew_ms = 0.0
        self.skews_ms: dict[str, float] = {ADA: 0.0, BO: 0.0, CY: 0.0}
        self.linked = {ADA, BO, CY}
        self.director: str | None = ADA
        # One way and back between neighbours; None: as to the server.
        self.channel_ms: tuple[float, float] | None = None
        # What the queues to the server add on average, ms.
        self.queue_ms = 1.0
        self.estimate: OffsetEstimate | None = None

    def run(self, seconds: float) -> float:
        """Returns how far off it is at the end, ms."""
        until_ms = self.local_ms + seconds * 1000
        while self.local_ms < until_ms:
            self.local_ms += 500
            if self.local_ms % 1000 == 0:
                for peer, skew_ms in self.skews_ms.items():
                    self.comparison.take(peer, self._probe(skew_ms, self.channel_ms))
            self.estimator.add(self._probe(self.server_skew_ms))
            own = self.estimator.estimate(self.local_ms + 20)
            assert own is not None
            if own.probes >= 8:
                self.estimate = self.comparison.judge(own, ME, self.director, self.linked.__contains__)
        return float("nan") if self.estimate is None else self.estimate.offset_ms - 700

    def _probe(self, skew_ms: float, channel_ms: tuple[float, float] | None = None) -> Probe:
        up_ms, down_ms = channel_ms or 1 + self.random.exponential(self.queue_ms, 2)
        at_us = (self.local_ms - 700 + up_ms + skew_ms) * 1000
        return Probe("north", self.local_ms, at_us, at_us, self.local_ms + up_ms + down_ms)


@pytest.mark.parametrize("seed", range(4))
def test_an_honest_room_is_believed(seed: int) -> None:
    room = Room(seed)
    assert abs(room.run(40)) < 1
    assert not room.comparison.is_off


def test_a_channel_that_is_slow_one_way_and_ever_less_so_proves_nothing() -> None:
    """[T17]"""
    room = Room(12)
    room.queue_ms = 8.0
    for second in range(90):
        room.channel_ms = (20 - 0.15 * second, 0.0)
        room.run(1)
        assert not room.comparison.is_off


@pytest.mark.parametrize("skew_ms", [50.0, -50.0, 8.0])
def test_who_is_told_another_time_than_most_goes_by_theirs(skew_ms: float) -> None:
    """[T18]"""
    room = Room(1)
    room.server_skew_ms = skew_ms
    assert abs(room.run(20)) < 1
    assert room.comparison.is_off
    assert room.estimate is not None
    assert room.estimate.is_of_others
    room.server_skew_ms = 0.0
    assert abs(room.run(30)) < 1


def test_one_liar_among_three_changes_nothing_and_of_two_the_director_counts() -> None:
    """[T18] [T19]"""
    room = Room(2)
    room.skews_ms[ADA] = 70.0
    assert abs(room.run(30)) < 1
    assert not room.comparison.is_off
    room.linked = {ADA}
    assert abs(room.run(10) + 70) < 1
    room.director = ME
    assert abs(room.run(10)) < 1


def test_a_song_is_bent_to_the_time_of_most_from_5_ms_on() -> None:
    """[L8]"""
    at = OffsetEstimate("north", 0.0, 100.0, 0.0, 0.01, 0.2, 0.4, 50)
    clock = PlaybackClock(at)
    for index in range(1, 80):
        clock.update(
            OffsetEstimate("north", 500.0 * index, 115.0, 0.0, 0.01, 0.2, 0.4, 50, is_of_others=True)
        )
    assert clock.offset_ms_at(40_000) == pytest.approx(115, abs=0.6)
