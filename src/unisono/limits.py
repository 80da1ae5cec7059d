"""Token buckets: how much one connection and one network address may do. Pure; told the time.

Clock: `global_us`, the server's monotonic clock in µs. Knows neither sockets nor swarms, and keeps no address
longer than it has a connection or a bucket that is not full again.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import cache
from itertools import islice

from unisono.config import Limits
from unisono.errors import PeerError
from unisono.protocol import ErrorCode

US_PER_SEC = 1_000_000

# The providers' customary unit for one home or one phone; a single host can choose any of its 2^64 addresses.
IPV6_PREFIX_BITS = 64

# How many addresses to look at per new connection while forgetting idle ones: keeps the table small at a
# constant cost.
SWEEP_PER_CONNECT = 4


@dataclass(slots=True)
class TokenBucket:
    """Holds up to `burst` tokens and gains `per_sec` of them."""

    per_sec: float
    burst: float
    level: float
    filled_us: int

    @classmethod
    def full(cls, per_sec: float, burst: float, global_us: int) -> TokenBucket:
        return cls(per_sec=per_sec, burst=burst, level=burst, filled_us=global_us)

    def take(self, tokens: float, global_us: int) -> bool:
        """Takes the tokens when they are there. A refused take costs nothing."""
        self._fill(global_us)
        if tokens > self.level:
            return False
        self.level -= tokens
        return True

    def is_full(self, global_us: int) -> bool:
        self._fill(global_us)
        return self.level >= self.burst

    def _fill(self, global_us: int) -> None:
        gained = (global_us - self.filled_us) * self.per_sec / US_PER_SEC
        self.level = min(self.burst, self.level + gained)
        self.filled_us = global_us


class UpgradeLimiter:
    """Lets one through after the other, evenly. Nobody is refused; whoever comes in a crowd waits."""

    def __init__(self, per_sec: float) -> None:
        self._interval_us = US_PER_SEC / per_sec
        self._next_us = 0.0

    def wait_us(self, global_us: int) -> float:
        """How long whoever comes now has to wait; 0 for who comes alone."""
        turn_us = max(self._next_us, float(global_us))
        self._next_us = turn_us + self._interval_us
        return turn_us - global_us


class ConnectionBudget:
    """What one connection may still send: a bucket of messages and one of bytes. Each is kept as the moment
    when it will be full again, since there are thousands and each is asked for every message.
    """

    __slots__ = ("_bytes_full_us", "_messages_full_us", "_rates")

    def __init__(self, limits: Limits, global_us: int) -> None:
        self._rates = _connection_rates(limits)
        self._messages_full_us = self._bytes_full_us = float(global_us)

    def charge(self, frame_bytes: int, global_us: int) -> None:
        """Raises `PeerError` when the connection sent too much. A refused charge costs nothing."""
        message_us, all_messages_us, byte_us, all_bytes_us = self._rates
        full_us = max(self._messages_full_us, global_us) + message_us
        if full_us - global_us > all_messages_us:
            raise PeerError(ErrorCode.RATE_LIMITED, "too many messages per second")
        self._messages_full_us = full_us
        full_us = max(self._bytes_full_us, global_us) + frame_bytes * byte_us
        if full_us - global_us > all_bytes_us:
            raise PeerError(ErrorCode.RATE_LIMITED, "too many bytes per second")
        self._bytes_full_us = full_us


@cache
def _connection_rates(limits: Limits) -> tuple[float, float, float, float]:
    """What a message and a byte take to be regained, and what a whole bucket of each does, in µs."""
    message_us, byte_us = US_PER_SEC / limits.messages_per_sec, US_PER_SEC / limits.bytes_per_sec
    # Half a token more than the burst: sums of fractions of µs must not cost the last one.
    return message_us, (limits.message_burst + 0.5) * message_us, byte_us, (limits.byte_burst + 0.5) * byte_us


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


@dataclass(slots=True)
class _Address:
    connections: int
    joins: TokenBucket


class AddressBudgets:
    """How many connections and joins each network address has."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._addresses: dict[str, _Address] = {}
        self._connections = 0

    def __len__(self) -> int:
        return len(self._addresses)

    def connect(self, key: str, global_us: int) -> None:
        """Counts a connection, which `disconnect` must end. Raises `PeerError` when there are too many."""
        self._forget_idle(global_us)
        address = self._addresses.get(key)
        if address is None:
            per_min = self._limits.joins_per_address_per_min
            address = _Address(0, TokenBucket.full(per_min / 60, per_min, global_us))
            self._addresses[key] = address
        if self._connections >= self._limits.max_connections:
            raise PeerError(ErrorCode.TOO_MANY_CONNECTIONS, "this server has no room for more connections")
        if address.connections >= self._limits.connections_per_address:
            raise PeerError(ErrorCode.TOO_MANY_CONNECTIONS, "too many connections from this network address")
        address.connections += 1
        self._connections += 1

    def join(self, key: str, global_us: int) -> None:
        """Raises `PeerError` when this address, which must be connected, joined too often."""
        if not self._addresses[key].joins.take(1, global_us):
            raise PeerError(ErrorCode.TOO_MANY_JOINS, "too many joins per minute from this network address")

    def disconnect(self, key: str, global_us: int) -> None:
        address = self._addresses[key]
        address.connections -= 1
        self._connections -= 1
        if address.connections == 0 and address.joins.is_full(global_us):
            del self._addresses[key]

    def _forget_idle(self, global_us: int) -> None:
        """Looks at the longest-unvisited few; those still in use go to the end of the line."""
        for key in list(islice(self._addresses, SWEEP_PER_CONNECT)):
            address = self._addresses.pop(key)
            if address.connections > 0 or not address.joins.is_full(global_us):
                self._addresses[key] = address
