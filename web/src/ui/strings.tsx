// The picture of the swarm: one string per person, coming from their own place and running into one line as far as they
// are in step. Decoration (the words are in the People list); drawn anew only when a sync word changes. No clock.

import type { SyncWord } from "../view/index.ts";

export interface StringOf {
  readonly isMe: boolean;
  readonly sync: SyncWord;
}

const WIDTH = 640;
const HEIGHT = 96;
const MIDDLE = HEIGHT / 2;
/** More strings than this melt into one grey area on a phone. */
const MAX_STRINGS = 12;
const EDGE = 8;

/** How much of its distance from the middle a string keeps at the far end. */
const APART: Readonly<Record<SyncWord, number>> = {
  tight: 0,
  good: 0.12,
  loose: 0.35,
  off: 0.7,
  unaligned: 0.7,
  unknown: 1,
};

export function stringPath(index: number, count: number, sync: SyncWord): string {
  const lane = count === 1 ? MIDDLE : EDGE + (index * (HEIGHT - 2 * EDGE)) / (count - 1);
  const end = Math.round((MIDDLE + (lane - MIDDLE) * APART[sync]) * 10) / 10;
  const start = Math.round(lane * 10) / 10;
  return `M0 ${start}C${WIDTH * 0.3} ${start} ${WIDTH * 0.3} ${end} ${WIDTH * 0.6} ${end}H${WIDTH}`;
}

export function Strings({ strings, isHero }: { strings: readonly StringOf[]; isHero?: boolean }) {
  const paths = strings
    .slice(0, MAX_STRINGS)
    .map(({ isMe, sync }, index, shown) => ({ isMe, path: stringPath(index, shown.length, sync) }));
  // Mine last, on top: where all are one, the line is in my colour.
  paths.sort((a, b) => Number(a.isMe) - Number(b.isMe));
  return (
    <svg
      class={isHero ? "strings hero-strings" : "strings"}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {paths.map(({ isMe, path }) => (
        <path class={isMe ? "string-mine" : ""} d={path} />
      ))}
    </svg>
  );
}
