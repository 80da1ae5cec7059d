"""One session of a headless peer in a swarm: wires server, clock, director, files and sound together.

Local ms, global µs. Everything is made here and closed here. It decides little: the rules are in the cores.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from msgspec import UnsetType

from unisono.peer.anchor import decode_anchor
from unisono.peer.annotations import is_index_like
from unisono.peer.constants.session import SERVER_SILENCE_MS, Role
from unisono.peer.control_link import ControlLink, RefusedError
from unisono.peer.ctl import PeerTime
from unisono.peer.directing import Directing
from unisono.peer.director import Director
from unisono.peer.encoding import decode_base64url, encode_base64url
from unisono.peer.envelope import Sealer
from unisono.peer.errors import WireError
from unisono.peer.file_state import KnownFile, PeerAnswered
from unisono.peer.heartbeat_message import HeartbeatMessage
from unisono.peer.member_budgets import MemberBudgets, budget_for
from unisono.peer.offset import OffsetEstimate, Probe
from unisono.peer.outputs import Outputs
from unisono.peer.own_role import RoleDesk
from unisono.peer.own_status import OwnStatus
from unisono.peer.peer_comparison import PeerComparison
from unisono.peer.peer_message import PeerMessage, Status, StatusMessage, decode_message, encode_message
from unisono.peer.plan import Heartbeat, Plan
from unisono.peer.playback_controller import PlaybackController
from unisono.peer.programme import Stretch, current_at
from unisono.peer.programme_needs import places_soon, turns
from unisono.peer.queue import Add, Queue, QueueRequest, is_done
from unisono.peer.queue_keeper import QueueKeeper, Standing
from unisono.peer.queue_message import QueueAsk
from unisono.peer.queue_register import Office
from unisono.peer.ready_songs import ReadySongs
from unisono.peer.role_assignments import RoleAssignments
from unisono.peer.role_message import RoleRequest
from unisono.peer.roster import HelloHandshake, Roster
from unisono.peer.safe_text import clean_line
from unisono.peer.session_options import SessionOptions
from unisono.peer.signal import Signal
from unisono.peer.swarm import FileSwarm
from unisono.peer.synced_clock import SyncedClock
from unisono.protocol import (
    GivenIce,
    Joined,
    Left,
    Ping,
    Pong,
    Presence,
    Relay,
    Relayed,
    ServerMessage,
    Welcome,
)

TICK_SEC = 0.1
MOST_LOGGED_ERRORS = 32

log = logging.getLogger(__name__)


class PeerSession:
    def __init__(self, options: SessionOptions) -> None:
        keys, clock, chance = options.keys, options.clock, options.chance
        self.me = keys.user_id
        self.roster = Roster()
        self.director = Director(keys.user_id)
        self.clock = SyncedClock(local_ms=clock.local_ms(), wall_ms=clock.wall_ms())
        self.controller = PlaybackController(options.speaker_delay_ms)
        self._outputs = Outputs([make(self.controller) for make in options.sinks])
        self._options = options
        self._time = clock
        # One load per session: the seed is new with each, so any epoch will do.
        self._sealer = Sealer(keys, 1, chance)
        self._budgets = MemberBudgets()
        self._handshake = HelloHandshake(lambda to, asks: self._send_status(to, asks=asks))
        self.swarm = FileSwarm(
            me=keys.user_id,
            clock=clock,
            chance=chance,
            sealer=self._sealer,
            send_signal=self._send,
            accepts_annotation=lambda annotation: decode_anchor(annotation) is not None,
            accepts_index=is_index_like,
            time_at=self._time_at,
            on_peer_time=self._heard_time,
        )
        self._link = ControlLink(
            server=options.server,
            keys=keys,
            clock=clock,
            chance=chance,
            make_join=self._sealer.make_join,
            listener=self,
            is_awaited=lambda: self.director.is_me,
        )
        self._comparison = PeerComparison()
        self.clock.room_estimate = self._room_estimate
        self._node_id = ""
        self.songs = ReadySongs(self.swarm, clock, self._songs_changed)
        self.role = RoleDesk(options.role, self._play_role)
        self.assignments = RoleAssignments(keys.user_id, options.roles_by_name, self._send)
        self.keeper = QueueKeeper(chance, self._standing, self._send)
        self._own_status = OwnStatus(
            name=options.name,
            speaker_delay_ms=options.speaker_delay_ms,
            tick_ms=TICK_SEC * 1000,
            clock=self.clock,
            controller=self.controller,
            outputs=self._outputs,
            songs=self.songs,
            swarm=self.swarm,
            role=self.role,
        )
        self._directing = Directing(
            me=self.me,
            director=self.director,
            keeper=self.keeper,
            clock=self.clock,
            own_status=self._own_status,
            roster=self.roster,
            songs=self.songs,
            swarm=self.swarm,
            send=self._send_heartbeat,
            on_change=self._follow,
        )
        self._errors: set[str] = set()

    @property
    def is_joined(self) -> bool:
        return self._link.is_open

    @property
    def plan(self) -> Plan:
        return self.director.plan

    async def run(self) -> None:
        """Stays until cancelled; then leaves and wipes what was fetched. Raises `RefusedError`."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._link.run())
                tasks.create_task(self._probe())
                tasks.create_task(self._tick_on())
                offers = [tasks.create_task(self.songs.loader.offer(path)) for path in self._options.files]
                if self._options.is_queueing:
                    tasks.create_task(self._queue_in_order(offers))
        except BaseExceptionGroup as failures:
            refused = failures.subgroup(RefusedError)
            if refused is None:
                raise
            raise refused.exceptions[0] from None
        finally:
            await self.songs.close()
            await self.swarm.close()

    def play(self, file_id: str) -> None:
        """As the director: prepares the file; it starts when all are ready."""
        self._directing.play(file_id, self._time.local_ms())

    def play_entry(self, entry_id: str) -> None:
        """As the director: an entry of the queue."""
        self._directing.play_entry(entry_id, self._time.local_ms())

    def stop(self) -> None:
        self._directing.stop(self._time.local_ms())

    def assign_role(self, user_id: str, role: Role) -> None:
        """As the director: asks somebody's device for it, until that answers."""
        person = self.roster.get(user_id)
        if person is not None and self.director.is_me:
            self.assignments.assign(person, role, self._time.local_ms())

    def set_role(self, role: Role) -> None:
        """What is queued crosses over to it; a channel of a song that plays is decoded first."""
        self.role.choose(role)

    def _play_role(self, role: Role) -> None:
        self.songs.loader.role = role
        self.controller.set_role(role)

    async def _queue_in_order(self, offers: Sequence[asyncio.Task[str | None]]) -> None:
        """One behind the other at the end of the queue, as they were named."""
        for offer in offers:
            file_id = await offer
            if file_id is not None:
                duration_us = self.songs.loader.surveys.durations_us.get(file_id)
                request_id = self.keeper.ask(Add(file_id, duration_us))
                # What is lost is asked again, and would come behind the next one.
                while not is_done(self.keeper.queue, request_id):  # noqa: ASYNC110 - the others' doing
                    await asyncio.sleep(TICK_SEC)

    # --- the server -----------------------------------------------------------------------------------------

    def opened(self, welcome: Welcome, local_ms: float) -> None:
        self._guard(lambda: self._welcomed(welcome, local_ms))

    def _welcomed(self, welcome: Welcome, local_ms: float) -> None:
        is_new_server = welcome.node_id != self._node_id
        self._node_id = welcome.node_id
        self.swarm.set_ice_servers(welcome.ice_servers)
        for member in welcome.members:
            self._meet(member.user_id, member.session_key, member.announcement)
        for user_id in self.roster.replace((member.user_id, member.away) for member in welcome.members):
            self._forget(user_id)
        self.clock.start(local_ms)
        self._handshake.found(member.user_id for member in welcome.members if not member.away)
        candidates = self.roster.candidates
        self._send_heartbeat(self.director.attach(candidates, is_new_server=is_new_server, local_ms=local_ms))
        self._members_changed(local_ms)

    def received(self, message: ServerMessage, local_ms: float) -> None:
        self._guard(lambda: self._take(message, local_ms))

    def _guard(self, act: Callable[[], None]) -> None:
        """An error over one message or in one moment does not end the session; the same is logged once."""
        try:
            act()
        except Exception as failure:
            if repr(failure) not in self._errors and len(self._errors) < MOST_LOGGED_ERRORS:
                self._errors.add(repr(failure))
                log.exception("an error in this peer; it stays")

    def _take(self, message: ServerMessage, local_ms: float) -> None:
        match message:
            case Pong():
                self.swarm.report_rtt(max(0.0, local_ms - message.t0 - (message.t2 - message.t1) / 1000))
                estimate = self.clock.receive(message, local_ms)
                if estimate is not None:
                    self.controller.estimated(estimate)
            case Relayed():
                self._relayed(message, local_ms)
            case GivenIce(ice_servers):
                self.swarm.set_ice_servers(ice_servers)
            case Joined(user_id, session_key, announcement, ice_servers):
                if not isinstance(ice_servers, UnsetType):
                    self.swarm.set_ice_servers(ice_servers)  # who was alone had no relay
                self._meet(user_id, session_key, announcement)
                self.roster.put(user_id, is_away=False)
                self._handshake.give(user_id)
                self._members_changed(local_ms)
            case Presence(user_id, away, announcement):
                if isinstance(announcement, str):
                    self._meet(user_id, None, announcement)
                if self.roster.get(user_id) is not None:
                    self.roster.put(user_id, is_away=away)
                    if not away:
                        self._handshake.give(user_id)
                self._members_changed(local_ms)
            case Left(user_id):
                self.roster.left(user_id)
                self._forget(user_id)
                self._send_heartbeat(self.director.member_left(user_id, local_ms))
                self._members_changed(local_ms)

    def lost(self) -> None:
        self.clock.stop()
        self.director.detach()

    def _meet(self, user_id: str, session_key: str | None, announcement: str) -> None:
        """What is not the member's own is not believed; it then stays mute and deaf for this peer."""
        try:
            if session_key is None:
                self._sealer.renew(user_id, announcement)
            else:
                self._sealer.meet(user_id, session_key, announcement)
        except WireError as failure:
            log.warning("the server shows somebody as %s who is not: %s", clean_line(user_id), failure)

    def _forget(self, user_id: str) -> None:
        """What is kept of a member while it is one."""
        self._handshake.left(user_id)
        self._sealer.left(user_id)

    def _members_changed(self, local_ms: float) -> None:
        self.swarm.set_members(self.roster.people)
        self._send_heartbeat(self.director.set_candidates(self.roster.candidates, local_ms))

    # --- peers ----------------------------------------------------------------------------------------------

    def _relayed(self, relayed: Relayed, local_ms: float) -> None:
        message = self._opened(relayed, local_ms)
        if message is not None:
            self._heard(relayed.sender, message, local_ms)

    def _opened(self, relayed: Relayed, local_ms: float) -> PeerMessage | None:
        """None: not to be heard."""
        sender = relayed.sender
        if self.roster.get(sender) is None:
            return None  # the server speaks for someone it never introduced
        if not self._budgets.admits(sender, "message", local_ms):
            return None
        try:
            message = decode_message(self._sealer.open(sender, decode_base64url(relayed.body)))
        except WireError as failure:
            if failure.code == "wire-unproven":
                self._handshake.miss(sender, local_ms)
            else:
                log.info("ignored a message from %s: %s", sender, failure)
            return None
        return message if self._budgets.admits(sender, budget_for(message), local_ms) else None

    def _heard(self, sender: str, message: PeerMessage, local_ms: float) -> None:
        match message:
            case StatusMessage(status, asks):
                self._heard_status(sender, status)
                if asks and self._budgets.admits(sender, "asked", local_ms):
                    self._handshake.give(sender)
                self._send_heartbeat(self.director.set_candidates(self.roster.candidates, local_ms))
                self._start_at_once()
            case HeartbeatMessage(heartbeat, queue_stamp):
                self._send_heartbeat(self.director.receive_heartbeat(sender, heartbeat, local_ms))
                if self.director.follows(sender, heartbeat):
                    self.keeper.heard_stamp(sender, queue_stamp)
                self._follow(local_ms)
                self._share_status(local_ms)
            case Queue() | QueueRequest() | QueueAsk():
                self.keeper.receive(sender, message, local_ms)
                self._follow(local_ms)
            case RoleRequest():
                self.role.heard(message, sender, self.director.director_id, local_ms)
            case _:
                self.swarm.receive_signal(sender, message)

    def _heard_status(self, sender: str, status: Status) -> None:
        before = self.roster.get(sender)
        was_phone = before is not None and before.status is not None and before.status.is_phone
        self.roster.heard(sender, status)
        if status.is_phone != was_phone:
            self.swarm.set_members(self.roster.people)

    def _send(self, to: str | None, message: PeerMessage | Signal) -> None:
        try:
            body = encode_base64url(self._sealer.seal(to, encode_message(message)))
        except WireError as failure:
            log.info("cannot write to %s: %s", to or "all", failure)
            return
        self._link.send(Relay(body=body) if to is None else Relay(to=to, body=body))

    def _send_heartbeat(self, heartbeat: Heartbeat | None) -> None:
        if heartbeat is not None:
            self._send(None, HeartbeatMessage(heartbeat, self.keeper.queue.stamp))

    def _standing(self) -> Standing:
        current = self._current
        entry_id = current.entry_id if current is not None else self.plan.entry_id
        role = self.director.role
        present = frozenset(person.user_id for person in self.roster.people if not person.is_away)
        office = Office(self.me, not present, self.director.director_id, role == "directing")
        return Standing(office, self.director.record, entry_id, present, is_detached=role == "detached")

    def _send_status(self, to: str | None, *, asks: bool = False) -> None:
        self._send(to, StatusMessage(self._status_at(self._time.local_ms()), asks))

    def _share_status(self, local_ms: float) -> None:
        status = self._status_at(local_ms)
        if self._own_status.is_news(status, local_ms) and self.roster.people:
            self._send(None, StatusMessage(status))

    def _status_at(self, local_ms: float) -> Status:
        return self._own_status.at(self.plan, local_ms)

    # --- time -----------------------------------------------------------------------------------------------

    async def _probe(self) -> None:
        while True:
            due_local_ms = self.clock.due_local_ms
            wait_ms = TICK_SEC * 1000 if due_local_ms is None else due_local_ms - self._time.local_ms()
            if wait_ms > 0:
                await asyncio.sleep(min(wait_ms, TICK_SEC * 1000) / 1000)
            elif self._link.is_open:
                await self._link.send_now(self._make_ping)
            else:
                self.clock.stop()

    def _time_at(self, local_ms: float) -> PeerTime | None:
        """For neighbours to compare their clocks with (T17)."""
        told = self.clock.own_time_at(local_ms)
        return None if told is None else PeerTime(*told)

    def _heard_time(self, told: PeerAnswered, time: PeerTime) -> None:
        at_us = time.global_us
        self._comparison.take(
            told.peer, Probe(time.clock_id, told.asked_local_ms, at_us, at_us, told.answered_local_ms)
        )

    def _room_estimate(self, own: OffsetEstimate) -> OffsetEstimate:
        was_off = self._comparison.is_off
        director = self.director.director_id
        linked = self.swarm.linked
        estimate = self._comparison.judge(own, self.me, director, lambda peer: peer in linked)
        if self._comparison.is_off and not was_off:
            log.warning(
                "this clock disagrees with the others: the server, or the way to it, tells it another time"
            )
        return estimate

    def _make_ping(self) -> Ping:
        local_ms = self._time.local_ms()
        return Ping(self.clock.next_probe(local_ms), local_ms)

    async def _tick_on(self) -> None:
        while True:
            self._guard(lambda: self._tick(self._time.local_ms()))
            await asyncio.sleep(TICK_SEC)

    def _tick(self, local_ms: float) -> None:
        self._look_for_sleep(local_ms)
        self._handshake.tick()
        self.swarm.tick()
        if self._link.silent_ms > SERVER_SILENCE_MS:
            self.director.server_is_silent(local_ms)
        if self.roster.has_visible:
            self._send_heartbeat(self.director.make_way(local_ms))
        self._send_heartbeat(self.director.tick(local_ms))
        self._directing.direct(local_ms)
        self.assignments.turn(self.director, self.roster.people, local_ms)
        self.keeper.turn(local_ms)
        self._follow(local_ms)
        self._outputs.advance(local_ms)
        self._share_status(local_ms)

    def _look_for_sleep(self, local_ms: float) -> None:
        if self.clock.check_for_sleep(local_ms, self._time.wall_ms()):
            self.controller.slept()
            self.swarm.wake()

    def _start_at_once(self) -> None:
        """A prepared song does not wait for a tick when the last one has become ready."""
        if self.plan.state != "preparing":
            return
        local_ms = self._time.local_ms()
        self._look_for_sleep(local_ms)
        self._directing.direct(local_ms)

    @property
    def _clock_id(self) -> str:
        return self.clock.estimate.clock_id if self.clock.estimate else ""

    # --- files and sound ------------------------------------------------------------------------------------

    def _follow(self, local_ms: float) -> None:
        """After any event: the rest follows from plan and queue as they now are."""
        plan, queue, global_us = self.plan, self.keeper.queue, self._plan_us_at(local_ms)
        needed = turns(plan, queue, global_us)
        self.swarm.prefer(plan.file_id)
        self.swarm.set_needs(needed, [each.file_id for each in queue.played])
        if self._outputs.has_any:
            self.songs.follow(places_soon(plan, queue, global_us), local_ms)
        is_known = self.clock.state(local_ms) in ("locked", "stale")
        self.controller.follow(plan, queue, self.songs.songs, is_clock_known=is_known)
        self.swarm.set_playing(is_playing=plan.state == "playing")
        if self.controller.is_playing:
            self.clock.activity = "playing"
        else:
            self.clock.activity = "idle" if plan.state == "stopped" else "pre-roll"

    def _plan_us_at(self, local_ms: float) -> float | None:
        """Global time in the plan's clock, as far as that is known."""
        playing_us = self.controller.global_us_at(local_ms)
        if playing_us is not None:
            return playing_us
        return self.clock.global_us_at(local_ms) if self.plan.clock_id == self._clock_id else None

    @property
    def current_file_id(self) -> str | None:
        """What plays by plan and queue, or is about to."""
        current = self._current
        return current.file_id if current is not None else self.plan.file_id

    @property
    def _current(self) -> Stretch | None:
        """What plays by plan and queue; None where nothing does, or the time is not known."""
        global_us = self._plan_us_at(self._time.local_ms())
        return current_at(self.plan, self.keeper.queue, global_us) if global_us is not None else None

    def _songs_changed(self) -> None:
        local_ms = self._time.local_ms()
        self._follow(local_ms)
        self._share_status(local_ms)
        self._guard(self._start_at_once)

    @property
    def can_sound(self) -> bool:
        return self._outputs.can_sound

    @property
    def files(self) -> list[KnownFile]:
        return self.swarm.files
