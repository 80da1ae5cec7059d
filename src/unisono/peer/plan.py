"""What plays, who directs, and the order in which heartbeats merge. Pure; global µs of the clock `clock_id`.

The record is a max-register, so no order of messages, no loss and no duplicate can split the swarm: rules D1,
D2 and D20 of docs/spec/director.md, the same as in web/src/director. Terms and revisions are serial
numbers of 32 bits (RFC 1982): whatever somebody claims, there is a next one, which counts as later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from unisono.peer.constants.director import PlanState, Repeat

SERIALS = 2**32


@dataclass(frozen=True)
class Plan:
    # Term of the director who wrote it.
    term: int = 0
    # Orders the plans of one term: a serial number, whose first follows that of the plan its director found.
    rev: int = 0
    # The server clock `global_start_us` is in; "" while nothing was ever started.
    clock_id: str = ""
    file_id: str | None = None
    state: PlanState = "stopped"
    # At this global moment the file is at `position_us`. Meaningful while playing.
    global_start_us: float = 0.0
    position_us: float = 0.0
    # The queue's current entry, which is of this file.
    entry_id: str | None = None
    repeat: Repeat = "off"
    # From and to, of the current entry.
    loop_us: tuple[float, float] | None = None
    # Per cent.
    tempo: int = 100
    crossfade_ms: int = 0

    def position_us_at(self, global_us: float) -> float:
        """Negative before the start of a song that begins at its beginning."""
        return self.position_us + (global_us - self.global_start_us) * self.tempo / 100


@dataclass(frozen=True)
class Record:
    term: int
    user_id: str
    # The director gave up its role; the ranks may claim the next term.
    is_resigned: bool = False


@dataclass(frozen=True)
class Heartbeat:
    """What the director broadcasts every second: its record and the whole plan."""

    record: Record
    plan: Plan

    def resigned(self) -> Heartbeat:
        return replace(self, record=replace(self.record, is_resigned=True))


def next_serial(serial: int) -> int:
    return (serial + 1) % SERIALS


def compare_serials(one: int, other: int) -> int:
    """Positive when `one` is later; of two numbers half the circle apart it is the larger."""
    ahead_by = (one - other) % SERIALS
    if ahead_by == SERIALS // 2:
        return one - other
    return ahead_by if ahead_by < SERIALS // 2 else ahead_by - SERIALS


def is_older(one: Heartbeat, other: Heartbeat) -> bool:
    """D1, D2: later term first, then lower user id, then the later revision, then resigned."""
    return _rank(one, other) < 0


def _rank(one: Heartbeat, other: Heartbeat) -> int:
    if one.record.term != other.record.term:
        return compare_serials(one.record.term, other.record.term)
    if one.record.user_id != other.record.user_id:
        return 1 if one.record.user_id < other.record.user_id else -1
    if one.plan.rev != other.plan.rev:
        return compare_serials(one.plan.rev, other.plan.rev)
    return int(one.record.is_resigned) - int(other.record.is_resigned)
