// The clock of one simulated device on the world's true time: its crystal is off, its page can be frozen, and it can sleep,
// which stops local time but not wall time. Local ms; true ms are the world's.

import type { Clock } from "../../lib/index.ts";

/** Timers fire when local time has come this near to their due time; below that it is rounding. */
const CLOSE_ENOUGH_MS = 1e-6;

export class SimClock implements Clock {
  readonly #world: Clock;
  readonly #bootTrueMs: number;
  readonly #rate: number;
  #sleptTrueMs = 0;
  #asleepSinceTrueMs: number | null = null;
  #isFrozen = false;
  /** What wanted to run while nothing could, in order. */
  #held: (() => void)[] = [];

  constructor(world: Clock, bootTrueMs: number, offPpm: number) {
    this.#world = world;
    this.#bootTrueMs = bootTrueMs;
    this.#rate = 1 + offPpm * 1e-6;
  }

  get isHalted(): boolean {
    return this.#isFrozen || this.#asleepSinceTrueMs !== null;
  }

  nowMs(): number {
    const trueMs = this.#asleepSinceTrueMs ?? this.#world.nowMs();
    return (trueMs - this.#bootTrueMs - this.#sleptTrueMs) * this.#rate;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#world.nowMs();
  }

  after(delayMs: number, task: () => void): () => void {
    const dueLocalMs = this.nowMs() + Math.max(0, delayMs);
    let isDone = false;
    const run = (): void => {
      if (isDone) return;
      const leftMs = dueLocalMs - this.nowMs();
      if (this.isHalted) this.#held.push(run);
      else if (leftMs > CLOSE_ENOUGH_MS) this.#world.after(leftMs / this.#rate, run);
      else {
        isDone = true;
        task();
      }
    };
    this.#world.after(Math.max(0, delayMs) / this.#rate, run);
    return () => {
      isDone = true;
    };
  }

  /** Something from outside reaches the page: now, or when it runs again. */
  deliver(task: () => void): void {
    if (this.isHalted) this.#held.push(task);
    else task();
  }

  /** The page's scripts stand still; local time does not. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** The device sleeps: scripts and local time stand still. */
  sleep(): void {
    this.#asleepSinceTrueMs ??= this.#world.nowMs();
  }

  thaw(): void {
    this.#isFrozen = false;
    this.#serveHeld();
  }

  wake(): void {
    if (this.#asleepSinceTrueMs === null) return;
    this.#sleptTrueMs += this.#world.nowMs() - this.#asleepSinceTrueMs;
    this.#asleepSinceTrueMs = null;
    this.#serveHeld();
  }

  /** In the order it came; what still cannot run is held again. */
  #serveHeld(): void {
    for (const task of this.#held.splice(0)) this.deliver(task);
  }
}
