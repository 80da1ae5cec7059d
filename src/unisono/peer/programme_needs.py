"""What the programme needs here and when: songs to open, files to fetch. Pure; global µs of the plan's clock.

`global_us` is now at the loudspeaker; None where it is not known in the plan's clock.
"""

from __future__ import annotations

from dataclasses import replace

from unisono.peer.plan import Plan
from unisono.peer.programme import Stretch, current_at, programme, upcoming
from unisono.peer.queue import Queue
from unisono.peer.stretch import decoded_from_sec

# A song is opened so much before it sounds: a slow computer needs some seconds, and its anchor is looked for.
SOON_US = 15e6
# What is over may still be recorded.
OVER_US = 1e6
# Songs that are open at once: the one that sounds, the one that fades, and the next; each is a process and up
# to 27 MB.
MAX_OPEN_SONGS = 3
# Files that are fetched in the order of the programme; what comes later is fetched as in any swarm.
MAX_TURNS = 10


def places_soon(plan: Plan, queue: Queue, global_us: float | None) -> dict[str, list[float]]:
    """By file, the next to sound first: from where on it is needed, s in the song."""
    if plan.file_id is None:
        return {}
    if plan.state != "playing" or global_us is None:
        return {plan.file_id: [decoded_from_sec(plan.tempo, plan.position_us / 1e6)]}

    def order(stretch: Stretch) -> tuple[bool, bool, float]:
        return stretch.end_us <= global_us, stretch.start_us > global_us, stretch.start_us

    places: dict[str, list[float]] = {}
    for stretch in sorted(programme(plan, queue, global_us - OVER_US, global_us + SOON_US), key=order):
        if stretch.file_id not in places and len(places) == MAX_OPEN_SONGS:
            continue
        at_us = min(max(global_us, stretch.start_us), stretch.end_us)
        needed_sec = decoded_from_sec(stretch.tempo, stretch.position_us_at(at_us) / 1e6)
        places.setdefault(stretch.file_id, []).append(needed_sec)
    return places


def turns(plan: Plan, queue: Queue, global_us: float | None) -> list[str]:
    """The files that are fetched first, in this order; without a plan those of the queue."""
    if plan.file_id is None or plan.entry_id is None:
        files = [entry.file_id for entry in queue.entries if entry.skipped is None]
    else:
        current = current_at(plan, queue, global_us) if global_us is not None else None
        if current is not None:
            plan = replace(plan, entry_id=current.entry_id, file_id=current.file_id)
        entry, following = upcoming(plan, queue)
        files = [each.file_id for each in ([entry] if entry is not None else []) + following]
    return list(dict.fromkeys(files))[:MAX_TURNS]
