// How fast bulk may leave this device, so that nothing else waits behind it: a delay-based controller in the manner of
// LEDBAT (RFC 6817). Pure: told the local time and round trips (ms), asked for permission to send (bytes).
// Every path shares this device's uplink, so the uplink's queue is at most the smallest excess of any path's round trip over
// its own minimum of the last minute: a queue at one neighbour's end shows on that neighbour's path only.
// The rate = a slow integral that finds the capacity × a quick proportional answer to the queue, around 40 % of the target.
// Invariants: (1) no growth unless somebody was really held back; (2) a delay that stays while almost nothing is sent is not
// ours: the minima start anew; (3) a rate that nobody needed for a while, or that belongs to another path, is searched for anew
// from below.

import { LARGE_BULK_BYTES } from "../../protocol/constants/transfer.gen.ts";
import { BULK_HEADER_BYTES } from "../core/frames.ts";

/**
 * What may queue while music plays (the clock's probes share the uplink), and otherwise. While it plays, 25 ms are promised (S15);
 * at 25 one of 20 modelled downloads broke that, at 22 none of 150.
 */
const PLAYING_QUEUE_MS = 22;
const IDLE_QUEUE_MS = 100;
/** A path's minimum is looked for in six slices of ten seconds. */
const SLICE_MS = 10_000;
const SLICES = 6;
/** The queue is judged by the best of the round trips of the last moment, and of at least so many, unless they are old. */
const RECENT_MS = 100;
const LEAST_COMPARED = 2;
const FRESH_MS = 1_500;
const MOST_COMPARED = 8;
const MOST_UNANSWERED = 20;
/** Sending, hearing and reckoning read the clock a little apart; pings are much further apart than this. */
const READING_APART_MS = 5;
const NO_EXCESS = { excessMs: 0, localMs: Number.NEGATIVE_INFINITY };
/** The queue aimed at: chunks, round trips and guesses scatter around it, and nearly all of that must stay below the target. */
const WISHED_SHARE = 0.4;
/** Where nothing is known yet: below most uplinks, and well below while playing. */
const FIRST_BYTES_PER_SEC = 500_000;
const FIRST_PLAYING_BYTES_PER_SEC = 200_000;
/** Never quite silent: 32 KB/s are 13 ms of a 20 Mbit/s second, and keep the estimate alive. */
export const MIN_BYTES_PER_SEC = 32_000;
const MAX_BYTES_PER_SEC = 250_000_000;
/** A phone that gives little: a song an hour of listening, not a data plan. */
const FRUGAL_BYTES_PER_SEC = 64_000;
/** At first the rate doubles in this time, as TCP's would, until a queue shows; with few round trips it takes longer. */
const DOUBLING_MS = 300;
const MAX_SEARCH_STEP = 1.3;
const DOUBLING_PLAYING_MS = 1000;
const MAX_PLAYING_SEARCH_STEP = 1.15;
/** A queue below the target ends the search when it stays this long: a busy page's own delays come and go. */
const CONFIRM_MS = 200;
/** A round trip without a queue proves the rate of a moment ago; this share of it also drains what has come since. */
const PROVEN_SHARE = 0.75;
const CLEAR_SHARE = 0.2;
/** Gains at a sampling of 2 to 30 round trips a second; larger ones oscillate with the slowest (pacer.test.ts). */
const PROPORTIONAL = 0.04;
const INTEGRAL_PER_SEC = 0.02;
/** Without any queue the search speeds up, doubling every second, between these; without music there is more to play with. */
const LEAST_GROWTH_PER_SEC = 0.1;
const LEAST_PLAYING_GROWTH_PER_SEC = 0.02;
const MAX_GROWTH_PER_SEC = 1;
const MAX_PLAYING_GROWTH_PER_SEC = 0.25;
/** Above the target the capacity has fallen: a step down, the largest at seven times the target, and time to see what it did. */
const MIN_CUT = 0.05;
const MAX_CUT = 0.25;
const CUT_SPAN = 6;
/** A short queue that is full does not grow, however wrong the rate: cuts that leave it as it was double, up to this. */
const FULL_QUEUE_SHARE = 1.3;
const MAX_REPEATED_CUT = 0.5;
const CUT_PERIOD_MS = 400;
const MAX_CUT_PERIOD_MS = 600;
const DRAINING_SHARE = 0.85;
/** A queue that outlives this long at the least rate is somebody else's. */
const NOT_OURS_AFTER_MS = 4_000;
/** TCP forgets its window after one round trip of silence (RFC 7661); a room's uplink changes with the room, not so fast. */
const STALE_AFTER_MS = 5_000;
/** A chunk takes this share of the target on the wire; never so small that headers count. Every chunk wakes both ends, so they
 * are larger where no music plays and the rate is known. */
