"""When each swarm of a stopping server is sent away and told to be back. Pure; the randomness is handed in.

Two promises. Whoever receives the crowd can let it in: the returns are spread over as long as that takes. And
a swarm stays together: it goes in one moment and comes back in one, so it is whole again within
`within_swarm_ms` of its first member's return. Knows no session, no clock and no name.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

from unisono.config import Drain


@dataclass(frozen=True, slots=True)
class Departure:
    """One swarm's: how long until it is told, and what each member is told, counted from then."""

    delay_sec: float
    retry_after_ms: list[int]


def plan_drain(sizes: Iterable[int], drain: Drain, randomness: random.Random) -> list[Departure]:
    """One for each swarm of these sizes, in their order."""
    sizes = list(sizes)
    people = sum(sizes)
    spread_sec = min(drain.max_spread_sec, people * drain.spread_per_connection_sec)
    latest_ms = max(drain.max_retry_ms, 1000 * people // drain.returns_per_sec)
    first_ms, last_ms = drain.min_retry_ms, latest_ms - drain.within_swarm_ms
    departures = []
    for size in sizes:
        together_ms = randomness.randint(first_ms, last_ms)
        returns_ms = [together_ms + randomness.randint(0, drain.within_swarm_ms) for _ in range(size)]
        departures.append(Departure(randomness.uniform(0, spread_sec), returns_ms))
    return departures
