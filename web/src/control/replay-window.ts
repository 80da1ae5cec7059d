// Accepts each sequence number of one sender once, in any order within the last 64 (the scheme of RFC 4303 §3.4.3).

import { WireError } from "../lib/index.ts";

const WIDTH = 64;

export class ReplayWindow {
  #highest: number;
  readonly #floor: number;
  #seen = new Set<number>();

  /** Whatever is not above `floor` counts as admitted. */
  constructor(floor = -1) {
    this.#floor = floor;
    this.#highest = floor;
  }

  get highest(): number {
    return this.#highest;
  }

  /** Throws WireError `wire-replayed` for a number admitted before or too old to tell. */
  check(sequence: number): void {
    if (sequence <= Math.max(this.#floor, this.#highest - WIDTH) || this.#seen.has(sequence)) {
      throw new WireError("wire-replayed", `sequence ${sequence}`);
    }
  }

  /** Checks, and remembers the number. */
  admit(sequence: number): void {
    this.check(sequence);
    this.#seen.add(sequence);
    if (sequence <= this.#highest) return;
    this.#highest = sequence;
    for (const old of this.#seen) if (old <= sequence - WIDTH) this.#seen.delete(old);
  }
}
