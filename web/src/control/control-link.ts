// The WebSocket to the server, kept alive for the whole session in a swarm. Local ms.
// States: idle → connecting (the server challenges, this peer joins) → open → retrying → connecting …; `close` leads back to
// idle from anywhere. A socket that is silent although probed is given up: browsers do not notice a dead path for minutes. Does
// not know what bodies mean; hands on checked messages with the moment they arrived.

import { type Clock, type Random, type UserId, WireError } from "../lib/index.ts";
import { type ClientMessage, CloseCode } from "../protocol/control.gen.ts";
import { backOffMs } from "./back-off.ts";
import type { JoinMessage } from "./join.ts";
import { type CheckedServerMessage, parseServerMessage } from "./server-message.ts";
import { ShardRouteProbe } from "./shard-route-probe.ts";

export type ControlState = "idle" | "connecting" | "open" | "retrying";
/** Reasons to stop trying: doing the same again cannot help. */
export type Refusal = "wrong-version" | "taken-over" | "swarm-full" | "not-admitted";

export interface ControlLinkOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Base address of the server, ws:// or wss://, without path. */
  readonly server: string;
  readonly shard: string;
  readonly userId: UserId;
  /** Answers a challenge, whose nonce it is given. */
  readonly makeJoin: (nonce: string) => JoinMessage;
  readonly onState: (state: ControlState) => void;
  readonly onMessage: (message: CheckedServerMessage, receivedLocalMs: number) => void;
  readonly onRefused: (refusal: Refusal) => void;
  /** Whether the others can do little until this peer is back: then it tries more often. */
  readonly isAwaited: () => boolean;
  /** The real WebSocket, or a fake with its semantics. */
  readonly makeSocket: (url: string) => WebSocket;
}

/** Joining takes a round trip; a captive network or a half-open path gets this long before the next attempt. */
const CONNECT_TIMEOUT_MS = 8_000;
/** Six probes at the idle rate without any answer. */
const SILENCE_MS = 6_000;
/** Who was frozen heard nothing, whatever came: what the browser has kept is served within this. */
const THAW_MS = 1_500;
/** Checks come five times a second, once a second in a hidden page; a longer gap means that the page stood still. */
const STANDSTILL_MS = 2_500;
/** W14: of the time that credentials of ICE servers hold, what passes before others are asked for; and at least so long. */
const ICE_SHARE = 0.5;
const ICE_REST_MS = 60_000;

const LEAVE: ClientMessage = { type: "leave" };

const WHILE_CONNECTING: ReadonlySet<string> = new Set(["challenge", "welcome", "error", "goaway"]);

const REFUSALS: Partial<Record<number, Refusal>> = {
  [CloseCode.wrongVersion]: "wrong-version",
  [CloseCode.takenOver]: "taken-over",
  [CloseCode.swarmFull]: "swarm-full",
  [CloseCode.notAdmitted]: "not-admitted",
};

export class ControlLink {
  readonly #options: ControlLinkOptions;
  #state: ControlState = "idle";
  #socket: WebSocket | null = null;
  #hasJoined = false;
  #attempt = 0;
  #goAwayMs: number | null = null;
  #lastHeardLocalMs = 0;
  #lastCheckLocalMs = 0;
  /** A silence is forgiven once: a page that runs once a minute must find out too. */
  #forgivenLocalMs = Number.NaN;
  #suspectUntilLocalMs = Number.POSITIVE_INFINITY;
  #cancelTimer: (() => void) | null = null;
  #cancelIce: (() => void) | null = null;
  readonly #routeProbe: ShardRouteProbe;

