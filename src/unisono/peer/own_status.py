"""What a headless peer says of itself, and when it is news. Local ms.

It reads the clock, the outputs, the songs and the files of its session, and changes nothing there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from unisono.peer.constants.director import HEARTBEAT_PERIOD_MS
from unisono.peer.constants.session import (
    AFTER_END_SEC,
    MAX_START_MS,
    ROLE_REPEATS,
    START_STEP_MS,
    STATUS_PERIOD_MS,
    NotReadyReason,
)
from unisono.peer.offset import OffsetEstimate
from unisono.peer.outputs import Outputs
from unisono.peer.own_role import RoleDesk
from unisono.peer.peer_message import Status, told_troubles
from unisono.peer.plan import Plan
from unisono.peer.plan_policy import OwnEnd, Readiness
from unisono.peer.playback_controller import NORMAL_TEMPO, PlaybackController
from unisono.peer.ready_songs import ReadySongs
from unisono.peer.role_message import ToldRole
from unisono.peer.swarm import FileSwarm
from unisono.peer.synced_clock import SyncedClock

# Whose error has changed by less says the same as before.
TOLD_ERROR_MS = 1.0


class OwnStatus:
    def __init__(
        self,
        *,
        name: str,
        speaker_delay_ms: int,
        tick_ms: float,
        clock: SyncedClock,
        controller: PlaybackController,
        outputs: Outputs,
        songs: ReadySongs,
        swarm: FileSwarm,
        role: RoleDesk,
    ) -> None:
        self._name = name
        self._speaker_delay_ms = speaker_delay_ms
        self._tick_ms = tick_ms
        self._clock = clock
        self._controller = controller
        self._outputs = outputs
        self._songs = songs
        self._swarm = swarm
        self._role = role
        self._role_news = RoleNews()
        self._told: Status | None = None
        self._told_local_ms = 0.0

    @property
    def can_sound(self) -> bool:
        return self._outputs.can_sound

    def at(self, plan: Plan, local_ms: float) -> Status:
        file_id = plan.file_id
        is_ready = file_id is not None and self._is_ready(file_id, local_ms)
        can_play = (
            self._outputs.can_sound
            and plan.tempo == NORMAL_TEMPO
            and (file_id is None or self._songs.loader.refusal_of(file_id) is None)
        )
        estimate = self._clock.estimate
        return Status(
            name=self._name,
            ready_file_id=file_id if is_ready else None,
            is_unable=file_id is not None and not can_play,
            rtt_ms=estimate.rtt_ms if estimate else 0.0,
            speaker_delay_ms=self._speaker_delay_ms,
            start_ms=self._start_ms,
            sync_error_ms=self._outputs.error_ms,
            uncertainty_ms=error_uncertainty_ms(self._outputs, estimate),
            not_ready_reason=None if is_ready else self._not_ready_reason(file_id),
            troubles=told_troubles(self._songs.loader.troubles, file_id),
            is_over=self._is_over(local_ms),
            is_unaligned=file_id is not None and self._songs.is_unaligned_at(file_id, local_ms),
            role=replace(self._role.told, is_silent=not self._outputs.has_any),
        )

    def is_news(self, status: Status, local_ms: float) -> bool:
        """Whether to say it: it is new, or was last said a while ago. It then counts as said."""
        told = self._told
        is_role_due = self._role_news.is_due(status.role, local_ms)
        is_same = told is not None and _without_figures(told) == _without_figures(status)
        if (
            is_same
            and told is not None
            and not is_role_due
            and local_ms - self._told_local_ms < STATUS_PERIOD_MS
        ):
            before_ms, now_ms = told.sync_error_ms, status.sync_error_ms
            if before_ms == now_ms:
                return False
            if before_ms is not None and now_ms is not None and abs(before_ms - now_ms) < TOLD_ERROR_MS:
                return False
        self._told, self._told_local_ms = status, local_ms
        return True

    def own_end(self, file_id: str | None, others: Sequence[Readiness], local_ms: float) -> OwnEnd | None:
        """Where this peer is in the plan's song, of unknown length, beside its end; None: it plays none."""
        position_sec = self._controller.position_sec_at(local_ms)
        song = self._songs.songs.get(file_id) if file_id is not None else None
        if position_sec is None or song is None or not self._outputs.has_any:
            return None
        is_decode_over = position_sec > song.duration_sec + AFTER_END_SEC
        return OwnEnd(self._is_over(local_ms), is_decode_over, others)

    @property
    def _start_ms(self) -> int:
        """From a plan that arrives to its sound (D15): the outputs hear of it at the next tick."""
        if not self._outputs.has_any:
            return 0
        needed_ms = self._tick_ms + self._outputs.start_ms
        return min(MAX_START_MS, math.ceil(needed_ms / START_STEP_MS) * START_STEP_MS)

    def _is_ready(self, file_id: str, local_ms: float) -> bool:
        is_known = self._clock.state(local_ms) in ("locked", "stale")
        return self._is_decoded(file_id) and self._outputs.has_any and is_known

    def _is_decoded(self, file_id: str) -> bool:
        return file_id in self._songs.songs

    def _not_ready_reason(self, file_id: str | None) -> NotReadyReason | None:
        if file_id is None or not self._outputs.has_any or self._songs.loader.refusal_of(file_id) is not None:
            return None
        if self._swarm.content_of(file_id) is None:
            return "storage-full" if self._swarm.has_no_room_for(file_id) else "fetching"
        return "clock" if self._is_decoded(file_id) else "decoding"

    def _is_over(self, local_ms: float) -> bool:
        """A decode that is shorter than its file says is not the song's end."""
        return self._controller.is_over_at(local_ms, AFTER_END_SEC)


class RoleNews:
    """R9: a new role is told again, so that one lost status leaves nobody with the one before."""

    def __init__(self) -> None:
        self._told: ToldRole | None = None
        # When it was new, and how often it was told again.
        self._new_local_ms = 0.0
        self._repeats = ROLE_REPEATS

    def is_due(self, role: ToldRole | None, local_ms: float) -> bool:
        """Whether to tell it again; it counts as told then."""
        if role != self._told:
            self._told, self._new_local_ms, self._repeats = role, local_ms, 0
        after_ms = HEARTBEAT_PERIOD_MS * 2**self._repeats
        if self._repeats >= ROLE_REPEATS or local_ms - self._new_local_ms < after_ms:
            return False
        self._repeats += 1
        return True


def error_uncertainty_ms(outputs: Outputs, estimate: OffsetEstimate | None) -> float:
    """How far from told the error may be in 19 of 20 moments (P25): by the output, and by the clock."""
    if outputs.error_ms is None:
        return 0.0
    return math.hypot(outputs.uncertainty_ms, 2 * estimate.uncertainty_ms if estimate else 0.0)


def _without_figures(status: Status) -> Status:
    return replace(status, rtt_ms=0.0, sync_error_ms=None, uncertainty_ms=0.0)
