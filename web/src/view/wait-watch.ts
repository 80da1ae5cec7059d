// For how long the wait of now has lasted, and the help while the key is stretched, before there is a session. Local ms.

import type { Help, Status } from "./view.ts";

/** Most waits are over by then, and words that come and go unread only unsettle. */
export const HELP_AFTER_MS = 3_000;

export class WaitWatch {
  #wait = "";
  #sinceLocalMs = 0;

  watch(status: Status, localMs: number): void {
    const wait = waitOf(status);
    if (wait === this.#wait) return;
    this.#wait = wait;
    this.#sinceLocalMs = localMs;
  }

  lastedMs(localMs: number): number {
    return localMs - this.#sinceLocalMs;
  }
}

/** What is waited for, without what changes while it is. */
function waitOf(status: Status): string {
  if (status.code === "joining") return `joining ${status.stage}`;
  if (status.code === "fetching") return `fetching ${status.fileName} ${status.sources.length > 0}`;
  return "fileName" in status ? `${status.code} ${status.fileName}` : status.code;
}

/** The key is being stretched. */
export const helpWithKey = (lastedMs: number): Help | null =>
  lastedMs < HELP_AFTER_MS ? null : { code: "slow-key" };
