// What a tab keeps of its files from one page to the next: it rests in sessionStorage only between the two, under the name of
// the session it belongs to, so that another swarm, a duplicated tab and whoever left find nothing.

import type { Memory } from "../../lib/index.ts";

const STORED_AS = "unisono.files";

export function leaveFiles(storage: Memory, session: string, resumeState: string): void {
  storage.setItem(STORED_AS, `${session}\n${resumeState}`);
}

/** What the former page of this session left; null when there is none. It is gone afterwards. */
export function takeFiles(storage: Memory, session: string): string | null {
  const stored = storage.getItem(STORED_AS);
  forgetFiles(storage);
  return stored?.startsWith(`${session}\n`) ? stored.slice(session.length + 1) : null;
}

export function forgetFiles(storage: Memory): void {
  storage.removeItem(STORED_AS);
}
