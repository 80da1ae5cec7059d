// Where the loudspeaker is: a robust straight line through pairs (local ms, audio seconds at the output). Pure; the shell
// feeds it timestamps every few ten ms. Audio seconds are AudioContext time, so frame = seconds × sample rate.
// Does not know which engine the pairs come from; speaker-timestamps.ts has translated them already.

import type { Lead } from "./straight-line.ts";

export interface OutputSample {
  readonly localMs: number;
  /** AudioContext time of the sample that is leaving the output at `localMs`. */
  readonly audioSec: number;
  /**
   * `smoothed`: the platform has averaged it in its own way, and what it averaged comes as answers; no more than a stopgap.
   * `rough`: the same of a stream that has just begun or stumbled, before the first answer: it may be milliseconds off.
   * `answer`: what the platform measured, dated back. `edge`: of a staircase, the highest of some stairs (firefox.ts). Anything else
   * speaks for itself.
   */
  readonly kind?: "smoothed" | "rough" | "answer" | "edge";
  /** Of an answer: its standard deviation. Of what is rough: how far off it may be. */
  readonly noiseMs?: number | undefined;
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
 * How late the output is moves with the stream, so only a few seconds speak for it; a crystal hardly moves, so its skew is
 * read over many, across underruns. One window of 4 s for both bent the rate by 1000 ppm and more on a starved machine,
 * where small unseen steps tilt a short line.
 */
const LEVEL_WINDOW_MS = 4_000;
const EDGE_LEVEL_WINDOW_MS = 8_000;
const SKEW_WINDOW_MS = 60_000;
/** Fitting the skew at every timestamp would cost more than it tells. */
const SKEW_PERIOD_MS = 250;
/** Cards in use were within 300 ppm; whatever asks for more is not a crystal. */
const MAX_SKEW_PPM = 500;
/**
 * Prior on the skew, around 0 for a new card and around the last known skew after an interruption. Timestamps lean to one
 * side for seconds (PulseAudio's, in a stream's first ten, by up to 3 ms), so each says far less than its scatter of 0.1 ms: at
 * 0.2 a device that had entered mid-song 5 s after its stream began ran 545 ppm fast, with a crossfade every 1.5 s.
 */
const SKEW_PRIOR_PPM = 100;
const SAMPLE_NOISE_MS = 1;
const ANSWER_NOISE_MS = 0.05;
/** What edges scatter, each by itself (eight streams of Firefox 153 beside Chromium, every 150 ms). */
const EDGE_SCATTER_MS = 0.75;
const OUTLIER_MADS = 3;
/** MAD of a sample this small is timer granularity, not scatter; without a floor good samples would be dropped. */
const MIN_MAD_MS = 0.02;
/**
 * An underrun or a new output moves the line at once, by 2 to 20 ms; the card's own wander stays within 0.4 ms of the
 * line (Chromium 156, 25 s). Five outliers in a row that agree with each other are a step.
 */
const STEP_MS = 0.8;
const STEP_SAMPLES = 5;
const STEP_AGREEMENT_MS = 1;
/** Edges come seldom, and so few of them agree on a step within half a second; three differ by less than this. */
const EDGE_STEP_SAMPLES = 3;
const EDGE_AGREEMENT_MS = 3;
/**
 * A stream that has just begun to sound may creep by 2 ms within seconds, each edge within the scatter of the others. Where the mean
 * of so many is this far off the line (four of its standard deviations), the line begins anew with them.
 */
const CREEP_SAMPLES = 8;
const CREEP_MS = 1.1;
/** Where timestamps scatter more than Chromium's, a step must stand out from that scatter, in standard deviations. */
const STEP_SCATTERS = 3;
/** One timestamp off the line is a thread that was put off; a stumble, after which the library's lines curve, shows in all that follow. */
const DOUBTFUL_SAMPLES = 2;
/** Outliers that never agree, for this many samples in a row: the old line is wrong whatever the new one is. */
const LOST_SAMPLES = 15;
const MIN_SAMPLES = 5;
/** Answers (pulseaudio.ts) come every 1.5 s, each with a scatter of its own; twenty of them make a level. */
const ANSWERED_LEVEL_MS = 30_000;
const CONTRADICTING_ANSWERS = 3;
/**
 * One answer alone may be one of the late ones: in a room of four beside busy loops a device stood 3.4 ms off for five seconds on its
 * first. A start waits for a second one (P27), and what contradicts the first needs one less to agree with.
 */
const LONE_ANSWER_MS = 1.5;
/**
 * A busy machine's answers come late, by up to 14 ms, and few of them may agree by accident: three of a stream that had just stumbled did
 * within 0.003 ms, and were 0.6 off. So what answers were off by lately is what each may be off by: learnt within about two that are off by
 * more, and forgotten over six. While it was learnt over six, too, and a millisecond and a half at most, a page said 3 ms and stood 8 off.
 */
const LEARNT_ANSWERS = 2;
const REMEMBERED_ANSWERS = 6;
/** What is off by more is one wild answer, or the output has moved. */
const MAX_ANSWER_ERROR_MS = 8;
/** Without an answer for so long, smoothed timestamps are better than none. */
const ANSWER_PATIENCE_MS = 8_000;

/**
 * Before the first answer the library's line hangs on one reading of a stream that had hardly begun: in rooms whose streams had
 * underrun it was up to 40 ms off, and mostly within this; a steep line of the library's tells of more.
 */
const ROUGH_MS = 5;
/** Nobody has measured a loudspeaker any better. */
const LEAST_UNCERTAIN_MS = 0.03;
/** Timestamps that follow each other closely lean together: so many of them tell as much as one that stands alone. */
const LEANING_SAMPLES = 8;
const LEANING_EDGES = 2;
/**
 * Answers that follow each other are alike by a third to a half; their mean is this much less certain than that of as many
 * strangers.
 */
const LEANING_ANSWERS = 1.6;
/** Answers over less than this have not told the card's skew for the time after an underrun. */
const SKEW_KNOWN_MS = 15_000;
const KNOWN_SKEW_PPM = 10;

interface Sample extends Lead {
  /** Standard deviation, 1 for a timestamp. */
  readonly noiseMs: number;
  /** After how many steps: how large a step was nobody knows exactly. */
  readonly step: number;
}

/** Standard deviations: of the level where all is known best, and of the slope away from there. */
interface LineNoise {
  readonly levelMs: number;
  /** What the level may be off by, if each answer is off as those before it were. */
  readonly answersMs: number;
  readonly meanLocalMs: number;
  readonly skew: number;
}

export class OutputClock {
  /** All of the skew's window. */
  #samples: Sample[] = [];
  #levelFromMs = Number.NEGATIVE_INFINITY;
  #skewFittedMs = Number.NEGATIVE_INFINITY;
  #skew = 0;
  /** Slope to assume while there are few samples: a card keeps its crystal over an interruption. */
  #usualSkew = 0;
  #usualSkewPpm = SKEW_PRIOR_PPM;
  #noise: LineNoise = { levelMs: 0, answersMs: 0, meanLocalMs: 0, skew: 0 };
  /** How far off the line may be while the platform's timestamps are rough. */
  #roughMs: number | null = null;
  #areEdges = false;
  #reading: LineReading | null = null;
  #outliers: Sample[] = [];
  /** Of the last timestamp, also of one that the line does not stand on: read again, it says nothing new. */
  #toldMs = Number.NEGATIVE_INFINITY;
  /** When the last answer was given that the line stands on. */
  #answeredLocalMs = Number.NEGATIVE_INFINITY;
  /** What answers were off the line by lately: of this machine, so it outlives a stream. */
  #answerErrorMs = 0;
  /** Contradict the line and agree with each other, or are the first of all; the next answers decide. */
  #suspect: Sample[] = [];
  /** How far the newest smoothed timestamp was from the line that stands on answers. */
  #smoothingMs = 0;
  #steps = 0;

