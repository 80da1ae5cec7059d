// Between the pure calibration and what it needs of the session: opens the microphone when a person
// taps, sends what is to be said, has the recording worked on. Local ms, global µs. Owns the microphone while it is open.

import type { Microphone, MicrophoneError } from "../audio/calibration/index.ts";
import { chirpsOf, makeChirp, timetableSec } from "../audio/index.ts";
import type { UserId } from "../lib/index.ts";
import {
  blockerOf,
  type CalibrationBlocker,
  type CalibrationContext,
  CalibrationCore,
  type CalibrationFailure,
  type CalibrationState,
  type Correction,
  remainingSec,
} from "./core/calibration-core.ts";
import type { CalibrationMessage } from "./core/calibration-message.ts";
import type { Tones } from "./core/playback-target.ts";

/** What only the device that listens needs. */
export type CalibrationParts = Pick<
  typeof import("../audio/calibration/index.ts"),
  "openMicrophone" | "measureInWorker" | "delaysFor"
>;

export interface CalibrationOptions {
  readonly me: UserId;
  readonly nowMs: () => number;
  readonly look: () => CalibrationContext;
  readonly send: (to: UserId | null, message: CalibrationMessage) => void;
  /** This device's speaker delay is to be another; `by` is null when the person takes a correction back. */
  readonly onDelay: (delayMs: number, by: UserId | null) => void;
  readonly onFound: () => void;
  readonly loadCalibration: () => Promise<CalibrationParts>;
  readonly onChange: () => void;
}

/** What people are shown of it. */
export interface CalibrationFacts {
  readonly state: CalibrationState;
  readonly notReadyReason: CalibrationBlocker | null;
  /** While chirps sound. */
  readonly remainingSec: number;
  readonly canApply: boolean;
  readonly correction: Correction | null;
}

export class Calibration {
  readonly core: CalibrationCore;
  readonly #options: CalibrationOptions;
  #microphone: Microphone | null = null;

  constructor(options: CalibrationOptions) {
    this.#options = options;
    this.core = new CalibrationCore(options.me);
  }

  /** What this device is to sound now; null for nothing. */
  get tones(): Tones | null {
    const turn = this.core.turn;
    if (!turn) return null;
    const { startGlobalUs, order } = turn.call;
    return {
      id: `chirps ${startGlobalUs}`,
      durationSec: timetableSec(order.length),
      channel: (sampleRate) => chirpsOf(turn.device, order.length, makeChirp(sampleRate), sampleRate),
      secAt: (globalUs) => (globalUs - startGlobalUs) / 1e6,
    };
  }

  read(): CalibrationFacts {
    const around = this.#options.look();
    const { state, canApply } = this.core;
    const remaining = "call" in state ? remainingSec(state.call, around.clock?.globalUs ?? 0) : 0;
    const correction = this.core.correctionAt(around.delayMs);
    return { state, notReadyReason: blockerOf(around), remainingSec: remaining, canApply, correction };
  }

  /** Inside a tap: asks for the microphone and measures. */
  measure(): void {
    if (!this.core.ask(this.#options.look())) return;
    this.#options.onChange();
    this.#listen().catch((error: unknown) => this.#give(up(error)));
  }

  /** The person wants to know no longer. */
  cancel(): void {
    if (this.core.isListening) this.#give(null);
    else this.core.fail(null);
    this.#options.onChange();
  }

  apply(): void {
    const { me, look, send, onDelay } = this.#options;
    for (const { userId, delayMs } of this.core.apply()) {
      if (userId === me) onDelay(this.core.correct(me, delayMs, look()), me);
      else send(userId, { act: "set", delayMs });
    }
    this.#options.onChange();
  }

  undo(): void {
    const correction = this.core.correctionAt(this.#options.look().delayMs);
    if (correction) this.#options.onDelay(correction.beforeMs, null);
  }

  receive(from: UserId, message: CalibrationMessage): void {
    const wasListening = this.core.isListening;
    const delayMs = this.core.receive(from, message, this.#options.look());
    if (wasListening && !this.core.isListening) this.#closeMicrophone(); // MC9
    if (delayMs !== null) this.#options.onDelay(delayMs, from);
  }

  /** On every change around; does not report a change of its own. */
  look(): void {
    const wasListening = this.core.isListening;
    this.core.look(this.#options.look());
    if (wasListening && !this.core.isListening) this.#silenceOthers();
    else if (this.core.state.code === "reckoning" && this.#microphone) {
      this.#reckon(this.#microphone).catch((error: unknown) => this.#give(up(error)));
    }
  }

  /** Idempotent. */
  close(): void {
    if (this.core.state.code === "sounding" && this.core.isListening) this.#silenceOthers();
    this.core.fail(null);
    this.#closeMicrophone();
  }

  async #listen(): Promise<void> {
    const { loadCalibration, nowMs, look, send } = this.#options;
    const { openMicrophone } = await loadCalibration();
    const microphone = await openMicrophone(nowMs);
    const call = this.core.begin(look());
    if (call) {
      this.#microphone = microphone;
      send(null, call);
    } else microphone.close();
    this.#options.onChange();
  }

  async #reckon(microphone: Microphone): Promise<void> {
    const { state } = this.core;
    if (state.code !== "reckoning") return;
    const { loadCalibration, look, onFound, onChange } = this.#options;
    const { localMs, clock } = look();
    const agoMs = ((clock?.globalUs ?? 0) - state.call.startGlobalUs) / 1000;
    const recording = microphone.recordingFrom(localMs - agoMs);
    this.#closeMicrophone();
    const { measureInWorker, delaysFor } = await loadCalibration();
    const verdicts = await measureInWorker(state.call.order.length, recording);
    if (this.core.finish(verdicts, delaysFor, look())) onFound();
    onChange();
  }

  #give(failure: CalibrationFailure | null): void {
    if (!this.core.isListening) return;
    if (this.core.state.code === "sounding") this.#silenceOthers();
    this.#closeMicrophone();
    this.core.fail(failure);
    this.#options.onChange();
  }

  #silenceOthers(): void {
    this.#options.send(null, { act: "end" });
    this.#closeMicrophone();
  }

  #closeMicrophone(): void {
    this.#microphone?.close();
    this.#microphone = null;
  }
}

function up(error: unknown): CalibrationFailure {
  console.warn(`could not measure: ${String(error)}`);
  return (error as Partial<MicrophoneError>).trouble ?? "broken";
}
