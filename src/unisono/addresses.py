"""How many connections, upgrades and joins each network address has. Pure; told the time.

An address is an IPv4 address or the /64 of an IPv6 address; a /48 of IPv6 has a larger budget of its own
beside those of its /64s. Clock: `global_us`, the server's monotonic clock in µs. Keeps no address longer than
it has a connection or a bucket that is not full again.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from itertools import islice

from unisono.config import Limits
from unisono.errors import PeerError
from unisono.limits import TokenBucket
from unisono.protocol import ErrorCode

# The providers' customary unit for one home or one phone; a single host can choose any of its 2^64 addresses.
IPV6_PREFIX_BITS = 64
# What one site or one tunnel is given.
IPV6_SITE_BITS = 48

# How many addresses to look at per new connection while forgetting idle ones: keeps the table small at a
# constant cost.
SWEEP_PER_CONNECT = 4


def address_key(address: str) -> str:
    """What counts as one network address: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        # No address at all (a Unix socket, say): all such peers share one allowance.
        return "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), IPV6_PREFIX_BITS), strict=False))


def address_tiers(key: str) -> tuple[str, ...]:
    """The key itself, and for the /64 of an IPv6 address the /48 around it."""
    if not key.endswith(f"/{IPV6_PREFIX_BITS}"):
        return (key,)
    return key, str(ipaddress.IPv6Network(key).supernet(new_prefix=IPV6_SITE_BITS))


@dataclass(slots=True)
class _Tier:
    """One address, or one /48."""

    max_connections: int
    joins: TokenBucket
    upgrades: TokenBucket
    connections: int = 0

    def is_idle(self, global_us: int) -> bool:
        return self.connections == 0 and self.joins.is_full(global_us) and self.upgrades.is_full(global_us)


class AddressBudgets:
    """Invariant A1: a connection is counted in all tiers of its address or in none."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._tiers: dict[str, _Tier] = {}
        self._connections = 0

    def __len__(self) -> int:
        return len(self._tiers)

    @property
    def connections(self) -> int:
        """Of all addresses together, those included that wait for their upgrade."""
        return self._connections

    @property
    def is_full(self) -> bool:
        """Whether there is no room for anybody, whatever the address."""
        return self._connections >= self._limits.max_connections

    def is_connected(self, key: str) -> bool:
        tier = self._tiers.get(key)
        return tier is not None and tier.connections > 0

    def connect(self, key: str, global_us: int) -> None:
        """Counts a connection, which `disconnect` must end. Raises `PeerError` when there are too many."""
        self.check(key, global_us)
        for tier in self._tiers_of(key, global_us):
            tier.connections += 1
        self._connections += 1

    def check(self, key: str, global_us: int) -> None:
        """Raises the `PeerError` that `connect` would, and counts nothing."""
        self._forget_idle(global_us)
        if self.is_full:
            raise PeerError(ErrorCode.TOO_MANY_CONNECTIONS, "this server has no room for more connections")
        if any(tier.connections >= tier.max_connections for tier in self._tiers_of(key, global_us)):
            raise PeerError(ErrorCode.TOO_MANY_CONNECTIONS, "too many connections from this network address")

    def upgrade(self, key: str, global_us: int) -> bool:
        """Takes one upgrade of this address's budget; False, and nothing taken, when it is used up."""
        return _take_one([tier.upgrades for tier in self._tiers_of(key, global_us)], global_us)

    def join(self, key: str, global_us: int) -> None:
        """Raises `PeerError` when this address joined too often."""
        if not _take_one([tier.joins for tier in self._tiers_of(key, global_us)], global_us):
            raise PeerError(ErrorCode.TOO_MANY_JOINS, "too many joins per minute from this network address")

    def disconnect(self, key: str, global_us: int) -> None:
        self._connections -= 1
        for name in address_tiers(key):
            tier = self._tiers[name]
            tier.connections -= 1
            if tier.is_idle(global_us):
                del self._tiers[name]

    def _tiers_of(self, key: str, global_us: int) -> list[_Tier]:
        return [
            self._tiers.get(name) or self._new_tier(name, global_us, factor)
            for name, factor in zip(address_tiers(key), (1, self._limits.ipv6_site_factor), strict=False)
        ]

    def _new_tier(self, name: str, global_us: int, factor: int) -> _Tier:
        limits = self._limits
        per_min = limits.joins_per_address_per_min * factor
        tier = _Tier(
            max_connections=limits.connections_per_address * factor,
            joins=TokenBucket.full(per_min / 60, per_min, global_us),
            upgrades=TokenBucket.full(
                limits.upgrades_per_address_per_sec * factor,
                limits.upgrade_address_burst * factor,
                global_us,
            ),
        )
        self._tiers[name] = tier
        return tier

    def _forget_idle(self, global_us: int) -> None:
        """Looks at the longest-unvisited few; those still in use go to the end of the line."""
        for key in list(islice(self._tiers, SWEEP_PER_CONNECT)):
            tier = self._tiers.pop(key)
            if not tier.is_idle(global_us):
                self._tiers[key] = tier


def _take_one(buckets: list[TokenBucket], global_us: int) -> bool:
    """One of each, or none of any."""
    if not all(bucket.has(1, global_us) for bucket in buckets):
        return False
    for bucket in buckets:
        bucket.take(1, global_us)
    return True
