// Lining up through a microphone, between the pure measurement and what it needs of the session: opens the ear when a person
// taps, sends what is to be said, has the recording worked on. Local ms, global µs. Owns the microphone while it is open.

import type { UserId } from "../lib/index.ts";
import type { Microphone, MicrophoneError } from "../playback/calibration/index.ts";
import { chirpsOf, makeChirp, timetableSec } from "../playback/index.ts";
import type { Tones } from "./conductor.ts";
import {
  type Correction,
  hindranceIn,
  Measurement,
  type MeasurementFailure,
  type MeasurementHindrance,
  type MeasurementState,
  remainingSec,
  type Surroundings,
} from "./measurement.ts";
import type { MeasurementMessage } from "./measurement-message.ts";

/** What only the device that listens needs. */
export type Ear = Pick<
  typeof import("../playback/calibration/index.ts"),
  "openMicrophone" | "measureAside" | "delaysFor"
>;

export interface LiningUpOptions {
  readonly me: UserId;
  readonly nowMs: () => number;
  readonly look: () => Surroundings;
  readonly send: (to: UserId | null, message: MeasurementMessage) => void;
  /** This device's speaker delay is to be another; `by` is null when the person takes a correction back. */
  readonly onDelay: (delayMs: number, by: UserId | null) => void;
  readonly onFound: () => void;
  readonly loadEar: () => Promise<Ear>;
  readonly onChange: () => void;
}

/** What people are shown of it. */
export interface MeasuringFacts {
  readonly state: MeasurementState;
  readonly hindrance: MeasurementHindrance | null;
  /** While chirps sound. */
  readonly remainingSec: number;
  readonly canApply: boolean;
  readonly correction: Correction | null;
}

export class LiningUp {
  readonly measurement: Measurement;
  readonly #options: LiningUpOptions;
  #microphone: Microphone | null = null;

  constructor(options: LiningUpOptions) {
    this.#options = options;
    this.measurement = new Measurement(options.me);
  }

  /** What this device is to sound now; null for nothing. */
  get tones(): Tones | null {
    const turn = this.measurement.turn;
    if (!turn) return null;
    const { startGlobalUs, order } = turn.call;
    return {
      id: `chirps ${startGlobalUs}`,
      durationSec: timetableSec(order.length),
      channel: (sampleRate) => chirpsOf(turn.device, order.length, makeChirp(sampleRate), sampleRate),
      secAt: (globalUs) => (globalUs - startGlobalUs) / 1e6,
    };
  }

  read(): MeasuringFacts {
    const around = this.#options.look();
    const { state, canApply } = this.measurement;
    const remaining = "call" in state ? remainingSec(state.call, around.clock?.globalUs ?? 0) : 0;
    const correction = this.measurement.correctionAt(around.delayMs);
    return { state, hindrance: hindranceIn(around), remainingSec: remaining, canApply, correction };
  }

  /** Inside a tap: asks for the microphone and measures. */
  measure(): void {
    if (!this.measurement.ask(this.#options.look())) return;
    this.#options.onChange();
    this.#listen().catch((error: unknown) => this.#give(up(error)));
  }

  /** The person wants to know no longer. */
  cancel(): void {
    if (this.measurement.isListening) this.#give(null);
    else this.measurement.fail(null);
    this.#options.onChange();
  }

  apply(): void {
    const { me, look, send, onDelay } = this.#options;
    for (const { userId, delayMs } of this.measurement.apply()) {
      if (userId === me) onDelay(this.measurement.correct(me, delayMs, look()), me);
      else send(userId, { act: "set", delayMs });
    }
    this.#options.onChange();
  }

  undo(): void {
    const correction = this.measurement.correctionAt(this.#options.look().delayMs);
    if (correction) this.#options.onDelay(correction.beforeMs, null);
  }

  receive(from: UserId, message: MeasurementMessage): void {
    const wasListening = this.measurement.isListening;
    const delayMs = this.measurement.receive(from, message, this.#options.look());
    if (wasListening && !this.measurement.isListening) this.#deafen(); // MC9
    if (delayMs !== null) this.#options.onDelay(delayMs, from);
  }

  /** On every change around; does not report a change of its own. */
  look(): void {
    const wasListening = this.measurement.isListening;
    this.measurement.look(this.#options.look());
    if (wasListening && !this.measurement.isListening) this.#silenceOthers();
    else if (this.measurement.state.code === "reckoning" && this.#microphone) {
      this.#reckon(this.#microphone).catch((error: unknown) => this.#give(up(error)));
    }
  }

  /** Idempotent. */
  close(): void {
    if (this.measurement.state.code === "sounding" && this.measurement.isListening) this.#silenceOthers();
    this.measurement.fail(null);
    this.#deafen();
  }

  async #listen(): Promise<void> {
    const { loadEar, nowMs, look, send } = this.#options;
    const { openMicrophone } = await loadEar();
    const microphone = await openMicrophone(nowMs);
    const call = this.measurement.begin(look());
    if (call) {
      this.#microphone = microphone;
      send(null, call);
    } else microphone.close();
    this.#options.onChange();
  }

  async #reckon(microphone: Microphone): Promise<void> {
    const { state } = this.measurement;
    if (state.code !== "reckoning") return;
    const { loadEar, look, onFound, onChange } = this.#options;
    const { localMs, clock } = look();
    const agoMs = ((clock?.globalUs ?? 0) - state.call.startGlobalUs) / 1000;
    const recording = microphone.recordingFrom(localMs - agoMs);
    this.#deafen();
    const { measureAside, delaysFor } = await loadEar();
    const verdicts = await measureAside(state.call.order.length, recording);
    if (this.measurement.finish(verdicts, delaysFor, look())) onFound();
    onChange();
  }

  #give(failure: MeasurementFailure | null): void {
    if (!this.measurement.isListening) return;
    if (this.measurement.state.code === "sounding") this.#silenceOthers();
    this.#deafen();
    this.measurement.fail(failure);
    this.#options.onChange();
  }

  #silenceOthers(): void {
    this.#options.send(null, { act: "end" });
    this.#deafen();
  }

  #deafen(): void {
    this.#microphone?.close();
    this.#microphone = null;
  }
}

function up(error: unknown): MeasurementFailure {
  console.warn(`could not measure: ${String(error)}`);
  return (error as Partial<MicrophoneError>).trouble ?? "broken";
}
