"""The counts of all workers as those of one server, for `/metrics`.

What a worker counted stays counted when it has ended, so that no counter ever falls. A worker that dies takes
with it what it counted since it was last asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from unisono import __version__
from unisono.metrics import Metrics, Present, ProcessUsage, Workers
from unisono.workers.channel import Told


class Totals:
    """Clock: wall time, for the start alone."""

    def __init__(self) -> None:
        # Why → how often a worker was started again.
        self.restarts: Counter[str] = Counter()
        self._ended = Metrics()
        self._ended_cpu_sec = 0.0

    def retire(self, told: Told | None) -> None:
        """The last word of a process that is gone; None when it never said one."""
        if told is not None:
            self._ended.add({**told.counted, "connections": 0})
            self._ended_cpu_sec += told.cpu_sec

    def render(self, workers: Collection[tuple[int, Told | None]], *, is_draining: bool) -> str:
        """The text, of what each process that runs said last, by number of the worker."""
        metrics = Metrics(started_unix_sec=self._ended.started_unix_sec)
        metrics.add(self._ended.counted())
        own = ProcessUsage.own()
        cpu_sec, resident_bytes = own.cpu_sec + self._ended_cpu_sec, own.resident_bytes
        connections: Counter[int] = Counter()
        swarm_sizes: Counter[int] = Counter()
        queues_bytes: list[int] = []
        waiting_upgrades = 0
        for number, told in workers:
            connections[number] += 0
            if told is None:
                continue
            metrics.add(told.counted)
            connections[number] += told.counted["connections"]
            swarm_sizes.update(told.swarm_sizes)
            # As two queues they have the same sum and the same longest.
            queues_bytes += [told.queue_bytes_max, told.queue_bytes - told.queue_bytes_max]
            waiting_upgrades += told.waiting_upgrades
            cpu_sec += told.cpu_sec
            if resident_bytes is not None:
                resident_bytes += told.resident_bytes or 0
        present = Present(
            swarm_sizes=swarm_sizes,
            queues_bytes=queues_bytes,
            waiting_upgrades=waiting_upgrades,
            is_draining=is_draining,
            workers=Workers(connections=connections, restarts=self.restarts),
        )
        return metrics.render(present, __version__, ProcessUsage(cpu_sec, resident_bytes))
