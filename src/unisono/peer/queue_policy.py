"""What only the director does to plan and queue while the music goes on. Pure; global µs of the plan's clock.

The programme needs nobody. The director writes down how far it has come, so that it begins anew from there,
takes out what is over, and passes over what nobody can play. Nothing that sounds is moved by any of it. The
page's is web/src/session/core/programme-policy.ts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from unisono.peer.constants.director import GO_OVER_US, MAX_QUEUE_ENTRIES, SkipReason
from unisono.peer.constants.session import AFTER_END_SEC
from unisono.peer.plan import Plan
from unisono.peer.plan_policy import prepared, stopped
from unisono.peer.programme import programme, programme_end_us, upcoming
from unisono.peer.queue import Queue, QueueEntry, known_duration_us, take_out

Change = tuple[Plan, Queue]


def gone_on(plan: Plan, queue: Queue, global_us: float) -> Change | None:
    """Q31, Q32: as far as the programme has come, once all before has died away; None: nothing to write."""
    if plan.state != "playing" or plan.entry_id is None:
        return None
    begun = [
        stretch
        for stretch in programme(plan, queue, global_us - GO_OVER_US, global_us)
        if stretch.start_us + stretch.fade_in_us + GO_OVER_US <= global_us
    ]
    if begun and begun[-1].entry_id != plan.entry_id:
        current = begun[-1]
        further = replace(
            plan,
            entry_id=current.entry_id,
            file_id=current.file_id,
            global_start_us=current.start_us,
            position_us=current.position_us,
            loop_us=None,
        )
        return further, _without_those_before(queue, plan, current.entry_id)
    if global_us > programme_end_us(plan, queue) + AFTER_END_SEC * 1e6:
        return stopped(plan, plan.clock_id), take_out(queue, len(queue.entries), "off")
    return None


def behind(plan: Plan, queue: Queue) -> list[QueueEntry]:
    """What may be gone to from this entry, in order, also from one that plays again and again."""
    _, following = upcoming(replace(plan, repeat="off") if plan.repeat == "one" else plan, queue)
    return [entry for entry in following if entry.entry_id != plan.entry_id]


def turned_to(plan: Plan, queue: Queue, entry: QueueEntry | None, clock_id: str) -> Change:
    """The entry is over by what people hear, or cannot be played: another is prepared. None: all is over."""
    if entry is None:
        return stopped(plan, clock_id), take_out(queue, len(queue.entries), "off")
    further = prepared(plan, entry.entry_id, entry.file_id, clock_id)
    return further, _without_those_before(queue, plan, entry.entry_id)


def tidied(
    plan: Plan,
    queue: Queue,
    current_id: str | None,
    me: str,
    durations_us: Mapping[str, float],
    reason_of: Callable[[QueueEntry], SkipReason | None],
) -> Queue:
    """What is over is out, what plays is in, what nobody has or can play is marked (Q33), and durations, by
    file, are told where nobody has (Q34).
    """
    queue = take_out(queue, max(0, queue.place_of(current_id)), plan.repeat)
    if current_id == plan.entry_id:  # else the programme has gone on, and the plan will be written on
        queue = _with_chosen(plan, queue, me)

    def tidy(entry: QueueEntry) -> QueueEntry:
        skipped = entry.skipped if entry.entry_id == current_id else reason_of(entry)
        duration_us = entry.duration_us
        if duration_us is None:
            duration_us = known_duration_us(durations_us.get(entry.file_id))
        return replace(entry, skipped=skipped, duration_us=duration_us)

    return replace(queue, entries=tuple(tidy(entry) for entry in queue.entries))


def _with_chosen(plan: Plan, queue: Queue, me: str) -> Queue:
    """A plan that was heard when its director's queue was not: what it plays is in the list."""
    if plan.entry_id is None or plan.file_id is None or queue.place_of(plan.entry_id) >= 0:
        return queue
    known = queue.entry(plan.entry_id)
    entry = known if known is not None else QueueEntry(plan.entry_id, plan.file_id, me)
    return replace(
        queue,
        entries=(entry, *queue.entries)[:MAX_QUEUE_ENTRIES],
        played=tuple(each for each in queue.played if each is not known),
    )


def _without_those_before(queue: Queue, plan: Plan, entry_id: str) -> Queue:
    """The current entry is over, with those before it, and what was passed over up to that one."""
    if entry_id != plan.entry_id:
        queue = take_out(queue, 1 + queue.place_of(plan.entry_id), plan.repeat)
    return take_out(queue, max(0, queue.place_of(entry_id)), plan.repeat)
