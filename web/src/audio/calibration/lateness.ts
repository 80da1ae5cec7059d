// From the arrivals of all slots to how late each loudspeaker is against the earliest (rules MC1–MC5 in
// docs/spec/calibration.md). Pure. ms. Only differences count: what the microphone and the path to its page add is in all
// arrivals alike, and the listening phone's clock may run fast or slow.

import type { Slot } from "./timetable.ts";

/** When a slot's chirp arrived, by the recording's own clock, after the slot had begun; null when it was not heard. */
export interface Heard {
  readonly slot: Slot;
  readonly afterSlotMs: number | null;
}

export type Lateness =
  | { readonly verdict: "measured"; readonly lateMs: number; readonly spreadMs: number }
  | { readonly verdict: "unheard" }
  | { readonly verdict: "unsteady"; readonly spreadMs: number };

interface Arrived {
  readonly startSec: number;
  readonly afterSlotMs: number;
}

/** MC3: of five rounds a majority. */
export const MIN_HEARD = 3;
/** MC3: ears begin to notice at a few ms; a measurement that scatters this much finds nothing finer. */
const MAX_SPREAD_MS = 1;

/** One verdict for each device, in the order of the timetable. */
export function judge(devices: number, heard: readonly Heard[]): readonly Lateness[] {
  const arrivals = Array.from({ length: devices }, (_, device) =>
    heard.flatMap(({ slot, afterSlotMs }) =>
      slot.device === device && afterSlotMs !== null ? [{ startSec: slot.startSec, afterSlotMs }] : [],
    ),
  );
  const driftMsPerSec = driftOf(arrivals);
  const steady = arrivals.map((mine) => {
    const undrifted = mine.map(({ startSec, afterSlotMs }) => afterSlotMs - driftMsPerSec * startSec);
    const middleMs = median(undrifted);
    if (middleMs === null || mine.length < MIN_HEARD) return null;
    return { middleMs, spreadMs: median(undrifted.map((ms) => Math.abs(ms - middleMs))) ?? 0 };
  });
  const measured = steady.filter((each) => each !== null && each.spreadMs <= MAX_SPREAD_MS);
  const earliestMs = Math.min(...measured.map((each) => each?.middleMs ?? Infinity));
  return steady.map((each): Lateness => {
    if (each === null) return { verdict: "unheard" };
    const { middleMs, spreadMs } = each;
    if (spreadMs > MAX_SPREAD_MS) return { verdict: "unsteady", spreadMs };
    return { verdict: "measured", lateMs: middleMs - earliestMs, spreadMs };
  });
}

/**
 * MC4: the speaker delays that bring all measured devices together, given those they chirped with. The smallest of them
 * becomes 0, since only differences are heard. Null for a device that was not measured: its delay stays.
 */
export function delaysFor(
  verdicts: readonly Lateness[],
  currentDelaysMs: readonly number[],
): readonly (number | null)[] {
  const wanted = verdicts.map((each, device) =>
    each.verdict === "measured" ? (currentDelaysMs[device] ?? 0) + each.lateMs : null,
  );
  const isComplete = wanted.every((delayMs) => delayMs !== null);
  // Whoever was not measured keeps a delay that the others must go on agreeing with.
  const leastMs = isComplete ? Math.min(...wanted.map((delayMs) => delayMs ?? Infinity)) : 0;
  return wanted.map((delayMs) => delayMs && Math.round(delayMs - leastMs));
}

/** By how many ms a second the recording's clock is off from those that the chirps were played by. */
const driftOf = (arrivals: readonly (readonly Arrived[])[]): number =>
  median(arrivals.flatMap(slopesOf)) ?? 0;

/** MC2: from each pair of a device's rounds; with five rounds ten pairs, so that one wrong arrival does not count. */
function slopesOf(mine: readonly Arrived[]): number[] {
  return mine.flatMap((one, index) =>
    mine
      .slice(index + 1)
      .map((other) => (other.afterSlotMs - one.afterSlotMs) / (other.startSec - one.startSec)),
  );
}

export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const [low, high] = [sorted[sorted.length % 2 === 1 ? half : half - 1], sorted[half]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}
