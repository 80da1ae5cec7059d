"""How fast bulk may leave this device, so that nothing else waits behind it: web/src/transfer/net/pacer.ts.

A delay-based controller in the manner of LEDBAT (RFC 6817). Pure: told the local time and round trips (ms),
asked for permission to send (bytes). Every path shares this device's uplink, so the uplink's queue is at most
the smallest excess of any path's round trip over its own minimum of the last minute.
Invariants: (1) no growth unless somebody was really held back; (2) a delay that stays while almost nothing is
sent is not ours: the minima start anew; (3) a rate that nobody needed for a while, or that belongs to another
path, is searched for anew from below. A search doubles as TCP's slow start does, falls back to what is proven
when a queue shows, and goes on if that was a page's own delay.
vectors/pacer.trace.json holds both languages to the same answers.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from unisono.peer.constants.pacing import (
    BURST_SHARE,
    CHUNK_SHARE,
    CLEAR_FOR_MS,
    CLEAR_SHARE,
    CUT_PERIOD_MS,
    CUT_SPAN,
    DOUBLING_MS,
    DOUBLING_PLAYING_MS,
    DRAINING_SHARE,
    FIRST_BURST_BYTES,
    FIRST_BYTES_PER_SEC,
    FIRST_PLAYING_BYTES_PER_SEC,
    FRESH_RTT_MS,
    FULL_QUEUE_SHARE,
    GROWTH_DOUBLING_MS,
    IDLE_CHUNK_SHARE,
    IDLE_QUEUE_MS,
    INTEGRAL_PER_SEC,
    LEAST_COMPARED,
    LEAST_GROWTH_PER_SEC,
    LEAST_PLAYING_GROWTH_PER_SEC,
    MAX_BYTES_PER_SEC,
    MAX_CHUNK_BYTES,
    MAX_CUT,
    MAX_CUT_PERIOD_MS,
    MAX_GROWTH_PER_SEC,
    MAX_PLAYING_CUT,
    MAX_PLAYING_GROWTH_PER_SEC,
    MAX_PLAYING_SEARCH_STEP,
    MAX_REPEATED_CUT,
    MAX_SEARCH_STEP,
    MIN_BYTES_PER_SEC,
    MIN_CHUNK_BYTES,
    MIN_CUT,
    MOST_COMPARED,
    MOST_UNANSWERED,
    NOT_OURS_AFTER_MS,
    PLAYING_GROWTH_DOUBLING_MS,
    PLAYING_QUEUE_MS,
    PROPORTIONAL,
    PROVEN_SHARE,
    QUEUE_CONFIRM_MS,
    READING_APART_MS,
    RECENT_MS,
    SLICE_MS,
    SLICES,
    STALE_AFTER_MS,
    UNPROVEN_BYTES_PER_SEC,
    WISHED_SHARE,
)

# No two steps count as further apart: what was not measured in between is not known.
MAX_STEP_MS = 1_000.0
# How far above the wished queue still counts, in wished queues, and the share of it below which none is seen.
MOST_ABOVE = -3.0
CLEAR_OFF = 0.6


@dataclass
class _Path:
    slice_local_ms: float
    # Of the last slices, the oldest first.
    minima: deque[float]

    @property
    def minimum_ms(self) -> float:
        return min(self.minima)

    def record(self, rtt_ms: float, local_ms: float) -> float:
        """Returns by how much this round trip exceeds the minimum."""
        if local_ms - self.slice_local_ms >= SLICE_MS:
            self.slice_local_ms = local_ms
            self.minima.append(rtt_ms)
        self.minima[-1] = min(self.minima[-1], rtt_ms)
        return rtt_ms - self.minimum_ms


@dataclass
class _Findings:
    """What is known of this uplink."""

    paths: dict[str, _Path] = field(default_factory=dict)
    # Excess and its local ms, the latest first.
    excesses: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=MOST_COMPARED))
    # Local ms and the path's minimum of each ping since the last one that was answered, the oldest first.
    unanswered: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=MOST_UNANSWERED))


class Pacer:
    def __init__(self) -> None:
        self._known = _Findings()
        self._is_playing = False
        self._integral_bytes_per_sec: float = FIRST_BYTES_PER_SEC
        self._off = 0.0
        self._is_searching = True
        self._growth_per_sec: float = INTEGRAL_PER_SEC
        self._tokens: float = FIRST_BURST_BYTES
        self._refilled_local_ms: float | None = None
        self._stepped_local_ms: float | None = None
        self._proven_bytes_per_sec: float = MIN_BYTES_PER_SEC
        # Bytes per second at which was sent when a ping left, and its local ms: its answer proves it or not.
        self._trial: tuple[float, float] | None = None
        self._hold_until_local_ms = -math.inf
        self._cut_queue_ms = 0.0
        self._cuts_in_vain = 0
        self._shown_local_ms: float | None = None
        self._needed_local_ms = -math.inf
        self._floored_local_ms: float | None = None
        # Since the last judgement somebody was refused.
        self._is_limiting = False
        # The last who asked was refused, and waits.
        self._is_waiting = False
        self._clear_local_ms = -math.inf

    @property
    def target_ms(self) -> float:
        return PLAYING_QUEUE_MS if self._is_playing else IDLE_QUEUE_MS

    @property
    def rate_bytes_per_sec(self) -> float:
        rate = self._integral_bytes_per_sec * (1 + PROPORTIONAL * self._off)
        return min(MAX_BYTES_PER_SEC, max(MIN_BYTES_PER_SEC, rate))

    @property
    def chunk_bytes(self) -> int:
        """How much to send at once."""
        share = CHUNK_SHARE if self._is_playing or self._is_searching else IDLE_CHUNK_SHARE
        wished = self.rate_bytes_per_sec * self.target_ms * share / 1000
        return math.floor(min(MAX_CHUNK_BYTES, max(MIN_CHUNK_BYTES, wished)) + 0.5)

    def set_playing(self, *, is_playing: bool) -> None:
        if is_playing == self._is_playing:
            return
        self._is_playing = is_playing
        # An untried search would run into the music; a tried rate is kept and bends to the new target.
        if is_playing and self._is_searching:
            self._search_anew()

    def forget_network(self) -> None:
        """The network is another one now: what was found out about the former one does not count."""
        self._known = _Findings()
        self._floored_local_ms = None
        self._proven_bytes_per_sec = MIN_BYTES_PER_SEC
        self._search_anew()

    def forget_path(self, name: str) -> None:
        self._known.paths.pop(name, None)

    def queue_ms(self, local_ms: float) -> float | None:
        """The uplink's queue as far as known; None without a fresh round trip."""
        compared = [
            excess_ms
            for at, (excess_ms, noted_local_ms) in enumerate(self._known.excesses)
            if local_ms - noted_local_ms <= (FRESH_RTT_MS if at < LEAST_COMPARED else RECENT_MS)
        ]
        # Since the last ping that was answered, none was: the queue is at least as long as the first of them
        # is overdue.
        overdue_ms = 0.0
        if self._known.unanswered:
            sent_local_ms, minimum_ms = self._known.unanswered[0]
            overdue_ms = local_ms - sent_local_ms - minimum_ms
        if not compared and overdue_ms <= 0:
            return None
        return max(min(compared, default=0.0), overdue_ms)

    def record_ping(self, name: str, local_ms: float) -> None:
        """A ping has left over a path; its answer comes as `record_rtt`."""
        path = self._known.paths.get(name)
        if path is None:
            return
        if self._is_limiting and self._trial is None:
            self._trial = (self._integral_bytes_per_sec, local_ms)
        self._known.unanswered.append((local_ms, path.minimum_ms))
        self._step(local_ms)

    def record_rtt(self, name: str, rtt_ms: float, local_ms: float) -> None:
        known = self._known
        path = known.paths.get(name)
        if path is None:
            # A path first measured while something queues would take that for its minimum, and report no
            # queue ever after.
            first_ms = rtt_ms - (self.queue_ms(local_ms) or 0.0)
            path = known.paths[name] = _Path(local_ms, deque([first_ms], maxlen=SLICES))
        # An answer to a later ping excuses all earlier ones: their path is slow or dead, not the uplink.
        answered_local_ms = local_ms - rtt_ms + READING_APART_MS
        while known.unanswered and known.unanswered[0][0] <= answered_local_ms:
            known.unanswered.popleft()
        known.excesses.appendleft((path.record(rtt_ms, local_ms), local_ms))
        self._judge_trial(answered_local_ms, local_ms)
        self._step(local_ms)

    def take(self, size_bytes: int, local_ms: float) -> bool:
        """Permission to send; when refused, somebody is held back until `wait_ms` has passed."""
        if local_ms - self._needed_local_ms > STALE_AFTER_MS:
            self._distrust_rate()  # invariant 3
        self._refill(local_ms)
        if self._tokens < size_bytes:
            self._is_limiting = True
            self._is_waiting = True
            self._needed_local_ms = local_ms
            return False
        self._tokens -= size_bytes
        self._is_waiting = False
        return True

    def record_use(self, local_ms: float) -> None:
        """There is more to send than its channel takes: the rate is needed, although nobody is refused."""
        self._needed_local_ms = local_ms

    def wait_ms(self, size_bytes: int, local_ms: float) -> float:
        self._refill(local_ms)
        return max(0.0, (size_bytes - self._tokens) / self.rate_bytes_per_sec * 1000)

    # ---

    @property
    def _first_bytes_per_sec(self) -> float:
        return FIRST_PLAYING_BYTES_PER_SEC if self._is_playing else FIRST_BYTES_PER_SEC

    def _distrust_rate(self) -> None:
        """A rate below the one a search begins with is no risk, and a slow uplink is not found out twice."""
        if self._integral_bytes_per_sec > self._first_bytes_per_sec:
            self._search_anew()

    def _search_anew(self) -> None:
        self._integral_bytes_per_sec = min(self._integral_bytes_per_sec, self._first_bytes_per_sec)
        self._proven_bytes_per_sec = min(self._proven_bytes_per_sec, self._integral_bytes_per_sec)
        self._is_searching = True
        self._trial = None
        self._shown_local_ms = None
        self._cuts_in_vain = 0

    def _refill(self, local_ms: float) -> None:
        before_ms = local_ms if self._refilled_local_ms is None else self._refilled_local_ms
        elapsed_sec = max(0.0, local_ms - before_ms) / 1000
        self._refilled_local_ms = local_ms
        most_bytes = max(self.chunk_bytes, self.rate_bytes_per_sec * self.target_ms * BURST_SHARE / 1000)
        self._tokens = min(most_bytes, self._tokens + elapsed_sec * self.rate_bytes_per_sec)

    def _step(self, local_ms: float) -> None:
        queue_ms = self.queue_ms(local_ms)
        if queue_ms is None:
            return
        before_ms = local_ms if self._stepped_local_ms is None else self._stepped_local_ms
        elapsed_sec = min(MAX_STEP_MS, local_ms - before_ms) / 1000
        self._stepped_local_ms = local_ms
        self._refill(local_ms)
        wished_ms = self.target_ms * WISHED_SHARE
        self._off = max(MOST_ABOVE, min(1.0, (wished_ms - queue_ms) / wished_ms))
        if self._is_searching:
            self._search(queue_ms, elapsed_sec, local_ms)
        elif self._has_stayed(queue_ms, local_ms) and queue_ms > self.target_ms:
            self._cut(queue_ms, local_ms)
        else:
            self._follow(elapsed_sec, local_ms)
        self._integral_bytes_per_sec = min(
            MAX_BYTES_PER_SEC, max(MIN_BYTES_PER_SEC, self._integral_bytes_per_sec)
        )
        self._check_blame(queue_ms, local_ms)
        self._is_limiting = False

    def _judge_trial(self, answered_local_ms: float, local_ms: float) -> None:
        """A round trip proves the rate at which its ping left, no later one: it may have doubled since."""
        if self._trial is None:
            return
        bytes_per_sec, sent_local_ms = self._trial
        if sent_local_ms > answered_local_ms:
            return
        self._trial = None
        if not self._is_playing and self._is_clear(self.queue_ms(local_ms) or 0.0):
            self._proven_bytes_per_sec = bytes_per_sec

    def _search(self, queue_ms: float, elapsed_sec: float, local_ms: float) -> None:
        is_shown = queue_ms > self.target_ms * WISHED_SHARE
        is_newly_shown = is_shown and self._shown_local_ms is None
        if not is_shown:
            self._shown_local_ms = None
        elif is_newly_shown:
            self._shown_local_ms = local_ms
        is_confirmed = (
            self._shown_local_ms is not None and local_ms - self._shown_local_ms >= QUEUE_CONFIRM_MS
        )
        is_over = is_confirmed or (self._is_playing and queue_ms > self.target_ms)
        # While music plays the rate grows slowly: a queue of a few ms, which may be a page's own delay, can
        # wait to be confirmed, and the rate of now is about that at which the ping left.
        if is_over or (is_newly_shown and not self._is_playing):
            self._fall_back()
        if is_over:
            self._is_searching = False
            self._shown_local_ms = None
            self._hold(queue_ms, local_ms)
            return
        if self._is_playing and self._is_clear(queue_ms):
            self._proven_bytes_per_sec = self._integral_bytes_per_sec
        if not self._is_limiting or is_shown:
            return  # invariant 1
        doubling_ms = DOUBLING_PLAYING_MS if self._is_playing else DOUBLING_MS
        max_step = MAX_PLAYING_SEARCH_STEP if self._is_playing else MAX_SEARCH_STEP
        self._integral_bytes_per_sec *= min(max_step, 2.0 ** (elapsed_sec * 1000 / doubling_ms))

    def _fall_back(self) -> None:
        least = MIN_BYTES_PER_SEC if self._is_playing else UNPROVEN_BYTES_PER_SEC
        fallback = max(least, PROVEN_SHARE * self._proven_bytes_per_sec)
        self._integral_bytes_per_sec = min(self._integral_bytes_per_sec, fallback)

    def _is_clear(self, queue_ms: float) -> bool:
        return queue_ms < CLEAR_SHARE * self.target_ms

    def _has_stayed(self, queue_ms: float, local_ms: float) -> bool:
        """Without music there is time to see whether a queue stays: a busy host is late for a moment, again
        and again.
        """
        if self._is_clear(queue_ms):
            self._shown_local_ms = None
        elif queue_ms > self.target_ms and self._shown_local_ms is None:
            self._shown_local_ms = local_ms
        shown_ms = 0.0 if self._shown_local_ms is None else local_ms - self._shown_local_ms
        return self._is_playing or shown_ms >= QUEUE_CONFIRM_MS

    def _cut(self, queue_ms: float, local_ms: float) -> None:
        self._growth_per_sec = INTEGRAL_PER_SEC
        if local_ms < self._hold_until_local_ms:
            return
        if queue_ms < DRAINING_SHARE * self._cut_queue_ms:
            self._cuts_in_vain = 0
            self._hold(queue_ms, local_ms)  # the last cut was enough and only needs time
            return
        excess = min(1.0, (queue_ms / self.target_ms - 1) / CUT_SPAN)
        most = MAX_PLAYING_CUT if self._is_playing else MAX_CUT
        cut = (MIN_CUT + (most - MIN_CUT) * excess) * 2.0**self._cuts_in_vain
        self._integral_bytes_per_sec *= 1 - min(MAX_REPEATED_CUT, cut)
        is_in_vain = queue_ms < FULL_QUEUE_SHARE * self._cut_queue_ms
        self._cuts_in_vain = self._cuts_in_vain + 1 if is_in_vain else 0
        self._hold(queue_ms, local_ms)

    def _hold(self, queue_ms: float, local_ms: float) -> None:
        """What is queued must drain, and be seen to, before the next judgement."""
        self._cut_queue_ms = queue_ms
        self._hold_until_local_ms = local_ms + min(MAX_CUT_PERIOD_MS, max(CUT_PERIOD_MS, 2 * queue_ms))

    def _follow(self, elapsed_sec: float, local_ms: float) -> None:
        self._cuts_in_vain = 0
        # Without music whoever waits is held back, however many round trips are judged until his turn.
        is_held_back = self._is_limiting or (self._is_waiting and not self._is_playing)
        if self._off > 0 and not is_held_back:
            return  # invariant 1
        least = LEAST_PLAYING_GROWTH_PER_SEC if self._is_playing else LEAST_GROWTH_PER_SEC
        most = MAX_PLAYING_GROWTH_PER_SEC if self._is_playing else MAX_GROWTH_PER_SEC
        doubling_ms = PLAYING_GROWTH_DOUBLING_MS if self._is_playing else GROWTH_DOUBLING_MS
        if self._off > CLEAR_OFF:
            self._clear_local_ms = local_ms
            faster = 2.0 ** (elapsed_sec * 1000 / doubling_ms)
            self._growth_per_sec = min(most, max(least, self._growth_per_sec) * faster)
        elif not self._is_playing and local_ms - self._clear_local_ms <= CLEAR_FOR_MS:
            return  # a busy host's late answer between two quick ones is waited out
        else:
            self._growth_per_sec = INTEGRAL_PER_SEC
        self._integral_bytes_per_sec *= 1 + self._growth_per_sec * self._off * elapsed_sec

    def _check_blame(self, queue_ms: float, local_ms: float) -> None:
        is_floored = queue_ms > self.target_ms and self._integral_bytes_per_sec <= MIN_BYTES_PER_SEC
        if not is_floored:
            self._floored_local_ms = None
        elif self._floored_local_ms is None:
            self._floored_local_ms = local_ms
        elif local_ms - self._floored_local_ms > NOT_OURS_AFTER_MS:
            self.forget_network()  # invariant 2
