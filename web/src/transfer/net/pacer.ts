// How fast bulk may leave this device, so that nothing else waits behind it: a delay-based controller in the manner of
// LEDBAT (RFC 6817). Pure: told the local time and round trips (ms), asked for permission to send (bytes).
// Every path shares this device's uplink, so the uplink's queue is at most the smallest excess of any path's round trip over
// its own minimum of the last minute: a queue at one neighbour's end shows on that neighbour's path only.
// The rate = a slow integral that finds the capacity × a quick proportional answer to the queue, around 40 % of the target. At first
// it searches: it doubles as TCP's slow start does, falls back to what is proven when a queue shows, and goes on if that was a page's
// own delay.
// Invariants: (1) no growth unless somebody was really held back; (2) a delay that stays while almost nothing is sent is not
// ours: the minima start anew; (3) a rate that nobody needed for a while, or that belongs to another path, is searched for anew
// from below.

import {
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
  FRUGAL_BYTES_PER_SEC,
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
} from "../../protocol/constants/pacing.gen.ts";

const NO_EXCESS = { excessMs: 0, localMs: Number.NEGATIVE_INFINITY };

class Path {
  readonly #minima: number[] = [];
  #sliceLocalMs: number;

  constructor(minimumMs: number, localMs: number) {
    this.#minima.push(minimumMs);
    this.#sliceLocalMs = localMs;
  }

  /** Returns by how much this round trip exceeds the minimum. */
  record(rttMs: number, localMs: number): number {
    if (localMs - this.#sliceLocalMs >= SLICE_MS) {
      this.#sliceLocalMs = localMs;
      this.#minima.push(rttMs);
      if (this.#minima.length > SLICES) this.#minima.shift();
    }
    const at = this.#minima.length - 1;
    this.#minima[at] = Math.min(this.#minima[at] ?? rttMs, rttMs);
    return rttMs - this.minimumMs;
  }

  get minimumMs(): number {
    return Math.min(...this.#minima);
  }
}

export class Pacer {
  readonly #paths = new Map<string, Path>();
  /** The latest first. */
  readonly #excesses: { excessMs: number; localMs: number }[] = [];
  /** Pings since the last one that was answered, the oldest first. */
  readonly #unanswered: { readonly sentLocalMs: number; readonly minimumMs: number }[] = [];
  #isPlaying = false;
  #isGenerous = true;
  #integralBytesPerSec = FIRST_BYTES_PER_SEC;
  #off = 0;
  #isSearching = true;
  #growthPerSec = INTEGRAL_PER_SEC;
  #tokens = FIRST_BURST_BYTES;
  #refilledLocalMs: number | null = null;
  #steppedLocalMs: number | null = null;
  #provenBytesPerSec = MIN_BYTES_PER_SEC;
  /** The rate at which was sent when a ping left, which its answer proves or does not. */
  #trial: { readonly bytesPerSec: number; readonly sentLocalMs: number } | null = null;
  #holdUntilLocalMs = Number.NEGATIVE_INFINITY;
  #cutQueueMs = 0;
  #cutsInVain = 0;
  /** Since when a queue has shown: in a search above what is wished for, later above the target. */
  #shownLocalMs: number | null = null;
  #neededLocalMs = Number.NEGATIVE_INFINITY;
  #flooredLocalMs: number | null = null;
  /** Since the last judgement somebody was refused. */
  #isLimiting = false;
  /** The last who asked was refused, and waits. */
  #isWaiting = false;
  #clearLocalMs = Number.NEGATIVE_INFINITY;

  get targetMs(): number {
    return this.#isPlaying ? PLAYING_QUEUE_MS : IDLE_QUEUE_MS;
  }

  get rateBytesPerSec(): number {
    const rate = this.#integralBytesPerSec * (1 + PROPORTIONAL * this.#off);
    const most = this.#isGenerous ? MAX_BYTES_PER_SEC : FRUGAL_BYTES_PER_SEC;
    return Math.min(most, Math.max(MIN_BYTES_PER_SEC, rate));
  }

  /** How much to send at once, bytes. */
  get chunkBytes(): number {
    const share = this.#isPlaying || this.#isSearching ? CHUNK_SHARE : IDLE_CHUNK_SHARE;
    const wished = (this.rateBytesPerSec * this.targetMs * share) / 1000;
    return Math.round(Math.min(MAX_CHUNK_BYTES, Math.max(MIN_CHUNK_BYTES, wished)));
  }

