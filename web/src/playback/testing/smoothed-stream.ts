// A stream whose timestamps PulseAudio's client library smooths, as pulse-answers.ts describes it: a straight line from
// answer to answer, from a pivot that follows the answers along the chord, with a slope that follows the chord's.
// Local ms, audio seconds. Written from what the library does, not from its code: no variances, one low-pass.

import type { Random } from "../../lib/index.ts";
import type { PortSample } from "../output-line.ts";

const FIRST_PERIOD_MS = 10;
const PERIOD_MS = 1_500;
const WINDOW_MS = 5_000;
/** Nothing is bent before a stream is this old. */
const YOUNG_MS = 100;
/** The slope follows the chord's with this time constant; the library has three low passes, which do the same to the jumps. */
const SLOPE_MS = 2_100;
const CALLBACK_MS = 80;

export interface StreamModel {
  readonly skewPpm: number;
  /** Standard deviation of one answer. */
  readonly answerNoiseMs: number;
  /** How wrong the very first answer is: nothing has sounded yet. */
  readonly firstAnswerMs: number;
}

export class SmoothedStream {
  /** Where the port truly is; a stumble moves it. */
  portLeadMs = -300;
  readonly #model: StreamModel;
  readonly #random: Random & { normal(): number };
  #localMs: number;
  #begunMs: number;
  #periodMs = FIRST_PERIOD_MS;
  #answerMs: number;
  #pivot: { localMs: number; leadMs: number };
  #slope = 0;

  constructor(model: StreamModel, random: Random & { normal(): number }, fromMs = 1_000) {
    this.#model = model;
    this.#random = random;
    this.#localMs = fromMs;
    this.#begunMs = fromMs;
    this.#answerMs = fromMs;
    this.#pivot = { localMs: fromMs, leadMs: this.trueLeadMsAt(fromMs) + model.firstAnswerMs };
  }

  trueLeadMsAt(localMs: number): number {
    return this.portLeadMs + localMs * this.#model.skewPpm * 1e-6;
  }

  /** The port falls behind by `ms`, and the library begins anew: its slope as it was, its first answer as poor as at first. */
  stumble(ms: number): void {
    this.portLeadMs -= ms;
    this.#begunMs = this.#localMs;
    this.#answerMs = this.#localMs;
    this.#periodMs = FIRST_PERIOD_MS;
    this.#pivot = { localMs: this.#localMs, leadMs: this.#answer() + this.#model.firstAnswerMs };
  }

  /** What the browser says over the next `durationMs`, one timestamp a callback. */
  timestamps(durationMs: number): PortSample[] {
    const samples: PortSample[] = [];
    for (const untilMs = this.#localMs + durationMs; this.#localMs < untilMs; this.#localMs += CALLBACK_MS) {
      while (this.#answerMs + this.#periodMs <= this.#localMs) this.#ask();
      const leadMs = this.#pivot.leadMs + this.#slope * (this.#localMs - this.#pivot.localMs);
      samples.push({ localMs: this.#localMs, audioSec: (this.#localMs + leadMs) / 1000 });
    }
    return samples;
  }

  #answer(): number {
    return this.trueLeadMsAt(this.#answerMs) + this.#model.answerNoiseMs * this.#random.normal();
  }

  #ask(): void {
    this.#answerMs += this.#periodMs;
    const leadMs = this.#answer();
    const chordMs = this.#answerMs - this.#pivot.localMs;
    const chordSlope = (leadMs - this.#pivot.leadMs) / chordMs;
    const share = this.#periodMs / (this.#periodMs + SLOPE_MS);
    if (this.#answerMs - this.#begunMs >= YOUNG_MS) this.#slope += share * (chordSlope - this.#slope);
    if (this.#answerMs - this.#begunMs > WINDOW_MS) {
      this.#pivot = {
        localMs: this.#pivot.localMs + this.#periodMs,
        leadMs: this.#pivot.leadMs + chordSlope * this.#periodMs,
      };
    }
    this.#periodMs = Math.min(PERIOD_MS, 2 * this.#periodMs);
  }
}
