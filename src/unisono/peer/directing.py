"""What this peer does to plan and queue while it directs, which is where nobody visible does. Local ms.

It starts what is prepared, writes down how far the programme has come, passes over what nobody can play, and
stops at the end. The rules are in `plan_policy` and `queue_policy`; who directs is in `director`.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from unisono.peer.constants.director import SKIP_AFTER_MS, SkipReason
from unisono.peer.constants.session import FILE_PREFIX_BYTES
from unisono.peer.director import Director
from unisono.peer.own_status import OwnStatus
from unisono.peer.peer_message import Status
from unisono.peer.plan import Heartbeat, Plan
from unisono.peer.plan_policy import Readiness, StartWait, next_plan, prepared, stopped
from unisono.peer.programme import current_at, upcoming
from unisono.peer.queue import Add, Asking, Queue, QueueEntry, apply_request
from unisono.peer.queue_keeper import QueueKeeper
from unisono.peer.queue_policy import behind, gone_on, tidied, turned_to
from unisono.peer.ready_songs import ReadySongs
from unisono.peer.roster import Person, Roster
from unisono.peer.swarm import FileSwarm
from unisono.peer.synced_clock import SyncedClock

# How often the whole list is looked at.
TIDY_PERIOD_MS = 500.0

log = logging.getLogger(__name__)


class Directing:
    """`send(heartbeat)` tells all; `on_change`: the plan is another."""

    def __init__(
        self,
        *,
        me: str,
        director: Director,
        keeper: QueueKeeper,
        clock: SyncedClock,
        own_status: OwnStatus,
        roster: Roster,
        songs: ReadySongs,
        swarm: FileSwarm,
        send: Callable[[Heartbeat | None], None],
        on_change: Callable[[float], None],
    ) -> None:
        self._me = me
        self._director = director
        self._keeper = keeper
        self._clock = clock
        self._own_status = own_status
        self._roster = roster
        self._songs = songs
        self._swarm = swarm
        self._send = send
        self._on_change = on_change
        self._wait = StartWait()
        # Since when nobody has, or can play, a file.
        self._hopeless_since_local_ms: dict[str, float] = {}
        self._tidied_local_ms = -math.inf

    def play(self, file_id: str, local_ms: float) -> None:
        """Puts an entry for the file behind what plays, and prepares that."""
        duration_us = self._songs.loader.surveys.durations_us.get(file_id)
        request = self._keeper.request(Add(file_id, duration_us, "next"))
        asking = Asking(self._me, is_director=True, current_id=self._director.plan.entry_id)
        queue, _ = apply_request(self._keeper.queue, request, asking)
        plan = prepared(self._director.plan, request.request_id, file_id, self._clock_id)
        self._write_both((plan, queue), local_ms)

    def play_entry(self, entry_id: str, local_ms: float) -> None:
        """Prepares an entry of the queue."""
        entry = self._keeper.queue.entry(entry_id)
        if entry is not None:
            self._write(prepared(self._director.plan, entry_id, entry.file_id, self._clock_id), local_ms)

    def stop(self, local_ms: float) -> None:
        self._write(stopped(self._director.plan, self._clock_id), local_ms)

    def direct(self, local_ms: float) -> None:
        """Whatever plan and queue need of their director now."""
        global_us, plan = self._clock.global_us_at(local_ms), self._director.plan
        is_locked = global_us is not None and self._clock.state(local_ms) == "locked"
        mine = Person(self._me, is_away=False, status=self._own_status.at(plan, local_ms))
        others = [_readiness(person, plan.file_id) for person in self._roster.people]
        everybody = [_readiness(mine, plan.file_id), *others]
        is_clockless = self._director.is_me and not is_locked and plan.state == "preparing"
        if self._wait.is_clock_hopeless(everybody, local_ms, is_clockless=is_clockless):
            self._send(self._director.resign(local_ms))
        if not self._director.is_me:
            self._hopeless_since_local_ms = {}
            return
        if global_us is None or not is_locked:
            return
        if plan.state == "playing" and plan.clock_id != self._clock_id:
            start_us = self._clock.to_current_clock(plan.global_start_us, plan.clock_id)
            if start_us is None:
                self.stop(local_ms)  # a song in a clock that nobody knows
            else:
                self._write(replace(plan, clock_id=self._clock_id, global_start_us=start_us), local_ms)
            return
        if self._keeper.is_settled(local_ms) and not self._goes_on(plan, global_us, local_ms):
            self._tidy(plan, global_us, local_ms)
            self._start_or_end(plan, everybody, others, global_us, local_ms)

    @property
    def _clock_id(self) -> str:
        return self._clock.estimate.clock_id if self._clock.estimate else ""

    def _write(self, plan: Plan, local_ms: float) -> None:
        self._send(self._director.change_plan(plan, local_ms))
        self._on_change(local_ms)

    def _write_both(self, change: tuple[Plan, Queue], local_ms: float) -> None:
        """Whichever of the two somebody hears first, the same sounds there."""
        plan, queue = change
        self._keeper.write(queue)
        self._write(plan, local_ms)

    def _tidy(self, plan: Plan, global_us: float, local_ms: float) -> None:
        if local_ms - self._tidied_local_ms < TIDY_PERIOD_MS:
            return
        self._tidied_local_ms = local_ms
        queue = self._keeper.queue
        current = current_at(plan, queue, global_us)
        current_id = current.entry_id if current is not None else plan.entry_id
        durations_us = self._songs.loader.surveys.durations_us
        self._keeper.write(
            tidied(
                plan, queue, current_id, self._me, durations_us, lambda entry: self._reason(entry, local_ms)
            )
        )

    def _goes_on(self, plan: Plan, global_us: float, local_ms: float) -> bool:
        """To the next entry: the programme has, or nobody can play this one and another follows."""
        queue = self._keeper.queue
        change = gone_on(plan, queue, global_us)
        current = queue.entry(plan.entry_id)
        if change is None and plan.state != "stopped" and current is not None:
            following = behind(plan, queue)
            if following and self._reason(current, local_ms) is not None:
                change = turned_to(plan, queue, following[0], self._clock_id)
        if change is not None:
            self._write_both(change, local_ms)
        return change is not None

    def _start_or_end(
        self,
        plan: Plan,
        everybody: Sequence[Readiness],
        others: Sequence[Readiness],
        global_us: float,
        local_ms: float,
    ) -> None:
        """A song that is prepared, or one that nobody knows the length of."""
        overdue = self._wait.overdue(plan, everybody, local_ms)
        current = current_at(plan, self._keeper.queue, global_us)
        if plan.state == "playing" and current is not None and math.isfinite(current.end_us):
            return
        own_end = self._own_status.own_end(plan.file_id, others, local_ms)
        change = next_plan(plan, everybody, global_us, self._clock_id, own_end, overdue)
        if change is None:
            return
        if change.state == "playing":
            if overdue:
                log.info("the song starts without %s, who join once ready", ", ".join(sorted(overdue)))
            self._write(change, local_ms)
        else:
            queue = self._keeper.queue
            _, following = upcoming(plan, queue)
            following_entry = following[0] if following else None
            self._write_both(turned_to(plan, queue, following_entry, self._clock_id), local_ms)

    def _reason(self, entry: QueueEntry, local_ms: float) -> SkipReason | None:
        """Why an entry is passed over; None: it is not."""
        reason: SkipReason | None = None
        if not self._swarm.is_given(entry.file_id):
            reason = "nobody-has"
        elif self._can_nobody_play(entry.file_id):
            reason = "nobody-can-play"
        if reason is None:
            self._hopeless_since_local_ms.pop(entry.file_id, None)
            return None
        since_local_ms = self._hopeless_since_local_ms.setdefault(entry.file_id, local_ms)
        return reason if local_ms - since_local_ms >= SKIP_AFTER_MS else None

    def _can_nobody_play(self, file_id: str) -> bool:
        """All who are here and sound have tried in vain."""
        statuses = [person.status for person in self._roster.people if not person.is_away]
        verdicts = [_can_play(status, file_id) for status in statuses if status is not None]
        if self._own_status.can_sound:
            verdicts.append(self._songs.loader.refusal_of(file_id) is None)
        told = [verdict for verdict in verdicts if verdict is not None]
        return bool(told) and not any(told)


def _can_play(status: Status, file_id: str) -> bool | None:
    """None: it says nothing of that file, as it plays none, or not this one by somebody's wish."""
    prefix = file_id[: 2 * FILE_PREFIX_BYTES]
    trouble = next((trouble for told, trouble in status.troubles if told == prefix), None)
    if trouble in ("undecodable", "too-long"):
        return False
    return None if status.is_unable else True


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
