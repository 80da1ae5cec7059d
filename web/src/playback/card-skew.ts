// The card's clock against local time over a minute, for sound that is queued far ahead. The line's own 4 s follow an
// underrun at once and are off by 1000 ppm and more on a busy device: 90 s queued at that rate would end 90 ms away. Pure.

const WINDOW_MS = 60_000;
const SPACING_MS = 500;
/**
 * What single timestamps scatter by on a busy machine, and how far off cards in use are: with few seconds to go by, a
 * slope is believed only as far as it exceeds that noise.
 */
const NOISE_MS = 1;
const PRIOR_PPM = 100;

interface Point {
  readonly localMs: number;
  readonly leadMs: number;
}

export class CardSkew {
  #points: Point[] = [];

  add(point: Point): void {
    const last = this.#points.at(-1);
    if (last && point.localMs - last.localMs < SPACING_MS) return;
    this.#points = [...this.#points.filter((each) => point.localMs - each.localMs <= WINDOW_MS), point];
  }

  /** The line stepped by this much (an underrun): the card's crystal is what it was. */
  step(byMs: number): void {
    this.#points = this.#points.map(({ localMs, leadMs }) => ({ localMs, leadMs: leadMs + byMs }));
  }

  reset(): void {
    this.#points = [];
  }

  /** Least squares with a prior around 0, ms per ms. */
  get slope(): number {
    const count = this.#points.length;
    const mean = (of: (point: Point) => number) =>
      this.#points.reduce((sum, point) => sum + of(point), 0) / count;
    const meanLocalMs = mean((point) => point.localMs);
    const meanLeadMs = mean((point) => point.leadMs);
    let spread = (NOISE_MS / (PRIOR_PPM * 1e-6)) ** 2;
    let covariance = 0;
    for (const { localMs, leadMs } of this.#points) {
      spread += (localMs - meanLocalMs) ** 2;
      covariance += (localMs - meanLocalMs) * (leadMs - meanLeadMs);
    }
    return covariance / spread;
  }
}