const CHUNK_SHARE = 0.3;
const IDLE_CHUNK_SHARE = 0.5;
const MIN_CHUNK_BYTES = 4 * 1024;
const MAX_CHUNK_BYTES = LARGE_BULK_BYTES - BULK_HEADER_BYTES;
const FIRST_TOKENS = 32 * 1024;
/** What may leave at once after a pause, in time at the current rate. */
const BURST_SHARE = 0.4;

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
  #tokens = FIRST_TOKENS;
  #refilledLocalMs: number | null = null;
  #steppedLocalMs: number | null = null;
  #provenBytesPerSec = MIN_BYTES_PER_SEC;
  #holdUntilLocalMs = Number.NEGATIVE_INFINITY;
  #cutQueueMs = 0;
  #cutsInVain = 0;
  #shownLocalMs: number | null = null;
  #neededLocalMs = Number.NEGATIVE_INFINITY;
  #flooredLocalMs: number | null = null;
  #isLimiting = false;

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
      const isCompared = localMs - notedLocalMs <= (at < LEAST_COMPARED ? FRESH_MS : RECENT_MS);
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
      this.#neededLocalMs = localMs;
      return false;
    }
    this.#tokens -= sizeBytes;
    return true;
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
    else if (queueMs > this.targetMs) this.#cut(queueMs, localMs);
    else this.#follow(elapsedSec);
    this.#integralBytesPerSec = Math.min(
      MAX_BYTES_PER_SEC,
      Math.max(MIN_BYTES_PER_SEC, this.#integralBytesPerSec),
    );
    this.#checkBlame(queueMs, localMs);
    this.#isLimiting = false;
  }

  #search(queueMs: number, elapsedSec: number, localMs: number): void {
    const isShown = queueMs > this.targetMs * WISHED_SHARE;
    if (!isShown) this.#shownLocalMs = null;
    else this.#shownLocalMs ??= localMs;
    const isConfirmed = this.#shownLocalMs !== null && localMs - this.#shownLocalMs >= CONFIRM_MS;
    if (isConfirmed || queueMs > this.targetMs) {
      this.#isSearching = false;
      this.#shownLocalMs = null;
      this.#integralBytesPerSec = PROVEN_SHARE * this.#provenBytesPerSec;
      this.#hold(queueMs, localMs);
      return;
    }
    if (queueMs < CLEAR_SHARE * this.targetMs) this.#provenBytesPerSec = this.#integralBytesPerSec;
    if (!this.#isLimiting || isShown) return; // invariant 1
    const doublingMs = this.#isPlaying ? DOUBLING_PLAYING_MS : DOUBLING_MS;
    const maxStep = this.#isPlaying ? MAX_PLAYING_SEARCH_STEP : MAX_SEARCH_STEP;
    this.#integralBytesPerSec *= Math.min(maxStep, 2 ** ((elapsedSec * 1000) / doublingMs));
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
    const cut = (MIN_CUT + (MAX_CUT - MIN_CUT) * excess) * 2 ** this.#cutsInVain;
    this.#integralBytesPerSec *= 1 - Math.min(MAX_REPEATED_CUT, cut);
    this.#cutsInVain = queueMs < FULL_QUEUE_SHARE * this.#cutQueueMs ? this.#cutsInVain + 1 : 0;
    this.#hold(queueMs, localMs);
  }

  /** What is queued must drain, and be seen to, before the next judgement. */
  #hold(queueMs: number, localMs: number): void {
    this.#cutQueueMs = queueMs;
    this.#holdUntilLocalMs = localMs + Math.min(MAX_CUT_PERIOD_MS, Math.max(CUT_PERIOD_MS, 2 * queueMs));
  }

  #follow(elapsedSec: number): void {
    this.#cutsInVain = 0;
    if (this.#off > 0 && !this.#isLimiting) return; // invariant 1
    const [least, most] = this.#isPlaying
      ? [LEAST_PLAYING_GROWTH_PER_SEC, MAX_PLAYING_GROWTH_PER_SEC]
      : [LEAST_GROWTH_PER_SEC, MAX_GROWTH_PER_SEC];
    const isClear = this.#off > 0.6;
    if (isClear) this.#growthPerSec = Math.min(most, Math.max(least, this.#growthPerSec) * 2 ** elapsedSec);
    else this.#growthPerSec = INTEGRAL_PER_SEC;
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
