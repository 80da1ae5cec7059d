// The word for how far a loudspeaker is from where it should be. Pure.

export type SyncWord = "tight" | "good" | "loose" | "off" | "unaligned" | "unknown";

/** Cut-points, ms (research: clicks fuse to 5, transients to 20, music to 40). */
const SYNC_WORDS = [
  { withinMs: 5, word: "tight" },
  { withinMs: 20, word: "good" },
  { withinMs: 40, word: "loose" },
] as const;

/**
 * How far from told an error may be in 19 of 20 moments (rule P25), ms: by the output's line, `outputMs`, and by the clock, whose standard
 * deviation `clock` tells. On a path that holds messages for 5 to 80 ms the clock's part is most of it. Null while nothing sounds.
 */
export function errorUncertaintyMs(
  outputMs: number | null,
  clock: { readonly uncertaintyMs: number } | null,
): number | null {
  return outputMs === null ? null : Math.hypot(outputMs, 2 * (clock?.uncertaintyMs ?? 0));
}

/**
 * `errorMs` null: not playing, or not known. `uncertaintyMs`: the word is of the worst that may be (rule P28). `isUnaligned`: the
 * error is against this device's own decode, and where that lies against the others' is not known (rule P46).
 */
export function syncWord(errorMs: number | null, uncertaintyMs: number, isUnaligned: boolean): SyncWord {
  if (errorMs === null) return "unknown";
  if (isUnaligned) return "unaligned";
  return SYNC_WORDS.find((entry) => Math.abs(errorMs) + uncertaintyMs <= entry.withinMs)?.word ?? "off";
}
