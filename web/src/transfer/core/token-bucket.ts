// A rate with a burst, for limits and for pacing. Told the local time, ms; a clock that stands still refills nothing.

export class TokenBucket {
  #tokens: number;
  #refilledLocalMs: number | null = null;

  constructor(
    readonly perSec: number,
    readonly burst: number,
  ) {
    this.#tokens = burst;
  }

  /** Takes one, if there is one. */
  take(localMs: number): boolean {
    const elapsedSec = Math.max(0, localMs - (this.#refilledLocalMs ?? localMs)) / 1000;
    this.#refilledLocalMs = localMs;
    this.#tokens = Math.min(this.burst, this.#tokens + elapsedSec * this.perSec);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
