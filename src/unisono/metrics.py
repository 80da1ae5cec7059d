"""Counts for operators, in the Prometheus text format. No swarm id, no address: only how many and how much.

Clock: none of its own; durations are handed in, in seconds. What is counted between scrapes is a counter or a
histogram; what only is (connections, sizes of swarms, queues) is read off when someone asks. `/metrics` has
its own bind, so that it is never public by accident.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# From reading a ping to writing its pong: tens of µs when all is well, and what it takes bounds the clock.
SERVICE_BOUNDS_SEC = (0.000_02, 0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.1)

# How much later than due the loop ran a timer. The finest is what the timers of uvloop can tell, 1 ms.
LAG_BOUNDS_SEC = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)

# Two friends, a family, a party, the largest swarm.
SIZE_BOUNDS = (1, 2, 3, 5, 8, 16, 32, 64)


class Histogram:
    """How many observations were at most as large as each of some bounds."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def add(self, counts: list[int], total: float) -> None:
        """What another process observed, in the same bounds."""
        self.counts = [ours + theirs for ours, theirs in zip(self.counts, counts, strict=True)]
        self.total += total


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """The processes of a server that has several."""

    # Number of the worker → its connections.
    connections: Mapping[int, int]
    # Why → how often one was started again.
    restarts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What is so at this moment."""

    # Size → how many swarms have it, members that are away included.
    swarm_sizes: Mapping[int, int]
    # For each connection, the bytes that wait to be written.
    queues_bytes: Iterable[int] = ()
    waiting_upgrades: int = 0
    is_draining: bool = False
    # None where one process does all.
    workers: Workers | None = None


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """What the system gave a process, or several."""

    cpu_sec: float
    # None where there is no /proc.
    resident_bytes: int | None

    @classmethod
    def own(cls) -> ProcessUsage:
        return cls(time.process_time(), _resident_bytes())


@dataclass(slots=True)
class Metrics:
    """What this process has seen since its start."""

    connections: int = 0
    messages_received: Counter[str] = field(default_factory=Counter)
    messages_sent: Counter[str] = field(default_factory=Counter)
    received_bytes: Counter[str] = field(default_factory=Counter)
    sent_bytes: Counter[str] = field(default_factory=Counter)
    closes: Counter[str] = field(default_factory=Counter)
    # By HTTP status: 429 for an address that asks too much, 503 when too many come at once.
    refused_upgrades: Counter[str] = field(default_factory=Counter)
    withheld: int = 0
    refused_sockets: int = 0
    clock_service: Histogram = field(default_factory=lambda: Histogram(SERVICE_BOUNDS_SEC))
    loop_lag: Histogram = field(default_factory=lambda: Histogram(LAG_BOUNDS_SEC))
    started_unix_sec: float = field(default_factory=time.time)

    def received(self, kind: str, frame_bytes: int) -> None:
        self.messages_received[kind] += 1
        self.received_bytes[kind] += frame_bytes

    def sent(self, kind: str, frame_bytes: int) -> None:
        self.messages_sent[kind] += 1
        self.sent_bytes[kind] += frame_bytes

    def render(self, present: Present, version: str, usage: ProcessUsage | None = None) -> str:
        """The text for Prometheus. `usage` is for several processes; None: this one's."""
        usage = usage or ProcessUsage.own()
        lines = [*self._present(present, version), *self._since_start(), *self._process(usage)]
        return "\n".join(lines) + "\n"

    def counted(self) -> dict[str, Any]:
        """What another process can `add`, as JSON can hold it: all but when this one started."""
        counted: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, Histogram):
                counted[each.name] = {"counts": value.counts, "total": value.total}
            elif isinstance(value, Counter):
                counted[each.name] = dict(value)
            elif each.name != "started_unix_sec":
                counted[each.name] = value
        return counted

    def add(self, counted: Mapping[str, Any]) -> None:
        """Adds what another process counted. What only one of the two knows is left as it is: they may be of
        two versions while a new one is rolled out.
        """
        for name, value in counted.items():
            ours = getattr(self, name, None)
            if isinstance(ours, Histogram):
                ours.add(value["counts"], value["total"])
            elif isinstance(ours, Counter):
                ours.update(value)
            elif isinstance(ours, int):
                setattr(self, name, ours + value)

    def _present(self, present: Present, version: str) -> Iterator[str]:
        sizes, queues_bytes = present.swarm_sizes, list(present.queues_bytes)
        members = sum(size * swarms for size, swarms in sizes.items())
        at_most = {
            f'at_most="{bound}"': sum(swarms for size, swarms in sizes.items() if size <= bound)
            for bound in SIZE_BOUNDS
        }
        yield from _family("build_info", "gauge", "The version that runs.", {f'version="{version}"': 1})
        yield from _family("draining", "gauge", "1 while the server stops.", {"": int(present.is_draining)})
        yield from _family("connections", "gauge", "Open control connections.", {"": self.connections})
        yield from _family("swarms", "gauge", "Swarms with at least one member.", {"": sum(sizes.values())})
        yield from _family("members", "gauge", "Members of all swarms, those away included.", {"": members})
        yield from _family("swarms_by_size", "gauge", "Swarms with at most so many members.", at_most)
        yield from _family("queue_bytes", "gauge", "Waiting to be written, in all.", {"": sum(queues_bytes)})
        yield from _family(
            "queue_bytes_max", "gauge", "Waiting for the slowest reader.", {"": max(queues_bytes, default=0)}
        )
        if present.workers is not None:
            each = {f'worker="{number}"': n for number, n in sorted(present.workers.connections.items())}
            yield from _family("worker_connections", "gauge", "Open control connections of each.", each)
            restarts = {f'reason="{reason}"': n for reason, n in sorted(present.workers.restarts.items())}
            yield from _family(
                "worker_restarts_total", "counter", "Workers started again, by reason.", restarts
            )

        yield from _family(
            "waiting_upgrades", "gauge", "Who waits to open a channel.", {"": present.waiting_upgrades}
        )

    def _since_start(self) -> Iterator[str]:
        for name, words, counter in (
            ("messages_received_total", "Control messages from pages, by type.", self.messages_received),
            ("messages_sent_total", "Control messages to pages, by type.", self.messages_sent),
            ("received_bytes_total", "Bytes of control messages from pages, by type.", self.received_bytes),
            ("sent_bytes_total", "Bytes of control messages to pages, by type.", self.sent_bytes),
        ):
            by_type = {f'type="{kind}"': count for kind, count in sorted(counter.items())}
            yield from _family(name, "counter", words, by_type)
        closes = {f'reason="{reason}"': count for reason, count in sorted(self.closes.items())}
        yield from _family("closes_total", "counter", "Ended control connections by reason.", closes)
        refused = {f'status="{status}"': count for status, count in sorted(self.refused_upgrades.items())}
        yield from _family("refused_upgrades_total", "counter", "Told to come again, by status.", refused)
        yield from _family(
            "withheld_total",
            "counter",
            "Bodies not passed on: a swarm or an address over its budget.",
            {"": self.withheld},
        )
        yield from _family(
            "refused_sockets_total",
            "counter",
            "Closed on arrival: too many are open.",
            {"": self.refused_sockets},
        )
        yield from _histogram("clock_service_seconds", "From a ping to its pong.", self.clock_service)
        yield from _histogram(
            "event_loop_lag_seconds", "How much later than due a timer ran; to 1 ms.", self.loop_lag
        )

    def _process(self, usage: ProcessUsage) -> Iterator[str]:
        """Under the names that Prometheus' own libraries use."""
        yield from _family(
            "start_time_seconds",
            "gauge",
            "When this process started, Unix time.",
            {"": self.started_unix_sec},
            prefix="process_",
        )
        yield from _family(
            "cpu_seconds_total",
            "counter",
            "Processor time, user and system.",
            {"": usage.cpu_sec},
            prefix="process_",
        )
        if usage.resident_bytes is not None:
            yield from _family(
                "resident_memory_bytes",
                "gauge",
                "Memory in use.",
                {"": usage.resident_bytes},
                prefix="process_",
            )


def _resident_bytes() -> int | None:
    """None where there is no /proc."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def _family(
    name: str, kind: str, words: str, values: Mapping[str, float], *, prefix: str = "unisono_"
) -> list[str]:
    full_name = f"{prefix}{name}"
    samples = [
        f"{full_name}{{{labels}}} {value}" if labels else f"{full_name} {value}"
        for labels, value in values.items()
    ]
    return [f"# HELP {full_name} {words}", f"# TYPE {full_name} {kind}", *samples]


def _histogram(name: str, words: str, histogram: Histogram) -> Iterator[str]:
    full_name = f"unisono_{name}"
    yield f"# HELP {full_name} {words}"
    yield f"# TYPE {full_name} histogram"
    seen = 0
    for bound, count in zip(histogram.bounds, histogram.counts, strict=False):
        seen += count
        yield f'{full_name}_bucket{{le="{bound:f}"}} {seen}'
    seen += histogram.counts[-1]
    yield f'{full_name}_bucket{{le="+Inf"}} {seen}'
    yield f"{full_name}_sum {histogram.total}"
    yield f"{full_name}_count {seen}"
