// Where the loudspeaker is: a robust straight line through pairs (local ms, audio seconds at the port). Pure; the shell
// feeds it timestamps every few ten ms. Audio seconds are AudioContext time, so frame = seconds × sample rate.
// Does not know which engine the pairs come from; speaker-timestamps.ts has translated them already.

import { CardSkew } from "./card-skew.ts";

export interface PortSample {
  readonly localMs: number;
  /** AudioContext time of the sample that is leaving the port at `localMs`. */
  readonly audioSec: number;
}

export interface LineReading {
  /** audioMs − localMs at `atLocalMs`. */
  readonly leadMs: number;
  readonly atLocalMs: number;
  /** The sound card's clock against local time, parts per million. */
  readonly skewPpm: number;
  /** Standard deviation of the samples around the line. */
  readonly scatterMs: number;
  readonly samples: number;
}

/**
 * Under load a stream's timestamps lean 0.2 ms to one side for seconds (Chromium 156, PulseAudio). Replayed on one capture, 8 s
 * gave a smaller p95 than 4 s (0.26 against 0.33 ms), but three runs with it began badly; too few to decide. See docs/timing.md.
 */
export const WINDOW_MS = 4_000;
/**
 * Prior on the skew, around 0 for a new card and around the last known skew after an interruption: cards in use were
 * within 300 ppm and wander by some tens; 0.1 ms is the scatter of a single Chromium timestamp.
 */
const SKEW_PRIOR_PPM = 100;
const SAMPLE_NOISE_MS = 0.1;
const OUTLIER_MADS = 3;
/** MAD of a sample this small is timer granularity, not scatter; without a floor good samples would be dropped. */
const MIN_MAD_MS = 0.02;
/**
 * An underrun or a new output moves the line at once, by 2 to 20 ms; the card's own wander stays within 0.4 ms of the
 * line (Chromium 156, 25 s). Eight strays in a row that agree with each other tell a step from outliers in 0.1 s.
 */
const STEP_MS = 0.8;
const STEP_SAMPLES = 8;
const STEP_AGREEMENT_MS = 0.6;
/** Where timestamps scatter more than Chromium's, a step must stand out from that scatter, in standard deviations. */
const STEP_SCATTERS = 3;
/** Strays that never agree, for this many samples in a row: the old line is wrong whatever the new one is. */
const LOST_SAMPLES = 60;
const MIN_SAMPLES = 5;
/** P21: a slope fitted through 4 s is followed for as long again; beyond, the card's usual skew is the better guess. */
const NEAR_MS = 4_000;

export class OutputLine {
  #samples: { localMs: number; leadMs: number }[] = [];
  #reading: LineReading | null = null;
  #strays: { localMs: number; leadMs: number }[] = [];
  #steps = 0;
  /** Slope to assume while there are few samples: a card keeps its crystal over an underrun. */
  #usualSkew = 0;
  readonly #cardSkew = new CardSkew();

  /** How often the line had to start again on new ground: underruns and output changes. */
  get steps(): number {
    return this.#steps;
  }

  get reading(): LineReading | null {
    return this.#reading;
  }

  reset(): void {
    this.#samples = [];
    this.#strays = [];
    this.#reading = null;
    this.#cardSkew.reset();
  }

