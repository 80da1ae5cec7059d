// The ends of a loop as they are moved: from A to B, never closer than can be heard as a loop. Pure; seconds in the song.

export type Loop = readonly [number, number];

const MIN_LOOP_SEC = 0.5;
/** A phrase, to be begun with. */
const FIRST_LOOP_SEC = 10;

export function moveEnd([from, to]: Loop, end: 0 | 1, atSec: number, durationSec: number): Loop {
  return end === 0
    ? [Math.max(0, Math.min(atSec, to - MIN_LOOP_SEC)), to]
    : [from, Math.min(durationSec, Math.max(atSec, from + MIN_LOOP_SEC))];
}

/** What the button begins with: from where the song is. */
export function firstLoop(positionSec: number, durationSec: number): Loop {
  const from = Math.max(0, Math.min(positionSec, durationSec - FIRST_LOOP_SEC));
  return [from, Math.min(durationSec, from + FIRST_LOOP_SEC)];
}
