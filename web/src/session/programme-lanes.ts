// From the programme to the player's lanes: what sounds at which second since a zero on the global clock. Global µs in, seconds out;
// seconds in a song are those at its tempo. Pure.

import type { Lane } from "../audio/index.ts";
import type { Plan, Stretch } from "../director/index.ts";
import type { EntryId } from "../lib/index.ts";

/**
 * A song that is entered in its middle right behind other sound, as in a loop, fades in over what comes before that place. It does so
 * before its moment: what is due at the moment is there at full size. What is cut off fades out meanwhile (audio/lane-line.ts).
 */
const CUT_FADE_SEC = 0.008;

export function lanesOf(stretches: readonly Stretch[], zeroUs: number): Lane[] {
  return stretches.map((stretch, at) => {
    const { fileId, tempo } = stretch;
    const startSec = (stretch.startUs - zeroUs) / 1e6;
    const fromSec = stretch.positionUs / 1e6 / (tempo / 100);
    const toSec = fromSec + (stretch.endUs - stretch.startUs) / 1e6;
    const isCutIn = stretch.fadeInUs === 0 && fromSec > 0 && (at > 0 || stretch.lap > 0);
    const earlierSec = isCutIn ? Math.min(CUT_FADE_SEC, fromSec) : 0;
    return {
      fileId,
      startSec: startSec - earlierSec,
      fromSec: fromSec - earlierSec,
      toSec,
      fadeInSec: isCutIn ? earlierSec : stretch.fadeInUs / 1e6,
      fadeOutSec: stretch.fadeOutUs / 1e6,
      tempo,
    };
  });
}

/** The plan's song alone, for as long as it may be: where it plays for no entry, nothing follows. */
export function planAlone(plan: Plan): Stretch[] {
  if (plan.fileId === null) return [];
  return [
    {
      entryId: "" as EntryId,
      fileId: plan.fileId,
      lap: 0,
      startUs: plan.globalStartUs,
      endUs: Number.POSITIVE_INFINITY,
      positionUs: plan.positionUs,
      tempo: plan.tempo,
      fadeInUs: 0,
      fadeOutUs: 0,
    },
  ];
}

/** The one that sounds at a moment: of two that overlap the later one. Null before the first and after the last. */
export function stretchAt(stretches: readonly Stretch[], globalUs: number): Stretch | null {
  return stretches.findLast(({ startUs, endUs }) => startUs <= globalUs && globalUs < endUs) ?? null;
}

/** µs in the song at a moment, also before the stretch begins. */
export const positionInUs = (stretch: Stretch, globalUs: number): number =>
  stretch.positionUs + ((globalUs - stretch.startUs) * stretch.tempo) / 100;

/**
 * How much later the same music is due in `after` than in `before`, µs, when about `expectedUs` is what two clocks differ by: one who
 * reckons in the other clock from now on moves the zero of the line by it. By what plays at `globalUs`.
 */
export function movedUs(
  before: readonly Stretch[],
  after: readonly Stretch[],
  globalUs: number,
  expectedUs: number,
): number {
  const playing = stretchAt(before, globalUs) ?? before[0];
  if (!playing) return expectedUs;
  const moves = after
    .filter(({ entryId, tempo }) => entryId === playing.entryId && tempo === playing.tempo)
    .map((stretch) => originUs(stretch) - originUs(playing));
  const isNearer = (one: number, other: number) => Math.abs(one - expectedUs) < Math.abs(other - expectedUs);
  return moves.length > 0 ? moves.reduce((best, move) => (isNearer(move, best) ? move : best)) : expectedUs;
}

/** When the song's beginning would be due. */
const originUs = ({ startUs, positionUs, tempo }: Stretch): number => startUs - positionUs / (tempo / 100);
