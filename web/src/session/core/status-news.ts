// When one's own status is to be told again: when it says something new, and now and then all the same, so that a lost one is
// repaired. Local ms.

import { STATUS_PERIOD_MS } from "../../protocol/constants/session.gen.ts";
import type { PeerStatus } from "./peer-message.ts";
import { syncWord } from "./sync-word.ts";

export class StatusNews {
  #toldText = "";
  #toldLocalMs = Number.NEGATIVE_INFINITY;

  /** Whether to tell it now; it counts as told then. Figures that change all the time are no news by themselves. */
  take({ syncErrorMs, uncertaintyMs, rttMs: _, ...lasting }: PeerStatus, localMs: number): boolean {
    const text = JSON.stringify({
      ...lasting,
      sync: syncWord(syncErrorMs, uncertaintyMs, lasting.isUnaligned),
    });
    if (text === this.#toldText && localMs - this.#toldLocalMs < STATUS_PERIOD_MS) return false;
    this.#toldText = text;
    this.#toldLocalMs = localMs;
    return true;
  }
}
