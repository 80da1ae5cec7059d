// From probes to offset and drift: one-way minima with a common slope (rules T1–T5 in docs/spec/timing.md).
// The two envelopes (largest lower bound, smallest upper bound) are fitted separately but share one slope, so each
// direction needs only one lucky probe now and then, not both at once. Pure: local ms in, local ms out.
// Does not know: cadence, sleep, playback. Forgets everything when the clock id changes.

import {
  AVERAGING_ROUNDS,
  BOUND_NOISE_MS,
  CONTRADICTION_MS,
  CONTRADICTION_PPM,
  DRIFT_LEARNING_MS,
  DRIFT_PRIOR_PPM,
  EDGE_BLUR_MS,
  EDGE_NOISE_MS,
  FIRST_SCALE_MS,
  LAST_SCALE_MS_TIMES_BUCKETS,
  LOOSENESS_SHARE,
  MAX_DRIFT_PPM,
  MAX_SCALE_MS,
  MIN_SCALE_MS,
  MIN_UNCERTAINTY_MS,
  OFFSET_BUCKET_MS,
  OFFSET_WINDOW_MS,
  SCALE_DECAY,
  SHARPENING_ROUNDS,
  STEP_BIAS_SHARE,
  STEP_BLUR_SHARE,
  STEP_SCALE_SHARE,
} from "../protocol/constants/clock.gen.ts";

import { isPlausible, lowerBoundMs, type Probe, roundTripMs, upperBoundMs } from "./probe.ts";

export interface OffsetEstimate {
  readonly clockId: string;
  /** The moment `offsetMs` is exact for, local ms. */
  readonly atLocalMs: number;
  /** local − global at `atLocalMs`. */
  readonly offsetMs: number;
  /** How fast the offset grows: d(offset)/d(local), parts per million. */
  readonly driftPpm: number;
  /** One standard deviation of the estimate's jitter. Path asymmetry up to `boundMs` cannot be seen from here. */
  readonly uncertaintyMs: number;
  /** Half the base round trip: the offset is within ± this of the truth, whatever the network did. */
  readonly boundMs: number;
  /** Smallest round trip in the window. */
  readonly rttMs: number;
  readonly probes: number;
  /** When the oldest probe of the window was answered, local ms. */
  readonly sinceLocalMs: number;
  /** It is most others' estimate of the same clock, as this device's own disagrees (peer-comparison.ts). */
  readonly isOfOthers?: boolean;
}

/** What became of a probe. `stepped`: local time jumped, so everything before it was dropped (T11). */
export type Admission = "kept" | "refused" | "stepped";

interface Bound {
  readonly localMs: number;
  /** Relative to `#originMs`, so that small numbers are fitted. */
  readonly offsetMs: number;
}

interface Bounds {
  readonly lower: readonly Bound[];
  readonly upper: readonly Bound[];
}

interface Fit {
  readonly lowerMs: number;
  readonly upperMs: number;
  readonly driftPerMs: number;
  readonly uncertaintyMs: number;
}

export class OffsetEstimator {
  /**
   * Of the local clock (T14): two readings that differ are at least this far apart, and each may be off by as much. What is fitted is
   * the middle between the envelopes: the offset of the *mean* reading, which is what a loudspeaker's timestamps average to as well.
   */
  resolutionMs = 0;
  #probes: Probe[] = [];
  #driftPerMs = 0;
  /** Centre of the drift's prior, and when it was last moved. */
  #usualDriftPerMs = 0;
  #learntLocalMs: number | null = null;
  /** Contradicts the window; the next probe decides which of them is right. */
  #suspect: Probe | null = null;

  get clockId(): string | null {
    return this.#probes[0]?.clockId ?? null;
  }

