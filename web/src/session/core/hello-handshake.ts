// Whom this peer has still to say hello to: a pairwise status that shows it is there now. Until then a peer hears no broadcast
// of it (control/envelope.ts). Pure; local ms.

import type { UserId } from "../../lib/index.ts";
import { HELLO_ASK_PERIOD_MS } from "../../protocol/constants/session.gen.ts";

/** A newcomer to a full swarm greets 63 people: all at once with what else it says would exceed the server's burst. */
const AT_ONCE = 16;
const PER_TICK = 4;

export class HelloHandshake {
  readonly #greet: (userId: UserId, asks: boolean) => void;
  readonly #waiting = new Set<UserId>();
  /** When somebody was last asked for a greeting, local ms. */
  readonly #askedLocalMs = new Map<UserId, number>();

  /** `greet` sends one; `asks`: for one in return. */
  constructor(greet: (userId: UserId, asks: boolean) => void) {
    this.#greet = greet;
  }

  /** Those found at a welcome. */
  found(userIds: readonly UserId[]): void {
    this.#waiting.clear();
    for (const userId of userIds) this.#waiting.add(userId);
    this.#some(AT_ONCE);
  }

  /** Somebody came, came back, or asked. */
  give(userId: UserId): void {
    this.#waiting.delete(userId);
    this.#greet(userId, false);
  }

  /** Somebody spoke to all whose greeting did not arrive. */
  miss(userId: UserId, localMs: number): void {
    const askedLocalMs = this.#askedLocalMs.get(userId) ?? Number.NEGATIVE_INFINITY;
    if (localMs - askedLocalMs < HELLO_ASK_PERIOD_MS) return;
    this.#askedLocalMs.set(userId, localMs);
    this.#greet(userId, true);
  }

  left(userId: UserId): void {
    this.#waiting.delete(userId);
    this.#askedLocalMs.delete(userId);
  }

  tick(): void {
    this.#some(PER_TICK);
  }

  #some(count: number): void {
    for (const userId of [...this.#waiting].slice(0, count)) this.give(userId);
  }
}
