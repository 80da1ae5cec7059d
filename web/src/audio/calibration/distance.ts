// How far two phones lie apart, from what each of them heard of the chirps of both (rules MC12 to MC14 in docs/spec/calibration.md).
// Pure. m, ms. Between the two arrivals in one recording neither the microphone's delay nor the moment of recording counts, and between
// the two recordings of one chirp not when it was played: what is left is the way through the air, there and back.

import { type Heard, MIN_HEARD, median, slopesOf } from "./lateness.ts";

/** At 20 °C. */
const SOUND_M_PER_MS = 0.343;
/** It goes by 0.17 % a degree, and a room may be 10 °C warmer or colder. */
const AIR_SHARE = 0.018;
/** From a phone's loudspeaker to its own microphone, which is in its own arrival: 0 to 0.12 m, depending on which end each is at. */
const OWN_WAY_M = 0.06;
/** What all rounds share, so that their scatter does not show it: an echo that blends with the straight sound. */
const ECHO_M = 0.02;
/** A distance that is off by this much in half of the rounds is of no use to anybody. */
const MAX_SPREAD_M = 0.5;
/** From the middle deviation to that of 19 of 20, where they lie as errors usually do. */
const WIDE = 1.96 * 1.4826;

export type Distance =
  /** The true distance is within `uncertaintyM` of `distanceM` in 19 of 20 measurements. */
  | { readonly verdict: "measured"; readonly distanceM: number; readonly uncertaintyM: number }
  | { readonly verdict: "unheard" }
  | { readonly verdict: "unsteady"; readonly spreadM: number };

/** A timetable of two: what the phone heard that chirps first, and what the other did. */
export function distanceOf(first: readonly Heard[], second: readonly Heard[]): Distance {
  const [one, other] = [roundsOf(first), roundsOf(second)];
  const waysM = one.flatMap((mine, round) => {
    const theirs = other[round];
    if (mine === null || !theirs) return [];
    const twiceMs = mine[1] - mine[0] + theirs[0] - theirs[1];
    return [(SOUND_M_PER_MS * twiceMs) / 2 + OWN_WAY_M];
  });
  const middleM = median(waysM);
  if (middleM === null || waysM.length < MIN_HEARD) return { verdict: "unheard" };
  const spreadM = median(waysM.map((way) => Math.abs(way - middleM))) ?? 0;
  if (spreadM > MAX_SPREAD_M) return { verdict: "unsteady", spreadM };
  const distanceM = Math.max(0, middleM);
  const byChanceM = (WIDE * spreadM) / Math.sqrt(waysM.length);
  return {
    verdict: "measured",
    distanceM,
    uncertaintyM: Math.hypot(byChanceM, AIR_SHARE * distanceM, OWN_WAY_M, ECHO_M),
  };
}

/** When the chirps of both arrived in each round, without the drift of the recording's clock; null where one was not heard. */
function roundsOf(heard: readonly Heard[]): (readonly [firstMs: number, secondMs: number] | null)[] {
  const arrivals = [0, 1].map((device) =>
    heard.flatMap(({ slot, afterSlotMs }) =>
      slot.device === device && afterSlotMs !== null ? [{ ...slot, afterSlotMs }] : [],
    ),
  );
  const driftMsPerSec = median(arrivals.flatMap(slopesOf)) ?? 0;
  const rounds = 1 + Math.max(-1, ...heard.map(({ slot }) => slot.round));
  return Array.from({ length: rounds }, (_, round) => {
    const [first, second] = arrivals.map((mine) => {
      const each = mine.find((arrival) => arrival.round === round);
      return each && each.afterSlotMs - driftMsPerSec * each.startSec;
    });
    return first === undefined || second === undefined ? null : [first, second];
  });
}
