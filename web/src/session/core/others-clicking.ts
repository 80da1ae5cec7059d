// Whether somebody else's click test sounds here. Each start of one counts for a while only, and for as many as its member's
// budget holds: nobody makes a room click without end. Pure; local ms.

import type { UserId } from "../../lib/index.ts";
import type { MemberBudgets } from "./member-budgets.ts";
import type { Peer } from "./roster.ts";

/** Long enough to line up a room by ear. */
export const CLICKS_MS = 300_000;

export class OthersClicking {
  readonly #budgets: MemberBudgets;
  /** When each who clicks began; long ago where its budget was used up. */
  readonly #sinceLocalMs = new Map<UserId, number>();

  constructor(budgets: MemberBudgets) {
    this.#budgets = budgets;
  }

  isHeard(peers: readonly Peer[], localMs: number): boolean {
    const clicking = peers.filter(({ status }) => status?.isClicking === true).map(({ userId }) => userId);
    for (const userId of this.#sinceLocalMs.keys())
      if (!clicking.includes(userId)) this.#sinceLocalMs.delete(userId);
    for (const userId of clicking) {
      if (this.#sinceLocalMs.has(userId)) continue;
      const isAdmitted = this.#budgets.admits(userId, "clicks", localMs);
      this.#sinceLocalMs.set(userId, isAdmitted ? localMs : Number.NEGATIVE_INFINITY);
    }
    return [...this.#sinceLocalMs.values()].some((sinceLocalMs) => localMs - sinceLocalMs < CLICKS_MS);
  }
}
