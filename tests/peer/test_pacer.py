"""The pacer, the scheduler and the send queue of the headless peer: they answer as those of the page."""

from __future__ import annotations

import heapq
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiortc.exceptions import InvalidStateError

from unisono.peer import ctl
from unisono.peer.pacer import Pacer
from unisono.peer.send_queue import SendQueue
from unisono.peer.send_scheduler import MOST_CHUNK_BYTES, SendScheduler

TRACE = Path(__file__).parents[2] / "vectors" / "pacer.trace.json"


def happen(pacer: Pacer, step: dict[str, Any]) -> float | bool | None:
    local_ms, name, value = step["localMs"], step.get("name", ""), step.get("value", 0)
    acts: dict[str, Callable[[], float | bool | None]] = {
        "rtt": lambda: pacer.record_rtt(name, value, local_ms),
        "ping": lambda: pacer.record_ping(name, local_ms),
        "take": lambda: pacer.take(value, local_ms),
        "wait": lambda: pacer.wait_ms(value, local_ms),
        "playing": lambda: pacer.set_playing(is_playing=value),
        "forget-network": pacer.forget_network,
        "forget-path": lambda: pacer.forget_path(name),
    }
    return acts[step["event"]]()


def test_bulk_is_paced_as_by_the_page_at_every_step() -> None:
    """[V1] [S15] [S16]"""
    runs = json.loads(TRACE.read_text(encoding="utf-8"))
    events: set[str] = set()
    for run in runs:
        pacer = Pacer()
        for number, step in enumerate(run):
            answer = happen(pacer, step)
            events.add(step["event"])
            expected = step.get("answer")
            assert answer == (expected if isinstance(expected, bool) else pytest.approx(expected)), (
                number,
                step,
            )
            assert pacer.rate_bytes_per_sec == pytest.approx(step["bytesPerSec"]), (number, step)
            assert pacer.chunk_bytes == step["chunkBytes"], (number, step)
            queue_ms = step["queueMs"]
            known_ms = None if queue_ms is None else pytest.approx(queue_ms, abs=1e-6)
            assert pacer.queue_ms(step["localMs"]) == known_ms, (number, step)
    assert events == {"rtt", "ping", "take", "wait", "playing", "forget-network", "forget-path"}


class VirtualTime:
    """Local ms, and timers in their order."""

    def __init__(self) -> None:
        self._local_ms = 1_000.0
        self._order = itertools.count()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._cancelled: set[int] = set()

    def local_ms(self) -> float:
        return self._local_ms

    def wall_ms(self) -> float:
        return self._local_ms

    def call_after_ms(self, delay_ms: float, task: Callable[[], None]) -> Cancelling:
        number = next(self._order)
        heapq.heappush(self._timers, (self._local_ms + delay_ms, number, task))
        return Cancelling(lambda: self._cancelled.add(number))

    def advance(self, duration_ms: float) -> None:
        end_ms = self._local_ms + duration_ms
        while self._timers and self._timers[0][0] <= end_ms:
            self._local_ms, number, task = heapq.heappop(self._timers)
            if number not in self._cancelled:
                task()
        self._local_ms = end_ms


class Cancelling:
    def __init__(self, cancel: Callable[[], object]) -> None:
        self._cancel = cancel

    def cancel(self) -> None:
        self._cancel()


class Pipe:
    """A channel that holds what it is given until `drain`."""

    def __init__(self) -> None:
        self.bufferedAmount = 0
        self.bufferedAmountLowThreshold = 0
        self.sent: list[ctl.Chunk] = []
        self.is_closed = False

    def send(self, data: bytes) -> None:
        if self.is_closed:
            raise InvalidStateError
        self.bufferedAmount += len(data)
        self.sent.append(ctl.parse_chunk(data))

    @property
    def sent_bytes(self) -> int:
        return sum(len(chunk.payload) for chunk in self.sent)


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime()


