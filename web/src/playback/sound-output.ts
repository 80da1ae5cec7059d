// The AudioContext and its moods: unlocking inside a tap, interruptions, and the line of its timestamps. Local ms.
// States: locked (no tap yet, or refused) → running ⇄ interrupted (the platform took the sound away).
// Does not know what is played.

import { AudioError, type Clock, every } from "../lib/index.ts";
import type { DeviceHints } from "./memory-budget.ts";
import { OutputLine } from "./output-line.ts";
import { detectEngine, type PortReader, portReaderOf } from "./speaker-timestamps.ts";

export type OutputState = "locked" | "running" | "interrupted";

/**
 * Nobody plays live here, so the browser may keep this much rendered. With "interactive" (11 ms) a machine whose cores were
 * all busy broke the sound some twenty times in 25 s, with 80 ms once; timestamps were as good (docs/timing.md). More would be
 * heard as a sluggish Stop: PulseAudio adds three times this.
 */
const LATENCY_HINT_SEC = 0.08;

/** What the browser tells of the device's memory (Chromium on https only) and its kind. */
export function deviceHints(): DeviceHints {
  const { deviceMemory } = navigator as { readonly deviceMemory?: number };
  return { memoryGib: deviceMemory, isPhone: matchMedia("(pointer: coarse)").matches };
}

interface AudioSessionNavigator {
  readonly audioSession?: { type: string };
}

export class SoundOutput {
  readonly line = new OutputLine();
  readonly #clock: Clock;
  readonly #onState: (state: OutputState) => void;
  #context: AudioContext | null = null;
  #reader: PortReader | null = null;
  #hasRun = false;
  #stopSampling: (() => void) | null = null;

  constructor(clock: Clock, onState: (state: OutputState) => void) {
    this.#clock = clock;
    this.#onState = onState;
  }

  get context(): AudioContext | null {
    return this.#context;
  }

  get state(): OutputState {
    if (this.#context?.state === "running") return "running";
    return this.#hasRun ? "interrupted" : "locked";
  }

  /** What is rendered at a stroke, s: a change nearer than this may come too late. */
  get renderAheadSec(): number {
    return this.#context?.baseLatency || 0;
  }

  /** From render to port as the browser reports it, ms; null before the first tap. */
  get latencyMs(): number | null {
    const latencySec = this.#reader?.latencySec ?? null;
    return latencySec && latencySec * 1000;
  }

  /**
   * Must be called synchronously inside a tap, before anything else: iOS accepts nothing later. Throws AudioError
   * `audio-unsupported` where there is no Web Audio. Idempotent; later taps wake a suspended context.
   */
  unlock(): AudioContext {
    if (!this.#context) {
      if (typeof AudioContext === "undefined") throw new AudioError("audio-unsupported", "no AudioContext");
      this.#context = new AudioContext({ latencyHint: LATENCY_HINT_SEC });
      this.#context.onstatechange = () => this.#stateChanged();
      const reader = portReaderOf(detectEngine(navigator.userAgent));
      this.#reader = reader;
      this.#stopSampling = every(this.#clock, reader.periodMs, () => this.#sample());
    }
    // "interrupted" is iOS's own state; resume() there fails and is not tried (research/sync.md §3.6).
    if ((this.#context.state as string) !== "interrupted") {
      this.#context.resume().catch(() => this.#stateChanged());
    }
    const session = (navigator as AudioSessionNavigator).audioSession;
    if (session) session.type = "playback"; // iOS: sound in spite of the silent switch
    return this.#context;
  }

  async close(): Promise<void> {
    this.#stopSampling?.();
    this.#stopSampling = null;
    const context = this.#context;
    this.#context = null;
    this.#hasRun = false;
    this.line.reset();
    if (!context) return;
    context.onstatechange = null;
    await context.close();
  }

  #stateChanged(): void {
    if (this.#context?.state === "running") this.#hasRun = true;
    this.line.reset();
    this.#onState(this.state);
  }

  #sample(): void {
    const context = this.#context;
    if (context?.state !== "running") return;
    const sample = this.#reader?.read(context, this.#clock.nowMs());
    if (sample) this.line.add(sample);
  }
}
