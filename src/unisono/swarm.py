"""One swarm: who sits in it and who hears what. Pure; told the time.

A seat is present (it has a connection) or away (its connection dropped at `away_since_us`). Transitions:

    (none) --join--> present --drop--> away --expire--> (none)
                     present --leave--> (none)
                     present --join--> present (the later connection takes the seat over)
                     away    --join--> present

Invariants: M1 a user id has at most one seat, and a seat at most one connection. M2 every other present
member hears of every change of a seat. M3 nothing is kept for an away member. M4 who is closed for losing its
seat changes nothing. M5 of two connections of one user id the one that was opened later holds the seat, in
whatever order their joins arrive. Clock: `global_us`. Knows neither sockets nor what a relayed body says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unisono.errors import PeerError
from unisono.protocol import ErrorCode, Joined, Left, MemberState, Presence, Relayed, ServerMessage

# Names one WebSocket of this process; chosen by the shell, greater than all before.
ConnectionId = int


@dataclass(frozen=True, slots=True)
class Send:
    """To do: put one message into the outgoing queue of each of these connections."""

    connections: tuple[ConnectionId, ...]
    message: ServerMessage


@dataclass(frozen=True, slots=True)
class Close:
    """To do: close this connection for this reason."""

    connection: ConnectionId
    reason: PeerError


Effect = Send | Close


@dataclass(frozen=True, slots=True)
class Present:
    connection: ConnectionId


@dataclass(frozen=True, slots=True)
class Away:
    away_since_us: int


Seat = Present | Away


@dataclass(frozen=True, slots=True)
class MemberInfo:
    """What the others are told of a member; announced anew with every join."""

    session_key: str
    announcement: str


class Swarm:
    """The seats of one swarm, by user id, and the admission key that the first joiner pinned."""

    def __init__(self, max_members: int, admission_key: str) -> None:
        self.admission_key = admission_key
        self._max_members = max_members
        self._seats: dict[str, Seat] = {}
        self._infos: dict[str, MemberInfo] = {}

    @property
    def is_empty(self) -> bool:
        return not self._seats

    @property
    def size(self) -> int:
        return len(self._seats)

    def members(self, besides: str | None = None) -> list[MemberState]:
        return [
            MemberState(
                user_id=user_id,
                away=isinstance(seat, Away),
                session_key=self._infos[user_id].session_key,
                announcement=self._infos[user_id].announcement,
            )
            for user_id, seat in self._seats.items()
            if user_id != besides
        ]

    def is_seat_of(self, user_id: str, connection: ConnectionId) -> bool:
        return self._seats.get(user_id) == Present(connection)

    def join(self, user_id: str, connection: ConnectionId, info: MemberInfo) -> list[Effect]:
        """Takes a seat. Raises `PeerError` when there is none left, or for a join that was overtaken by that
        of a later connection: its page has given it up, and must not lose its seat to it.
        """
        seat = self._seats.get(user_id)
        if isinstance(seat, Present) and seat.connection > connection:  # M5
            raise PeerError(ErrorCode.TAKEN_OVER, "this user id joined from a later connection")
        if seat is None:
            if len(self._seats) >= self._max_members:
                raise PeerError(ErrorCode.SWARM_FULL, f"the swarm has {self._max_members} members already")
            self._seats[user_id] = Present(connection)
            self._infos[user_id] = info
            newcomer = Joined(user_id=user_id, session_key=info.session_key, announcement=info.announcement)
            return self._tell_others(user_id, newcomer)

        self._seats[user_id] = Present(connection)  # M1
        self._infos[user_id] = info
        back = Presence(user_id=user_id, away=False, announcement=info.announcement)
        effects = self._tell_others(user_id, back)
        if isinstance(seat, Present):
            reason = PeerError(ErrorCode.TAKEN_OVER, "this user id joined from another connection")
            effects.append(Close(seat.connection, reason))
        return effects

    def drop(self, user_id: str, connection: ConnectionId, global_us: int) -> list[Effect]:
        """The connection is gone without `leave`. No effect when it does not hold the seat any more (M4)."""
        if not self.is_seat_of(user_id, connection):
            return []
        self._seats[user_id] = Away(global_us)
        return self._tell_others(user_id, Presence(user_id=user_id, away=True))

    def leave(self, user_id: str, connection: ConnectionId) -> list[Effect]:
        """A clean leave: the seat is free at once."""
        if not self.is_seat_of(user_id, connection):
            return []
        return self._remove(user_id)

    def expire(self, user_id: str, away_since_us: int) -> list[Effect]:
        """The grace of a seat away since then is over. No effect when it was taken again meanwhile."""
        if self._seats.get(user_id) != Away(away_since_us):
            return []
        return self._remove(user_id)

    def relay(self, sender: str, connection: ConnectionId, receiver: str | None, body: str) -> list[Effect]:
        """Passes a body on. A receiver who is not here is no offence: its `left` may just be on the way."""
        if not self.is_seat_of(sender, connection):
            return []  # M4: its close is on the way
        if receiver is None:
            return self._tell_others(sender, Relayed(sender=sender, body=body))
        seat = self._seats.get(receiver)
        if seat is None:
            return [Send((connection,), Left(user_id=receiver))]
        if isinstance(seat, Away):
            return []  # M3
        return [Send((seat.connection,), Relayed(sender=sender, body=body))]

    def receivers_of(self, sender: str, receiver: str | None) -> int:
        """How many would hear a body from this member."""
        if receiver is not None:
            return int(isinstance(self._seats.get(receiver), Present))
        present = sum(isinstance(seat, Present) for seat in self._seats.values())
        return present - isinstance(self._seats.get(sender), Present)

    def _remove(self, user_id: str) -> list[Effect]:
        del self._seats[user_id], self._infos[user_id]
        return self._tell_others(user_id, Left(user_id=user_id))

    def _tell_others(self, user_id: str, message: ServerMessage) -> list[Effect]:
        """M2: one message to everyone present but this one."""
        connections = tuple(self._connections_besides(user_id))
        return [Send(connections, message)] if connections else []

    def _connections_besides(self, user_id: str) -> Iterator[ConnectionId]:
        for other, seat in self._seats.items():
            if other != user_id and isinstance(seat, Present):
                yield seat.connection