def scheduler_at(bytes_per_sec: float, time: VirtualTime) -> SendScheduler:
    """One whose pacer knows an uplink of about this rate."""
    pacer = Pacer()
    pacer._integral_bytes_per_sec = bytes_per_sec
    return SendScheduler(pacer, time, time.call_after_ms)


def test_a_piece_leaves_in_order_and_is_reported_once(time: VirtualTime) -> None:
    pipe, reported = Pipe(), []
    queue = SendQueue(pipe, scheduler_at(400_000, time), lambda: pytest.fail("broken"))
    data = bytes(range(256)) * 200
    queue.add(3, 7, data, lambda: reported.append(7))
    for _ in range(200):
        pipe.bufferedAmount = 0
        queue.fill()
        time.advance(5)
    assert reported == [7]
    assert b"".join(chunk.payload for chunk in pipe.sent) == data
    assert [chunk.offset_bytes for chunk in pipe.sent] == list(
        itertools.accumulate((len(chunk.payload) for chunk in pipe.sent[:-1]), initial=0)
    )


def test_one_chunk_waits_in_a_channel_and_no_more(time: VirtualTime) -> None:
    pipe = Pipe()
    queue = SendQueue(pipe, scheduler_at(50e6, time), lambda: pytest.fail("broken"))
    queue.add(0, 0, bytes(10**6), lambda: None)
    while pipe.sent_bytes < 10**6:
        assert pipe.bufferedAmount <= MOST_CHUNK_BYTES + ctl.CHUNK_HEAD.size
        time.advance(1)
        pipe.bufferedAmount = 0
        queue.fill()


def test_a_rate_that_a_slow_channel_does_not_reach_is_in_use(time: VirtualTime) -> None:
    """[S16] It is not begun anew while the channel is what holds back; after a pause it is."""
    scheduler, pipe = scheduler_at(10e6, time), Pipe()
    scheduler.record_full()
    queue = SendQueue(pipe, scheduler, lambda: pytest.fail("broken"))
    queue.add(0, 0, bytes(10**7), lambda: None)
    for _ in range(200):
        time.advance(50)
        pipe.bufferedAmount = 0
        queue.fill()
    assert 10**6 < pipe.sent_bytes < 10**7
    assert scheduler.pacer.rate_bytes_per_sec == pytest.approx(10e6)
    time.advance(6_000)
    pipe.bufferedAmount = 0
    queue.fill()
    assert scheduler.pacer.rate_bytes_per_sec < 10**6


def test_links_share_what_the_pacer_allows(time: VirtualTime) -> None:
    """[S14] Nobody is passed over, and all together leave no faster than the pacer says."""
    scheduler = scheduler_at(100_000, time)
    pipes = [Pipe() for _ in range(3)]
    for pipe in pipes:
        queue = SendQueue(pipe, scheduler, lambda: pytest.fail("broken"))
        # It never runs full, as behind a fast path.
        pipe.send = lambda data, pipe=pipe: pipe.sent.append(ctl.parse_chunk(data))  # type: ignore[method-assign, misc]
        queue.add(0, 0, bytes(10**6), lambda: None)
    time.advance(10_000)
    sent = [pipe.sent_bytes for pipe in pipes]
    assert sum(sent) == pytest.approx(10 * scheduler.pacer.rate_bytes_per_sec, rel=0.1)
    assert max(sent) < 1.2 * min(sent)


def test_a_channel_that_closes_ends_its_link_alone(time: VirtualTime) -> None:
    scheduler = scheduler_at(100_000, time)
    broken: list[str] = []
    closing, open_pipe = Pipe(), Pipe()
    one = SendQueue(closing, scheduler, lambda: broken.append("one"))
    other = SendQueue(open_pipe, scheduler, lambda: broken.append("other"))
    one.add(0, 0, bytes(200_000), lambda: None)
    other.add(0, 0, bytes(200_000), lambda: None)
    closing.is_closed, closing.bufferedAmount = True, 0
    one.fill()
    for _ in range(500):
        time.advance(10)
        open_pipe.bufferedAmount = 0
        other.fill()
    assert broken == ["one"]
    assert open_pipe.sent_bytes == 200_000
