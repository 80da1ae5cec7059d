"""The shell around the registry: knows the session of each connection, carries effects out, times the grace,
and lets upgrades in one after the other.

Clock: `global_us()`, this process's monotonic clock in µs, named by `clock_id`. Not `loop.time()`: uvloop's
has the resolution of a millisecond. Knows nothing of WebSockets: a session is whoever can `send` and `end`.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from itertools import count, islice
from typing import Protocol

import msgspec

from unisono.addresses import AddressBudgets
from unisono.admission import check_join
from unisono.backlog import Backlog
from unisono.config import Config
from unisono.errors import PeerError
from unisono.fan_out import FanOut
from unisono.ice import ice_servers
from unisono.limits import US_PER_SEC
from unisono.metrics import Metrics
from unisono.protocol import (
    ErrorCode,
    GivenIce,
    IceServer,
    Join,
    Joined,
    Welcome,
    encode_server,
    kind_of,
)
from unisono.registry import Registry
from unisono.sockets import SocketBudget
from unisono.swarm import Close, ConnectionId, Effect, MemberInfo, Send
from unisono.turns import Turns
from unisono.upgrade_queue import UpgradeQueue, UpgradeRefusedError, WaitingUpgrade

# Frames that are written in one turn of the loop, 8 µs each: a probe that comes meanwhile waits no longer.
# All members of a full swarm that speak in one moment make 4,000.
FRAMES_PER_TURN = 200
# Frames that may wait for their turn, 0.03 s of them: above it only assured bodies are passed on, and above
# the second, none.
BUSY_FRAMES = 4_000
MOST_FRAMES = 40_000
# Connections that are cut off in one turn, 0.1 ms each, with what the kernel drops.
CUTS_PER_TURN = 10
# Joins that are checked in one turn: 0.13 ms each for the signatures, and then a welcome that names up to 63
# others, and a frame for each of them.
JOINS_PER_TURN = 4
# Who waits to be let in and is refused instead when the server stops: 0.1 ms each.
DISMISSALS_PER_TURN = 10


class Session(Protocol):
    """What the hub needs of a connection."""

    @property
    def address_key(self) -> str:
        """What its network address counts as (`addresses.address_key`)."""

    @property
    def reached_host(self) -> str:
        """The host by which it reached this server, as in its Host header or the public URL."""

    @property
    def queue_bytes(self) -> int:
        """What waits to be written."""

    def send(self, payload: bytes, kind: str) -> None:
        """Queues one encoded message, or ends a session whose queue is full. Never blocks or raises."""

    def end(self, reason: PeerError) -> None:
        """Closes the connection for this reason, soon. Idempotent."""

    def cut(self, reason: PeerError) -> None:
        """Ends it at once and drops what waits: whoever reads nothing hears no reason either. Idempotent."""

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
        # Spreads load; nothing depends on its secrecy.
        self.upgrades = UpgradeQueue(config.limits, self.addresses, random.Random())  # noqa: S311
        self.sockets = SocketBudget(config.limits, config.open_files)
        self.backlog = Backlog(config.limits.backlog_bytes)
        # What is kept of messages that have come in part, large buffers for reading included.
        self.unfinished = Backlog(config.limits.unfinished_bytes)
        self._fan_out = FanOut(config.limits)
        self._sessions: dict[ConnectionId, Session] = {}
        self._next_connection = count(1)
        self._expiry: asyncio.TimerHandle | None = None
        self.joins = Turns(JOINS_PER_TURN)
        self._cuts = Turns(CUTS_PER_TURN)
        # From the budget being exceeded until the worst readers are cut off.
        self._is_making_room = False
        self._is_dropping_unfinished = False
        # Effects in their order, carried out as far as this turn of the loop allows.
        self._effects: deque[Effect] = deque()
        self._frames_left = FRAMES_PER_TURN
        self._frames_waiting = 0
        self._is_turn_due = False
        # What to do with each upgrade that waits, once its turn has come.
        self._go_on: dict[WaitingUpgrade, Callable[[], None]] = {}
        self._next_turn: asyncio.TimerHandle | None = None

    # --- upgrades -------------------------------------------------------------------------------------------

    def ask_in(self, address_key: str, go_on: Callable[[], None]) -> WaitingUpgrade:
        """Queues an upgrade; `go_on` is called in its turn, possibly before this returns. From then on the
        caller owns the connection and calls `addresses.disconnect` when it has ended. Raises
        `UpgradeRefusedError`, whose status and Retry-After are the response.
        """
        try:
            waiting = self.upgrades.enter(address_key, global_us())
        except UpgradeRefusedError as refusal:
            self.metrics.refused_upgrades[str(refusal.status)] += 1
            raise
        self._go_on[waiting] = go_on
        self._let_in()
        return waiting

    def give_up(self, waiting: WaitingUpgrade) -> None:
        """The client has gone before its turn. Harmless afterwards."""
        if self._go_on.pop(waiting, None) is not None:
            self.upgrades.give_up(waiting, global_us())

    async def dismiss_waiting(self) -> None:
        """Gives everyone who waits their turn, a few in a turn of the loop. While the server drains, the
        carriers refuse each of them.
        """
        while batch := list(islice(self._go_on.items(), DISMISSALS_PER_TURN)):
            for waiting, go_on in batch:
                if self._go_on.pop(waiting, None) is not None:
                    self.upgrades.take(waiting)
                    go_on()
            await asyncio.sleep(0)

    def _let_in(self) -> None:
        for waiting in self.upgrades.take_due(global_us()):
            self._go_on.pop(waiting)()
        due_us = self.upgrades.next_us()
        if self._next_turn is None and due_us is not None:
            delay_sec = max(0.0, (due_us - global_us()) / US_PER_SEC)
            self._next_turn = asyncio.get_running_loop().call_later(delay_sec, self._take_turn)

    def _take_turn(self) -> None:
        self._next_turn = None
        self._let_in()

    # --- sessions -------------------------------------------------------------------------------------------

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
        self._fan_out.forget(connection)
        self.backlog.forget(connection)
        self.unfinished.forget(connection)
        self._carry_out(self.registry.drop(connection, global_us()))
        self._watch_grace()

    def join(self, connection: ConnectionId, join: Join, nonce: bytes) -> int:
        """Checks the proofs, seats the connection, welcomes it, tells the others. Returns the size of the
        swarm; raises `PeerError`.
        """
        check_join(join, nonce, self.registry.admission_key(join.swarm_id))
        info = MemberInfo(join.session_key, join.announcement)
        outcome = self.registry.join(connection, join.swarm_id, join.user_id, info, join.admission_key)
        limits, ice = self.config.limits, self.config.ice
        is_alone = not outcome.members
        welcome = Welcome(
            clock_id=self.clock_id,
            node_id=self.node_id,
            members=outcome.members,
            limits=limits.announced(),
            ice_servers=self._ice_servers(connection, is_alone=is_alone),
            grace_sec=limits.grace_sec,
            ice_sec=ice.turn_credential_sec if ice.turn_urls else msgspec.UNSET,
        )
        self._sessions[connection].send(encode_server(welcome), kind_of(welcome))
        is_first_company = len(outcome.members) == 1 and bool(ice.turn_urls)
        self._carry_out(self._with_ice(outcome.effects) if is_first_company else outcome.effects)
        return len(outcome.members) + 1

    def give_ice(self, connection: ConnectionId) -> None:
        """Answers `ice`: credentials that hold for their whole time again."""
        swarm_id = self.registry.swarm_of(connection)
        is_alone = swarm_id is None or self.registry.size_of(swarm_id) < 2
        given = GivenIce(ice_servers=self._ice_servers(connection, is_alone=is_alone))
        self._sessions[connection].send(encode_server(given), kind_of(given))

    def relay(self, connection: ConnectionId, receiver: str | None, body: str) -> None:
        """Raises `PeerError` when this connection makes the server send far too much."""
        swarm_id = self.registry.swarm_of(connection)
        is_passed_on = swarm_id is None or (
            self._frames_waiting < MOST_FRAMES
            and self._fan_out.charge(
                connection,
                swarm_id=swarm_id,
                address=self._sessions[connection].address_key,
                receivers=self.registry.receivers_of(connection, receiver),
                body_bytes=len(body),
                is_busy=self._frames_waiting > BUSY_FRAMES,
                global_us=global_us(),
            )
        )
        if is_passed_on:
            self._carry_out(self.registry.relay(connection, receiver, body))
        else:
            self.metrics.withheld += 1

    def note_queue(self, connection: ConnectionId, queue_bytes: int) -> None:
        """To be called after a write that the kernel did not take whole: so much waits for this connection.
        May cut this connection and others off.
        """
        if connection not in self._sessions or not self.backlog.note(connection, queue_bytes):
            return
        if not self._is_making_room:
            self._is_making_room = True
            self._make_room()

    def note_unfinished(self, connection: ConnectionId, kept_bytes: int) -> None:
        """So much is kept for what this connection has not finished to send. May cut this and others off, in
        a later turn of the loop: this comes in the middle of a read.
        """
        if connection not in self._sessions or not self.unfinished.note(connection, kept_bytes):
            return
        if not self._is_dropping_unfinished:
            self._is_dropping_unfinished = True
            asyncio.get_running_loop().call_soon(self._drop_unfinished)

    def _drop_unfinished(self) -> None:
        self._is_dropping_unfinished = False
        reason = PeerError(ErrorCode.RATE_LIMITED, "too much of all messages is unfinished")
        for connection in self.unfinished.worst():
            self._cuts.take(partial(self._cut, connection, reason))

    def _make_room(self) -> None:
        if not self.backlog.ask_some(lambda each: self._sessions[each].queue_bytes):
            asyncio.get_running_loop().call_soon(self._make_room)
            return
        reason = PeerError(ErrorCode.SLOW_READER, "too much waits to be read by all")
        for connection in self.backlog.worst():
            self._cuts.take(partial(self._cut, connection, reason))
        self._cuts.take(self._end_making_room)

    def _end_making_room(self) -> None:
        self._is_making_room = False

    def _cut(self, connection: ConnectionId, reason: PeerError) -> None:
        session = self._sessions.get(connection)
        if session is not None:
            session.cut(reason)

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
        """Cancels the timers. Idempotent."""
        for timer in (self._expiry, self._next_turn):
            if timer is not None:
                timer.cancel()
        self._expiry = self._next_turn = None

    def _ice_servers(self, connection: ConnectionId, *, is_alone: bool) -> list[IceServer]:
        session = self._sessions[connection]
        return ice_servers(
            self.config.ice,
            int(time.time()),
            address=session.address_key,
            reached_host=session.reached_host,
            is_alone=is_alone,
        )

    def _with_ice(self, effects: Iterable[Effect]) -> Iterable[Effect]:
        """The one who was alone hears, with the first who came, of the relays as well."""
        for effect in effects:
            if isinstance(effect, Send) and isinstance(effect.message, Joined):
                for connection in effect.connections:
                    servers = self._ice_servers(connection, is_alone=False)
                    yield Send((connection,), msgspec.structs.replace(effect.message, ice_servers=servers))
            else:
                yield effect

    def _carry_out(self, effects: Iterable[Effect]) -> None:
        """In order, and at once unless many are to hear many: then over several turns of the loop."""
        for effect in effects:
            self._effects.append(effect)
            self._frames_waiting += len(effect.connections) if isinstance(effect, Send) else 0
        while self._effects and self._frames_left > 0:
            match self._effects.popleft():
                case Send(connections, message):
                    payload, kind = encode_server(message), kind_of(message)
                    now = connections[: self._frames_left]
                    for connection in now:
                        session = self._sessions.get(connection)
                        if session is not None:
                            session.send(payload, kind)
                    if len(now) < len(connections):
                        self._effects.appendleft(Send(connections[len(now) :], message))
                    self._frames_left -= len(now)
                    self._frames_waiting -= len(now)
                case Close(connection, reason):
                    if (session := self._sessions.get(connection)) is not None:
                        session.end(reason)
        if self._frames_left < FRAMES_PER_TURN and not self._is_turn_due:
            self._is_turn_due = True
            asyncio.get_running_loop().call_soon(self._begin_turn)

    def _begin_turn(self) -> None:
        self._is_turn_due = False
        self._frames_left = FRAMES_PER_TURN
        self._carry_out(())

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
