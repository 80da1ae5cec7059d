"""Whether this peer's global time is the room's (rules T17 to T19 of docs/spec/timing.md). Pure; local ms.

The same judgement, with the same constants, as web/src/clock/peer-comparison.ts, where each has its reason:
every neighbour's answer to a ping names its own global time, so each is one more clock, measured as the
server's is. What is compared is what each has from the server, never what it made of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from unisono.peer.constants.clock import (
    COMPARISON_FRESH_MS,
    COMPARISON_SIGMAS,
    COMPARISON_SPACING_MS,
    DIRECTOR_WEIGHT,
    DISAGREE_FROM_MS,
    PERSISTENT_JUDGEMENTS,
    PERSISTENT_JUDGEMENTS_MS,
    PROVEN_FROM_MS,
    RELEASE_SHARE,
)
from unisono.peer.offset import OffsetEstimate, OffsetEstimator, Probe


@dataclass
class _Neighbour:
    estimator: OffsetEstimator = field(default_factory=OffsetEstimator)
    estimate: OffsetEstimate | None = None
    # Its fresh answers, each a proof by itself.
    answers: list[Probe] = field(default_factory=list)
    last_local_ms: float = 0.0
    # Its last answer contradicts those before.
    is_suspect: bool = False


@dataclass(frozen=True)
class _Ballot:
    difference_ms: float
    drift_ppm: float
    # Within this the difference counts as none.
    limit_ms: float
    # By how much the answers prove that the clocks differ, whatever the channel did (T17).
    proven_ms: float
    weight: float


class PeerComparison:
    def __init__(self) -> None:
        self._neighbours: dict[str, _Neighbour] = {}
        self._is_off = False
        self._wished_since_local_ms: float | None = None
        self._wishes = 0

    @property
    def is_off(self) -> bool:
        """This peer is not one of most."""
        return self._is_off

    def take(self, peer: str, probe: Probe) -> None:
        """An answered ping, with the neighbour's time in between."""
        neighbour = self._neighbours.setdefault(peer, _Neighbour(last_local_ms=-COMPARISON_SPACING_MS))
        if neighbour.estimate and probe.t3_local_ms - neighbour.last_local_ms < COMPARISON_SPACING_MS:
            return
        admission = neighbour.estimator.add(probe)
        neighbour.is_suspect = admission == "refused"
        neighbour.last_local_ms = probe.t3_local_ms
        if neighbour.is_suspect:
            return
        neighbour.estimate = neighbour.estimator.estimate(probe.t3_local_ms)
        former = [] if admission == "stepped" else neighbour.answers
        oldest_local_ms = probe.t3_local_ms - COMPARISON_FRESH_MS
        neighbour.answers = [
            each for each in former if each.clock_id == probe.clock_id and each.t3_local_ms >= oldest_local_ms
        ]
        neighbour.answers.append(probe)

    def judge(
        self, own: OffsetEstimate, me: str, director: str | None, is_linked: Callable[[str], bool]
    ) -> OffsetEstimate:
        """The estimate to go by: one's own, or that of the clock in the middle."""
        local_ms = own.at_local_ms
        self._neighbours = {
            peer: neighbour
            for peer, neighbour in self._neighbours.items()
            if local_ms - neighbour.last_local_ms <= COMPARISON_FRESH_MS and is_linked(peer)
        }
        ballots = [_Ballot(0.0, own.drift_ppm, 0.0, 0.0, DIRECTOR_WEIGHT if me == director else 1.0)]
        for peer, neighbour in self._neighbours.items():
            estimate = neighbour.estimate
            if estimate is None or neighbour.is_suspect or estimate.clock_id != own.clock_id:
                continue
            # Before the window of the server's probes began, this computer's clock may have been another.
            if neighbour.last_local_ms < own.since_local_ms:
                continue
            difference_ms = estimate.offset_ms_at(local_ms) - own.offset_ms
            margin_ms = estimate.bound_ms + COMPARISON_SIGMAS * (estimate.uncertainty_ms + own.uncertainty_ms)
            weight = DIRECTOR_WEIGHT if peer == director else 1.0
            limit_ms = max(DISAGREE_FROM_MS, margin_ms)
            proven_ms = _proven_difference_ms(own, neighbour.answers)
            ballots.append(_Ballot(difference_ms, estimate.drift_ppm, limit_ms, proven_ms, weight))
        return self._decide(own, ballots)

    def _decide(self, own: OffsetEstimate, ballots: Sequence[_Ballot]) -> OffsetEstimate:
        share = RELEASE_SHARE if self._is_off else 1.0
        mates = [
            each
            for each in ballots
            if abs(each.difference_ms) <= share * each.limit_ms or each.proven_ms <= share * PROVEN_FROM_MS
        ]
        self._consider(own.at_local_ms, is_off=2 * len(mates) <= len(ballots))
        if not self._is_off or 2 * _weigh(mates) > _weigh(ballots):
            return own
        offset_ms, drift_ppm = _median_of(ballots)
        return replace(own, offset_ms=own.offset_ms + offset_ms, drift_ppm=drift_ppm, is_of_others=True)

    def _consider(self, local_ms: float, *, is_off: bool) -> None:
        """T19: a mind is changed when the same was found several times over two seconds."""
        if is_off == self._is_off:
            self._wished_since_local_ms, self._wishes = None, 0
            return
        if self._wished_since_local_ms is None:
            self._wished_since_local_ms = local_ms
        self._wishes += 1
        if (
            self._wishes >= PERSISTENT_JUDGEMENTS
            and local_ms - self._wished_since_local_ms >= PERSISTENT_JUDGEMENTS_MS
        ):
            self._is_off = is_off
            self._wished_since_local_ms, self._wishes = None, 0


def _proven_difference_ms(own: OffsetEstimate, answers: Sequence[Probe]) -> float:
    """How far this computer's clock lies outside of what any of a neighbour's answers allows. The fitted
    middle is no proof: where one direction takes all of the round trip, and ever less of it, the fit's drift
    and bound are off by more than it tells.
    """
    beyond_ms = [0.0]
    for probe in answers:
        if probe.t0_local_ms < own.since_local_ms:
            continue  # this computer's clock may have been another
        beyond_ms.append(probe.lower_ms - own.offset_ms_at(probe.t0_local_ms))
        beyond_ms.append(own.offset_ms_at(probe.t3_local_ms) - probe.upper_ms)
    return max(beyond_ms)


def _weigh(ballots: Sequence[_Ballot]) -> float:
    return sum(each.weight for each in ballots)


def _median_of(ballots: Sequence[_Ballot]) -> tuple[float, float]:
    """Difference and drift; the mean of the two in the middle where both halves weigh the same."""
    ordered = sorted(ballots, key=lambda each: each.difference_ms)
    half = _weigh(ordered) / 2
    below = list(accumulate(each.weight for each in ordered))
    at = next(index for index, weight in enumerate(below) if weight >= half)
    lower = ordered[at]
    upper = ordered[at + 1] if below[at] == half and at + 1 < len(ordered) else lower
    return (lower.difference_ms + upper.difference_ms) / 2, (lower.drift_ppm + upper.drift_ppm) / 2
