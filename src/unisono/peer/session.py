"""One session of a headless peer in a swarm: wires server, clock, director, files and sound together.

Local ms, global µs. Everything is made here and closed here. It decides little: the rules are in the cores.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from unisono.peer.alignment import Alignment
from unisono.peer.ambient import Chance, Clock, RealChance, RealClock
from unisono.peer.anchor import Anchor, AnchorMatch, decode_anchor
from unisono.peer.annotations import is_index_like
from unisono.peer.constants.session import SERVER_SILENCE_MS
from unisono.peer.control_link import ControlLink, RefusedError
from unisono.peer.ctl import PeerTime
from unisono.peer.director import Director
from unisono.peer.encoding import decode_base64url, encode_base64url
from unisono.peer.envelope import Sealer
from unisono.peer.errors import WireError
from unisono.peer.file_state import KnownFile, PeerTold
from unisono.peer.keys import SwarmKeys
from unisono.peer.member_budgets import MemberBudgets, budget_for
from unisono.peer.offset import OffsetEstimate, Probe
from unisono.peer.outputs import Outputs, Sink
from unisono.peer.own_status import OwnStatus
from unisono.peer.peer_comparison import PeerComparison
from unisono.peer.peer_message import PeerMessage, Status, StatusMessage, decode_message, encode_message
from unisono.peer.plan import Heartbeat, Plan
from unisono.peer.plan_policy import Readiness, StartWait, next_plan, prepared, stopped
from unisono.peer.playback_controller import PlaybackController
from unisono.peer.roster import HelloHandshake, Person, Roster
from unisono.peer.safe_text import clean_line
from unisono.peer.signal import Signal
from unisono.peer.song import Song
from unisono.peer.song_loader import SongLoader
from unisono.peer.swarm import FileSwarm
from unisono.peer.synced_clock import SyncedClock
from unisono.protocol import (
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
# A song that could play begins aligned, unless that takes longer; then it is put right while it plays.
MAX_SEEKING_MS = 2_000.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class SessionOptions:
    keys: SwarmKeys
    server: str
    name: str
    files: Sequence[Path] = ()
    speaker_delay_ms: int = 0
    # Each is given the playback controller, from which it learns what sounds when. None at all: a peer
    # without sound.
    sinks: Sequence[Callable[[PlaybackController], Sink]] = ()
    clock: Clock = field(default_factory=RealClock)
    chance: Chance = field(default_factory=RealChance)


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
        self._wait = StartWait()
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
        self.songs = SongLoader(self.swarm, self._loaded, self._published, self._place_sec)
        self._alignment = Alignment(self._find)
        # Loaded, and not given to the controller yet: where it belongs is looked for. And since when.
        self._arriving: tuple[Song, float] | None = None
        self._own_status = OwnStatus(
            name=options.name,
            speaker_delay_ms=options.speaker_delay_ms,
            tick_ms=TICK_SEC * 1000,
            clock=self.clock,
            controller=self.controller,
            outputs=self._outputs,
            alignment=self._alignment,
            songs=self.songs,
            swarm=self.swarm,
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
                for path in self._options.files:
                    tasks.create_task(self.songs.offer(path))
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
        self._write_plan(prepared(file_id, self._clock_id))

    def stop(self) -> None:
        self._write_plan(stopped(self._clock_id))

    # --- the server -----------------------------------------------------------------------------------------

    def opened(self, welcome: Welcome, local_ms: float) -> None:
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
                estimate = self.clock.receive(message, local_ms)
                if estimate is not None:
                    self.controller.estimated(estimate)
            case Relayed():
                self._relayed(message, local_ms)
            case Joined(user_id, session_key, announcement):
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
        sender = relayed.sender
        if self.roster.get(sender) is None:
            return  # the server speaks for someone it never introduced
        if not self._budgets.admits(sender, "message", local_ms):
            return
        try:
            message = decode_message(self._sealer.open(sender, decode_base64url(relayed.body)))
        except WireError as failure:
            if failure.code == "wire-unproven":
                self._handshake.miss(sender, local_ms)
            else:
                log.info("ignored a message from %s: %s", sender, failure)
            return
        if not self._budgets.admits(sender, budget_for(message), local_ms):
            return
        match message:
            case StatusMessage(status, asks):
                self._heard(sender, status)
                if asks and self._budgets.admits(sender, "asked", local_ms):
                    self._handshake.give(sender)
                self._send_heartbeat(self.director.set_candidates(self.roster.candidates, local_ms))
                self._start_at_once()
            case Heartbeat():
                self._send_heartbeat(self.director.receive_heartbeat(sender, message, local_ms))
                self._follow(local_ms)
                self._share_status(local_ms)
            case _:
                self.swarm.receive_signal(sender, message)

    def _heard(self, sender: str, status: Status) -> None:
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
            self._send(None, heartbeat)

    def _send_status(self, to: str | None, *, asks: bool = False) -> None:
        self._send(to, StatusMessage(self._status_at(self._time.local_ms()), asks))

    def _share_status(self, local_ms: float) -> None:
        status = self._status_at(local_ms)
        if self._own_status.is_news(status, local_ms) and self.roster.people:
            self._send(None, StatusMessage(status))

    def _status_at(self, local_ms: float) -> Status:
        return self._own_status.at(self.plan.file_id, local_ms)

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

    def _heard_time(self, told: PeerTold) -> None:
        at_us = told.time.global_us
        self._comparison.take(
            told.peer, Probe(told.time.clock_id, told.asked_local_ms, at_us, at_us, told.answered_local_ms)
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
        self._direct(local_ms)
        self._follow(local_ms)
        self._outputs.advance(local_ms)
        self._share_status(local_ms)

    def _look_for_sleep(self, local_ms: float) -> None:
        if self.clock.check_for_sleep(local_ms, self._time.wall_ms()):
            self.controller.slept()

    def _start_at_once(self) -> None:
        """A prepared song does not wait for a tick when the last one has become ready."""
        if self.plan.state != "preparing":
            return
        local_ms = self._time.local_ms()
        self._look_for_sleep(local_ms)
        self._direct(local_ms)

    def _direct(self, local_ms: float) -> None:
        """Whatever the plan needs of its director now."""
        global_us, plan = self.clock.global_us_at(local_ms), self.plan
        is_locked = global_us is not None and self.clock.state(local_ms) == "locked"
        mine = Person(self.me, is_away=False, status=self._status_at(local_ms))
        others = [_readiness(person, plan.file_id) for person in self.roster.people]
        everybody = [_readiness(mine, plan.file_id), *others]
        is_clockless = self.director.is_me and not is_locked and plan.state == "preparing"
        if self._wait.is_clock_hopeless(everybody, local_ms, is_clockless=is_clockless):
            self._send_heartbeat(self.director.resign(local_ms))
        if not self.director.is_me or global_us is None or not is_locked:
            return
        if plan.state == "playing" and plan.clock_id != self._clock_id:
            start_us = self.clock.to_current_clock(plan.global_start_us, plan.clock_id)
            if start_us is None:
                self.stop()  # a song in a clock that nobody knows
            else:
                self._write_plan(replace(plan, clock_id=self._clock_id, global_start_us=start_us))
            return
        overdue = self._wait.overdue(plan, everybody, local_ms)
        own_end = self._own_status.own_end(others, local_ms)
        change = next_plan(plan, everybody, global_us, self._clock_id, own_end, overdue)
        if overdue and change is not None and change.state == "playing":
            log.info("the song starts without %s, who join once ready", ", ".join(sorted(overdue)))
        if change is not None:
            self._write_plan(change)

    def _write_plan(self, plan: Plan) -> None:
        self._send_heartbeat(self.director.change_plan(plan, self._time.local_ms()))
        self._follow(self._time.local_ms())

    @property
    def _clock_id(self) -> str:
        return self.clock.estimate.clock_id if self.clock.estimate else ""

    # --- files and sound ------------------------------------------------------------------------------------

    def _follow(self, local_ms: float) -> None:
        """After any event: the rest follows from the plan as it now is."""
        plan = self.plan
        self.swarm.prefer(plan.file_id)
        if self._outputs.has_any and plan.file_id is not None:
            if self.songs.load(plan.file_id, self._song):
                self._arriving, self.controller.song = None, None
            self._align(plan.file_id, local_ms)
        is_known = self.clock.state(local_ms) in ("locked", "stale")
        self.controller.follow(plan, is_clock_known=is_known)
        if self._song is not None and self._song.file_id == plan.file_id:
            self.songs.aim(self._place_sec() + self._song.offset_sec)
        if self.controller.is_playing:
            self.clock.activity = "playing"
        else:
            self.clock.activity = "idle" if plan.state == "stopped" else "pre-roll"

    @property
    def _song(self) -> Song | None:
        return self._arriving[0] if self._arriving is not None else self.controller.song

    def _place_sec(self) -> float:
        """Where the plan's song is, or will begin."""
        local_ms, plan = self._time.local_ms(), self.plan
        place_sec = self.controller.position_sec_at(local_ms)
        if place_sec is None and plan.state == "playing" and plan.clock_id == self._clock_id:
            global_us = self.clock.global_us_at(local_ms)
            place_sec = plan.position_us_at(global_us) / 1e6 if global_us is not None else None
        return max(0.0, plan.position_us / 1e6, place_sec or 0.0)

    def _loaded(self, song: Song | None) -> None:
        local_ms = self._time.local_ms()
        if song is not None:
            self._alignment.reset()
            self._arriving = song, local_ms
        else:
            self._arriving, self.controller.song = None, None
        self._follow(local_ms)
        self._share_status(local_ms)
        self._guard(self._start_at_once)

    def _published(self, file_id: str, annotation: bytes) -> None:
        self._alignment.publishes(file_id, annotation)
        self.swarm.set_annotation(file_id, annotation)

    def _find(self, song: Song, anchor: Anchor, on_found: Callable[[AnchorMatch | None], None]) -> None:
        def found(match: AnchorMatch | None) -> None:
            on_found(match)
            self._follow(self._time.local_ms())

        self.songs.find(song, anchor, found)

    def _align(self, file_id: str, local_ms: float) -> None:
        file, song = self.swarm.get(file_id), self._song
        if song is None or song.file_id != file_id:
            return
        song = self._alignment.follow(song, file.annotation if file is not None else None, local_ms)
        if self._arriving is not None:
            arrived_local_ms = self._arriving[1]
            if self._alignment.is_seeking and local_ms - arrived_local_ms < MAX_SEEKING_MS:
                self._arriving = song, arrived_local_ms
                return
            self._arriving = None
        self.controller.song = song

    @property
    def can_sound(self) -> bool:
        return self._outputs.can_sound

    @property
    def files(self) -> list[KnownFile]:
        return self.swarm.files


def _readiness(person: Person, file_id: str | None) -> Readiness:
    status = person.status
    return Readiness(
        is_away=person.is_away,
        is_ready=status is not None and file_id is not None and status.ready_file_id == file_id,
        is_unable=status is not None and status.is_unable,
        is_over=status is not None and status.is_over,
        is_heard=status is not None and status.sync_error_ms is not None and not status.is_over,
        rtt_ms=status.rtt_ms if status else 0.0,
        speaker_delay_ms=status.speaker_delay_ms if status else 0,
        start_ms=status.start_ms if status else None,
        user_id=person.user_id,
        not_ready_reason=status.not_ready_reason if status else None,
    )
