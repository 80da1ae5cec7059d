// How hard to bend the rate for a remaining playback error (rules P4–P6 in docs/spec/playback.md). Pure.
// Sign: a positive error plays ahead of where it should be, and asks for a negative rate change.

/**
 * P4. Whatever the skews are thought to be too much bends the rate for as long as this before the servo has made up for it, and the
 * skews are off by 5 to 30 ppm in a stream's first half minute. Line and offset are means over many readings already; a slower servo
 * averages little more. Seven captures of four Chromium, replayed, spread from 3 s on, median / p95: 0.073 / 0.163 ms with 2 s, 0.077 / 0.166
 * with 4, 0.09 / 0.18 with what grew from 4 to 12.
 */
const TIME_CONSTANT_SEC = 2;
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
  const wantedPpm = (-errorMs / TIME_CONSTANT_SEC) * 1e3;
  const limit = LIMITS.find((entry) => Math.abs(errorMs) < entry.belowMs)?.ppm ?? 0;
  return Math.min(limit, Math.max(-limit, wantedPpm));
}
