// What part of the sound this device plays: chosen on the device itself, or taken from whoever directs once its person has consented
// (R3 to R7 in docs/spec/roles.md). Pure; local ms.

import type { Role } from "../../audio/index.ts";
import { compareStamps } from "../../director/index.ts";
import type { UserId } from "../../lib/index.ts";
import { ROLE_QUIET_MS, type RoleAnswer } from "../../protocol/constants/session.gen.ts";
import type { RoleRequest, RoleStamp, ToldRole } from "./role-message.ts";

/** A request that waits for a tap of consent. */
export interface AskedRole {
  readonly role: Role;
  readonly by: UserId;
}

export class OwnRole {
  #told: ToldRole;
  #asked: (AskedRole & { readonly stamp: RoleStamp }) | null = null;
  #quietUntilLocalMs = Number.NEGATIVE_INFINITY;

  /** `firstChoice`: another one for each session of this device, so that a request from before a reload is known as that. */
  constructor(role: Role, firstChoice: number) {
    this.#told = { role, hasConsented: false, choice: firstChoice, answer: null };
  }

  /** As the others are told; the same object while nothing changes. */
  get told(): ToldRole {
    return this.#told;
  }

  get asked(): AskedRole | null {
    return this.#asked;
  }

  /** R5: by this device's person; counts more than all that was asked before. */
  choose(role: Role): void {
    this.#asked = null;
    this.#told = { ...this.#told, role, choice: (this.#told.choice + 1) % 2 ** 32, answer: null };
  }

  /** `by`: whoever directs now, and nobody else. */
  take({ role, choice, term, rev }: RoleRequest, by: UserId, localMs: number): void {
    const stamp = { term, rev, userId: by };
    if (choice !== this.#told.choice) return; // R5
    if (compareStamps(stamp, this.#told.answer?.stamp ?? null) <= 0) return; // R4
    const isQuiet = localMs < this.#quietUntilLocalMs;
    this.#asked = null;
    if (this.#told.hasConsented || role === this.#told.role) this.#answer(stamp, "taken", role);
    else if (isQuiet)
      this.#answer(stamp, "declined"); // R7
    else {
      this.#asked = { role, by, stamp };
      this.#answer(stamp, "asking");
    }
  }

  /** R8: a question is past once another directs than who asked it. */
  follow(directorId: UserId): void {
    if (this.#asked && this.#asked.by !== directorId) this.#asked = null;
  }

  /** R6: the tap of consent, which counts for the whole session. */
  allow(): void {
    const asked = this.#asked;
    this.#asked = null;
    this.#told = { ...this.#told, hasConsented: true };
    if (asked) this.#answer(asked.stamp, "taken", asked.role);
  }

  /** R7 */
  decline(localMs: number): void {
    if (!this.#asked) return;
    this.#answer(this.#asked.stamp, "declined");
    this.#asked = null;
    this.#quietUntilLocalMs = localMs + ROLE_QUIET_MS;
  }

  #answer(stamp: RoleStamp, code: RoleAnswer, role = this.#told.role): void {
    this.#told = { ...this.#told, role, answer: { stamp, code } };
  }
}
