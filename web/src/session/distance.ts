// Between the pure measurement of a distance and what it needs of the session: opens the microphone when a person taps, sends what is to
// be said, has the recording worked on. Local ms, global µs. Owns the microphone while it is open. Fetched when somebody measures.

import {
  hearInWorker,
  type Microphone,
  type MicrophoneError,
  openMicrophone,
} from "../audio/calibration/index.ts";
import { chirpsOf, makeChirp, timetableSec } from "../audio/index.ts";
import { DistanceCore, type DistanceEffect, type DistanceEvent, endUsOf } from "./core/distance-core.ts";
import type { Tones } from "./core/playback-target.ts";
import type { DistanceEngine, DistanceEngineOptions, DistanceFacts } from "./distance-seat.ts";

/** What a simulation has in place of a browser. */
export interface DistanceParts {
  readonly openMicrophone: typeof openMicrophone;
  readonly hearInWorker: typeof hearInWorker;
}

const BROWSER: DistanceParts = { openMicrophone, hearInWorker };

export class DistanceMeasurer implements DistanceEngine {
  readonly #options: DistanceEngineOptions;
  readonly #parts: DistanceParts;
  readonly #core: DistanceCore;
  #microphone: Microphone | null = null;
  /** Another with each microphone that is asked for: one that comes after its measurement is closed at once. */
  #opening = 0;

  constructor(options: DistanceEngineOptions, parts: DistanceParts = BROWSER) {
    this.#options = options;
    this.#parts = parts;
    this.#core = new DistanceCore(options.me);
  }

  get tones(): Tones | null {
    const { state } = this.#core;
    if (state.code !== "sounding") return null;
    const { startGlobalUs, isFirst } = state;
    return {
      id: `distance ${startGlobalUs}`,
      durationSec: timetableSec(2),
      channel: (sampleRate) => chirpsOf(isFirst ? 0 : 1, 2, makeChirp(sampleRate), sampleRate),
      secAt: (globalUs) => (globalUs - startGlobalUs) / 1e6,
    };
  }

  read(): DistanceFacts {
    const { state, measured } = this.#core;
    const globalUs = this.#options.look().clock?.globalUs ?? 0;
    const leftUs = state.code === "sounding" ? endUsOf(state.startGlobalUs) - globalUs : 0;
    return {
      code: state.code,
      peer: state.peer,
      isFirst: state.isFirst,
      failure: state.code === "idle" ? state.failure : null,
      remainingSec: Math.max(0, Math.ceil(leftUs / 1e6)),
      measured,
    };
  }

  handle(event: DistanceEvent): void {
    const before = this.#core.state;
    for (const effect of this.#core.handle(event, this.#options.look())) this.#perform(effect);
    if (event.type !== "look" && this.#core.state !== before) this.#options.onChange();
  }

  /** Idempotent. */
  close(): void {
    this.handle({ type: "stop" });
    this.#closeMicrophone();
  }

  #perform(effect: DistanceEffect): void {
    switch (effect.type) {
      case "send":
        this.#options.send(effect.to, effect.message);
        return;
      case "open-microphone":
        this.#open().catch((error: unknown) => this.handle({ type: "failed", failure: troubleOf(error) }));
        return;
      case "close-microphone":
        this.#closeMicrophone();
        return;
      case "reckon":
        this.#reckon(effect.startGlobalUs).catch((error: unknown) =>
          this.handle({ type: "failed", failure: troubleOf(error) }),
        );
        return;
      default:
        effect satisfies never;
    }
  }

  async #open(): Promise<void> {
    const opening = ++this.#opening;
    const isWanted = () => opening === this.#opening;
    try {
      const microphone = await this.#parts.openMicrophone(this.#options.nowMs);
      if (!isWanted()) return microphone.close();
      this.#microphone = microphone;
    } catch (error) {
      if (!isWanted()) return;
      throw error;
    }
    this.handle({ type: "opened" });
  }

  async #reckon(startGlobalUs: number): Promise<void> {
    const { localMs, clock } = this.#options.look();
    const agoMs = ((clock?.globalUs ?? 0) - startGlobalUs) / 1000;
    const recording = this.#microphone?.recordingFrom(localMs - agoMs);
    this.#closeMicrophone();
    if (!recording) throw new Error("nothing was recorded");
    const opening = this.#opening;
    const heard = await this.#parts.hearInWorker(2, recording);
    if (opening === this.#opening) this.handle({ type: "heard", heard });
  }

  #closeMicrophone(): void {
    this.#opening += 1;
    this.#microphone?.close();
    this.#microphone = null;
  }
}

function troubleOf(error: unknown): "denied" | "missing" | "broken" {
  console.warn(`could not measure the distance: ${String(error)}`);
  return (error as Partial<MicrophoneError>).trouble ?? "broken";
}

/** What the platform loads. */
export const makeDistanceEngine = (options: DistanceEngineOptions): DistanceEngine =>
  new DistanceMeasurer(options);
