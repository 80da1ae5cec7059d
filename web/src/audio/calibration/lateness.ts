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
  readonly round: number;
  readonly startSec: number;
  readonly afterSlotMs: number;
}

interface Steadiness {
  readonly middleMs: number;
  readonly spreadMs: number;
}

/** MC3: of five rounds a majority. */
export const MIN_HEARD = 3;
/** MC3: ears begin to notice at a few ms; a measurement that scatters this much finds nothing finer. */
const MAX_SPREAD_MS = 1;

/** One verdict for each device, in the order of the timetable. */
export function judge(devices: number, heard: readonly Heard[]): readonly Lateness[] {
  const arrivals = Array.from({ length: devices }, (_, device) =>
    heard.flatMap(({ slot, afterSlotMs }) =>
      slot.device === device && afterSlotMs !== null ? [{ ...slot, afterSlotMs }] : [],
    ),
  );
  const steady = withoutSlips(withoutDrift(arrivals));
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

/** MC2: as if the recording's clock ran as fast as those that the chirps were played by. */
function withoutDrift(arrivals: readonly (readonly Arrived[])[]): readonly (readonly Arrived[])[] {
  const driftMsPerSec = median(arrivals.flatMap(slopesOf)) ?? 0;
  return arrivals.map((mine) =>
    mine.map((each) => ({ ...each, afterSlotMs: each.afterSlotMs - driftMsPerSec * each.startSec })),
  );
}

/**
 * In ms a second, from one round to the next only: where a recording loses some milliseconds, no more than one of these per device
 * is wrong, while of all pairs more than half would be.
 */
export function slopesOf(mine: readonly Pick<Arrived, "startSec" | "afterSlotMs">[]): number[] {
  return mine.slice(1).flatMap(({ startSec, afterSlotMs }, at) => {
    const former = mine[at];
    return former ? [(afterSlotMs - former.afterSlotMs) / (startSec - former.startSec)] : [];
  });
}

/**
 * MC2: by how much each device is late against the steadiest in the same round. Where a recording loses some milliseconds, only the
 * round in which it did is wrong. By the middle of all rounds alone, one device might count before the loss and another behind it.
 */
function withoutSlips(arrivals: readonly (readonly Arrived[])[]): readonly (Steadiness | null)[] {
  const alone = arrivals.map((mine) => steadinessOf(mine.map(({ afterSlotMs }) => afterSlotMs)));
  const leastMs = Math.min(...alone.map((each) => each?.spreadMs ?? Infinity));
  const steadiest = alone.findIndex((each) => each?.spreadMs === leastMs);
  const reference = alone[steadiest];
  if (!reference) return alone;
  const slipsMs = new Map(
    arrivals[steadiest]?.map(({ round, afterSlotMs }) => [round, afterSlotMs - reference.middleMs]),
  );
  const against = arrivals.map((mine) =>
    steadinessOf(mine.map(({ round, afterSlotMs }) => afterSlotMs - (slipsMs.get(round) ?? 0))),
  );
  // Its own rounds say nothing of it any more. Two that agree with each other are both steady.
  const others = against.flatMap((each, device) => (each && device !== steadiest ? [each.spreadMs] : []));
  const itself = { ...reference, spreadMs: Math.min(reference.spreadMs, ...others) };
  return against.map((each, device) => (device === steadiest ? itself : each));
}

/** MC3. Null: heard too seldom. */
function steadinessOf(arrivalsMs: readonly number[]): Steadiness | null {
  const middleMs = median(arrivalsMs);
  if (middleMs === null || arrivalsMs.length < MIN_HEARD) return null;
  return { middleMs, spreadMs: median(arrivalsMs.map((ms) => Math.abs(ms - middleMs))) ?? 0 };
}

export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const [low, high] = [sorted[sorted.length % 2 === 1 ? half : half - 1], sorted[half]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}
