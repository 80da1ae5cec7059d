// How long to wait before connecting again: exponential with full jitter, 0.25 → 8 s, for ever. Pure.
// Full jitter keeps a whole party from knocking at a restarted server in the same moment.

import type { Random } from "../lib/index.ts";

const FIRST_MS = 250;
const LONGEST_MS = 8_000;

/** The wait before attempt number `attempt` (0 = the first retry), ms. */
export function backOffMs(attempt: number, random: Random): number {
  const ceilingMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return ceilingMs * random.fraction();
}
