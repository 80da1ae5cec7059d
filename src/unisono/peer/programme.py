"""What sounds when: a pure function of plan and queue, as web/src/director/programme.ts, so that every device
reckons the same with nobody alive to ask (rules Q13 to Q20 of docs/spec/queue.md).

Global µs of the plan's clock, µs in the song. A stretch begins and ends at the same moments whatever window
is asked for; only a plan that its director has written on may move them, by the rounding of a float.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from unisono.peer.constants.director import MAX_STRETCHES, MIN_LOOP_US
from unisono.peer.plan import Plan
from unisono.peer.queue import Queue, QueueEntry


@dataclass(frozen=True)
class Stretch:
    """An entry, or one of its laps, as it sounds from `start_us` to before `end_us`."""

    entry_id: str
    file_id: str
    # Counts repeats and loops of the entry since the plan was written.
    lap: int
    start_us: float
    # Infinity where nobody knows how long the song is.
    end_us: float
    # Where in the song it begins.
    position_us: float
    # Per cent.
    tempo: int
    # It overlaps the stretch before, and the one after, by so much.
    fade_in_us: float = 0.0
    fade_out_us: float = 0.0

    def position_us_at(self, global_us: float) -> float:
        return self.position_us + (global_us - self.start_us) * self.tempo / 100


def programme(plan: Plan, queue: Queue, from_us: float, to_us: float) -> list[Stretch]:
    """Q13: what sounds between two moments, in order; of very many the first. Nothing unless it plays."""
    stretches: list[Stretch] = []
    for stretch in _follow(plan, queue, from_us):
        if not stretch.start_us < to_us or len(stretches) == MAX_STRETCHES:
            break
        if stretch.end_us > from_us:
            stretches.append(stretch)
    return stretches


def current_at(plan: Plan, queue: Queue, global_us: float) -> Stretch | None:
    """The latest that has begun, before the start the first; None where nothing plays, or all is over."""
    current = None
    for stretch in _follow(plan, queue, global_us):
        if current is not None and stretch.start_us > global_us:
            break
        current = stretch
    return current if current is not None and current.end_us > global_us else None


def programme_end_us(plan: Plan, queue: Queue) -> float:
    """When all is over; infinity where it goes on without end, or nobody knows."""
    end_us = plan.global_start_us
    for number, stretch in enumerate(_follow(plan, queue, plan.global_start_us)):
        if number > len(queue.entries):
            return math.inf  # each once, and another
        end_us = stretch.end_us
    return end_us


def upcoming(plan: Plan, queue: Queue) -> tuple[QueueEntry | None, list[QueueEntry]]:
    """The current entry, and who plays after it, in order; where it goes round, one round."""
    if plan.file_id is None or plan.entry_id is None:
        return None, []
    listed = queue.entry(plan.entry_id)
    current = QueueEntry(plan.entry_id, plan.file_id, "", listed.duration_us if listed else None)
    if plan.repeat == "one":
        return current, [current]
    at = queue.place_of(plan.entry_id)
    behind = [entry for entry in queue.entries[at + 1 :] if entry.skipped is None]
    before = [entry for entry in queue.entries[: at + 1] if entry.skipped is None]
    return current, behind + before if plan.repeat == "all" else behind


def _follow(plan: Plan, queue: Queue, near_us: float) -> Iterator[Stretch]:
    """All that sounds from the plan's start on; where that has no end, from a little before `near_us` on, as
    far as anyone may ask.
    """
    current, following = upcoming(plan, queue)
    if plan.state != "playing" or current is None or not math.isfinite(near_us):
        return
    first = Stretch(
        current.entry_id, current.file_id, 0, plan.global_start_us, math.inf, plan.position_us, plan.tempo
    )
    loop_us = _loop_of(plan, current)
    if loop_us is not None:
        yield from _laps(plan, first, loop_us, near_us)
    else:
        yield from _rounds(plan, first, current, following, near_us)


def _laps(plan: Plan, first: Stretch, loop_us: tuple[float, float], near_us: float) -> Iterator[Stretch]:
    from_us, to_us = loop_us
    loop_start_us = plan.global_start_us + _heard_us(plan, to_us - plan.position_us)
    lap_us = _heard_us(plan, to_us - from_us)
    yield replace(first, end_us=loop_start_us)
    skipped = max(0, math.floor((near_us - loop_start_us) / lap_us) - 1)
    for lap in range(skipped, skipped + MAX_STRETCHES + 2):
        start_us, end_us = loop_start_us + lap * lap_us, loop_start_us + (lap + 1) * lap_us
        yield replace(first, lap=lap + 1, start_us=start_us, end_us=end_us, position_us=from_us)


def _rounds(
    plan: Plan, first: Stretch, current: QueueEntry, following: Sequence[QueueEntry], near_us: float
) -> Iterator[Stretch]:
    """Each stretch's place is reckoned from the first round's start, however many came before."""

    def length_us(entry: QueueEntry) -> float:
        return math.inf if entry.duration_us is None else _heard_us(plan, entry.duration_us)

    def fade_us(one: QueueEntry, other: QueueEntry) -> float:
        return min(plan.crossfade_ms * 1000, length_us(one) / 2, length_us(other) / 2)  # Q16

    is_round = plan.repeat != "off"
    first_length_us = max(0.0, length_us(current) - _heard_us(plan, plan.position_us))
    first_fade_us = min(fade_us(current, following[0]), first_length_us) if following else 0.0
    yield replace(first, end_us=plan.global_start_us + first_length_us, fade_out_us=first_fade_us)
    if not following:
        return
    rounds_start_us = plan.global_start_us + first_length_us - first_fade_us
    after = [*following[1:], *(following[:1] if is_round else [])]
    fades_us = [fade_us(one, other) for one, other in zip(following, after, strict=False)]
    fades_us += [0.0] * (len(following) - len(fades_us))
    offsets_us = [0.0]
    for entry, fade in zip(following, fades_us, strict=True):
        offsets_us.append(offsets_us[-1] + length_us(entry) - fade)
    round_us = offsets_us[-1]
    skipped = 0
    if is_round and math.isfinite(rounds_start_us):
        # Two before it: in crossfades as long as half a song the one before the last still ends.
        skipped = max(0, math.floor((near_us - rounds_start_us) / round_us) - 2)
    left = MAX_STRETCHES + 3 * len(following)
    number = skipped
    while left > 0 and (is_round or number == 0):
        round_start_us = rounds_start_us + (number * round_us if number > 0 else 0.0)
        for at, entry in enumerate(following):
            start_us = round_start_us + offsets_us[at]
            if left == 0 or not math.isfinite(start_us):
                return  # Q15: behind a song of unknown length nothing follows
            left -= 1
            fade_in_us = fades_us[at - 1] if at > 0 or number > 0 else first_fade_us
            yield replace(
                first,
                entry_id=entry.entry_id,
                file_id=entry.file_id,
                lap=number + 1 if entry.entry_id == current.entry_id else number,
                start_us=start_us,
                end_us=start_us + length_us(entry),
                position_us=0.0,
                fade_in_us=fade_in_us,
                fade_out_us=fades_us[at],
            )
        number += 1


def _heard_us(plan: Plan, song_us: float) -> float:
    """Q19: so much of a song takes so long."""
    return song_us * 100 / plan.tempo


def _loop_of(plan: Plan, current: QueueEntry) -> tuple[float, float] | None:
    """Q18: as far as the song goes; None where it is none, or where the plan is past it."""
    if plan.loop_us is None:
        return None
    from_us = plan.loop_us[0]
    to_us = min(plan.loop_us[1], math.inf if current.duration_us is None else current.duration_us)
    is_loop = to_us - from_us >= MIN_LOOP_US and plan.position_us < to_us
    return (from_us, to_us) if is_loop else None
