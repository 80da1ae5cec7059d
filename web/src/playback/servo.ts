// How hard to bend the rate for a remaining playback error (DESIGN §5; rules P4–P6 in docs/spec/playback.md). Pure.
// Sign: a positive error plays ahead of where it should be, and asks for a negative rate change.

/**
 * P4: an error decays with a time constant that grows from the first to the last while the sound goes on: at an entry line and
 * offset are known from few readings and still move; later their noise averages out over it. Replayed on six captures of four
 * Chromium, spread from 15 s on, median / p95: 0.041 / 0.067 ms, with 8 s throughout 0.043 / 0.073.
 */
const FIRST_TIME_CONSTANT_SEC = 4;
const LAST_TIME_CONSTANT_SEC = 12;
const GROWTH_PER_SEC = 0.4;
/** P5: what ears forgive depends on how wrong it is: at most `ppm` below `belowMs`. */
const LIMITS = [
  { belowMs: 2, ppm: 100 },
  { belowMs: 8, ppm: 500 },
  { belowMs: Number.POSITIVE_INFINITY, ppm: 2_000 },
] as const;
/** P6: beyond this a crossfade is kinder than a pitch bend of many seconds. */
export const REJOIN_MS = 25;

/** The rate change that answers `errorMs`, ppm, `sinceSec` after the sound was last put where it should be. */
export function correctionPpm(errorMs: number, sinceSec: number): number {
  const timeConstantSec = Math.min(
    LAST_TIME_CONSTANT_SEC,
    FIRST_TIME_CONSTANT_SEC + GROWTH_PER_SEC * Math.max(0, sinceSec),
  );
  const wantedPpm = (-errorMs / timeConstantSec) * 1e3;
  const limit = LIMITS.find((entry) => Math.abs(errorMs) < entry.belowMs)?.ppm ?? 0;
  return Math.min(limit, Math.max(-limit, wantedPpm));
}
