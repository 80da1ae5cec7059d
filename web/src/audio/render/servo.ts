// How hard to bend the rate for a remaining playback error (rules P4–P6 in docs/spec/playback.md). Pure.
// Sign: a positive error plays ahead of where it should be, and asks for a negative rate change.

/**
 * P4. Whatever the skews are thought to be too much bends the rate for as long as this before the servo has made up for it, and the
 * skews are off by 5 to 30 ppm in a stream's first half minute. Line and offset are means over many readings already; a slower servo
 * averages little more (decision 0019).
 */
const TIME_CONSTANT_SEC = 2.5;
/**
 * P4: what is beyond this and beyond the line's uncertainty is known to be wrong, and goes with the next segment: 1.5 s of sound are rendered
 * already. In eight rooms whose streams had stumbled, errors of 0.3 to 0.5 ms that the page knew of stood for three to five seconds while they
 * went in 1 s, and only what was beyond 0.2.
 */
const KNOWN_MS = 0.1;
const KNOWN_TIME_CONSTANT_SEC = 0.5;
/** P5: what may be noise of the line is followed slowly: Firefox's line wanders by half a millisecond within seconds. */
const UNKNOWN_PPM = 100;
/** P5: what ears forgive depends on how wrong it is: at most `ppm` below `belowMs`. */
const LIMITS = [
  { belowMs: 8, ppm: 1_000 },
  { belowMs: Number.POSITIVE_INFINITY, ppm: 2_000 },
] as const;
/**
 * P13: of a change of the rate, this much is made within one segment of half a second. With the time constant that is a loop of the second
 * order that hardly overshoots. In a model of Chromium's output the 5 % worst moments beside a tone of 10 kHz had 94 dB instead of
 * 84, with the same error of 0.009 ms (median).
 */
const EASED_SHARE = 0.3;
/** A clock that is slewed is followed at once. */
const EASED_BELOW_PPM = 100;

/** P26: a line this far from certain says nothing of an error that is smaller. */
const UNSURE_MS = 3;

/** The rate change that answers `errorMs`, ppm. */
export function correctionPpm(errorMs: number, uncertaintyMs = 0): number {
  const wrongMs = Math.abs(errorMs);
  if (uncertaintyMs > UNSURE_MS && wrongMs < uncertaintyMs) return 0;
  const knownMs = Math.max(0, wrongMs - Math.max(KNOWN_MS, uncertaintyMs));
  const slowPpm = Math.min(UNKNOWN_PPM, (wrongMs / TIME_CONSTANT_SEC) * 1e3);
  const wantedPpm = slowPpm + (knownMs / KNOWN_TIME_CONSTANT_SEC) * 1e3;
  const limit = LIMITS.find((entry) => wrongMs < entry.belowMs)?.ppm ?? 0;
  return -Math.sign(errorMs) * Math.min(limit, wantedPpm);
}

/** How much of a change of the rate to make within one segment; rates as ratios, both near 0. */
export function easedChange(change: number, errorMs: number): number {
  const isAtOnce = Math.abs(errorMs) > KNOWN_MS || Math.abs(change) > EASED_BELOW_PPM * 1e-6;
  return isAtOnce ? change : EASED_SHARE * change;
}
