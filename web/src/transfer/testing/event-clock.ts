// A virtual clock for many peers: like lib's, but its timers are in a heap, so that a thousand peers cost what they do and
// not what they wait for. Timers due at the same moment run in the order they were set.

import type { Clock } from "../../lib/index.ts";

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  task: (() => void) | null;
}

export class EventClock implements Clock {
  #localMs: number;
  #order = 0;
  readonly #heap: Timer[] = [];

  constructor(startMs = 1000) {
    this.#localMs = startMs;
  }

  nowMs(): number {
    return this.#localMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#localMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer: Timer = { dueMs: this.#localMs + Math.max(0, delayMs), order: this.#order++, task };
    this.#push(timer);
    return () => {
      timer.task = null;
    };
  }

  /** Lets `durationMs` pass, running every timer that falls due. */
  advance(durationMs: number): void {
    const endMs = this.#localMs + durationMs;
    for (let next = this.#heap[0]; next && next.dueMs <= endMs; next = this.#heap[0]) {
      this.#pop();
      if (!next.task) continue;
      this.#localMs = Math.max(this.#localMs, next.dueMs);
      next.task();
    }
    this.#localMs = endMs;
  }

  #push(timer: Timer): void {
    let at = this.#heap.length;
    for (let parent = (at - 1) >> 1; at > 0; parent = (at - 1) >> 1) {
      const above = this.#heap[parent];
      if (!above || !isBefore(timer, above)) break;
      this.#heap[at] = above;
      at = parent;
    }
    this.#heap[at] = timer;
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (!last || this.#heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = this.#heap[2 * at + 1];
      const right = this.#heap[2 * at + 2];
      const below = right && left && isBefore(right, left) ? right : left;
      if (!below || !isBefore(below, last)) break;
      this.#heap[at] = below;
      at = below === right ? 2 * at + 2 : 2 * at + 1;
    }
    this.#heap[at] = last;
  }
}

const isBefore = (one: Timer, other: Timer): boolean =>
  one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order);
