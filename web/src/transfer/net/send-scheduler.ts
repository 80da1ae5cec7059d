// The one scheduler through which all bulk of this device leaves: send queues ask, the pacer decides, and who was refused is
// called in turn when the time has come. One timer at most, and only while somebody waits. Local ms.

import type { Clock } from "../../lib/index.ts";
import type { Pacer } from "./pacer.ts";

/** No browser's timer is finer, and the tokens of a moment are not worth a wake-up. */
const LEAST_WAIT_MS = 1;

/** Whoever sends bulk: called when it may try again. */
export interface Sender {
  fill(): void;
}

export class SendScheduler {
  readonly #waiting = new Set<Sender>();
  #called: Sender | null = null;
  #cancelTimer: (() => void) | null = null;

  constructor(
    readonly pacer: Pacer,
    private readonly clock: Clock,
  ) {}

  get chunkBytes(): number {
    return this.pacer.chunkBytes;
  }

  /** Whether the guest may send this much now. If not, it will be called; who waits longer goes first. */
  admits(guest: Sender, sizeBytes: number): boolean {
    const isTurn = this.#waiting.size === 0 || this.#called === guest;
    if (isTurn && this.pacer.take(sizeBytes, this.clock.nowMs())) return true;
    this.#waiting.add(guest);
    if (this.#called === null) this.#callAfter(this.pacer.waitMs(sizeBytes, this.clock.nowMs()));
    return false;
  }

  /** A guest's channel takes nothing more for now. */
  recordFull(): void {
    this.pacer.recordUse(this.clock.nowMs());
  }

  leave(guest: Sender): void {
    this.#waiting.delete(guest);
  }

  close(): void {
    this.#waiting.clear();
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #callAfter(delayMs: number): void {
    this.#cancelTimer ??= this.clock.after(Math.max(LEAST_WAIT_MS, delayMs), () => {
      this.#cancelTimer = null;
      this.#callWaiting();
    });
  }

  /** Each once, in the order of waiting; who is refused again goes to the end. */
  #callWaiting(): void {
    for (const guest of [...this.#waiting]) {
      this.#waiting.delete(guest);
      this.#called = guest;
      guest.fill();
      this.#called = null;
      if (this.#waiting.has(guest)) break; // nothing left for the others either
    }
    if (this.#waiting.size > 0) this.#callAfter(this.pacer.waitMs(this.chunkBytes, this.clock.nowMs()));
  }
}
