// The trims that were found by ear, one for each output that can be named and one for all others. Pure: reads and writes what a
// memory keeps. dB.

import { FLAT_TRIM, parseTrim, type Trim } from "../../audio/index.ts";
import type { Memory } from "../../lib/index.ts";

const STORED_AS = "unisono.trims";
/** As many as delays are kept (delay-memory.ts); the one used longest ago goes first. */
const MAX_OUTPUTS = 20;

type Stored = Pick<Memory, "getItem" | "setItem">;

export class TrimMemory {
  readonly #storage: Stored;

  constructor(storage: Stored) {
    this.#storage = storage;
  }

  /** Flat where nothing is remembered of this output. `outputName`: null for outputs without a name. */
  trimOf(outputName: string | null): Trim {
    return this.#all().get(outputName) ?? FLAT_TRIM;
  }

  remember(outputName: string | null, trim: Trim): void {
    const all = this.#all();
    all.delete(outputName); // so that it is the youngest
    all.set(outputName, trim);
    this.#storage.setItem(STORED_AS, JSON.stringify([...all].slice(-MAX_OUTPUTS)));
  }

  #all(): Map<string | null, Trim> {
    const all = new Map<string | null, Trim>();
    for (const entry of parseList(this.#storage.getItem(STORED_AS))) {
      const [name, trim] = Array.isArray(entry) ? entry : [];
      if (name === null || typeof name === "string") all.set(name, parseTrim(trim));
    }
    return all;
  }
}

function parseList(text: string | null): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return []; // what is not ours to read is replaced
  }
}
