// What of a browser sound stands on: its AudioContext with a reading of its output, a Worker to render in, memory. Simulations
// put a card of their own under the same player.

import { AudioError, type Clock } from "../../lib/index.ts";
import { soundBudgetBytes } from "../decode/memory-budget.ts";
import { MediaClock } from "./media-clock.ts";
import { detectEngine, type Engine, type OutputReader, outputReaderOf } from "./speaker-timestamps.ts";

/**
 * Nobody plays live here, so the browser may keep this much rendered. With "interactive" (11 ms) a machine whose cores were
 * all busy broke the sound some twenty times in 25 s, with 80 ms once; timestamps were as good (docs/timing.md). More would be
 * heard as a sluggish Stop: PulseAudio adds three times this.
 */
const LATENCY_HINT_SEC = 0.08;

/**
 * Songs are decoded at the context's rate: at the 192 kHz of some cards they would take four times the memory, and sound the
 * same.
 */
const MAX_RATE_HZ = 48_000;

export interface SoundPlatform {
  /** Throws AudioError `audio-unsupported`. */
  readonly makeContext: () => AudioContext;
  /** Inside a tap, too. */
  readonly makeOutputReader: (localClock: Clock) => OutputReader;
  readonly makeWorker: () => Worker;
  /** Whose decoder it is. */
  readonly engine: () => Engine;
  /** What decoded sound may take of this device's memory. */
  readonly soundBudgetBytes: () => number;
}

export const browserSound = (): SoundPlatform => ({
  makeContext() {
    if (typeof AudioContext === "undefined") throw new AudioError("audio-unsupported", "no AudioContext");
    const context = new AudioContext({ latencyHint: LATENCY_HINT_SEC });
    if (context.sampleRate <= MAX_RATE_HZ) return context;
    context.close().catch(() => undefined);
    return new AudioContext({ latencyHint: LATENCY_HINT_SEC, sampleRate: MAX_RATE_HZ });
  },
  engine: () => detectEngine(navigator.userAgent),
  makeOutputReader: (localClock) =>
    outputReaderOf(detectEngine(navigator.userAgent), () => new MediaClock(), localClock),
  makeWorker: () => new Worker(new URL("../render/render.worker.ts", import.meta.url), { type: "module" }),
  soundBudgetBytes() {
    // Chromium tells the memory, and on https only.
    const { deviceMemory } = navigator as { readonly deviceMemory?: number };
    return soundBudgetBytes({ memoryGib: deviceMemory, isPhone: matchMedia("(pointer: coarse)").matches });
  },
});
