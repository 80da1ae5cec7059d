// The way between one device and the server, with TCP's manners: ordered, nothing lost, everything late while it is cut.
// True ms. What the server relays may be lost or overtaken besides, as if it had passed through a worse world than ours.

import type { Clock, Random } from "../../lib/index.ts";

/** After a cut, retransmission finds out within this. */
const MAX_RETRANSMIT_MS = 1_500;

export class SimPath {
  readonly world: Clock;
  readonly random: Random;
  /** One way without queues; the same in both directions, since no clock can see the difference. */
  readonly leastMs: number;
  readonly meanQueueMs: number;
  /** Share of relayed messages that vanish. */
  lossShare = 0;
  /** Relayed messages arrive in any order within this. */
  shuffleMs = 0;
  #isCut = false;
  #waiting: (() => void)[] = [];

  constructor(world: Clock, random: Random, leastMs: number, meanQueueMs: number) {
    this.world = world;
    this.random = random;
    this.leastMs = leastMs;
    this.meanQueueMs = meanQueueMs;
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  cut(): void {
    this.#isCut = true;
  }

  heal(): void {
    if (!this.#isCut) return;
    this.#isCut = false;
    const waitMs = this.random.fraction() * MAX_RETRANSMIT_MS;
    for (const send of this.#waiting.splice(0)) this.world.after(waitMs, send);
  }

  delayMs(): number {
    return this.leastMs - this.meanQueueMs * Math.log(1 - this.random.fraction());
  }

  /** Runs `task` when the way is open, at once if it is. */
  whenOpen(task: () => void): void {
    if (this.#isCut) this.#waiting.push(task);
    else task();
  }
}

/** One direction of one connection. */
export class SimStream {
  readonly #path: SimPath;
  #lastDueMs = 0;
  #backlog: (() => void)[] = [];

  constructor(path: SimPath) {
    this.#path = path;
  }

  /** `arrive` runs at the other end, after everything sent before it. */
  send(arrive: () => void): void {
    if (this.#path.isCut || this.#backlog.length > 0) this.#stall(arrive);
    else this.#travel(arrive);
  }

  /** `arrive` runs at the other end at some time, or never. */
  sendRoughly(arrive: () => void): void {
    const { random, lossShare, shuffleMs, world } = this.#path;
    if (random.fraction() < lossShare) return;
    if (shuffleMs === 0) this.send(arrive);
    else world.after(random.fraction() * shuffleMs, () => this.send(arrive));
  }

  #travel(arrive: () => void): void {
    const { world } = this.#path;
    const dueMs = Math.max(this.#lastDueMs, world.nowMs() + this.#path.delayMs());
    this.#lastDueMs = dueMs;
    world.after(dueMs - world.nowMs(), () => {
      if (this.#path.isCut || this.#backlog.length > 0) this.#stall(arrive);
      else arrive();
    });
  }

  #stall(arrive: () => void): void {
    this.#backlog.push(arrive);
    if (this.#backlog.length > 1) return;
    this.#path.whenOpen(() => this.#flush());
  }

  #flush(): void {
    if (this.#path.isCut) {
      this.#path.whenOpen(() => this.#flush());
      return;
    }
    for (const arrive of this.#backlog.splice(0)) this.#travel(arrive);
  }
}
