// What of a browser sound stands on: its AudioContext with a reading of its port, a Worker to render in, memory. Simulations
// put a card of their own under the same player.

import { AudioError, type Clock } from "../lib/index.ts";
import { MediaClock } from "./media-clock.ts";
import { soundBudgetBytes } from "./memory-budget.ts";
import { detectEngine, type PortReader, portReaderOf } from "./speaker-timestamps.ts";

/**
 * Nobody plays live here, so the browser may keep this much rendered. With "interactive" (11 ms) a machine whose cores were
 * all busy broke the sound some twenty times in 25 s, with 80 ms once; timestamps were as good (docs/timing.md). More would be
 * heard as a sluggish Stop: PulseAudio adds three times this.
 */
const LATENCY_HINT_SEC = 0.08;

export interface SoundGround {
  /** Throws AudioError `audio-unsupported`. */
  readonly makeContext: () => AudioContext;
  /** Inside a tap, too. */
  readonly makePortReader: (localClock: Clock) => PortReader;
  readonly makeWorker: () => Worker;
  /** What decoded sound may take of this device's memory. */
  readonly soundBudgetBytes: () => number;
}

export const browserSound = (): SoundGround => ({
  makeContext() {
    if (typeof AudioContext === "undefined") throw new AudioError("audio-unsupported", "no AudioContext");
    return new AudioContext({ latencyHint: LATENCY_HINT_SEC });
  },
  makePortReader: (localClock) =>
    portReaderOf(detectEngine(navigator.userAgent), () => new MediaClock(), localClock),
  makeWorker: () => new Worker(new URL("./render.worker.ts", import.meta.url), { type: "module" }),
  soundBudgetBytes() {
    // Chromium tells the memory, and on https only.
    const { deviceMemory } = navigator as { readonly deviceMemory?: number };
    return soundBudgetBytes({ memoryGib: deviceMemory, isPhone: matchMedia("(pointer: coarse)").matches });
  },
});