  /** Adds one exchange; one of another clock than the last starts afresh. */
  add(probe: Probe): Admission {
    if (!isPlausible(probe, this.resolutionMs)) return "refused";
    if (this.clockId !== probe.clockId) this.reset();
    const suspect = this.#suspect;
    this.#suspect = this.#isContradicted(probe) ? probe : null;
    if (this.#suspect) {
      if (!suspect) return "refused";
      this.reset();
      this.#probes.push(suspect, probe);
      return "stepped";
    }
    this.#probes.push(probe);
    const oldestMs = probe.t3LocalMs - OFFSET_WINDOW_MS;
    while ((this.#probes[0]?.t3LocalMs ?? oldestMs) < oldestMs) this.#probes.shift();
    return "kept";
  }

  /** Forgets all probes, for example because the device slept and local time stood still. */
  reset(): void {
    this.#probes = [];
    this.#driftPerMs = 0;
    this.#usualDriftPerMs = 0;
    this.#learntLocalMs = null;
    this.#suspect = null;
  }

  /** The offset at `localMs`, or null before the first probe. */
  estimate(localMs: number): OffsetEstimate | null {
    const first = this.#probes[0];
    if (!first) return null;
    const originMs = lowerBoundMs(first);
    const lower: Bound[] = [];
    const upper: Bound[] = [];
    let rttMs = Number.POSITIVE_INFINITY;
    for (const probe of this.#probes) {
      lower.push({ localMs: probe.t0LocalMs - localMs, offsetMs: lowerBoundMs(probe) - originMs });
      upper.push({ localMs: probe.t3LocalMs - localMs, offsetMs: upperBoundMs(probe) - originMs });
      rttMs = Math.min(rttMs, roundTripMs(probe));
    }
    const fit = this.#fit({ lower, upper });
    this.#driftPerMs = fit.driftPerMs;
    this.#learnDrift(localMs);
    const boundMs = Math.max(0, (fit.upperMs - fit.lowerMs) / 2 + this.resolutionMs);
    return {
      clockId: first.clockId,
      atLocalMs: localMs,
      offsetMs: originMs + (fit.lowerMs + fit.upperMs) / 2,
      driftPpm: fit.driftPerMs * 1e6,
      uncertaintyMs: Math.max(MIN_UNCERTAINTY_MS, Math.hypot(fit.uncertaintyMs, this.#stepUncertaintyMs())),
      boundMs,
      rttMs: Math.max(0, rttMs),
      probes: this.#probes.length,
      sinceLocalMs: first.t3LocalMs,
    };
  }

  /** Whether no offset at all satisfies both this probe and those of the window. */
  #isContradicted(probe: Probe): boolean {
    return this.#probes.some((other) => {
      const ageMs = probe.t3LocalMs - other.t3LocalMs;
      const driftMs = this.#driftPerMs * ageMs;
      const slackMs = CONTRADICTION_MS + 2 * this.resolutionMs + CONTRADICTION_PPM * 1e-6 * ageMs;
      return (
        lowerBoundMs(probe) > upperBoundMs(other) + driftMs + slackMs ||
        upperBoundMs(probe) < lowerBoundMs(other) + driftMs - slackMs
      );
    });
  }

  #stepUncertaintyMs(): number {
    return this.resolutionMs * Math.hypot(1 / Math.sqrt(this.#probes.length), STEP_BIAS_SHARE);
  }

  #learnDrift(localMs: number): void {
    if (this.#learntLocalMs !== null) {
      const share = 1 - Math.exp(-Math.max(0, localMs - this.#learntLocalMs) / DRIFT_LEARNING_MS);
      this.#usualDriftPerMs += share * (this.#driftPerMs - this.#usualDriftPerMs);
    }
    this.#learntLocalMs = localMs;
  }

  /**
   * Iteratively reweighted least squares for (lower intercept, upper intercept, common slope). A bound on the tight
   * side of its line keeps weight 1, a loose one fades: the lines settle on the envelopes, not on the means. First on
   * the tightest bound of every bucket, ever sharper; then on all bounds, as sharp as the envelope is.
   */
  #fit(all: Bounds): Fit {
    const tightest = {
      lower: tightestPerBucket(all.lower, this.#driftPerMs, +1),
      upper: tightestPerBucket(all.upper, this.#driftPerMs, -1),
    };
    const slope = this.#driftPerMs;
    const begin: Fit = {
      lowerMs: Math.max(...tightest.lower.map((bound) => bound.offsetMs - slope * bound.localMs)),
      upperMs: Math.min(...tightest.upper.map((bound) => bound.offsetMs - slope * bound.localMs)),
      driftPerMs: slope,
      uncertaintyMs: 0,
    };
    const stepMs = STEP_SCALE_SHARE * this.resolutionMs;
    const lastScaleMs = Math.max(
      stepMs,
      Math.min(MAX_SCALE_MS, Math.max(MIN_SCALE_MS, LAST_SCALE_MS_TIMES_BUCKETS / tightest.lower.length)),
    );
    const sharpen = (noiseMs: number): Fit => {
      let sharp = begin;
      for (let round = 0; round < SHARPENING_ROUNDS; round++) {
        const scaleMs = Math.max(lastScaleMs, FIRST_SCALE_MS * SCALE_DECAY ** round);
        sharp = refine(sharp, tightest, scaleMs, { driftPerMs: this.#usualDriftPerMs, noiseMs });
      }
      return sharp;
    };
    let fit = sharpen(Math.max(BOUND_NOISE_MS, stepMs));
    const looseMs = LOOSENESS_SHARE * loosenessMs(tightest, fit);
    if (looseMs > BOUND_NOISE_MS) fit = sharpen(looseMs);
    const noiseMs = Math.max(EDGE_NOISE_MS, looseMs, stepMs);
    for (let round = 0; round < AVERAGING_ROUNDS; round++) {
      fit = refine(fit, all, Math.max(EDGE_BLUR_MS, STEP_BLUR_SHARE * this.resolutionMs), {
        driftPerMs: this.#usualDriftPerMs,
        noiseMs,
      });
    }
    return fit;
  }
}

/** One round: both lines through the bounds, weighted by how far they are from the lines of the round before. */
function refine(
  before: Fit,
  bounds: Bounds,
  scaleMs: number,
  prior: { readonly driftPerMs: number; readonly noiseMs: number },
): Fit {
  const low = moments(bounds.lower, before.driftPerMs, before.lowerMs, +1, scaleMs);
  const up = moments(bounds.upper, before.driftPerMs, before.upperMs, -1, scaleMs);
  const surprise = (before.driftPerMs - prior.driftPerMs) / (DRIFT_PRIOR_PPM * 1e-6);
  const ridge = (prior.noiseMs / (DRIFT_PRIOR_PPM * 1e-6)) ** 2 / (1 + surprise ** 2);
  const spread = low.spread + up.spread + ridge;
  const covariance = low.covariance + up.covariance + ridge * prior.driftPerMs;
  const slope = clamp(covariance / spread, MAX_DRIFT_PPM * 1e-6);
  const slopeVariance = prior.noiseMs ** 2 / spread;
  const levelVariance = (low.variance / low.weight + up.variance / up.weight) / 4;
  const leverMs = (low.meanLocal + up.meanLocal) / 2;
  return {
    lowerMs: low.meanOffset - slope * low.meanLocal,
    upperMs: up.meanOffset - slope * up.meanLocal,
    driftPerMs: slope,
    uncertaintyMs: Math.sqrt(levelVariance + slopeVariance * leverMs ** 2),
  };
}

/** The median distance of the bounds from their lines. */
function loosenessMs(bounds: Bounds, fit: Fit): number {
  const distances = [
    ...bounds.lower.map(({ localMs, offsetMs }) =>
      Math.abs(offsetMs - fit.lowerMs - fit.driftPerMs * localMs),
    ),
    ...bounds.upper.map(({ localMs, offsetMs }) =>
      Math.abs(offsetMs - fit.upperMs - fit.driftPerMs * localMs),
    ),
  ].sort((a, b) => a - b);
  return distances[Math.floor(distances.length / 2)] ?? 0;
}

/** The tightest bound of every bucket: the largest lower (`side` +1) or the smallest upper (−1), drift taken out. */
function tightestPerBucket(bounds: readonly Bound[], driftPerMs: number, side: 1 | -1): Bound[] {
  const best = new Map<number, { bound: Bound; score: number }>();
  for (const bound of bounds) {
    const bucket = Math.floor(bound.localMs / OFFSET_BUCKET_MS);
    const score = side * (bound.offsetMs - driftPerMs * bound.localMs);
    const known = best.get(bucket);
    if (!known || score > known.score) best.set(bucket, { bound, score });
  }
  return [...best.values()].map((entry) => entry.bound);
}

/** Loops and no closures: this runs for every probe, and ten thousand storms run it millions of times. */
function moments(bounds: readonly Bound[], slope: number, level: number, side: 1 | -1, scaleMs: number) {
  let weight = 0;
  let local = 0;
  let offset = 0;
  const weights = new Float64Array(bounds.length);
  for (let index = 0; index < bounds.length; index++) {
    const { localMs, offsetMs } = bounds[index] as Bound;
    const looseMs = -side * (offsetMs - level - slope * localMs);
    const share = looseMs <= 0 ? 1 : 1 / (1 + (looseMs / scaleMs) ** 2);
    weights[index] = share;
    weight += share;
    local += share * localMs;
    offset += share * offsetMs;
  }
  const meanLocal = local / weight;
  const meanOffset = offset / weight;
  let spread = 0;
  let covariance = 0;
  let residual = 0;
  for (let index = 0; index < bounds.length; index++) {
    const { localMs, offsetMs } = bounds[index] as Bound;
    const share = weights[index] as number;
    const fromMean = localMs - meanLocal;
    spread += share * fromMean ** 2;
    covariance += share * fromMean * (offsetMs - meanOffset);
    residual += share * (offsetMs - level - slope * localMs) ** 2;
  }
  // With one or two bounds the residual says nothing; the prior noise of a minimum stands in.
  const variance = Math.max(residual / weight, bounds.length < 3 ? BOUND_NOISE_MS ** 2 : 0);
  return { weight, meanLocal, meanOffset, spread, covariance, variance };
}

const clamp = (value: number, limit: number): number => Math.min(limit, Math.max(-limit, value));
