// How long to wait before connecting again: exponential with full jitter, 0.25 → 8 s, for ever. Pure.
// Full jitter keeps a whole party from knocking at a restarted server in the same moment; the one whom the others wait for
// goes ahead of them.

import type { Random } from "../lib/index.ts";

const FIRST_MS = 250;
const LONGEST_MS = 8_000;
const LONGEST_AWAITED_MS = 4_000;

/** The wait before attempt number `attempt` (0 = the first retry), ms. */
export function backOffMs(attempt: number, random: Random, isAwaited: boolean): number {
  const longestMs = isAwaited ? LONGEST_AWAITED_MS : LONGEST_MS;
  const ceilingMs = Math.min(longestMs, FIRST_MS * 2 ** Math.min(attempt, 10));
  return ceilingMs * random.fraction();
}
