// Asks now and then which server process the address of this swarm leads to. Processes come and go: who joins now may be led to
// another one than those who are here, and the two halves could not find each other. Whoever notices goes where the route leads.
// States: idle → resting → asking → resting (the same process, or no answer) | resting with a suspect (another) → asking →
// resting | moved. Promises: R1 one question a minute for a whole swarm, however large. R2 someone going away makes the others
// ask soon: they may have noticed. R3 nobody moves for one answer: the same other process must answer twice in a row. R4 nobody
// moves twice within half a minute, so that proxies which disagree cost little. Local ms. Knows no seats: it reads a challenge
// and closes.

import { type Clock, type Random, WireError } from "../lib/index.ts";
import { type CheckedServerMessage, parseServerMessage } from "./server-message.ts";

export interface ShardRouteProbeOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Opens a second socket to the same address. */
  readonly makeSocket: () => WebSocket;
  /** The route leads elsewhere now: connect anew. */
  readonly onMoved: () => void;
}

type ProbeState =
  | { readonly name: "idle" }
  | {
      readonly name: "resting";
      readonly dueLocalMs: number;
      readonly suspect: string | null;
      readonly cancel: () => void;
    }
  | {
      readonly name: "asking";
      readonly socket: WebSocket;
      readonly suspect: string | null;
      readonly cancel: () => void;
    };

/** Each of n members asks every n minutes, give or take a half. */
const PERIOD_MS = 60_000;
/** Who noticed that the route leads elsewhere is seen to go away by the others. */
const SOON_MS = 1_000;
const SOON_SPREAD_MS = 3_000;
/** Between an answer that surprises and the one that confirms it. */
const CONFIRM_MS = 1_500;
/** As long as joining may take. */
const ANSWER_MS = 8_000;
const SETTLED_MS = 30_000;

export class ShardRouteProbe {
  readonly #options: ShardRouteProbeOptions;
  #state: ProbeState = { name: "idle" };
  #home = "";
  #others = 0;
  #movedLocalMs = Number.NEGATIVE_INFINITY;

  constructor(options: ShardRouteProbeOptions) {
    this.#options = options;
  }

  /** What the server says on the channel that is open. */
  hear(message: CheckedServerMessage): void {
    if (message.type === "welcome") {
      this.#home = message.nodeId;
      this.#others = message.members.length;
      this.#rest(this.#periodMs());
    } else if (message.type === "joined") {
      this.#others += 1;
    } else if (message.type === "left") {
      this.#others = Math.max(0, this.#others - 1);
      this.#askSoon();
    } else if (message.type === "presence" && message.away) {
      this.#askSoon();
    }
  }

  /** The channel is closed: connecting anew leads where the route leads. Idempotent. */
  stop(): void {
    const state = this.#state;
    this.#state = { name: "idle" };
    if (state.name === "idle") return;
    state.cancel();
    if (state.name === "asking") hangUp(state.socket);
  }

  /** R1 */
  #periodMs(): number {
    return PERIOD_MS * (this.#others + 1) * (0.5 + this.#options.random.fraction());
  }

  /** R2 */
  #askSoon(): void {
    const waitMs = SOON_MS + SOON_SPREAD_MS * this.#options.random.fraction();
    const soonLocalMs = this.#options.clock.nowMs() + waitMs;
    if (this.#state.name === "resting" && this.#state.dueLocalMs > soonLocalMs) this.#rest(waitMs);
  }

  #rest(waitMs: number, suspect: string | null = null): void {
    this.stop();
    const { clock } = this.#options;
    const localMs = clock.nowMs();
    const pauseMs = Math.max(waitMs, this.#movedLocalMs + SETTLED_MS - localMs); // R4
    const cancel = clock.after(pauseMs, () => this.#ask(suspect));
    this.#state = { name: "resting", dueLocalMs: localMs + pauseMs, suspect, cancel };
  }

  #ask(suspect: string | null): void {
    const socket = this.#options.makeSocket();
    const cancel = this.#options.clock.after(ANSWER_MS, () => this.#rest(this.#periodMs()));
    this.#state = { name: "asking", socket, suspect, cancel };
    socket.onmessage = (event: MessageEvent<unknown>) => this.#answered(nodeOf(event.data));
    socket.onclose = () => this.#rest(this.#periodMs());
  }

  #answered(nodeId: string | null): void {
    if (this.#state.name !== "asking") throw new Error(`an answer while ${this.#state.name}`);
    const { suspect } = this.#state;
    if (nodeId === null || nodeId === this.#home) {
      this.#rest(this.#periodMs());
    } else if (nodeId !== suspect) {
      this.#rest(CONFIRM_MS, nodeId); // R3
    } else {
      this.stop();
      this.#movedLocalMs = this.#options.clock.nowMs();
      this.#options.onMoved();
    }
  }
}

/** Whoever says something else first is no server of ours, and no reason to move. */
function nodeOf(frame: unknown): string | null {
  try {
    const message = parseServerMessage(frame);
    return message.type === "challenge" ? message.nodeId : null;
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}

function hangUp(socket: WebSocket): void {
  socket.onmessage = socket.onclose = null;
  socket.close();
}
