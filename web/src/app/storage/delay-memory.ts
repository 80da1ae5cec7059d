// The speaker delays that were found by ear or by calibration, one for each output that can be named and one for all others.
// Pure: reads and writes what a memory keeps. ms.

import type { Memory } from "../../lib/index.ts";
import { MAX_SPEAKER_DELAY_MS } from "../../protocol/constants/session.gen.ts";
import { saneDelayMs } from "./speaker-delay.ts";

/** Under this the delay of outputs without a name is kept. */
const UNNAMED_STORED_AS = "unisono.speakerDelayMs";
const NAMED_STORED_AS = "unisono.speakerDelays";
/** Enough for every loudspeaker of a household; the one used longest ago goes first. */
const MAX_OUTPUTS = 20;

type Stored = Pick<Memory, "getItem" | "setItem">;

export class DelayMemory {
  readonly #storage: Stored;

  constructor(storage: Stored) {
    this.#storage = storage;
  }

  /** null where nothing is remembered of this output. */
  delayMsOf(outputName: string | null): number | null {
    if (outputName !== null) return this.#named().get(outputName) ?? null;
    const stored = this.#storage.getItem(UNNAMED_STORED_AS);
    return stored === null ? null : saneOrNull(Number(stored));
  }

  remember(outputName: string | null, delayMs: number): void {
    const saneMs = saneDelayMs(delayMs);
    if (outputName === null) {
      this.#storage.setItem(UNNAMED_STORED_AS, String(saneMs));
      return;
    }
    const named = this.#named();
    named.delete(outputName); // so that it is the youngest
    named.set(outputName, saneMs);
    const kept = [...named].slice(-MAX_OUTPUTS);
    this.#storage.setItem(NAMED_STORED_AS, JSON.stringify(kept));
  }

  #named(): Map<string, number> {
    const named = new Map<string, number>();
    for (const entry of parseList(this.#storage.getItem(NAMED_STORED_AS))) {
      const [name, delayMs] = Array.isArray(entry) ? entry : [];
      const saneMs = typeof delayMs === "number" ? saneOrNull(delayMs) : null;
      if (typeof name === "string" && saneMs !== null) named.set(name, saneMs);
    }
    return named;
  }
}

const saneOrNull = (delayMs: number): number | null =>
  delayMs >= 0 && delayMs <= MAX_SPEAKER_DELAY_MS ? delayMs : null;

function parseList(text: string | null): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return []; // what is not ours to read is replaced
  }
}
