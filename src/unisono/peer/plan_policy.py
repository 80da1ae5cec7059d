"""What only the director does to the plan for one song: prepares it, starts it when all are ready, and ends
it where nobody knows how long it is. Pure.

A headless peer directs only where nobody visible does, so it knows no pause and no seek. Local ms, global µs.
Rules D13, D15, D19, D22 and D23 of docs/spec/director.md.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from unisono.peer.constants.director import (
    LEAD_MARGIN_MS,
    MAX_LEAD_MS,
    MIN_LEAD_MS,
    START_STANDSTILL_MS,
    UNKNOWN_START_MS,
    UNSEEN_PROGRESS_MS,
)
from unisono.peer.constants.session import OVER_HEARD_AFTER_US, NotReadyReason
from unisono.peer.plan import Plan


@dataclass(frozen=True)
class Readiness:
    is_away: bool
    is_ready: bool
    is_unable: bool
    is_over: bool
    # It says that the song sounds there now.
    is_heard: bool
    rtt_ms: float
    speaker_delay_ms: float
    # How long it needs from a plan that arrives to sound at its loudspeaker; None: it has not told.
    start_ms: float | None = None
    user_id: str = ""
    not_ready_reason: NotReadyReason | None = None


# Who is kept from playing by a later one has got over those before it.
STAGES: tuple[NotReadyReason, ...] = ("fetching", "sound-held", "clock", "decoding")


class StartWait:
    """How long the start of a prepared song waits for each: for nobody without end (D22)."""

    def __init__(self) -> None:
        self._file_id: str | None = None
        # For each, how far it had come when it last came further, and when that was.
        self._courses: dict[str, tuple[int, float]] = {}
        self._clockless_since_local_ms: float | None = None

    def is_clock_hopeless(
        self, everybody: Sequence[Readiness], local_ms: float, *, is_clockless: bool
    ) -> bool:
        """D23: this director has had no clock to start a prepared song by, and somebody else is ready.

        `is_clockless`: so it is now.
        """
        since_local_ms = self._clockless_since_local_ms
        if not is_clockless:
            since_local_ms = None
        elif since_local_ms is None:
            since_local_ms = local_ms
        self._clockless_since_local_ms = since_local_ms
        if since_local_ms is None or local_ms - since_local_ms < START_STANDSTILL_MS:
            return False
        return any(each.is_ready and not each.is_away for each in everybody)

    def overdue(self, plan: Plan, everybody: Sequence[Readiness], local_ms: float) -> frozenset[str]:
        """Who is passed over."""
        file_id = plan.file_id if plan.state == "preparing" else None
        if file_id != self._file_id:
            self._file_id = file_id
            self._courses = {}
        if file_id is None:
            return frozenset()
        present = {each.user_id for each in everybody}
        self._courses = {user_id: course for user_id, course in self._courses.items() if user_id in present}
        return frozenset(each.user_id for each in everybody if self._is_overdue(each, local_ms))

    def _is_overdue(self, each: Readiness, local_ms: float) -> bool:
        if each.is_away or each.is_ready or each.is_unable:
            return False
        stage = 1 + STAGES.index(each.not_ready_reason) if each.not_ready_reason in STAGES else 0
        best, moved_local_ms = self._courses.get(each.user_id, (stage, local_ms))
        if stage > best:
            best, moved_local_ms = stage, local_ms
        self._courses[each.user_id] = (best, moved_local_ms)
        return local_ms - moved_local_ms >= (
            UNSEEN_PROGRESS_MS if each.not_ready_reason == "fetching" else START_STANDSTILL_MS
        )


@dataclass(frozen=True)
class OwnEnd:
    """Of a song that sounds here: whether it is over, and whether what was decoded of it is.

    Who could decode only the beginning leaves the rest to the others, up to the song's length.
    """

    is_over: bool
    is_decode_over: bool
    others: Sequence[Readiness]


def prepared(plan: Plan, entry_id: str, file_id: str, clock_id: str) -> Plan:
    """Everybody fetches and decodes it; it starts when all are ready."""
    chosen = stopped(plan, clock_id)
    return replace(chosen, state="preparing", entry_id=entry_id, file_id=file_id)


def stopped(plan: Plan, clock_id: str) -> Plan:
    """How the programme is to go on stays for what comes next; the loop was of this song."""
    return replace(
        plan,
        clock_id=clock_id,
        file_id=None,
        entry_id=None,
        state="stopped",
        global_start_us=0.0,
        position_us=0.0,
        loop_us=None,
    )


def next_plan(
    plan: Plan,
    everybody: Sequence[Readiness],
    global_us: float,
    clock_id: str,
    own_end: OwnEnd | None = None,
    overdue: Set[str] = frozenset(),
) -> Plan | None:
    """The change that is due now, if any; `everybody` with this peer in it, `global_us` of `clock_id`.

    `own_end`: where the song sounds here; it then ends by this peer's own measure.
    """
    if plan.state == "preparing":
        lead_ms = start_lead_ms(everybody, overdue)
        if lead_ms is None:
            return None
        return replace(plan, state="playing", clock_id=clock_id, global_start_us=global_us + lead_ms * 1000)
    if plan.state == "playing" and plan.clock_id == clock_id:
        is_under_way = plan.position_us_at(global_us) > OVER_HEARD_AFTER_US
        if own_end is None:
            is_over = any(each.is_over for each in everybody)
        else:
            is_heard_elsewhere = any(each.is_heard and not each.is_away for each in own_end.others)
            is_over = own_end.is_over or (own_end.is_decode_over and not is_heard_elsewhere)
        return stopped(plan, clock_id) if is_under_way and is_over else None
    return None


def start_lead_ms(everybody: Sequence[Readiness], overdue: Set[str] = frozenset()) -> float | None:
    """None: wait. Away peers are never waited for, nor those who will not play the file (D13, D19).

    Once somebody is ready, those are passed over who are `overdue` (D22).
    """
    present = [each for each in everybody if not each.is_away]
    is_hopeless = all(each.is_unable for each in present)
    passed_over = overdue if any(each.is_ready for each in present) else frozenset()
    missing = [each for each in present if not each.is_ready and not each.is_unable]
    if is_hopeless or any(each.user_id not in passed_over for each in missing):
        return None
    return _lead_ms(present)


def _lead_ms(present: Sequence[Readiness]) -> float:
    """D15: as long as a plan and its sound take where they take longest, with what may come between."""
    # Whoever directs, a plan goes half of the director's round trip and half of the listener's.
    slowest_ms = max(each.rtt_ms for each in present)
    needed_ms = max(
        (
            (slowest_ms + each.rtt_ms) / 2
            + each.speaker_delay_ms
            + (UNKNOWN_START_MS if each.start_ms is None else each.start_ms)
            for each in present
            if each.is_ready or each.start_ms is None
        ),
        default=0.0,
    )
    return min(MAX_LEAD_MS, max(MIN_LEAD_MS, needed_ms + LEAD_MARGIN_MS))
