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

    def is_healthy(self) -> bool:
        return self._table.is_stopping or self._table.are_all_serving(time.monotonic_ns())

    def is_ready(self) -> bool:
        return not self._table.is_stopping and self._table.are_all_serving(time.monotonic_ns())

    def is_full(self, _connections: int, _full: int) -> bool:
        return self._table.most_connections() >= self._full_connections
