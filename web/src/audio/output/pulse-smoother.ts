// PulseAudio's client library (libpulse 16.1) between two answers of its server: a straight line from a pivot, whose slope
// follows the answers through three low passes. Run along, these tell from where the line broke off which answer made it. Pure.
// Local ms, lead ms; slopes in ms per ms. The library's Kalman filter, which works where slopes move by less than some 2 ppm an
// answer, is left out (docs/decisions/0022).

/** The pivot stands still for as long; it is the first answer of a stream, or the first after an underrun. */
const WINDOW_MS = 5_000;
const SLOPE_LAG_MS = WINDOW_MS / (2 * Math.PI);
const DRIFT_LAG_MS = SLOPE_LAG_MS / 8;
/**
 * From the pivot to the answers: the library asks after 10 ms, then after twice as long, and leaves out answers before 100 ms.
 */
const SCHEDULE_MS = [150, 310, 630, 1_270, 2_550, 4_050];
/** From the pivot: between the second answer and the third. */
export const SECOND_LINE_MS: readonly [number, number] = [310, 630];
export const PERIOD_MS = 1_500;
/** An answer may have been noticed this much sooner or later than its schedule says. */
const OFF_SCHEDULE_MS = 60;

/** What is carried over an underrun: the line's slope, and the two low passes, both 1 where the two clocks agree. */
export interface DriftFilters {
  readonly slope: number;
  readonly drift: number;
  readonly smoothDrift: number;
}

/** Filters that have come to rest on a line of this slope. */
export function atRest(slope: number): DriftFilters {
  const drift = (1 - 2 * slope) / (1 + 2 * slope);
  return { slope, drift, smoothDrift: drift };
}

export interface Answer {
  /** How far off the line before it the answer was. */
  readonly offMs: number;
  /** Of the line after it. */
  readonly slope: number;
}

export class PulseSmoother {
  #filters: DriftFilters;
  #pivotMs: number;
  readonly #begunMs: number;
  #answeredMs: number;

  /** @param begunMs when the pivot was set; it is `pivotMs` unless it has moved since */
  constructor(filters: DriftFilters, pivotMs: number, begunMs = pivotMs, answeredMs = pivotMs) {
    this.#filters = filters;
    this.#pivotMs = pivotMs;
    this.#begunMs = begunMs;
    this.#answeredMs = answeredMs;
  }

  /** As it is somewhere in its life, by the slopes of two lines in turn: the low passes have hardly a memory beyond these. */
  static settled(slopeBefore: number, slope: number, answeredMs: number): PulseSmoother {
    const slopeShare = PERIOD_MS / (PERIOD_MS + SLOPE_LAG_MS);
    const filters = { ...atRest(slopeBefore + (slope - slopeBefore) / slopeShare), slope };
    const pivotMs = answeredMs - (SCHEDULE_MS.at(-1) ?? 0);
    return new PulseSmoother(filters, pivotMs, Number.NEGATIVE_INFINITY, answeredMs);
  }

  get filters(): DriftFilters {
    return this.#filters;
  }

  get answeredMs(): number {
    return this.#answeredMs;
  }

  /** Whether the pivot has not moved yet: all lines so far meet in it. */
  get isYoung(): boolean {
    return this.#answeredMs - this.#begunMs <= WINDOW_MS;
  }

  get pivotMs(): number {
    return this.#pivotMs;
  }

  /** The same with what its lines were seen to have; only while it is young. */
  seen(slope: number, pivotMs: number): PulseSmoother {
    return new PulseSmoother({ ...this.#filters, slope }, pivotMs, this.#begunMs, this.#answeredMs);
  }

  /** When the next answer is due. */
  get dueMs(): number {
    const ageMs = this.#answeredMs - this.#begunMs;
    const next = SCHEDULE_MS.find((dueMs) => dueMs > ageMs + OFF_SCHEDULE_MS);
    return next === undefined ? this.#answeredMs + PERIOD_MS : this.#begunMs + next;
  }

  /**
   * As it is after the first two answers on a new pivot, when `slope` was seen. The pivot is milliseconds off, and the answers agree on
   * where the stream is far better than that.
   */
  static begun(filters: DriftFilters, pivotMs: number, slope: number): PulseSmoother {
    const slopeWhen = (offMs: number) => begunWith(filters, pivotMs, offMs).filters.slope;
    return begunWith(filters, pivotMs, solve(slopeWhen, slope));
  }

  /** The answer of `localMs` that made the next line begin `jumpMs` beside the last, both read at `readMs`. */
  answerOf(localMs: number, jumpMs: number, readMs: number): Answer {
    const chordMs = localMs - this.#pivotMs;
    const jumpWhen = (offMs: number): number => {
      const after = this.after(localMs, offMs);
      const movedMs = after.pivotMs - this.#pivotMs;
      const bend = after.filters.slope - this.#filters.slope;
      return (offMs / chordMs) * movedMs + bend * (readMs - after.pivotMs);
    };
    const offMs = solve(jumpWhen, jumpMs);
    return { offMs, slope: this.after(localMs, offMs).filters.slope };
  }

  /** The same after an answer at `localMs` that was `offMs` off the line. */
  after(localMs: number, offMs: number): PulseSmoother {
    const periodMs = localMs - this.#answeredMs;
    const movedMs = localMs - this.#begunMs > WINDOW_MS ? periodMs : 0;
    const chord = this.#filters.slope + offMs / (localMs - this.#pivotMs);
    const filters = bent(this.#filters, chord, periodMs);
    return new PulseSmoother(filters, this.#pivotMs + movedMs, this.#begunMs, localMs);
  }
}

/** The chord's slope goes through two low passes, half of it fed back from behind them, and a third one (time-smoother_2.c). */
function bent(before: DriftFilters, chord: number, periodMs: number): DriftFilters {
  const driftShare = periodMs / (periodMs + DRIFT_LAG_MS);
  const slopeShare = periodMs / (periodMs + SLOPE_LAG_MS);
  const drift = pass(before.drift, (before.smoothDrift + 1) * (0.5 - chord), driftShare);
  const smoothDrift = pass(before.smoothDrift, drift, driftShare);
  const slope = (smoothDrift + 3) / (smoothDrift + 1) / 2 - 1;
  return { drift, smoothDrift, slope: pass(before.slope, slope, slopeShare) };
}

function begunWith(filters: DriftFilters, pivotMs: number, firstOffMs: number): PulseSmoother {
  const [first = 0, second = 0] = SCHEDULE_MS;
  const { slope } = filters;
  const begun = new PulseSmoother(filters, pivotMs).after(pivotMs + first, firstOffMs);
  const offMs = firstOffMs + (slope - begun.filters.slope) * second;
  return begun.after(pivotMs + second, offMs);
}

/** Where `f` is `value`, by the secant; `f` rises and is nearly a straight line. */
function solve(f: (x: number) => number, value: number): number {
  let [before, x] = [0, 1];
  for (let step = 0; step < 4; step++) {
    const rise = f(x) - f(before);
    if (rise === 0) break;
    const next = x + ((value - f(x)) * (x - before)) / rise;
    [before, x] = [x, next];
  }
  return x;
}

const pass = (before: number, input: number, share: number): number => before + share * (input - before);
