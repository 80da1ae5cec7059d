// What of a browser sound stands on: its AudioContext and a Worker to render in. Simulations put a card of their own
// under the same player.

import { AudioError } from "../lib/index.ts";
import { detectEngine, type Engine } from "./speaker-timestamps.ts";

export interface SoundGround {
  readonly engine: Engine;
  /** Throws AudioError `audio-unsupported`. */
  readonly makeContext: () => AudioContext;
  readonly makeWorker: () => Worker;
  /** How often the card's timestamps are read. */
  readonly samplePeriodMs: number;
}

export const browserSound = (): SoundGround => ({
  engine: detectEngine(navigator.userAgent),
  makeContext() {
    if (typeof AudioContext === "undefined") throw new AudioError("audio-unsupported", "no AudioContext");
    return new AudioContext({ latencyHint: "interactive" });
  },
  makeWorker: () => new Worker(new URL("./render.worker.ts", import.meta.url), { type: "module" }),
  // One timestamp per render callback is enough (10 ms in Chromium); four a callback would only cost battery.
  samplePeriodMs: 20,
});