  /** Adds a timestamp; repeated and backward ones are ignored. */
  add(sample: PortSample): void {
    const entry = { localMs: sample.localMs, leadMs: sample.audioSec * 1000 - sample.localMs };
    const last = this.#samples.at(-1);
    if (last && entry.localMs <= last.localMs) return;
    if (this.#reading && this.#samples.length >= MIN_SAMPLES) {
      const strayMs = Math.abs(entry.leadMs - this.#leadMsAt(entry.localMs));
      if (strayMs > Math.max(STEP_MS, STEP_SCATTERS * this.#reading.scatterMs)) {
        if (!this.#isNewGround(entry)) return;
        this.#cardSkew.step(entry.leadMs - this.#leadMsAt(entry.localMs));
        this.#samples = this.#strays.slice(-STEP_SAMPLES, -1);
        this.#steps += 1;
      }
      this.#strays = [];
    }
    this.#cardSkew.add(entry);
    this.#samples.push(entry);
    const oldestMs = entry.localMs - WINDOW_MS;
    while ((this.#samples[0]?.localMs ?? oldestMs) < oldestMs) this.#samples.shift();
    this.#reading = this.#samples.length >= 2 ? fitLine(this.#samples, entry.localMs, this.#usualSkew) : null;
    const first = this.#samples[0];
    if (this.#reading && first && entry.localMs - first.localMs > WINDOW_MS / 2) {
      this.#usualSkew = this.#reading.skewPpm * 1e-6;
    }
  }

  /** Audio seconds at the port at `localMs`; null until the line stands. */
  audioSecAt(localMs: number): number | null {
    if (!this.#isSettled()) return null;
    return (localMs + this.#leadMsAt(localMs)) / 1000;
  }

  /** The local moment at which audio second `audioSec` leaves the port; null until the line stands. */
  localMsAt(audioSec: number): number | null {
    const reading = this.#reading;
    if (!reading || !this.#isSettled()) return null;
    const skew = reading.skewPpm * 1e-6;
    const localMs = (audioSec * 1000 - reading.leadMs + skew * reading.atLocalMs) / (1 + skew);
    const nearMs = reading.atLocalMs + NEAR_MS;
    if (localMs <= nearMs) return localMs;
    return nearMs + ((localMs - nearMs) * (1 + skew)) / (1 + this.#cardSkew.slope);
  }

  /** Collects strays from the line; true when enough of them in a row agree on where it is now, or it is lost. */
  #isNewGround(entry: { localMs: number; leadMs: number }): boolean {
    this.#strays.push(entry);
    const leads = this.#strays.slice(-STEP_SAMPLES).map((stray) => stray.leadMs);
    if (leads.length < STEP_SAMPLES) return false;
    const agreementMs = Math.max(STEP_AGREEMENT_MS, STEP_SCATTERS * (this.#reading?.scatterMs ?? 0));
    return Math.max(...leads) - Math.min(...leads) < agreementMs || this.#strays.length >= LOST_SAMPLES;
  }

  #isSettled(): boolean {
    return this.#reading !== null && this.#samples.length >= MIN_SAMPLES;
  }

  #leadMsAt(localMs: number): number {
    const reading = this.#reading;
    if (!reading) return 0;
    const aheadMs = localMs - reading.atLocalMs;
    const nearMs = Math.min(aheadMs, NEAR_MS);
    const leadMs = reading.leadMs + nearMs * reading.skewPpm * 1e-6;
    return aheadMs > nearMs ? leadMs + (aheadMs - nearMs) * this.#cardSkew.slope : leadMs;
  }
}

/** Least squares with a prior on the slope, twice: the second pass without samples beyond 3 MAD of the first. */
function fitLine(
  samples: readonly { localMs: number; leadMs: number }[],
  atLocalMs: number,
  usualSkew: number,
): LineReading {
  let kept = samples;
  let line = leastSquares(kept, atLocalMs, usualSkew);
  const residuals = samples.map((sample) => Math.abs(sample.leadMs - line.at(sample.localMs)));
  const limitMs = OUTLIER_MADS * Math.max(MIN_MAD_MS, median(residuals));
  kept = samples.filter((_, index) => (residuals[index] ?? 0) <= limitMs);
  if (kept.length >= 2) line = leastSquares(kept, atLocalMs, usualSkew);
  const squares = kept.reduce((sum, sample) => sum + (sample.leadMs - line.at(sample.localMs)) ** 2, 0);
  return {
    leadMs: line.at(atLocalMs),
    atLocalMs,
    skewPpm: line.slope * 1e6,
    scatterMs: Math.sqrt(squares / Math.max(1, kept.length)),
    samples: kept.length,
  };
}

function leastSquares(
  samples: readonly { localMs: number; leadMs: number }[],
  originMs: number,
  usualSkew: number,
) {
  const count = samples.length;
  const meanLocal = samples.reduce((sum, sample) => sum + (sample.localMs - originMs), 0) / count;
  const meanLead = samples.reduce((sum, sample) => sum + sample.leadMs, 0) / count;
  let spread = (SAMPLE_NOISE_MS / (SKEW_PRIOR_PPM * 1e-6)) ** 2;
  let covariance = 0;
  for (const sample of samples) {
    const fromMean = sample.localMs - originMs - meanLocal;
    spread += fromMean ** 2;
    covariance += fromMean * (sample.leadMs - meanLead - usualSkew * fromMean);
  }
  const slope = usualSkew + covariance / spread;
  return { slope, at: (localMs: number) => meanLead + slope * (localMs - originMs - meanLocal) };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
