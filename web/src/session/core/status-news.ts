// When one's own status is to be told again: when it says something new, and now and then all the same, so that a lost one is
// repaired. Local ms.

import { HEARTBEAT_PERIOD_MS } from "../../protocol/constants/director.gen.ts";
import { ROLE_REPEATS, START_STEP_MS, STATUS_PERIOD_MS } from "../../protocol/constants/session.gen.ts";
import type { PeerStatus } from "./peer-message.ts";
import type { ToldRole } from "./role-message.ts";
import { syncWord } from "./sync-word.ts";

export class StatusNews {
  #toldText = "";
  #toldStartMs = 0;
  #toldLocalMs = Number.NEGATIVE_INFINITY;
  #toldRole: ToldRole | undefined = undefined;
  /** When it was new, and how often it was told again. */
  #newRoleLocalMs = 0;
  #roleRepeats = ROLE_REPEATS;

  /** Whether to tell it now; it counts as told then. Figures that change all the time are no news by themselves. */
  take({ syncErrorMs, uncertaintyMs, rttMs: _, startMs, ...lasting }: PeerStatus, localMs: number): boolean {
    const text = JSON.stringify({
      ...lasting,
      sync: syncWord(syncErrorMs, uncertaintyMs, lasting.isUnaligned),
    });
    // More is needed than was told, or much less; a time between two steps would be told as one and the other in turn.
    const isStartNew = startMs > this.#toldStartMs || startMs < this.#toldStartMs - START_STEP_MS;
    const isDue = this.#isRoleDue(lasting.role, localMs) || localMs - this.#toldLocalMs >= STATUS_PERIOD_MS;
    if (text === this.#toldText && !isStartNew && !isDue) return false;
    this.#toldText = text;
    this.#toldStartMs = startMs;
    this.#toldLocalMs = localMs;
    return true;
  }

  /** R9. Nothing is told again of a device that has no word on it. */
  #isRoleDue(role: ToldRole | undefined, localMs: number): boolean {
    if (role !== this.#toldRole) {
      this.#toldRole = role;
      this.#newRoleLocalMs = localMs;
      this.#roleRepeats = 0;
    }
    const afterMs = HEARTBEAT_PERIOD_MS * 2 ** this.#roleRepeats;
    if (this.#roleRepeats >= ROLE_REPEATS || localMs - this.#newRoleLocalMs < afterMs) return false;
    this.#roleRepeats += 1;
    return true;
  }
}
