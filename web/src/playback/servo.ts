// How hard to bend the rate for a remaining playback error (DESIGN §5; rules P4–P6 in docs/spec/playback.md). Pure.
// Sign: a positive error plays ahead of where it should be, and asks for a negative rate change.

/** P4: an error decays with this time constant; the timestamps' own noise averages out over it. */
const TIME_CONSTANT_MS = 8_000;
/** P5: what ears forgive depends on how wrong it is: at most `ppm` below `belowMs`. */
const LIMITS = [
  { belowMs: 2, ppm: 100 },
  { belowMs: 8, ppm: 500 },
  { belowMs: Number.POSITIVE_INFINITY, ppm: 2_000 },
] as const;
/** P6: beyond this a crossfade is kinder than a pitch bend of many seconds. */
export const REJOIN_MS = 25;

/** The rate change that answers `errorMs`, ppm. */
export function correctionPpm(errorMs: number): number {
  const wantedPpm = (-errorMs / TIME_CONSTANT_MS) * 1e6;
  const limit = LIMITS.find((entry) => Math.abs(errorMs) < entry.belowMs)?.ppm ?? 0;
  return Math.min(limit, Math.max(-limit, wantedPpm));
}