  /** How often the line had to follow a step: underruns and output changes. */
  get steps(): number {
    return this.#steps;
  }

  get reading(): LineReading | null {
    return this.#reading;
  }

  reset(): void {
    this.#samples = [];
    this.#outliers = [];
    this.#toldMs = Number.NEGATIVE_INFINITY;
    this.#answeredLocalMs = Number.NEGATIVE_INFINITY;
    this.#suspect = [];
    this.#reading = null;
    this.#usualSkew = this.#skew;
    this.#levelFromMs = Number.NEGATIVE_INFINITY;
    this.#skewFittedMs = Number.NEGATIVE_INFINITY;
  }

  /** Adds a timestamp; repeated and backward ones are ignored, and smoothed ones while there are answers (P24). */
  add(sample: OutputSample): void {
    const lead = { localMs: sample.localMs, leadMs: sample.audioSec * 1000 - sample.localMs };
    if (sample.kind === "answer") {
      this.#addAnswer({ ...lead, noiseMs: sample.noiseMs ?? ANSWER_NOISE_MS, step: 0 });
      return;
    }
    this.#roughMs = sample.kind === "rough" ? Math.max(ROUGH_MS, sample.noiseMs ?? 0) : null;
    this.#areEdges = sample.kind === "edge";
    const stamp = { ...lead, noiseMs: this.#areEdges ? EDGE_SCATTER_MS : SAMPLE_NOISE_MS, step: this.#steps };
    if (stamp.localMs <= this.#toldMs) return;
    this.#toldMs = stamp.localMs;
    const isAnswered = this.#isAnsweredAt(stamp.localMs);
    if (isAnswered && sample.kind === "smoothed") {
      this.#smoothingMs = stamp.leadMs - this.#leadMsAt(stamp.localMs);
      this.#outliers = [];
      return;
    }
    // Between answers only a step counts, and smoothing is none.
    const entry = isAnswered ? { ...stamp, leadMs: stamp.leadMs - this.#smoothingMs } : stamp;
    if (this.#isSettled()) {
      if (this.#isOutlier(entry)) {
        this.#outliers.push(entry);
        if (!this.#followStep()) return;
        if (sample.kind !== "smoothed") this.#answeredLocalMs = Number.NEGATIVE_INFINITY;
      } else if (!isAnswered) {
        this.#samples.push(entry);
        if (this.#areEdges) this.#followCreep();
      }
      this.#outliers = [];
      if (this.#isAnsweredAt(entry.localMs)) return; // nothing was learnt
    } else {
      this.#samples.push(entry);
    }
    this.#fit(entry.localMs);
  }

  /**
   * The mean of what is told is within this of the line in 19 of 20 moments, ms; null until the line stands. How far that mean may
   * be from the output, the engine's reader says (`systematicMs`).
   */
  uncertaintyMsAt(localMs: number): number | null {
    if (!this.#isSettled()) return null;
    if (this.#roughMs !== null) return this.#roughMs;
    return this.#uncertaintyMs(this.#noise.levelMs, localMs);
  }

  /**
   * The same for people and other devices, who are told of what the machine's answers were off by lately and of timestamps that leave the
   * line, too. The servo and the crossfades do not wait for such doubts to pass, which could leave a known error standing for seconds.
   */
  toldUncertaintyMsAt(localMs: number): number | null {
    const lineMs = this.uncertaintyMsAt(localMs);
    if (lineMs === null || this.#roughMs !== null) return lineMs;
    const { levelMs, answersMs } = this.#noise;
    return Math.max(this.#doubtMs(), this.#uncertaintyMs(Math.max(levelMs, answersMs), localMs));
  }

  #uncertaintyMs(levelMs: number, localMs: number): number {
    const { meanLocalMs, skew } = this.#noise;
    return Math.max(LEAST_UNCERTAIN_MS, 2 * Math.hypot(levelMs, skew * (localMs - meanLocalMs)));
  }

  /** Audio seconds at the output at `localMs`; null until the line stands. */
  audioSecAt(localMs: number): number | null {
    if (!this.#isSettled()) return null;
    return (localMs + this.#leadMsAt(localMs)) / 1000;
  }

  /** The local moment at which audio second `audioSec` leaves the output; null until the line stands. */
  localMsAt(audioSec: number): number | null {
    const reading = this.#reading;
    if (!reading || !this.#isSettled()) return null;
    const skew = reading.skewPpm * 1e-6;
    return (audioSec * 1000 - reading.leadMs + skew * reading.atLocalMs) / (1 + skew);
  }

  /**
   * From the second one on, the line stands on answers alone. Three that contradict it and agree with each other begin anew: a single
   * late one moved a line by half a millisecond for half a minute, and one stall may hold up two. A stream that begins anew says so itself.
   */
  #addAnswer(entry: Sample): void {
    const isAnswered = this.#isAnsweredAt(entry.localMs);
    if (isAnswered) this.#learnAnswerError(entry);
    if (isAnswered && !this.#isOutlier(entry)) {
      this.#suspect = [];
      this.#answeredLocalMs = entry.localMs;
      this.#samples.push(entry);
      this.#fit(entry.localMs);
      return;
    }
    const isAgreed = this.#suspect.every((other) => Math.abs(entry.leadMs - other.leadMs) <= STEP_MS);
    const agreed = [...(isAgreed ? this.#suspect : []), entry];
    this.#suspect = agreed;
    const needed = isAnswered ? Math.min(CONTRADICTING_ANSWERS, this.#samples.length + 1) : 1;
    if (agreed.length < needed) return;
    this.#suspect = [];
    this.#answeredLocalMs = entry.localMs;
    this.#keepSkew();
    this.#samples = agreed;
    this.#levelFromMs = Number.NEGATIVE_INFINITY;
    this.#skewFittedMs = Number.NEGATIVE_INFINITY;
    this.#steps += 1;
    this.#fit(entry.localMs);
  }

  #learnAnswerError(entry: Sample): void {
    const offMs = Math.min(MAX_ANSWER_ERROR_MS, Math.abs(entry.leadMs - this.#leadMsAt(entry.localMs)));
    const remembered = offMs > this.#answerErrorMs ? LEARNT_ANSWERS : REMEMBERED_ANSWERS;
    this.#answerErrorMs += (offMs - this.#answerErrorMs) / remembered;
  }

  /** A card keeps its crystal over an underrun; its level is anybody's guess. */
  #keepSkew(): void {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (!first || !last || first.noiseMs === SAMPLE_NOISE_MS || last.localMs - first.localMs < SKEW_KNOWN_MS)
      return;
    this.#usualSkew = this.#skew;
    this.#usualSkewPpm = KNOWN_SKEW_PPM;
  }

  #isOutlier(entry: Sample): boolean {
    const offMs = Math.abs(entry.leadMs - this.#leadMsAt(entry.localMs));
    return offMs > Math.max(STEP_MS, STEP_SCATTERS * this.#scatterMs());
  }

  /** Several timestamps off the line tell that the output has moved; by how much, only once they agree. Until then it may be that far. */
  #doubtMs(): number {
    if (this.#outliers.length < DOUBTFUL_SAMPLES) return 0;
    return Math.min(
      ...this.#outliers.map(({ localMs, leadMs }) => Math.abs(leadMs - this.#leadMsAt(localMs))),
    );
  }

  /** Takes the outliers over when enough of them in a row agree on where the line is now, or it is lost. */
  #followStep(): boolean {
    const count = this.#areEdges ? EDGE_STEP_SAMPLES : STEP_SAMPLES;
    const fresh = this.#outliers.slice(-count);
    if (fresh.length < count) return false;
    const steps = fresh.map((outlier) => outlier.leadMs - this.#leadMsAt(outlier.localMs));
    const leastMs = this.#areEdges ? EDGE_AGREEMENT_MS : STEP_AGREEMENT_MS;
    const agreementMs = Math.max(leastMs, STEP_SCATTERS * this.#scatterMs());
    const isAgreed = Math.max(...steps) - Math.min(...steps) < agreementMs;
    if (!isAgreed && this.#outliers.length < LOST_SAMPLES) return false;
    this.#beginAnew(isAgreed ? this.#samples : [], fresh);
    return true;
  }

  #followCreep(): void {
    const recent = this.#samples.slice(-CREEP_SAMPLES);
    const fromMs = recent[0]?.localMs ?? this.#levelFromMs;
    if (recent.length < CREEP_SAMPLES || fromMs <= this.#levelFromMs) return;
    const offMs = recent.reduce((sum, each) => sum + each.leadMs - this.#leadMsAt(each.localMs), 0);
    if (Math.abs(offMs) < CREEP_SAMPLES * CREEP_MS) return;
    this.#beginAnew(this.#samples.slice(0, -CREEP_SAMPLES), recent);
  }

  #beginAnew(before: readonly Sample[], fresh: readonly Sample[]): void {
    const step = ++this.#steps;
    this.#samples = [...before, ...fresh.map((each) => ({ ...each, step }))];
    this.#levelFromMs = fresh[0]?.localMs ?? this.#levelFromMs;
  }

  #scatterMs(): number {
    return Math.max(this.#areEdges ? EDGE_SCATTER_MS : 0, this.#reading?.scatterMs ?? 0);
  }

  #fit(nowMs: number): void {
    const oldestMs = nowMs - SKEW_WINDOW_MS;
    while ((this.#samples[0]?.localMs ?? oldestMs) < oldestMs) this.#samples.shift();
    if (nowMs - this.#skewFittedMs >= SKEW_PERIOD_MS) {
      this.#skew = fitSkew(this.#samples, this.#usualSkew, this.#usualSkewPpm);
      this.#skewFittedMs = nowMs;
    }
    const toldMs = this.#areEdges ? EDGE_LEVEL_WINDOW_MS : LEVEL_WINDOW_MS;
    const windowMs = this.#isAnsweredAt(nowMs) ? ANSWERED_LEVEL_MS : toldMs;
    const fromMs = Math.max(this.#levelFromMs, nowMs - windowMs);
    const recent = this.#samples.slice(this.#samples.findIndex((sample) => sample.localMs >= fromMs));
    if (recent.length === 0 || (recent.length === 1 && !this.#isAnsweredAt(nowMs))) {
      this.#reading = null;
      return;
    }
    this.#reading = fitLevel(recent, nowMs, this.#skew);
    this.#noise = this.#noiseOf(this.#reading, recent, nowMs);
  }

  #noiseOf(level: LineReading, recent: readonly Sample[], nowMs: number): LineNoise {
    const { meanLocal, deviation } = leastSquares(this.#samples, this.#usualSkew, this.#usualSkewPpm);
    if (this.#isAnsweredAt(nowMs)) {
      const toldMs = recent.reduce((sum, { noiseMs }) => sum + noiseMs ** -2, 0) ** -0.5;
      const seenMs = level.scatterMs / Math.sqrt(level.samples);
      const scatterMs = LEANING_ANSWERS * Math.max(toldMs, seenMs);
      const levelMs = this.#samples.length === 1 ? Math.max(LONE_ANSWER_MS / 2, scatterMs) : scatterMs;
      const answersMs = (LEANING_ANSWERS * this.#answerErrorMs) / Math.sqrt(level.samples);
      return { levelMs, answersMs, meanLocalMs: meanLocal, skew: deviation };
    }
    const leaning = this.#areEdges ? LEANING_EDGES : LEANING_SAMPLES;
    const levelMs = this.#scatterMs() / Math.sqrt(Math.max(1, level.samples / leaning));
    return { levelMs, answersMs: 0, meanLocalMs: nowMs, skew: deviation };
  }

  #isSettled(): boolean {
    return (
      this.#reading !== null &&
      (this.#samples.length >= (this.#areEdges ? EDGE_STEP_SAMPLES : MIN_SAMPLES) ||
        this.#answeredLocalMs > Number.NEGATIVE_INFINITY)
    );
  }

  #isAnsweredAt(localMs: number): boolean {
    return localMs - this.#answeredLocalMs < ANSWER_PATIENCE_MS;
  }

  #leadMsAt(localMs: number): number {
    const reading = this.#reading;
    if (!reading) return 0;
    return reading.leadMs + (localMs - reading.atLocalMs) * reading.skewPpm * 1e-6;
  }
}

/** Where a line of slope `skew` through the samples is at `atLocalMs`: their mean without those beyond 3 MAD. */
function fitLevel(samples: readonly Sample[], atLocalMs: number, skew: number): LineReading {
  const leads = samples.map((sample) => sample.leadMs + skew * (atLocalMs - sample.localMs));
  const isKept = withinOutliers(leads, median(leads));
  const kept = leads.filter((_, index) => isKept[index]);
  const weights = samples.filter((_, index) => isKept[index]).map(({ noiseMs }) => noiseMs ** -2);
  const leadMs = weightedMean(kept, weights);
  const scatterMs = Math.sqrt(
    weightedMean(
      kept.map((lead) => (lead - leadMs) ** 2),
      weights,
    ),
  );
  return { leadMs, atLocalMs, skewPpm: skew * 1e6, scatterMs, samples: kept.length };
}

/** Least squares with a prior on the slope, twice: the second pass without samples beyond 3 MAD of the first. */
function fitSkew(samples: readonly Sample[], usualSkew: number, usualSkewPpm: number): number {
  const rough = leastSquares(samples, usualSkew, usualSkewPpm);
  const isKept = withinOutliers(samples.map(rough.residualOf), 0);
  const kept = samples.filter((_, index) => isKept[index]);
  const { slope } = kept.length >= 2 ? leastSquares(kept, usualSkew, usualSkewPpm) : rough;
  const limit = MAX_SKEW_PPM * 1e-6;
  return Math.min(limit, Math.max(-limit, slope));
}

/** One slope for all, and a level for what lies between two steps: so the size of a step bends no line. */
function leastSquares(samples: readonly Sample[], usualSkew: number, usualSkewPpm: number) {
  const sums = new Map<number, { weight: number; localMs: number; leadMs: number }>();
  for (const { step, noiseMs, localMs, leadMs } of samples) {
    const sum = sums.get(step) ?? { weight: 0, localMs: 0, leadMs: 0 };
    const weight = noiseMs ** -2;
    sum.weight += weight;
    sum.localMs += weight * localMs;
    sum.leadMs += weight * leadMs;
    sums.set(step, sum);
  }
  const meanOf = (step: number) => {
    const { weight, localMs, leadMs } = sums.get(step) ?? { weight: 1, localMs: 0, leadMs: 0 };
    return { localMs: localMs / weight, leadMs: leadMs / weight };
  };
  const means = new Map([...sums.keys()].map((step) => [step, meanOf(step)]));
  const meanOfSample = ({ step }: Sample) => means.get(step) ?? meanOf(step);
  let spread = (usualSkewPpm * 1e-6) ** -2;
  let covariance = 0;
  for (const sample of samples) {
    const weight = sample.noiseMs ** -2;
    const mean = meanOfSample(sample);
    const fromMean = sample.localMs - mean.localMs;
    spread += weight * fromMean ** 2;
    covariance += weight * fromMean * (sample.leadMs - mean.leadMs - usualSkew * fromMean);
  }
  const slope = usualSkew + covariance / spread;
  return {
    slope,
    deviation: spread ** -0.5,
    meanLocal: means.get(samples.at(-1)?.step ?? 0)?.localMs ?? 0,
    residualOf: (sample: Sample) => {
      const mean = meanOfSample(sample);
      return sample.leadMs - mean.leadMs - slope * (sample.localMs - mean.localMs);
    },
  };
}

function withinOutliers(values: readonly number[], centre: number): boolean[] {
  const limit = OUTLIER_MADS * Math.max(MIN_MAD_MS, median(values.map((value) => Math.abs(value - centre))));
  return values.map((value) => Math.abs(value - centre) <= limit);
}

function weightedMean(values: readonly number[], weights: readonly number[]): number {
  let sum = 0;
  let total = 0;
  for (const [index, value] of values.entries()) {
    sum += value * (weights[index] ?? 0);
    total += weights[index] ?? 0;
  }
  return sum / (total || 1);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
