// How hurried decoding is around the start of a song. Whatever takes a processor's time between the announcement of a start and its first
// second may starve the sound's own thread; the output then stands elsewhere, and where is known 1.6 s later. Seconds. Pure.

/**
 * - `urgent`: what sounds within some seconds, and nothing else;
 * - `gentle`: that at once, the rest a piece at a time with pauses;
 * - `free`: one slice right after the other.
 */
export type DecodePace = "urgent" | "gentle" | "free";

/** A start is announced later than this before its moment; one that is farther off leaves time for the rest. */
const ANNOUNCED_SEC = 2;
/** An underrun that comes later is within the first second's margin of no one. */
const CALM_AFTER_START_SEC = 1;
/** Devices of one computer that all went on in that moment would starve each other's sound: each does by as much later as its turn says. */
const TURN_SEC = 2;
/** By then all that was left undone is done, in pieces. */
const GENTLE_AFTER_START_SEC = 5;

/**
 * `startsInSec`: until sound sets in, negative after that; Infinity while a song is only open. A hidden page has its minute to decode before
 * the browser stops its scripts (P20). `turn`: this device's, in [0, 1).
 */
export function paceOf(startsInSec: number, isHidden: boolean, turn: number): DecodePace {
  if (isHidden || startsInSec <= -GENTLE_AFTER_START_SEC) return "free";
  const isCalm = startsInSec > -(CALM_AFTER_START_SEC + turn * TURN_SEC);
  return startsInSec <= ANNOUNCED_SEC && isCalm ? "urgent" : "gentle";
}
