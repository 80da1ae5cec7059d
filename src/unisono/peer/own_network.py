"""Which addresses this device has, and when they become others: then its paths are probably others, too.

Local ms.
"""

from __future__ import annotations

from collections.abc import Callable

import ifaddr

# Reading them takes a millisecond or less.
PERIOD_MS = 1_000.0


def own_addresses() -> frozenset[str]:
    """Of all interfaces, IPv4 and IPv6."""
    return frozenset(
        each.ip if isinstance(each.ip, str) else each.ip[0]
        for adapter in ifaddr.get_adapters()
        for each in adapter.ips
    )


class OwnNetwork:
    def __init__(self, read: Callable[[], frozenset[str]] = own_addresses) -> None:
        self._read = read
        self.addresses = read()
        self._read_local_ms: float | None = None

    def has_changed(self, local_ms: float) -> bool:
        """Whether the addresses are others than when it was last asked."""
        if self._read_local_ms is not None and local_ms - self._read_local_ms < PERIOD_MS:
            return False
        self._read_local_ms = local_ms
        former, self.addresses = self.addresses, self._read()
        return former != self.addresses
