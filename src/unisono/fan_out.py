"""What goes out for what comes in: bodies are charged by their receivers. Pure; told the time.

A member's broadcast costs the server one frame for each receiver, so 64 sockets that each keep to their own
limit could make it write 200,000 frames a second. The charge is the swarm's and the address's of the sender:

    to one, or to all within the sender's assured rate  -> passed on, if need be on credit: one burst
    to all above it, and swarm and address can pay      -> passed on
    else -> withheld: nobody hears it, as with anything lost on the way. Who has too much withheld is closed

Invariants: F1 an assured body is passed on whatever other members of the swarm send above theirs, as those
cannot make debts. F2 in the long run nobody's swarm and no address makes more frames than its rate. F3 what
is withheld costs no swarm and no address anything. Clock: `global_us`. Knows neither sockets nor what a body
says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from unisono.addresses import address_tiers
from unisono.config import Limits
from unisono.errors import PeerError
from unisono.limits import TokenBucket
from unisono.protocol import ErrorCode
from unisono.swarm import ConnectionId

# Copying this much costs as much as a frame does.
BYTES_PER_FRAME = 4096

# How many payers to look at per charge while forgetting idle ones.
SWEEP_PER_CHARGE = 2


@dataclass(slots=True)
class _Sender:
    assured: TokenBucket
    withheld: TokenBucket


class FanOut:
    """Budgets of frames. `forget` a connection when it is gone; swarms and addresses are forgotten once their
    buckets are full again.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._senders: dict[ConnectionId, _Sender] = {}
        self._payers: dict[str, TokenBucket] = {}

    def __len__(self) -> int:
        return len(self._senders) + len(self._payers)

    def charge(
        self,
        connection: ConnectionId,
        *,
        swarm_id: str,
        address: str,
        receivers: int,
        body_bytes: int,
        global_us: int,
        is_busy: bool = False,
    ) -> bool:
        """Whether this body is passed on; while the server is busy, only if it is assured. Raises `PeerError`
        when too much of this sender was withheld.
        """
        if receivers == 0:
            return True
        sender = self._senders.get(connection) or self._new_sender(connection, global_us)
        self._forget_idle(global_us)
        frames = receivers * (1 + body_bytes // BYTES_PER_FRAME)
        buckets = list(self._buckets_of(swarm_id, address, global_us))
        is_assured = receivers == 1 or sender.assured.take(1, global_us)
        is_allowed = is_assured or not is_busy
        # A swarm larger than a burst is not silenced: an assured body needs any credit at all.
        if is_allowed and all(
            bucket.has(min(frames, bucket.burst), global_us, -bucket.burst if is_assured else 0.0)
            for bucket in buckets
        ):
            for bucket in buckets:
                bucket.level -= frames
            return True
        if not sender.withheld.take(1, global_us):
            raise PeerError(ErrorCode.RATE_LIMITED, "too much for so many receivers")
        return False

    def forget(self, connection: ConnectionId) -> None:
        """The connection is gone. Harmless for one that never sent."""
        self._senders.pop(connection, None)

    def _new_sender(self, connection: ConnectionId, global_us: int) -> _Sender:
        limits = self._limits
        sender = _Sender(
            assured=TokenBucket.full(
                limits.assured_broadcasts_per_sec, limits.assured_broadcast_burst, global_us
            ),
            withheld=TokenBucket.full(limits.withheld_per_sec, limits.withheld_burst, global_us),
        )
        self._senders[connection] = sender
        return sender

    def _buckets_of(self, swarm_id: str, address: str, global_us: int) -> Iterable[TokenBucket]:
        limits = self._limits
        yield self._bucket(
            f"swarm {swarm_id}", limits.frames_per_swarm_per_sec, limits.swarm_frame_burst, global_us
        )
        for tier, factor in zip(address_tiers(address), (1, limits.ipv6_site_factor), strict=False):
            per_sec = limits.frames_per_address_per_sec * factor
            yield self._bucket(tier, per_sec, limits.address_frame_burst * factor, global_us)

    def _bucket(self, name: str, per_sec: float, burst: float, global_us: int) -> TokenBucket:
        bucket = self._payers.get(name)
        if bucket is None:
            bucket = self._payers[name] = TokenBucket.full(per_sec, burst, global_us)
        return bucket

    def _forget_idle(self, global_us: int) -> None:
        """Looks at the longest-unvisited few; those not full again go to the end of the line."""
        for name in list(islice(self._payers, SWEEP_PER_CHARGE)):
            bucket = self._payers.pop(name)
            if not bucket.is_full(global_us):
                self._payers[name] = bucket
