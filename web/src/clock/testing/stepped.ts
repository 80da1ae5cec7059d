// A clock as a browser tells it that hides the exact time: in steps, and in Firefox up or down at random within each. Pure.

import type { SeededRandom } from "../../lib/testing/index.ts";

/** Turns true readings into told ones. Without `random` they are rounded down. */
export function steppedBy(stepMs: number, random?: SeededRandom): (trueMs: number) => number {
  const turnsUpAt = new Map<number, number>();
  return (trueMs) => {
    const step = Math.floor(trueMs / stepMs);
    if (!random) return step * stepMs;
    const at = turnsUpAt.get(step) ?? random.fraction();
    turnsUpAt.set(step, at);
    return (step + (trueMs / stepMs - step >= at ? 1 : 0)) * stepMs;
  };
}
