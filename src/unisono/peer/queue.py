"""What is to play after what, as web/src/director/queue.ts: a list that only the director writes, and that
everybody may ask it to change (rules Q1 to Q12 of docs/spec/queue.md). Pure.

A max-register like the director's record, so that no order of messages can split the swarm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from unisono.peer.constants.director import (
    MAX_PLAN_US,
    MAX_QUEUE_DONE,
    MAX_QUEUE_ENTRIES,
    MAX_QUEUE_ENTRIES_OF_ONE,
    MAX_QUEUE_PERSONS,
    MAX_QUEUE_PLAYED,
    MIN_DURATION_US,
    QueuePlace,
    Repeat,
    SkipReason,
)
from unisono.peer.plan import Record, compare_serials, next_serial

# Why a request is not carried out.
QueueRefusal = Literal["locked", "full", "too-many-of-one", "not-yours", "not-there"]


@dataclass(frozen=True)
class QueueEntry:
    # 16 hex digits, as of the request that added it.
    entry_id: str
    file_id: str
    added_by: str
    # Exact, of the sound from its first to its last sample; None until somebody who knows it told.
    duration_us: float | None = None
    # Passed over, by the director's word.
    skipped: SkipReason | None = None
    # Who has given it a voice, each once, in the order of their ids.
    boosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class QueueStamp:
    """Orders queues: later term first, then lower user id, then later revision."""

    term: int
    user_id: str
    rev: int


@dataclass(frozen=True)
class Queue:
    # None: nobody has written one.
    stamp: QueueStamp | None = None
    is_locked: bool = False
    # In the order in which they play. Those before the current one are over.
    entries: tuple[QueueEntry, ...] = ()
    # What is over, the latest last.
    played: tuple[QueueEntry, ...] = ()
    # The latest requests that were carried out or refused, the latest last.
    done: tuple[str, ...] = ()

    def entry(self, entry_id: str | None) -> QueueEntry | None:
        """Also one that is over."""
        return next((each for each in (*self.entries, *self.played) if each.entry_id == entry_id), None)

    def place_of(self, entry_id: str | None) -> int:
        """Among the entries; -1: not there."""
        return next((at for at, each in enumerate(self.entries) if each.entry_id == entry_id), -1)


@dataclass(frozen=True)
class Add:
    """The new entry's id is the request's."""

    file_id: str
    duration_us: float | None = None
    place: QueuePlace = "end"


@dataclass(frozen=True)
class Remove:
    entry_id: str


@dataclass(frozen=True)
class Move:
    entry_id: str
    # None: to the end.
    before_id: str | None


@dataclass(frozen=True)
class Boost:
    entry_id: str
    is_on: bool


@dataclass(frozen=True)
class Clear:
    pass


@dataclass(frozen=True)
class Lock:
    is_locked: bool


QueueOp = Add | Remove | Move | Boost | Clear | Lock


@dataclass(frozen=True)
class QueueRequest:
    request_id: str
    op: QueueOp


@dataclass(frozen=True)
class Asking:
    """Who asks, and what plays or keeps its place meanwhile: up to that entry nothing is to come."""

    by: str
    is_director: bool
    current_id: str | None


def compare_stamps(one: QueueStamp | None, other: QueueStamp | None) -> int:
    """Q1. Positive when `one` is later; no queue at all is the earliest."""
    if one is None or other is None:
        return int(one is not None) - int(other is not None)
    if one.term != other.term:
        return compare_serials(one.term, other.term)
    if one.user_id != other.user_id:
        return 1 if one.user_id < other.user_id else -1
    return compare_serials(one.rev, other.rev)


def stamped(queue: Queue, record: Record) -> Queue:
    """Q2: as its director writes it, later than it was."""
    rev = next_serial(queue.stamp.rev if queue.stamp else 0)
    return replace(queue, stamp=QueueStamp(record.term, record.user_id, rev))


def is_taken_over(own: QueueStamp | None, handed: QueueStamp, record: Record) -> bool:
    """Q3: whether the director of `record` goes on from a queue that somebody hands to it.

    What it writes next must be later still, so nothing of a later term counts, and of its own term nothing
    that it would have written itself, or that is later than all of that.
    """
    if compare_stamps(handed, own) <= 0:
        return False
    if handed.term == record.term:
        return handed.user_id > record.user_id
    return compare_serials(handed.term, record.term) < 0


def apply_request(queue: Queue, request: QueueRequest, asking: Asking) -> tuple[Queue, QueueRefusal | None]:
    """Q4 to Q9: carries a request out, and remembers its id; the same id again changes nothing.

    The stamp stays: the director writes it anew where the queue is another.
    """
    if is_done(queue, request.request_id):
        return queue, None
    done = (*queue.done, request.request_id)[-MAX_QUEUE_DONE:]
    change = _changed(queue, request, asking)
    if isinstance(change, Queue):
        return replace(change, done=done), None
    return replace(queue, done=done), change


def is_done(queue: Queue, request_id: str) -> bool:
    """Whether the queue shows that a request was carried out or refused."""
    return request_id in queue.done or queue.entry(request_id) is not None


def take_out(queue: Queue, count: int, repeat: Repeat) -> Queue:
    """Q10: takes the first `count` entries out, which are over. Their voices are used up."""
    over = tuple(replace(entry, boosts=()) for entry in queue.entries[:count])
    to_come = queue.entries[count:]
    if repeat == "all":
        return replace(queue, entries=(*to_come, *over))
    return replace(queue, entries=to_come, played=(*queue.played, *over)[-MAX_QUEUE_PLAYED:])


def known_duration_us(duration_us: float | None) -> float | None:
    """As a queue may hold it; None where it is none."""
    is_known = duration_us is not None and MIN_DURATION_US <= duration_us <= MAX_PLAN_US
    return duration_us if is_known else None


def _changed(queue: Queue, request: QueueRequest, asking: Asking) -> Queue | QueueRefusal:
    op = request.op
    if not asking.is_director and isinstance(op, Clear | Lock):
        return "not-yours"  # Q6
    if not asking.is_director and queue.is_locked and not isinstance(op, Remove):
        return "locked"  # Q7
    if isinstance(op, Lock):
        return replace(queue, is_locked=op.is_locked)
    first_to_come = 1 + queue.place_of(asking.current_id) if asking.current_id is not None else 0
    over, to_come = queue.entries[:first_to_come], queue.entries[first_to_come:]
    match op:
        case Clear():
            changed: tuple[QueueEntry, ...] | QueueRefusal = ()
        case Add():
            changed = _added(queue, to_come, request.request_id, op, asking)
        case _:
            changed = _with_one_changed(queue, to_come, op, asking)
    return changed if isinstance(changed, str) else replace(queue, entries=(*over, *changed))


def _added(
    queue: Queue, to_come: tuple[QueueEntry, ...], entry_id: str, op: Add, asking: Asking
) -> tuple[QueueEntry, ...] | QueueRefusal:
    if len(queue.entries) >= MAX_QUEUE_ENTRIES or not _can_name(queue, asking.by):
        return "full"  # Q8
    own = sum(entry.added_by == asking.by for entry in to_come)
    if not asking.is_director and own >= MAX_QUEUE_ENTRIES_OF_ONE:
        return "too-many-of-one"
    entry = QueueEntry(entry_id, op.file_id, asking.by, known_duration_us(op.duration_us))
    return (entry, *to_come) if op.place == "next" else (*to_come, entry)


def _with_one_changed(  # noqa: PLR0911 - a refusal each
    queue: Queue, to_come: tuple[QueueEntry, ...], op: Remove | Move | Boost, asking: Asking
) -> tuple[QueueEntry, ...] | QueueRefusal:
    entry = next((each for each in to_come if each.entry_id == op.entry_id), None)
    if entry is None:
        return "not-there"  # also what plays, or is over (Q11)
    if isinstance(op, Boost):
        if op.is_on and not _can_name(queue, asking.by):
            return "full"
        return _boosted(to_come, entry, asking.by, is_on=op.is_on)
    if not asking.is_director and entry.added_by != asking.by:
        return "not-yours"  # Q6
    rest = tuple(each for each in to_come if each is not entry)
    if isinstance(op, Remove):
        return rest
    if op.before_id == op.entry_id:
        return to_come
    places = [at for at, each in enumerate(rest) if each.entry_id == op.before_id]
    to = len(rest) if op.before_id is None else next(iter(places), -1)
    return (*rest[:to], entry, *rest[to:]) if to >= 0 else "not-there"


def _boosted(
    to_come: tuple[QueueEntry, ...], entry: QueueEntry, by: str, *, is_on: bool
) -> tuple[QueueEntry, ...]:
    """Q9: before those with fewer voices; where one is taken back, behind those with more."""
    others = tuple(user_id for user_id in entry.boosts if user_id != by)
    boosts = tuple(sorted((*others, by))) if is_on else others
    if len(boosts) == len(entry.boosts):
        return to_come
    at = to_come.index(entry)
    rest = [each for each in to_come if each is not entry]
    if is_on:
        to = min([at, *(place for place, each in enumerate(rest) if len(each.boosts) < len(boosts))])
    else:
        to = max([at, *(place + 1 for place, each in enumerate(rest) if len(each.boosts) > len(boosts))])
    return (*rest[:to], replace(entry, boosts=boosts), *rest[to:])


def _can_name(queue: Queue, by: str) -> bool:
    """So that the queue stays within one message, it names no more than so many persons."""
    named = persons_in(queue)
    return by in named or len(named) < MAX_QUEUE_PERSONS


def persons_in(queue: Queue) -> set[str]:
    entries = (*queue.entries, *queue.played)
    return {user_id for entry in entries for user_id in (entry.added_by, *entry.boosts)}
