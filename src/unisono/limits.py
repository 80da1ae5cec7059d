"""Token buckets, and what one connection may send. Pure; told the time.

Clock: `global_us`, the server's monotonic clock in µs. Knows neither sockets nor swarms. What an address may
do is in `addresses.py`, the queue of upgrades in `upgrade_queue.py`, what goes out for what comes in in
`fan_out.py`, and what may wait to be written in `backlog.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from unisono.config import Limits
from unisono.errors import PeerError
from unisono.protocol import ErrorCode

US_PER_SEC = 1_000_000


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

    def take(self, tokens: float, global_us: int, floor: float = 0.0) -> bool:
        """Takes the tokens when that leaves at least `floor`, which may be a debt. A refused take costs
        nothing.
        """
        if not self.has(tokens, global_us, floor):
            return False
        self.level -= tokens
        return True

    def has(self, tokens: float, global_us: int, floor: float = 0.0) -> bool:
        self._fill(global_us)
        return self.level - tokens >= floor

    def is_full(self, global_us: int) -> bool:
        self._fill(global_us)
        return self.level >= self.burst

    def _fill(self, global_us: int) -> None:
        gained = (global_us - self.filled_us) * self.per_sec / US_PER_SEC
        self.level = min(self.burst, self.level + gained)
        self.filled_us = global_us


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
