"""What only the director does to the plan: prepares a song, starts it when all are ready, ends it. Pure.

A headless peer directs only where nobody visible does, so it knows no pause and no seek. Local ms, global µs.
Rules D13 to D15 and D19 of docs/spec/director.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from unisono.peer.plan import Plan

LEAD_BASE_MS = 1_000.0
MIN_LEAD_MS = 1_500.0
MAX_LEAD_MS = 4_000.0
# The last echo of a hall has died away; nobody's delayed loudspeaker is cut off.
AFTER_END_SEC = 1.0
# By then nobody's last word is still about the song before, which may have been the same.
OVER_HEARD_AFTER_US = 3_000_000.0


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


@dataclass(frozen=True)
class OwnEnd:
    """Of a song that sounds here: whether it is over, and whether what was decoded of it is.

    Who could decode only the beginning leaves the rest to the others, up to the song's length.
    """

    is_over: bool
    is_decode_over: bool
    others: Sequence[Readiness]


def prepared(file_id: str, clock_id: str) -> Plan:
    """Everybody fetches and decodes it; it starts when all are ready."""
    return Plan(clock_id=clock_id, file_id=file_id, state="preparing")


def stopped(clock_id: str) -> Plan:
    return Plan(clock_id=clock_id)


def next_plan(
    plan: Plan,
    everybody: Sequence[Readiness],
    global_us: float,
    clock_id: str,
    own_end: OwnEnd | None = None,
) -> Plan | None:
    """The change that is due now, if any; `everybody` with this peer in it, `global_us` of `clock_id`.

    `own_end`: where the song sounds here; it then ends by this peer's own measure.
    """
    if plan.state == "preparing":
        lead_ms = start_lead_ms(everybody)
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
        return stopped(clock_id) if is_under_way and is_over else None
    return None


def start_lead_ms(everybody: Sequence[Readiness]) -> float | None:
    """None: wait. Away peers are never waited for, nor those who will not play the file (D13, D14, D19)."""
    present = [each for each in everybody if not each.is_away]
    is_hopeless = all(each.is_unable for each in present)
    if is_hopeless or any(not each.is_ready and not each.is_unable for each in present):
        return None
    slowest_ms = max(each.rtt_ms for each in present)
    delay_ms = max(each.speaker_delay_ms for each in present)
    return min(MAX_LEAD_MS, max(MIN_LEAD_MS, slowest_ms + delay_ms + LEAD_BASE_MS))
