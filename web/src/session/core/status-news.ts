// When one's own status is to be told again: when it says something new, and now and then all the same, so that a lost one is
// repaired. Local ms.

import { HEARTBEAT_PERIOD_MS } from "../../protocol/constants/director.gen.ts";
import { ROLE_RETOLD_MS, START_STEP_MS, STATUS_PERIOD_MS } from "../../protocol/constants/session.gen.ts";
import type { PeerStatus } from "./peer-message.ts";
import type { ToldRole } from "./role-message.ts";
import { syncWord } from "./sync-word.ts";

export class StatusNews {
  #toldText = "";
  #toldStartMs = 0;
  #toldLocalMs = Number.NEGATIVE_INFINITY;
  #toldRole: ToldRole | undefined = undefined;
  #newRoleLocalMs = Number.NEGATIVE_INFINITY;

  /** Whether to tell it now; it counts as told then. Figures that change all the time are no news by themselves. */
  take({ syncErrorMs, uncertaintyMs, rttMs: _, startMs, ...lasting }: PeerStatus, localMs: number): boolean {
    const text = JSON.stringify({
      ...lasting,
      sync: syncWord(syncErrorMs, uncertaintyMs, lasting.isUnaligned),
    });
    // More is needed than was told, or much less; a time between two steps would be told as one and the other in turn.
    const isStartNew = startMs > this.#toldStartMs || startMs < this.#toldStartMs - START_STEP_MS;
    // The first one is told with each greeting; R9 is about those that follow.
    if (this.#toldRole && lasting.role !== this.#toldRole) this.#newRoleLocalMs = localMs;
    this.#toldRole = lasting.role;
    const isRoleNew = localMs - this.#newRoleLocalMs < ROLE_RETOLD_MS;
    const isDue = localMs - this.#toldLocalMs >= (isRoleNew ? HEARTBEAT_PERIOD_MS : STATUS_PERIOD_MS);
    if (text === this.#toldText && !isStartNew && !isDue) return false;
    this.#toldText = text;
    this.#toldStartMs = startMs;
    this.#toldLocalMs = localMs;
    return true;
  }
}
