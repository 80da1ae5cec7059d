// Between what peers mean and what the server relays: seals and opens, and ignores, with a line for developers, whatever was
// not meant for this peer by a member who is there now, or is more than one member may say. Knows no socket.

import { type Primitives, Sealer, type SwarmKeys } from "../control/index.ts";
import { fromBase64Url, type Random, toBase64Url, type UserId, WireError } from "../lib/index.ts";
import type { Shown } from "./core/event.ts";
import { budgetFor, MemberBudgets } from "./core/member-budgets.ts";
import { decodePeerMessage, encodePeerMessage, type PeerMessage } from "./core/peer-message.ts";

export class PeerWire {
  readonly sealer: Sealer;
  readonly budgets = new MemberBudgets();
  readonly #relay: (to: UserId | null, body: string) => void;

  constructor(
    keys: SwarmKeys,
    epoch: number,
    random: Random,
    primitives: Primitives,
    relay: (to: UserId | null, body: string) => void,
  ) {
    this.sealer = new Sealer(keys, epoch, random, primitives);
    this.#relay = relay;
  }

  /** What is not the member's own is not believed; it then stays mute and deaf for this peer. */
  meet({ userId, sessionKey, announcement }: Shown): void {
    if (announcement === undefined) return;
    try {
      if (sessionKey === undefined) this.sealer.renew(userId, announcement);
      else this.sealer.meet(userId, sessionKey, announcement);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      console.warn(`the server shows somebody as ${userId} who is not: ${error.message}`);
    }
  }

  left(userId: UserId): void {
    this.sealer.left(userId);
  }

  send(to: UserId | null, message: PeerMessage): void {
    try {
      this.#relay(to, toBase64Url(this.sealer.seal(to, encodePeerMessage(message))));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      console.warn(`cannot write to ${to ?? "all"}: ${error.message}`);
    }
  }

  /** Null: nothing to act on. `onUnproven`: its sender is not heard before it has given a greeting. */
  receive(from: UserId, body: string, localMs: number, onUnproven: () => void): PeerMessage | null {
    if (!this.budgets.admits(from, "message", localMs)) return null;
    try {
      const message = decodePeerMessage(this.sealer.open(from, fromBase64Url(body)));
      if (!this.budgets.admits(from, budgetFor(message), localMs)) return null;
      const asks = message.kind === "status" && message.asks;
      return asks && !this.budgets.admits(from, "asked", localMs) ? { ...message, asks: false } : message;
    } catch (error) {
      if (!(error instanceof WireError || error instanceof RangeError)) throw error;
      if (error instanceof WireError && error.code === "wire-unproven") onUnproven();
      else console.warn(`ignored a message from ${from}: ${error.message}`);
      return null;
    }
  }
}
