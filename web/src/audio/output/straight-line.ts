// A least-squares line through readings (local ms, lead ms) that may be cut and begun anew. Pure.

export interface Lead {
  readonly localMs: number;
  /** audio ms − local ms */
  readonly leadMs: number;
}

/**
 * What one smoothed timestamp is off its line: rounding to whole microseconds, and the callback's own time (standard
 * deviation).
 */
export const STAMP_NOISE_MS = 0.003;
/** How much slopes differ from one line to the next; with a handful of timestamps the last line's says more than they do. */
const USUAL_BEND = 3e-3;

export class StraightLine {
  readonly leads: Lead[];
  readonly #usualSlope: number;
  #fit: {
    readonly meanMs: number;
    readonly meanLeadMs: number;
    readonly slope: number;
    readonly spread: number;
  } | null = null;

  /** `usualSlope`, ms per ms: what the readings are expected to have until they say otherwise. Never empty. */
  constructor(leads: readonly Lead[], usualSlope: number) {
    this.leads = [...leads];
    this.#usualSlope = usualSlope;
  }

  get fromMs(): number {
    return this.leads[0]?.localMs ?? 0;
  }

  get untilMs(): number {
    return this.leads.at(-1)?.localMs ?? 0;
  }

  get middleMs(): number {
    return this.#fitted().meanMs;
  }

  get slope(): number {
    return this.#fitted().slope;
  }

  /** Standard deviation of `slope` for readings as exact as smoothed timestamps are. */
  get slopeNoise(): number {
    return STAMP_NOISE_MS / Math.sqrt(this.#fitted().spread);
  }

  add(lead: Lead): void {
    this.leads.push(lead);
    this.#fit = null;
  }

  leadMsAt(localMs: number): number {
    const { meanMs, meanLeadMs, slope } = this.#fitted();
    return meanLeadMs + slope * (localMs - meanMs);
  }

  /** Standard deviation of `leadMsAt`, as `slopeNoise`. */
  noiseMsAt(localMs: number): number {
    const { meanMs, spread } = this.#fitted();
    return STAMP_NOISE_MS * Math.sqrt(1 / this.leads.length + (localMs - meanMs) ** 2 / spread);
  }

  /** Takes off what comes after `localMs`, as a line of its own; null where nothing does. */
  splitAfter(localMs: number): StraightLine | null {
    const index = this.leads.findIndex((lead) => lead.localMs > localMs);
    if (index <= 0) return null;
    const { slope } = this;
    this.#fit = null;
    return new StraightLine(this.leads.splice(index), slope);
  }

  #fitted() {
    if (this.#fit) return this.#fit;
    const count = Math.max(1, this.leads.length);
    let meanMs = 0;
    let meanLeadMs = 0;
    for (const { localMs, leadMs } of this.leads) {
      meanMs += localMs / count;
      meanLeadMs += leadMs / count;
    }
    let spread = (STAMP_NOISE_MS / USUAL_BEND) ** 2;
    let covariance = 0;
    for (const { localMs, leadMs } of this.leads) {
      const fromMeanMs = localMs - meanMs;
      spread += fromMeanMs ** 2;
      covariance += fromMeanMs * (leadMs - meanLeadMs - this.#usualSlope * fromMeanMs);
    }
    this.#fit = { meanMs, meanLeadMs, slope: this.#usualSlope + covariance / spread, spread };
    return this.#fit;
  }
}
