// When to probe the server's clock. Pure: told the local time in ms, answers how long to wait.
//   joining: 8 probes 40 ms apart, then 5 Hz for 5 s · idle 1 Hz · pre-roll 5 Hz · playing 2 Hz · a burst on demand

import { BURST_PROBES, BURST_SPACING_MS, CLOCK_SETTLING_MS } from "../protocol/constants/clock.gen.ts";

export type Activity = "idle" | "pre-roll" | "playing";

const PERIOD_MS = { settling: 200, idle: 1_000, "pre-roll": 200, playing: 500 } as const;

export class Cadence {
  #burstLeft = 0;
  #settlingUntilMs = Number.NEGATIVE_INFINITY;
  #activity: Activity = "idle";

  /** On joining, after a resume or a route change: the next probes come fast. */
  burst(localMs: number): void {
    this.#burstLeft = BURST_PROBES;
    this.#settlingUntilMs = localMs + CLOCK_SETTLING_MS;
  }

  setActivity(activity: Activity): void {
    this.#activity = activity;
  }

  /** Notes that a probe is sent at `localMs` and returns the wait until the next one, ms. */
  afterProbe(localMs: number): number {
    if (this.#burstLeft > 0) {
      this.#burstLeft -= 1;
      return BURST_SPACING_MS;
    }
    return localMs < this.#settlingUntilMs ? PERIOD_MS.settling : PERIOD_MS[this.#activity];
  }
}
