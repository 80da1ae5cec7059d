"""All swarms of this process, and which connection sits where. Pure; told the time.

Invariants: R1 a swarm is here exactly as long as it has a seat. R2 a connection sits in at most one swarm.
R3 seats that are away expire in the order they dropped, as the grace is the same for all.
Clock: `global_us`. Nothing is stored elsewhere, and nothing is left when the last member is gone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from unisono.config import Limits
from unisono.errors import PeerError
from unisono.limits import US_PER_SEC
from unisono.protocol import ErrorCode, MemberState
from unisono.swarm import ConnectionId, Effect, MemberInfo, Swarm


@dataclass(frozen=True, slots=True)
class JoinOutcome:
    """What a join leads to: whom the newcomer finds, and what there is to do for the others."""

    members: list[MemberState]
    effects: list[Effect]


@dataclass(frozen=True, slots=True)
class _Place:
    swarm_id: str
    user_id: str


class Registry:
    """Finds the swarm of an event, lets it act, and forgets what is over."""

    def __init__(self, limits: Limits) -> None:
        self._max_members = limits.max_members
        self._grace_us = round(limits.grace_sec * US_PER_SEC)
        self._swarms: dict[str, Swarm] = {}
        self._places: dict[ConnectionId, _Place] = {}
        # Seats that are away, oldest first (R3), each with the time it dropped.
        self._away_since_us: dict[_Place, int] = {}

    @property
    def swarm_count(self) -> int:
        return len(self._swarms)

    def sizes(self) -> Counter[int]:
        """How many swarms have each number of members."""
        return Counter(swarm.size for swarm in self._swarms.values())

    def swarm_of(self, connection: ConnectionId) -> str | None:
        """Where this connection sits; None for one that has not joined."""
        place = self._places.get(connection)
        return place.swarm_id if place is not None else None

    def admission_key(self, swarm_id: str) -> str | None:
        """The key that whoever joins must prove; None while there is no such swarm."""
        swarm = self._swarms.get(swarm_id)
        return swarm.admission_key if swarm is not None else None

    def join(
        self, connection: ConnectionId, swarm_id: str, user_id: str, info: MemberInfo, admission_key: str
    ) -> JoinOutcome:
        """Raises `PeerError` when this connection may not enter. Proofs are checked by the caller; the first
        joiner's admission key is pinned.
        """
        if connection in self._places:
            raise PeerError(ErrorCode.JOIN_EXPECTED, "this connection has joined already")  # R2
        swarm = self._swarms.get(swarm_id) or Swarm(self._max_members, admission_key)
        effects = swarm.join(user_id, connection, info)
        place = _Place(swarm_id, user_id)
        self._swarms[swarm_id] = swarm
        self._places[connection] = place
        self._away_since_us.pop(place, None)
        return JoinOutcome(swarm.members(besides=user_id), effects)

    def relay(self, connection: ConnectionId, receiver: str | None, body: str) -> list[Effect]:
        place = self._places[connection]
        swarm = self._swarms.get(place.swarm_id)
        # The swarm can be over for a connection whose seat was taken over and then left.
        return swarm.relay(place.user_id, connection, receiver, body) if swarm is not None else []

    def receivers_of(self, connection: ConnectionId, receiver: str | None) -> int:
        """How many would hear a body from this connection."""
        place = self._places[connection]
        swarm = self._swarms.get(place.swarm_id)
        return swarm.receivers_of(place.user_id, receiver) if swarm is not None else 0

    def size_of(self, swarm_id: str) -> int:
        """Its members, those away included."""
        swarm = self._swarms.get(swarm_id)
        return swarm.size if swarm is not None else 0

    def leave(self, connection: ConnectionId) -> list[Effect]:
        place = self._places.pop(connection)
        swarm = self._swarms.get(place.swarm_id)
        if swarm is None:
            return []
        effects = swarm.leave(place.user_id, connection)
        self._forget_if_empty(place.swarm_id, swarm)
        return effects

    def drop(self, connection: ConnectionId, global_us: int) -> list[Effect]:
        """The connection is gone. Harmless for one that never joined or has left."""
        place = self._places.pop(connection, None)
        swarm = self._swarms.get(place.swarm_id) if place is not None else None
        if place is None or swarm is None:
            return []
        if not swarm.is_seat_of(place.user_id, connection):
            return []
        self._away_since_us[place] = global_us
        return swarm.drop(place.user_id, connection, global_us)

    def next_expiry_us(self) -> int | None:
        """When to call `expire` next; None while nobody is away."""
        for away_since_us in self._away_since_us.values():
            return away_since_us + self._grace_us
        return None

    def expire(self, global_us: int) -> list[Effect]:
        """Ends every grace that is over by now."""
        effects: list[Effect] = []
        for place, away_since_us in list(self._away_since_us.items()):
            if away_since_us + self._grace_us > global_us:
                break
            del self._away_since_us[place]
            swarm = self._swarms[place.swarm_id]
            effects += swarm.expire(place.user_id, away_since_us)
            self._forget_if_empty(place.swarm_id, swarm)
        return effects

    def _forget_if_empty(self, swarm_id: str, swarm: Swarm) -> None:
        if swarm.is_empty:
            del self._swarms[swarm_id]  # R1