  constructor(options: ControlLinkOptions) {
    this.#options = options;
    const { clock, random } = options;
    this.#routeProbe = new ShardRouteProbe({
      clock,
      random,
      makeSocket: () => this.#makeSocket(),
      onMoved: () => this.#connect(),
    });
  }

  get state(): ControlState {
    return this.#state;
  }

  /** For how long nothing at all has come from the server. */
  get silentMs(): number {
    return this.#options.clock.nowMs() - this.#lastHeardLocalMs;
  }

  open(): void {
    if (this.#state === "idle") this.#connect();
  }

  /** The network came back or the page woke: do not wait for the back-off, and do not trust a quiet socket. */
  wake(): void {
    if (this.#state === "retrying") this.#connect();
    else this.checkSilence();
  }

  /** W12: the device slept, and its clock with it: the socket may be dead for long. It is given a moment to prove itself. */
  doubt(): void {
    this.#suspectUntilLocalMs = this.#options.clock.nowMs() + THAW_MS;
  }

  /** It has: something asked after that was answered. What had been kept for the sleeper proves nothing. */
  trust(): void {
    this.#suspectUntilLocalMs = Number.POSITIVE_INFINITY;
  }

  /** Sends if the channel is open; returns whether it did. What is lost, the next heartbeat or status repairs. */
  send(message: ClientMessage): boolean {
    if (this.#state !== "open" || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Leaves the swarm at once, without the server's grace. Idempotent. */
  close(): void {
    // Also before the welcome: a join that is on its way must not leave a seat behind.
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(LEAVE));
    this.#dropSocket();
    this.#setState("idle");
  }

  /** Gives up a socket that has not answered for long; call it regularly while open. */
  checkSilence(): void {
    const localMs = this.#options.clock.nowMs();
    const stoodStill = localMs - this.#lastCheckLocalMs > STANDSTILL_MS;
    this.#lastCheckLocalMs = localMs;
    if (this.#state !== "open") return;
    if (stoodStill && this.#lastHeardLocalMs !== this.#forgivenLocalMs) {
      this.#forgivenLocalMs = Math.max(this.#lastHeardLocalMs, localMs - SILENCE_MS + THAW_MS);
      this.#lastHeardLocalMs = this.#forgivenLocalMs;
    }
    if (localMs - this.#lastHeardLocalMs > SILENCE_MS || localMs > this.#suspectUntilLocalMs) this.#retry();
  }

  #connect(): void {
    this.#dropSocket();
    this.#setState("connecting");
    const { clock } = this.#options;
    const socket = this.#makeSocket();
    this.#socket = socket;
    this.#hasJoined = false;
    this.#cancelTimer = clock.after(CONNECT_TIMEOUT_MS, () => this.#retry());
    socket.onmessage = (event: MessageEvent<unknown>) => {
      const receivedLocalMs = clock.nowMs();
      if (socket === this.#socket) this.#receive(event.data, receivedLocalMs);
    };
    socket.onclose = (event) => {
      if (socket === this.#socket) this.#closed(event.code);
    };
  }

  #makeSocket(): WebSocket {
    const { server, shard } = this.#options;
    return this.#options.makeSocket(`${server}/v1/control?s=${shard}`);
  }

  #receive(frame: unknown, receivedLocalMs: number): void {
    this.#lastHeardLocalMs = receivedLocalMs;
    let message: CheckedServerMessage | null;
    try {
      message = aboutOthers(parseServerMessage(frame), this.#options.userId);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      console.warn(`the server sent nonsense, connecting anew: ${error.message}`);
      this.#retry();
      return;
    }
    if (!message) return;
    if (this.#state !== "open" && !WHILE_CONNECTING.has(message.type)) return; // nobody has been let in yet
    if (message.type === "challenge") {
      this.#answer(message.nonce);
      return;
    }
    if (message.type === "welcome") {
      this.#cancelTimer?.();
      this.#attempt = 0;
      this.#goAwayMs = null;
      this.#setState("open");
      this.#renewIce(message.iceSec);
    }
    if (message.type === "goaway") this.#goAwayMs = message.retryAfterMs;
    this.#routeProbe.hear(message); // W13
    this.#options.onMessage(message, receivedLocalMs);
  }

  /** Credentials for relays are brief; a new link an hour from now needs new ones. */
  #renewIce(iceSec: number | undefined): void {
    if (iceSec === undefined) return;
    const restMs = Math.max(ICE_REST_MS, iceSec * 1000 * ICE_SHARE);
    this.#cancelIce = this.#options.clock.after(restMs, () => {
      this.send({ type: "ice" });
      this.#renewIce(iceSec);
    });
  }

  /** One signature per connection: a server that asks for more gets none. */
  #answer(nonce: string): void {
    if (this.#hasJoined) return;
    this.#hasJoined = true;
    this.#socket?.send(JSON.stringify(this.#options.makeJoin(nonce)));
  }

  #closed(code: number): void {
    const refusal = REFUSALS[code];
    if (!refusal) {
      this.#retry();
      return;
    }
    this.#dropSocket();
    this.#setState("idle");
    this.#options.onRefused(refusal);
  }

  #retry(): void {
    this.#dropSocket();
    const { clock, random, isAwaited } = this.#options;
    const waitMs = this.#goAwayMs ?? backOffMs(this.#attempt, random, isAwaited());
    this.#goAwayMs = null;
    this.#attempt += 1;
    this.#cancelTimer = clock.after(waitMs, () => this.#connect());
    this.#setState("retrying");
  }

  #dropSocket(): void {
    this.trust();
    this.#routeProbe.stop();
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#cancelIce?.();
    this.#cancelIce = null;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #setState(state: ControlState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}

/** A server that shows this peer to itself, as another member, is not listened to. */
function aboutOthers(message: CheckedServerMessage, me: UserId): CheckedServerMessage | null {
  if (message.type === "welcome")
    return { ...message, members: message.members.filter(({ userId }) => userId !== me) };
  const subject = "userId" in message ? message.userId : message.type === "relayed" ? message.from : null;
  return subject === me ? null : message;
}