  setPlaying(isPlaying: boolean): void {
    if (isPlaying === this.#isPlaying) return;
    this.#isPlaying = isPlaying;
    // An untried search would run into the music; a tried rate is kept and bends to the new target.
    if (isPlaying && this.#isSearching) this.#searchAnew();
  }

  /** The network is another one now: what was found out about the former one does not count. */
  forgetNetwork(): void {
    this.#paths.clear();
    this.#excesses.length = 0;
    this.#unanswered.length = 0;
    this.#flooredLocalMs = null;
    this.#provenBytesPerSec = MIN_BYTES_PER_SEC;
    this.#searchAnew();
  }

  setGenerous(isGenerous: boolean): void {
    this.#isGenerous = isGenerous;
  }

  /** The uplink's queue as far as known, ms; null without a fresh round trip. */
  queueMs(localMs: number): number | null {
    let least: number | null = null;
    for (let at = 0; at < this.#excesses.length; at++) {
      const { excessMs, localMs: notedLocalMs } = this.#excesses[at] ?? NO_EXCESS;
      const isCompared = localMs - notedLocalMs <= (at < LEAST_COMPARED ? FRESH_RTT_MS : RECENT_MS);
      if (isCompared) least = Math.min(least ?? excessMs, excessMs);
    }
    // Since the last ping that was answered, none was: the queue is at least as long as the first of them is overdue.
    const [first] = this.#unanswered;
    const overdueMs = first ? localMs - first.sentLocalMs - first.minimumMs : 0;
    return least === null && overdueMs <= 0 ? null : Math.max(least ?? 0, overdueMs);
  }

  /** A ping has left over a path; its answer comes as `recordRtt`. */
  recordPing(name: string, localMs: number): void {
    const minimumMs = this.#paths.get(name)?.minimumMs;
    if (minimumMs === undefined) return;
    if (this.#isLimiting) this.#trial ??= { bytesPerSec: this.#integralBytesPerSec, sentLocalMs: localMs };
    this.#unanswered.push({ sentLocalMs: localMs, minimumMs });
    if (this.#unanswered.length > MOST_UNANSWERED) this.#unanswered.shift();
    this.#step(localMs);
  }

  recordRtt(name: string, rttMs: number, localMs: number): void {
    // A path first measured while something queues would take that for its minimum, and report no queue ever after.
    const path = this.#paths.get(name) ?? new Path(rttMs - (this.queueMs(localMs) ?? 0), localMs);
    this.#paths.set(name, path);
    // An answer to a later ping excuses all earlier ones: their path is slow or dead, not the uplink.
    const answeredLocalMs = localMs - rttMs + READING_APART_MS;
    while (this.#unanswered[0] && this.#unanswered[0].sentLocalMs <= answeredLocalMs)
      this.#unanswered.shift();
    this.#excesses.unshift({ excessMs: path.record(rttMs, localMs), localMs });
    if (this.#excesses.length > MOST_COMPARED) this.#excesses.pop();
    this.#judgeTrial(answeredLocalMs, localMs);
    this.#step(localMs);
  }

  forgetPath(name: string): void {
    this.#paths.delete(name);
  }

  /** Permission to send; when refused, somebody is held back until `waitMs` has passed. */
  take(sizeBytes: number, localMs: number): boolean {
    if (localMs - this.#neededLocalMs > STALE_AFTER_MS) this.#distrustRate(); // invariant 3
    this.#refill(localMs);
    if (this.#tokens < sizeBytes) {
      this.#isLimiting = true;
      this.#isWaiting = true;
      this.#neededLocalMs = localMs;
      return false;
    }
    this.#tokens -= sizeBytes;
    this.#isWaiting = false;
    return true;
  }

  /** There is more to send than its channel takes: the rate is needed, although nobody is refused. */
  recordUse(localMs: number): void {
    this.#neededLocalMs = localMs;
  }

  waitMs(sizeBytes: number, localMs: number): number {
    this.#refill(localMs);
    return Math.max(0, ((sizeBytes - this.#tokens) / this.rateBytesPerSec) * 1000);
  }

  /** A rate below the one a search begins with is no risk, and a slow uplink is not found out twice. */
  #distrustRate(): void {
    if (this.#integralBytesPerSec > this.#firstBytesPerSec) this.#searchAnew();
  }

  #searchAnew(): void {
    this.#integralBytesPerSec = Math.min(this.#integralBytesPerSec, this.#firstBytesPerSec);
    this.#provenBytesPerSec = Math.min(this.#provenBytesPerSec, this.#integralBytesPerSec);
    this.#isSearching = true;
    this.#trial = null;
    this.#shownLocalMs = null;
    this.#cutsInVain = 0;
  }

  get #firstBytesPerSec(): number {
    return this.#isPlaying ? FIRST_PLAYING_BYTES_PER_SEC : FIRST_BYTES_PER_SEC;
  }

  #refill(localMs: number): void {
    const elapsedSec = Math.max(0, localMs - (this.#refilledLocalMs ?? localMs)) / 1000;
    this.#refilledLocalMs = localMs;
    const mostBytes = Math.max(this.chunkBytes, (this.rateBytesPerSec * this.targetMs * BURST_SHARE) / 1000);
    this.#tokens = Math.min(mostBytes, this.#tokens + elapsedSec * this.rateBytesPerSec);
  }

  #step(localMs: number): void {
    const queueMs = this.queueMs(localMs);
    if (queueMs === null) return;
    const elapsedSec = Math.min(1_000, localMs - (this.#steppedLocalMs ?? localMs)) / 1000;
    this.#steppedLocalMs = localMs;
    this.#refill(localMs);
    const wishedMs = this.targetMs * WISHED_SHARE;
    this.#off = Math.max(-3, Math.min(1, (wishedMs - queueMs) / wishedMs));
    if (this.#isSearching) this.#search(queueMs, elapsedSec, localMs);
    else if (this.#hasStayed(queueMs, localMs) && queueMs > this.targetMs) this.#cut(queueMs, localMs);
    else this.#follow(elapsedSec, localMs);
    this.#integralBytesPerSec = Math.min(
      MAX_BYTES_PER_SEC,
      Math.max(MIN_BYTES_PER_SEC, this.#integralBytesPerSec),
    );
    this.#checkBlame(queueMs, localMs);
    this.#isLimiting = false;
  }

  /** A round trip proves the rate of the moment its ping left, and no later one: the rate may have doubled since. */
  #judgeTrial(answeredLocalMs: number, localMs: number): void {
    const trial = this.#trial;
    if (!trial || trial.sentLocalMs > answeredLocalMs) return;
    this.#trial = null;
    if (!this.#isPlaying && this.#isClear(this.queueMs(localMs) ?? 0))
      this.#provenBytesPerSec = trial.bytesPerSec;
  }

  #search(queueMs: number, elapsedSec: number, localMs: number): void {
    const isShown = queueMs > this.targetMs * WISHED_SHARE;
    const isNewlyShown = isShown && this.#shownLocalMs === null;
    if (!isShown) this.#shownLocalMs = null;
    else this.#shownLocalMs ??= localMs;
    const isConfirmed = this.#shownLocalMs !== null && localMs - this.#shownLocalMs >= QUEUE_CONFIRM_MS;
    const isOver = isConfirmed || (this.#isPlaying && queueMs > this.targetMs);
    // While music plays the rate grows slowly: a queue of a few ms, which may be a page's own delay, can wait to be confirmed, and
    // the rate of now is about that at which the ping left.
    if (isOver || (isNewlyShown && !this.#isPlaying)) this.#fallBack();
    if (isOver) {
      this.#isSearching = false;
      this.#shownLocalMs = null;
      this.#hold(queueMs, localMs);
      return;
    }
    if (this.#isPlaying && this.#isClear(queueMs)) this.#provenBytesPerSec = this.#integralBytesPerSec;
    if (!this.#isLimiting || isShown) return; // invariant 1
    const doublingMs = this.#isPlaying ? DOUBLING_PLAYING_MS : DOUBLING_MS;
    const maxStep = this.#isPlaying ? MAX_PLAYING_SEARCH_STEP : MAX_SEARCH_STEP;
    this.#integralBytesPerSec *= Math.min(maxStep, 2 ** ((elapsedSec * 1000) / doublingMs));
  }

  #fallBack(): void {
    const least = this.#isPlaying ? MIN_BYTES_PER_SEC : UNPROVEN_BYTES_PER_SEC;
    const fallback = Math.max(least, PROVEN_SHARE * this.#provenBytesPerSec);
    this.#integralBytesPerSec = Math.min(this.#integralBytesPerSec, fallback);
  }

  #isClear(queueMs: number): boolean {
    return queueMs < CLEAR_SHARE * this.targetMs;
  }

  /** Without music there is time to see whether a queue stays: a host that is busy is late for a moment, again and again. */
  #hasStayed(queueMs: number, localMs: number): boolean {
    if (this.#isClear(queueMs)) this.#shownLocalMs = null;
    else if (queueMs > this.targetMs) this.#shownLocalMs ??= localMs;
    const shownMs = localMs - (this.#shownLocalMs ?? localMs);
    return this.#isPlaying || shownMs >= QUEUE_CONFIRM_MS;
  }

  #cut(queueMs: number, localMs: number): void {
    this.#growthPerSec = INTEGRAL_PER_SEC;
    if (localMs < this.#holdUntilLocalMs) return;
    if (queueMs < DRAINING_SHARE * this.#cutQueueMs) {
      this.#cutsInVain = 0;
      this.#hold(queueMs, localMs); // the last cut was enough and only needs time
      return;
    }
    const excess = Math.min(1, (queueMs / this.targetMs - 1) / CUT_SPAN);
    const most = this.#isPlaying ? MAX_PLAYING_CUT : MAX_CUT;
    const cut = (MIN_CUT + (most - MIN_CUT) * excess) * 2 ** this.#cutsInVain;
    this.#integralBytesPerSec *= 1 - Math.min(MAX_REPEATED_CUT, cut);
    this.#cutsInVain = queueMs < FULL_QUEUE_SHARE * this.#cutQueueMs ? this.#cutsInVain + 1 : 0;
    this.#hold(queueMs, localMs);
  }

  /** What is queued must drain, and be seen to, before the next judgement. */
  #hold(queueMs: number, localMs: number): void {
    this.#cutQueueMs = queueMs;
    this.#holdUntilLocalMs = localMs + Math.min(MAX_CUT_PERIOD_MS, Math.max(CUT_PERIOD_MS, 2 * queueMs));
  }

  #follow(elapsedSec: number, localMs: number): void {
    this.#cutsInVain = 0;
    // Without music whoever waits is held back, however many round trips are judged until his turn.
    const isHeldBack = this.#isLimiting || (this.#isWaiting && !this.#isPlaying);
    if (this.#off > 0 && !isHeldBack) return; // invariant 1
    const [least, most, doublingMs] = this.#isPlaying
      ? [LEAST_PLAYING_GROWTH_PER_SEC, MAX_PLAYING_GROWTH_PER_SEC, PLAYING_GROWTH_DOUBLING_MS]
      : [LEAST_GROWTH_PER_SEC, MAX_GROWTH_PER_SEC, GROWTH_DOUBLING_MS];
    const faster = 2 ** ((elapsedSec * 1000) / doublingMs);
    const isClear = this.#off > 0.6;
    if (isClear) {
      this.#clearLocalMs = localMs;
      this.#growthPerSec = Math.min(most, Math.max(least, this.#growthPerSec) * faster);
    } else {
      // Without music a busy host's late answer between two quick ones is waited out.
      if (!this.#isPlaying && localMs - this.#clearLocalMs <= CLEAR_FOR_MS) return;
      this.#growthPerSec = INTEGRAL_PER_SEC;
    }
    this.#integralBytesPerSec *= 1 + this.#growthPerSec * this.#off * elapsedSec;
  }

  #checkBlame(queueMs: number, localMs: number): void {
    const isFloored = queueMs > this.targetMs && this.#integralBytesPerSec <= MIN_BYTES_PER_SEC;
    if (!isFloored) this.#flooredLocalMs = null;
    else if (this.#flooredLocalMs === null) this.#flooredLocalMs = localMs;
    else if (localMs - this.#flooredLocalMs > NOT_OURS_AFTER_MS) {
      this.forgetNetwork(); // invariant 2
    }
  }
}
