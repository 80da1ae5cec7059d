// A stream whose timestamps PulseAudio's client library smooths, as pulseaudio.ts describes it: a straight line from
// answer to answer, from a pivot that follows the answers along the chord, with a slope that follows the chord's through
// the library's three low passes. Its Kalman filter, which comes in when the slope hardly changes, is left out. Local ms, audio
// seconds.

import type { Random } from "../../lib/index.ts";
import type { OutputSample } from "../output/output-clock.ts";

const FIRST_PERIOD_MS = 10;
const PERIOD_MS = 1_500;
const WINDOW_MS = 5_000;
/** Nothing is bent before a stream is this old. */
const YOUNG_MS = 100;
const SLOPE_LAG_MS = WINDOW_MS / (2 * Math.PI);
const DRIFT_LAG_MS = SLOPE_LAG_MS / 8;
const CALLBACK_MS = 80;

export interface StreamModel {
  readonly skewPpm: number;
  /** Standard deviation of one answer. */
  readonly answerNoiseMs: number;
  /** How wrong the very first answer is: nothing has sounded yet. */
  readonly firstAnswerMs: number;
}

export class SmoothedStream {
  /** Where the output truly is; a stumble moves it. */
  outputLeadMs = -300;
  /** What the next answer is wrong by, and how late it comes. */
  nextAnswerOffMs = 0;
  nextAnswerLateMs = 0;
  readonly #model: StreamModel;
  readonly #random: Random & { normal(): number };
  #localMs: number;
  #begunMs: number;
  #periodMs = FIRST_PERIOD_MS;
  #answerMs: number;
  #pivot: { localMs: number; leadMs: number };
  #slope = 0;
  /** The library's drift filters, both 1 where the two clocks agree. */
  #drift = 1;
  #smoothDrift = 1;

  constructor(model: StreamModel, random: Random & { normal(): number }, fromMs = 1_000) {
    this.#model = model;
    this.#random = random;
    this.#localMs = fromMs;
    this.#begunMs = fromMs;
    this.#answerMs = fromMs;
    this.#pivot = { localMs: fromMs, leadMs: this.trueLeadMsAt(fromMs) + model.firstAnswerMs };
  }

  /** Of the next timestamp. */
  get nowMs(): number {
    return this.#localMs;
  }

  trueLeadMsAt(localMs: number): number {
    return this.outputLeadMs + localMs * this.#model.skewPpm * 1e-6;
  }

  /** The output falls behind by `ms`, and the library begins anew: its slope as it was, its first answer as poor as at first. */
  stumble(ms: number): void {
    this.outputLeadMs -= ms;
    this.#begunMs = this.#localMs;
    this.#answerMs = this.#localMs;
    this.#periodMs = FIRST_PERIOD_MS;
    this.#pivot = { localMs: this.#localMs, leadMs: this.#answer() + this.#model.firstAnswerMs };
  }

  /** What the browser says over the next `durationMs`, one timestamp a callback. */
  timestamps(durationMs: number): OutputSample[] {
    const samples: OutputSample[] = [];
    for (const untilMs = this.#localMs + durationMs; this.#localMs < untilMs; this.#localMs += CALLBACK_MS) {
      while (this.#answerMs + this.#periodMs + this.nextAnswerLateMs <= this.#localMs) this.#ask();
      const leadMs = this.#pivot.leadMs + this.#slope * (this.#localMs - this.#pivot.localMs);
      samples.push({ localMs: this.#localMs, audioSec: (this.#localMs + leadMs) / 1000 });
    }
    return samples;
  }

  #answer(): number {
    return this.trueLeadMsAt(this.#answerMs) + this.#model.answerNoiseMs * this.#random.normal();
  }

  #ask(): void {
    const passedMs = this.#periodMs + this.nextAnswerLateMs;
    this.#answerMs += passedMs;
    const leadMs = this.#answer() + this.nextAnswerOffMs;
    this.nextAnswerOffMs = this.nextAnswerLateMs = 0;
    const chordMs = this.#answerMs - this.#pivot.localMs;
    const chordSlope = (leadMs - this.#pivot.leadMs) / chordMs;
    if (this.#answerMs - this.#begunMs >= YOUNG_MS) this.#bend(chordSlope, passedMs);
    if (this.#answerMs - this.#begunMs > WINDOW_MS) {
      this.#pivot = {
        localMs: this.#pivot.localMs + passedMs,
        leadMs: this.#pivot.leadMs + chordSlope * passedMs,
      };
    }
    this.#periodMs = Math.min(PERIOD_MS, 2 * this.#periodMs);
  }

  #bend(chordSlope: number, passedMs: number): void {
    const driftShare = passedMs / (passedMs + DRIFT_LAG_MS);
    const slopeShare = passedMs / (passedMs + SLOPE_LAG_MS);
    this.#drift += driftShare * ((this.#smoothDrift + 1) * (0.5 - chordSlope) - this.#drift);
    this.#smoothDrift += driftShare * (this.#drift - this.#smoothDrift);
    const slope = (this.#smoothDrift + 3) / (this.#smoothDrift + 1) / 2 - 1;
    this.#slope += slopeShare * (slope - this.#slope);
  }
}
