// The drawn signs: a few strokes each, in the colour of the text around them. Always beside a word, so hidden from
// screen readers. No clock.

import type { SyncWord } from "../view/index.ts";

const PATHS = {
  play: "M8 5.5v13l10.5-6.5z",
  stop: "M7 7h10v10H7z",
  pause: "M7 6h3.5v12H7zM13.5 6H17v12h-3.5z",
  back: "M11 6l-7 6 7 6zM20 6l-7 6 7 6z",
  forward: "M13 6l7 6-7 6zM4 6l7 6-7 6z",
  plus: "M12 5v14M5 12h14",
  leave: "M14 5H6v14h8M11 12h9m-3.5-3.5L20 12l-3.5 3.5",
  invite: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2M20 14v6h-6",
  close: "M6 6l12 12M18 6L6 18",
  seeded: "M4 12.5l4.5 4.5L18 7.5M12.5 16l.8.8L22.5 7.5",
  pencil: "M5 19l1-4L16 5l3 3L9 18z",
  note: "M12 4v9m0 5v.5",
} as const;

/** Drawn as areas; the others are lines. */
const FILLED = new Set<keyof typeof PATHS>(["play", "stop", "pause", "back", "forward"]);

export function Glyph({ name }: { name: keyof typeof PATHS }) {
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
