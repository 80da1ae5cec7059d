// The drawn signs: a few strokes each, in the colour of the text around them. Always beside a word or within what has a
// name, so hidden from screen readers. No clock.

import type { SyncWord } from "../view/index.ts";

const PATHS = {
  play: "M8 5.5v13l10.5-6.5z",
  stop: "M7 7h10v10H7z",
  pause: "M7 6h3.5v12H7zM13.5 6H17v12h-3.5z",
  previous: "M18 6v12l-9-6zM6.5 6v12",
  next: "M6 6v12l9-6zM17.5 6v12",
  back: "M5 11a8 8 0 1 0 3-5M8.5 2L8 6l4 1",
  forward: "M19 11a8 8 0 1 1-3-5M15.5 2l.5 4-4 1",
  repeat: "M4 11V9a2 2 0 0 1 2-2h13m-3-3l3 3-3 3M20 13v2a2 2 0 0 1-2 2H5m3 3l-3-3 3-3",
  grip: "M5 9h14M5 15h14",
  boost: "M12 20C-3 10 6 0 12 8c6-8 15 2 0 12z",
  up: "M6 15l6-6 6 6",
  down: "M6 9l6 6 6-6",
  queueEnd: "M4 6h16M4 12h10M4 18h7M18 14v8M14 18h8",
  queueNext: "M4 18h16M4 12h16M4 6h6M15 3v7l5-3.5z",
  music: "M9 18V6l10-2v12M9 18a3 2.5 0 1 1-6 0 3 2.5 0 0 1 6 0M19 16a3 2.5 0 1 1-6 0 3 2.5 0 0 1 6 0",
  people:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M2.5 20c0-8 13-8 13 0M16 4.5a3.5 3.5 0 0 1 0 6M18 14c2.5 1 3.5 3 3.5 6",
  phone: "M7 3h10v18H7zM11 18h2",
  plus: "M12 5v14M5 12h14",
  leave: "M14 5H6v14h8M11 12h9m-3.5-3.5L20 12l-3.5 3.5",
  invite: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2M20 14v6h-6",
  close: "M6 6l12 12M18 6L6 18",
  seeded: "M4 12.5l4.5 4.5L18 7.5M12.5 16l.8.8L22.5 7.5",
  pencil: "M5 19l1-4L16 5l3 3L9 18z",
  note: "M12 4v9m0 5v.5",
} as const;

/** Drawn as areas; the others are lines. */
const FILLED = new Set<GlyphName>(["play", "stop", "pause", "previous", "next"]);

export type GlyphName = keyof typeof PATHS;

export function Glyph({ name }: { name: GlyphName }) {
  return (
    <svg class={FILLED.has(name) ? "glyph glyph-filled" : "glyph"} viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The tuning fork: two prongs, one tone. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 24 32" aria-hidden="true">
      <path d="M5 2v10a7 7 0 0 0 14 0V2M12 19v11" />
    </svg>
  );
}

/** Two strings: one thick line when in unison, apart when not, astray when off, apart and broken where nobody knows, dotted while silent. */
const STRINGS: Readonly<Record<SyncWord, string>> = {
  tight: "M2 10h28M2 10h28",
  good: "M2 7.5h28M2 12.5h28",
  loose: "M2 4h28M2 16h28",
  off: "M2 4h28M2 17.5L30 9",
  unaligned: "M2 4h28M2 16h28",
  unknown: "M2 10h28",
};

export function SyncGlyph({ sync }: { sync: SyncWord }) {
  return (
    <svg class={`sync-glyph sync-${sync}`} viewBox="0 0 32 20" aria-hidden="true">
      <path d={STRINGS[sync]} />
    </svg>
  );
}
