// Lock, then leave alone (rules L1–L8 in docs/spec/timing.md). While a song plays, global time comes from a
// locked model; fresh estimates only bend its rate, so that playing sound is never snapped. Local ms, global µs.
// States: trimming → watching → slewing → trimming, and from any of them `rejoin`, which the caller answers by
// locking anew and crossfading. Does not know the loudspeaker.

import {
  MAX_TRIM_PPM,
  PERSISTENT_MS,
  PERSISTENT_SAMPLES,
  REJOIN_FROM_MS,
  RELOCK_FROM_MS,
  SLEW_DONE_MS,
  SLEW_FROM_MS,
  SLEW_PPM,
  TRIM_TIME_CONSTANT_MS,
  WATCH_FROM_MS,
} from "../protocol/constants/clock.gen.ts";

import type { OffsetEstimate } from "./offset-estimator.ts";

export type PlaybackClockState = "trimming" | "watching" | "slewing" | "rejoin";

export interface PlaybackClockVerdict {
  readonly state: PlaybackClockState;
  /** Fresh estimate − locked model, ms. */
  readonly differenceMs: number;
}

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
  update(fresh: OffsetEstimate): PlaybackClockVerdict {
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
