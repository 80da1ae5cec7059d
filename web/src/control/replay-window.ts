// Accepts each sequence number of one sender once, in any order within the last 64 (the scheme of RFC 4303 §3.4.3).

import { WireError } from "../lib/index.ts";

const WIDTH = 64;

export class ReplayWindow {
  #highest = -1;
  #seen = new Set<number>();

  /** Throws WireError `wire-replayed` for a number admitted before or too old to tell. */
  check(sequence: number): void {
    if (sequence <= this.#highest - WIDTH || this.#seen.has(sequence)) {
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
