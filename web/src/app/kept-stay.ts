// What a tab keeps of its files from one page to the next: it rests in sessionStorage only between the two, under the name of
// the stay it belongs to, so that another swarm, a duplicated tab and whoever left find nothing.

import type { Memory } from "../lib/index.ts";

const STORED_AS = "unisono.files";

export function leaveFiles(storage: Memory, stay: string, keepsake: string): void {
  storage.setItem(STORED_AS, `${stay}\n${keepsake}`);
}

/** What the former page of this stay left; null when there is none. It is gone afterwards. */
export function takeFiles(storage: Memory, stay: string): string | null {
  const stored = storage.getItem(STORED_AS);
  forgetFiles(storage);
  return stored?.startsWith(`${stay}\n`) ? stored.slice(stay.length + 1) : null;
}

export function forgetFiles(storage: Memory): void {
  storage.removeItem(STORED_AS);
}
