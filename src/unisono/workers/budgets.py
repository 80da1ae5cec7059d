"""Limits of one network address over all workers: a worker's own budgets, and counts that all share.

Connections and joins of an address are bounded together, whichever worker they come to. What protects the
processor and the memory of one worker (upgrades a second, connections in all) stays the worker's own. Two
workers that let someone in at the same moment may exceed a limit by one each. Clock: `global_us`.
"""

from __future__ import annotations

from collections.abc import Sequence

from unisono.addresses import AddressBudgets, address_tiers
from unisono.config import Limits
from unisono.errors import PeerError
from unisono.protocol import ErrorCode
from unisono.workers.shared import SharedTable


class SharedAddressBudgets(AddressBudgets):
    """`AddressBudgets` that also look at what the other workers counted."""

    def __init__(self, limits: Limits, table: SharedTable, slot: int) -> None:
        super().__init__(limits)
        self._shared_limits = limits
        self._table = table
        self._slot = slot

    def check(self, key: str, global_us: int) -> None:
        super().check(key, global_us)
        limit = self._shared_limits.connections_per_address
        for name, factor in self._shared_tiers(key):
            if self._table.connections_of(self._table.row_of(name)) >= limit * factor:
                raise PeerError(
                    ErrorCode.TOO_MANY_CONNECTIONS, "too many connections from this network address"
                )

    def connect(self, key: str, global_us: int) -> None:
        super().connect(key, global_us)
        for name, _ in self._shared_tiers(key):
            self._table.count(self._table.row_of(name), self._slot, 1)

    def join(self, key: str, global_us: int) -> None:
        super().join(key, global_us)
        per_min = self._shared_limits.joins_per_address_per_min
        for name, factor in self._shared_tiers(key):
            if not self._table.take_join(self._table.row_of(name), per_min * factor, global_us):
                raise PeerError(
                    ErrorCode.TOO_MANY_JOINS, "too many joins per minute from this network address"
                )

    def disconnect(self, key: str, global_us: int) -> None:
        super().disconnect(key, global_us)
        for name, _ in self._shared_tiers(key):
            self._table.count(self._table.row_of(name), self._slot, -1)

    def _shared_tiers(self, key: str) -> Sequence[tuple[str, int]]:
        """What is counted for an address, each with how many times the limits of one address it has."""
        return tuple(zip(address_tiers(key), (1, self._shared_limits.ipv6_site_factor), strict=False))
