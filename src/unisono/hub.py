"""The shell around the registry: knows the session of each connection, carries effects out, times the grace.

Clock: `global_us()`, this process's monotonic clock in µs, named by `clock_id`. Not `loop.time()`: uvloop's
has the resolution of a millisecond. Knows nothing of WebSockets: a session is whoever can `send` and `end`.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterable
from itertools import count
from typing import Protocol

from unisono.admission import check_join
from unisono.config import Config
from unisono.errors import PeerError
from unisono.ice import ice_servers
from unisono.limits import US_PER_SEC, AddressBudgets, UpgradeLimiter
from unisono.metrics import Metrics
from unisono.protocol import Join, Welcome, encode_server, kind_of
from unisono.registry import Registry
from unisono.swarm import Close, ConnectionId, Effect, MemberInfo, Send


class Session(Protocol):
    """What the hub needs of a connection."""

    @property
    def queue_bytes(self) -> int:
        """What waits to be written."""

    def send(self, payload: bytes, kind: str) -> None:
        """Queues one encoded message, or ends a session whose queue is full. Never blocks or raises."""

    def end(self, reason: PeerError) -> None:
        """Closes the connection for this reason, soon. Idempotent."""

    async def go_away(self, retry_after_ms: int) -> None:
        """Tells the peer to come back later, closes, and returns when that is done. Idempotent."""

    def beat(self) -> None:
        """Asks for a sign of life when none came since the last time; ends whoever gave none then either."""


def global_us() -> int:
    """Global time for everything but pongs, which keep the nanoseconds."""
    return time.monotonic_ns() // 1000


class Hub:
    """Everything the sessions of one server share."""

    def __init__(self, config: Config, addresses: AddressBudgets | None = None) -> None:
        """`addresses`: where other processes share the budgets of network addresses."""
        self.config = config
        self.clock_id = secrets.token_hex(8)
        self.node_id = secrets.token_hex(8)
        self.metrics = Metrics()
        self.registry = Registry(config.limits)
        # No `or`: empty budgets are falsy.
        self.addresses = AddressBudgets(config.limits) if addresses is None else addresses
        self.upgrade_limiter = UpgradeLimiter(config.limits.handshakes_per_sec)
        self._sessions: dict[ConnectionId, Session] = {}
        self._next_connection = count(1)
        self._expiry: asyncio.TimerHandle | None = None

    def open(self, session: Session) -> ConnectionId:
        """Whoever opens must call `close` with the same connection."""
        connection = next(self._next_connection)
        self._sessions[connection] = session
        self.metrics.connections += 1
        return connection

    def close(self, connection: ConnectionId) -> None:
        """The connection is gone, for whatever reason."""
        del self._sessions[connection]
        self.metrics.connections -= 1
        self._carry_out(self.registry.drop(connection, global_us()))
        self._watch_grace()

    def join(self, connection: ConnectionId, join: Join, nonce: bytes) -> int:
        """Checks the proofs, seats the connection, welcomes it, tells the others. Returns the size of the
        swarm; raises `PeerError`.
        """
        check_join(join, nonce, self.registry.admission_key(join.swarm_id))
        info = MemberInfo(join.session_key, join.announcement)
        outcome = self.registry.join(connection, join.swarm_id, join.user_id, info, join.admission_key)
        limits = self.config.limits
        welcome = Welcome(
            clock_id=self.clock_id,
            node_id=self.node_id,
            members=outcome.members,
            limits=limits.announced(),
            ice_servers=ice_servers(self.config.ice, int(time.time()), secrets.token_hex(4)),
            grace_sec=limits.grace_sec,
        )
        self._sessions[connection].send(encode_server(welcome), kind_of(welcome))
        self._carry_out(outcome.effects)
        return len(outcome.members) + 1

    def relay(self, connection: ConnectionId, receiver: str | None, body: str) -> None:
        self._carry_out(self.registry.relay(connection, receiver, body))

    def leave(self, connection: ConnectionId) -> None:
        self._carry_out(self.registry.leave(connection))

    def sessions(self) -> list[Session]:
        """Those connected now."""
        return list(self._sessions.values())

    def sessions_of_turn(self, turn: int, turns: int) -> list[Session]:
        """One part of so many of those connected now; each is in one and the same part all its life."""
        return [session for connection, session in self._sessions.items() if connection % turns == turn]

    def rooms(self) -> list[list[Session]]:
        """Those connected now, swarm by swarm; who sits nowhere is alone."""
        rooms: dict[str | ConnectionId, list[Session]] = {}
        for connection, session in self._sessions.items():
            rooms.setdefault(self.registry.swarm_of(connection) or connection, []).append(session)
        return list(rooms.values())

    def stop(self) -> None:
        """Cancels the one timer. Idempotent."""
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None

    def _carry_out(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(connections, message):
                    payload, kind = encode_server(message), kind_of(message)
                    for connection in connections:
                        self._sessions[connection].send(payload, kind)
                case Close(connection, reason):
                    self._sessions[connection].end(reason)

    def _watch_grace(self) -> None:
        """One timer for all: the oldest seat that is away expires first."""
        due_us = self.registry.next_expiry_us()
        if self._expiry is None and due_us is not None:
            delay_sec = max(0.0, (due_us - global_us()) / US_PER_SEC)
            self._expiry = asyncio.get_running_loop().call_later(delay_sec, self._expire)

    def _expire(self) -> None:
        self._expiry = None
        self._carry_out(self.registry.expire(global_us()))
        self._watch_grace()
