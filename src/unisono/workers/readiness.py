"""What `/healthz`, `/readyz` and `/roomz` say where there are several workers: the word of all of them.

Whichever worker is asked answers from the shared table.
"""

from __future__ import annotations

import time

from unisono.hub import Hub
from unisono.visit import Readiness
from unisono.workers.shared import SharedTable


class WorkerReadiness(Readiness):
    """`is_draining` stays this worker's own: what is let in here. The rest speaks of all."""

    def __init__(self, table: SharedTable, hub: Hub) -> None:
        super().__init__()
        self._table = table
        self._full_connections = hub.config.limits.full_connections

    def health(self) -> tuple[int, str]:
        if self._table.is_stopping or self._table.are_all_serving(time.monotonic_ns()):
            return 200, "ok\n"
        return 503, "a worker does not answer\n"

    def readiness(self) -> tuple[int, str]:
        if self._table.is_stopping:
            return 503, "draining\n"
        return (200, "ready\n") if self._table.are_all_serving(time.monotonic_ns()) else self.health()

    def is_full(self, _connections: int, _full: int) -> bool:
        return self._table.most_connections() >= self._full_connections
