// Whether a person has ever said that this device sounds: until then Join asks after its chime. Pure but for its memory.

import type { Memory } from "../../lib/index.ts";

const STORED_AS = "unisono.heard";

type Stored = Pick<Memory, "getItem" | "setItem">;

export class Heard {
  readonly #storage: Stored;
  #isAsking = false;

  constructor(storage: Stored) {
    this.#storage = storage;
  }

  /** The question is on the screen. */
  get isAsking(): boolean {
    return this.#isAsking;
  }

  /** Someone joined, and the chime rings: asks, unless the answer was yes before. */
  joined(): void {
    this.#isAsking = this.#storage.getItem(STORED_AS) !== "yes";
  }

  /** The answer is yes, and is not asked for again on this device. */
  confirm(): void {
    this.#storage.setItem(STORED_AS, "yes");
    this.#isAsking = false;
  }

  /** Music can be heard or not without being asked. */
  musicBegan(): void {
    this.#isAsking = false;
  }
}
