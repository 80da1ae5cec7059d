"""How many sockets may be open at once: in all, as the system allows open files, and for one address. Pure,
but for the two functions that ask and tell the system.

A socket is plain until it becomes a control channel: a page being loaded, a request that never ends, a reader
that takes its time. A plain one that is too much is closed as soon as it is accepted, so that accepting
itself never fails: a process without a free descriptor can neither accept nor refuse. Clock: `global_us`.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace

from unisono.config import Limits
from unisono.limits import US_PER_SEC

# For what is no connection: listeners, the event loop, logs, files that are being sent.
RESERVED_FILES = 64
# Of the rest, what control channels may take. A plain socket may need a second descriptor, for its file.
CONTROL_SHARE = 0.6
# One line in the log for so long, however many are refused.
WARNING_PERIOD_US = 10 * US_PER_SEC


def raise_open_files() -> int:
    """Asks the system for as many open files as this user may have; how many there may be now."""
    try:
        import resource  # noqa: PLC0415 - not on Windows, whose sockets are no files
    except ImportError:
        return sys.maxsize
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard not in (soft, resource.RLIM_INFINITY):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


def fit_to_open_files(limits: Limits, open_files: int) -> Limits:
    """The same limits, with no more connections than there can be descriptors."""
    most = max(1, int((open_files - RESERVED_FILES) * CONTROL_SHARE))
    if most >= limits.max_connections:
        return limits
    full = most * limits.full_connections // limits.max_connections
    return replace(limits, max_connections=most, full_connections=full)


class SocketBudget:
    """Invariant S1: every accepted socket is counted until `closed`, as plain until `upgraded`."""

    def __init__(self, limits: Limits, open_files: int) -> None:
        most = max(1, open_files - RESERVED_FILES)
        self._most = most
        # One address never takes more than a fifth, of which each may hold a file open besides.
        self._most_per_address = max(1, min(limits.plain_sockets_per_address, most // 5))
        self._open = 0
        self._plain: Counter[str] = Counter()
        self._warned_us: int | None = None

    @property
    def open(self) -> int:
        return self._open

    @property
    def most(self) -> int:
        return self._most

    def accepted(self, address: str | None) -> bool:
        """Counts a socket that was just accepted; whether it may stay. If not, close it: `closed` follows.
        The address is None for a proxy's, which speaks for many.
        """
        self._open += 1
        if address is None:
            return self._open <= self._most
        self._plain[address] += 1
        return self._open <= self._most and self._plain[address] <= self._most_per_address

    def upgraded(self, address: str | None) -> None:
        """It has become a control channel, whose limits are others."""
        self._no_longer_plain(address)

    def closed(self, address: str | None, *, was_upgraded: bool) -> None:
        self._open -= 1
        if not was_upgraded:
            self._no_longer_plain(address)

    def is_warning_due(self, global_us: int) -> bool:
        """Whether a refusal is worth a line in the log now."""
        if self._warned_us is not None and global_us - self._warned_us < WARNING_PERIOD_US:
            return False
        self._warned_us = global_us
        return True

    def _no_longer_plain(self, address: str | None) -> None:
        if address is None:
            return
        self._plain[address] -= 1
        if self._plain[address] == 0:
            del self._plain[address]


class OpenSocket:
    """One accepted socket, counted from the start. Whoever accepted it calls `close` when it is gone."""

    __slots__ = ("_address", "_budget", "_is_open", "_is_plain", "may_stay", "peer")

    def __init__(self, budget: SocketBudget, address: str | None, peer: str) -> None:
        """`address`: as for `SocketBudget.accepted`; `peer`: who is at the other end, also of a relay. If it
        may not stay it is to be closed.
        """
        self.peer = peer
        self._budget = budget
        self._address = address
        self._is_open = self._is_plain = True
        self.may_stay = budget.accepted(address)

    @property
    def is_plain(self) -> bool:
        """Whether it is no control channel (yet)."""
        return self._is_plain

    def upgrade(self) -> None:
        """It has become a control channel, here or in another worker. Idempotent."""
        if self._is_plain and self._is_open:
            self._is_plain = False
            self._budget.upgraded(self._address)

    def close(self) -> None:
        """Idempotent."""
        if self._is_open:
            self._is_open = False
            self._budget.closed(self._address, was_upgraded=not self._is_plain)
