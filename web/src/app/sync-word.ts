// The word for how far a loudspeaker is from where it should be. Pure.

import type { SyncWord } from "./view.ts";

/** Cut-points, ms (research: clicks fuse to 5, transients to 20, music to 40). */
const SYNC_WORDS = [
  { withinMs: 5, word: "tight" },
  { withinMs: 20, word: "good" },
  { withinMs: 40, word: "loose" },
] as const;

/** `errorMs` null: not playing, or not known. */
export function syncWord(errorMs: number | null): SyncWord {
  if (errorMs === null) return "unknown";
  return SYNC_WORDS.find((entry) => Math.abs(errorMs) <= entry.withinMs)?.word ?? "off";
}
