// Lock, then leave alone (rules L1–L8 in docs/spec/timing.md). While a song plays, global time comes from a
// locked model; fresh estimates only bend its rate, so that playing sound is never snapped. Local ms, global µs.
// States: trimming → watching → slewing → trimming, and from any of them `rejoin`, which the caller answers by
// locking anew and crossfading. Does not know the loudspeaker.

import type { OffsetEstimate } from "./offset-estimator.ts";

export type PlayClockState = "trimming" | "watching" | "slewing" | "rejoin";

export interface PlayClockVerdict {
  readonly state: PlayClockState;
  /** Fresh estimate − locked model, ms. */
  readonly differenceMs: number;
}

/** L1: below this nothing may step; the rate is trimmed. Fusion of clicks ends around 5–10 ms, of music around 30. */
export const WATCH_FROM_MS = 12;
/** L3: heard as an echo by attentive people, so worth bending the pitch by 2.6 cents. */
export const SLEW_FROM_MS = 30;
/** L4: slewing would take a minute; a crossfade is kinder. */
export const REJOIN_FROM_MS = 80;
/** L7: what a bad start leaves behind is put right from here on; clicks fuse below it. */
const RELOCK_FROM_MS = 5;
/** L5: a single wild estimate proves nothing. */
const PERSISTENT_SAMPLES = 3;
const PERSISTENT_MS = 2_000;
/** L1: ± this around the locked rate is inaudible even as a moving comb between neighbours. */
export const MAX_TRIM_PPM = 100;
/** A difference decays with this time constant: what the drift is off by, times this, stays. The fit itself averages over far longer. */
const TRIM_TIME_CONSTANT_MS = 5_000;
/** L3: 1.5 ms/s, the middle of the permitted 1–2 ms/s. */
export const SLEW_PPM = 1_500;
/** L3: slewing hands over to trimming here. */
const SLEW_DONE_MS = 0.5;

type Remedy = "relock" | "slew" | "rejoin";

export class PlaybackClock {
  readonly clockId: string;
  #refLocalMs: number;
  #refOffsetMs: number;
  #ratePpm: number;
  #lockedDriftPpm: number;
  readonly #lockedBoundMs: number;
  #isSlewing = false;
  #beyond: { remedy: Remedy; sign: number; sinceLocalMs: number; samples: number }[] = [];

  /** Locks onto `estimate`. */
  constructor(estimate: OffsetEstimate) {
    this.clockId = estimate.clockId;
    this.#refLocalMs = estimate.atLocalMs;
    this.#refOffsetMs = estimate.offsetMs;
    this.#ratePpm = estimate.driftPpm;
    this.#lockedDriftPpm = estimate.driftPpm;
    this.#lockedBoundMs = estimate.boundMs;
  }

  /** local − global at `localMs` by the locked model, ms. */
  offsetMsAt(localMs: number): number {
    return this.#refOffsetMs + (localMs - this.#refLocalMs) * this.#ratePpm * 1e-6;
  }

  globalUsAt(localMs: number): number {
    return (localMs - this.offsetMsAt(localMs)) * 1000;
  }

  localMsAt(globalUs: number): number {
    const rate = this.#ratePpm * 1e-6;
    return (globalUs / 1000 + this.#refOffsetMs - this.#refLocalMs * rate) / (1 - rate);
  }

  /** The rate the model runs at now, for people: drift plus trim or slew. */
  get ratePpm(): number {
    return this.#ratePpm;
  }

  /** Takes a fresh estimate of the same clock into account and says what state that leaves. */
  update(fresh: OffsetEstimate): PlayClockVerdict {
    const localMs = fresh.atLocalMs;
    const differenceMs = fresh.offsetMs - this.offsetMsAt(localMs);
    const sizeMs = Math.abs(differenceMs);
    const isBeyondRejoin = this.#isPersistentlyBeyond("rejoin", REJOIN_FROM_MS, differenceMs, localMs);
    const relockFromMs = this.#wasLoose(fresh, sizeMs) ? RELOCK_FROM_MS : Number.POSITIVE_INFINITY;
    const isBeyondRelock = this.#isPersistentlyBeyond("relock", relockFromMs, differenceMs, localMs);
    const slewFromMs = fresh.isOfOthers ? RELOCK_FROM_MS : SLEW_FROM_MS; // L8
    const isBeyondSlew = this.#isPersistentlyBeyond("slew", slewFromMs, differenceMs, localMs);
    if (isBeyondRejoin || isBeyondRelock) return { state: "rejoin", differenceMs }; // L4, L7
    if (isBeyondSlew) this.#isSlewing = true; // L3
    if (this.#isSlewing && sizeMs < SLEW_DONE_MS) this.#isSlewing = false;
    if (this.#isSlewing) {
      // A wild sample during a slew must not turn it round (L5): keep the rate until the difference agrees again.
      if (sizeMs < REJOIN_FROM_MS) {
        this.#bend(localMs, fresh.driftPpm + Math.sign(differenceMs) * SLEW_PPM);
      }
      return { state: "slewing", differenceMs };
    }
    if (sizeMs >= WATCH_FROM_MS) {
      this.#bend(localMs, this.#lockedDriftPpm); // L2
      return { state: "watching", differenceMs };
    }
    const wantedPpm = fresh.driftPpm + (differenceMs / TRIM_TIME_CONSTANT_MS) * 1e6;
    const trimPpm = Math.min(MAX_TRIM_PPM, Math.max(-MAX_TRIM_PPM, wantedPpm - this.#lockedDriftPpm));
    this.#bend(localMs, this.#lockedDriftPpm + trimPpm); // L1
    return { state: "trimming", differenceMs };
  }

  /** Changes the rate from `localMs` on; the model stays continuous, so nothing ever steps. */
  #bend(localMs: number, ratePpm: number): void {
    this.#refOffsetMs = this.offsetMsAt(localMs);
    this.#refLocalMs = localMs;
    this.#ratePpm = ratePpm;
  }

  /** L7: what its bounds were wider by than today's explains the difference. */
  #wasLoose(fresh: OffsetEstimate, sizeMs: number): boolean {
    return sizeMs <= this.#lockedBoundMs - fresh.boundMs + RELOCK_FROM_MS;
  }

  #isPersistentlyBeyond(remedy: Remedy, thresholdMs: number, differenceMs: number, localMs: number): boolean {
    const sign = Math.sign(differenceMs);
    const before = this.#beyond.find((entry) => entry.remedy === remedy);
    const rest = this.#beyond.filter((entry) => entry !== before);
    if (Math.abs(differenceMs) <= thresholdMs) {
      this.#beyond = rest;
      return false;
    }
    const entry =
      before && before.sign === sign
        ? { ...before, samples: before.samples + 1 }
        : { remedy, sign, sinceLocalMs: localMs, samples: 1 };
    this.#beyond = [...rest, entry];
    return entry.samples >= PERSISTENT_SAMPLES && localMs - entry.sinceLocalMs >= PERSISTENT_MS;
  }
}
