// A member without a session of its own, for tests of what members may say: it joins the simulated server, greets who is there,
// and then says whatever it is told to, sealed as everybody's words are. True ms.

import type { SwarmKeys } from "../../control/index.ts";
import { Sealer } from "../../control/index.ts";
import { toBase64Url, toHex, type UserId } from "../../lib/index.ts";
import { SeededRandom } from "../../lib/testing/index.ts";
import { encodePeerMessage, type PeerMessage, type PeerStatus } from "../core/peer-message.ts";
import { SimClock } from "./sim-clock.ts";
import { keysOf, plainPrimitives, type SimWorld } from "./sim-device.ts";
import { SimPath } from "./sim-path.ts";
import { SimSocket } from "./sim-server.ts";

export const PLAIN_STATUS: PeerStatus = {
  name: "Mallory",
  isVisible: true,
  readyFileId: null,
  isUnable: false,
  rttMs: 20,
  speakerDelayMs: 0,
  startMs: 300,
  syncErrorMs: null,
  uncertaintyMs: 0,
  isClicking: false,
  isPhone: false,
  notReadyReason: null,
  isOver: false,
  isUnaligned: false,
  troubles: [],
};

interface Shown {
  readonly userId: UserId;
  readonly sessionKey?: string;
  readonly announcement?: string;
}

export class SimMember {
  readonly #keys: SwarmKeys;
  readonly #sealer: Sealer;
  readonly #socket: SimSocket;
  readonly #others = new Set<UserId>();

  constructor(
    readonly userId: UserId,
    { clock, server }: Pick<SimWorld, "clock" | "server">,
  ) {
    const random = new SeededRandom(77);
    this.#keys = keysOf(userId);
    this.#sealer = new Sealer(this.#keys, 1, random, plainPrimitives);
    const path = new SimPath(clock, random, 5, 1);
    this.#socket = new SimSocket(server, new SimClock(clock, 0, 0), path);
    this.#socket.onmessage = ({ data }) => this.#heard(JSON.parse(data));
  }

  get others(): readonly UserId[] {
    return [...this.#others];
  }

  say(to: UserId | null, message: PeerMessage): void {
    const body = toBase64Url(this.#sealer.seal(to, encodePeerMessage(message)));
    this.#socket.send(JSON.stringify({ type: "relay", ...(to && { to }), body }));
  }

  leave(): void {
    this.#socket.send(JSON.stringify({ type: "leave" }));
    this.#socket.close();
  }

  #heard(frame: Shown & { type: string; members?: readonly Shown[] }): void {
    if (frame.type === "challenge") {
      const sessionKey = toBase64Url(this.#keys.sessionPublicKey);
      const { announcement } = this.#sealer;
      this.#socket.send(JSON.stringify({ type: "join", userId: this.userId, sessionKey, announcement }));
    } else if (frame.type === "welcome") for (const member of frame.members ?? []) this.#meet(member);
    else if (frame.type === "joined") this.#meet(frame);
    else if (frame.type === "left") this.#others.delete(frame.userId);
  }

  #meet({ userId, sessionKey = "", announcement = "" }: Shown): void {
    this.#sealer.meet(userId, sessionKey, announcement);
    this.#others.add(userId);
    this.say(userId, { kind: "status", status: PLAIN_STATUS, asks: false });
  }
}

/** `letter` decides the rank of its user id among the others. */
export const memberId = (letter: string): UserId =>
  toHex(new Uint8Array(16).fill(Number.parseInt(letter, 16) * 17)) as UserId;
