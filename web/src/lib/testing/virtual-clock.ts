// A clock that moves only when told. Timers run in order of their due time, each at exactly that time.

import type { Clock } from "../clock.ts";

interface Timer {
  dueMs: number;
  order: number;
  task: () => void;
}

export class VirtualClock implements Clock {
  #localMs: number;
  #sleptMs = 0;
  #order = 0;
  readonly #timers = new Set<Timer>();

  constructor(startMs = 1000) {
    this.#localMs = startMs;
  }

  nowMs(): number {
    return this.#localMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#localMs + this.#sleptMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer: Timer = { dueMs: this.#localMs + Math.max(0, delayMs), order: this.#order++, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets `durationMs` pass, running every timer that falls due. */
  advance(durationMs: number): void {
    const endMs = this.#localMs + durationMs;
    for (;;) {
      const next = this.#nextDue(endMs);
      if (!next) break;
      this.#timers.delete(next);
      this.#localMs = Math.max(this.#localMs, next.dueMs);
      next.task();
    }
    this.#localMs = endMs;
  }

  /** The device sleeps: wall time passes, local time and timers stand still. */
  sleep(durationMs: number): void {
    this.#sleptMs += durationMs;
  }

  #nextDue(endMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs > endMs) continue;
      if (!next || timer.dueMs < next.dueMs || (timer.dueMs === next.dueMs && timer.order < next.order)) {
        next = timer;
      }
    }
    return next;
  }
}
