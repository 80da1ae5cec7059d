// What PulseAudio's server really said, read back from the timestamps that its client library has smoothed: Chromium on
// Linux. Local ms, audio seconds at the port. Pure. Does not know the card's skew or when the port moved.
//
// Every 1.5 s the library asks the server where the stream is, and draws a straight line until the next answer. The line
// begins at a pivot some four seconds back. Each answer moves the pivot along the chord from it to the answer, by the share
// PERIOD ÷ (PIVOT + PERIOD), and bends the line's slope slowly towards the chord's. A stream that has just begun or stumbled
// therefore reads up to 3 ms off for a quarter of a minute, and a settled one wanders. But two lines in a row tell two
// pivots, and two pivots tell the answer between them, which is good to some 0.05 ms from the first one on
// (libpulse 16.1, four Chromium 156 on the rig; docs/timing.md).
//
// States: following a line · between lines (one or two timestamps left it). What is not a row of straight lines of 1.5 s is no
// smoothed stream, or one that has begun anew: then there are no answers.

import type { PortSample } from "./output-line.ts";

/** The library's period once it has settled (it begins with 10 ms and doubles). */
const PERIOD_MS = 1_500;
/** A new line shows at the first timestamp after the answer; there is one per render callback, 80 ms. */
const PERIOD_SLACK_MS = 160;
/** From an answer back to the pivot after it: what is left of the library's 5 s window when the pivot begins to move. */
const PIVOT_MS = 4_050;
const CHORD_MS = PIVOT_MS + PERIOD_MS;
/** The pivot stands for the first 5.5 s of a stream: before three lines of full length it tells nothing. */
const SETTLED_LINES = 3;
/** Timestamps lie on their line within 4 µs. */
const STRAIGHT_MS = 0.014;
/** The first few of a line cannot tell its slope; no answer was seen to bend it by more than this within 80 ms. */
const NEAR_MS = 0.1;
const SLOPE_SAMPLES = 4;
/** Answers put a young stream right by up to 1.8 ms; an underrun moves it by 10 and more, and all begins anew. */
const NEW_STREAM_MS = 4;
/** A single stray timestamp is a thread that was put off between two readings of the clock. */
const STRAYS = 2;

interface Lead {
  readonly localMs: number;
  readonly leadMs: number;
}

export class PulseAnswers {
  #line: StraightLine | null = null;
  #strays: Lead[] = [];
  #lines = 0;
  #lastPivotLeadMs: number | null = null;

  /** Whether the timestamps are a row of straight lines, so that an answer may be expected every 1.5 s. */
  get isRecognised(): boolean {
    return this.#lines >= SETTLED_LINES;
  }

  /** Takes the next timestamp; returns the answer that it completes, dated back to when it was given. */
  add(sample: PortSample): PortSample | null {
    const lead = { localMs: sample.localMs, leadMs: sample.audioSec * 1000 - sample.localMs };
    const line = this.#line;
    if (!line) {
      this.#line = new StraightLine([lead]);
      return null;
    }
    if (lead.localMs <= line.untilMs) return null;
    if (!line.isOn(lead)) return this.#stray(line, lead);
    this.#strays = [];
    line.add(lead);
    // An answer that was just as expected bends nothing, but was given all the same.
    return line.lengthMs > PERIOD_MS + PERIOD_SLACK_MS
      ? this.#close(line, line.splitAt(line.fromMs + PERIOD_MS))
      : null;
  }

  #stray(line: StraightLine, lead: Lead): PortSample | null {
    this.#strays.push(lead);
    if (this.#strays.length < STRAYS) return null;
    const next = new StraightLine(this.#strays);
    this.#strays = [];
    return this.#close(line, next);
  }

  #close(line: StraightLine, next: StraightLine): PortSample | null {
    this.#line = next;
    const isRegular = Math.abs(next.fromMs - line.fromMs - PERIOD_MS) <= PERIOD_SLACK_MS;
    const isOneStream = Math.abs(next.fromLeadMs - line.leadMsAt(next.fromMs)) < NEW_STREAM_MS;
    if (!isRegular || !isOneStream) {
      this.#lines = 0;
      this.#lastPivotLeadMs = null;
      return null;
    }
    const before = this.#lastPivotLeadMs;
    const pivotLeadMs = line.leadMsAt(line.fromMs - PIVOT_MS);
    this.#lastPivotLeadMs = pivotLeadMs;
    this.#lines += 1;
    if (before === null || this.#lines < SETTLED_LINES) return null;
    const leadMs = before + ((pivotLeadMs - before) * CHORD_MS) / PERIOD_MS;
    return { localMs: line.fromMs, audioSec: (line.fromMs + leadMs) / 1000 };
  }
}

/** A least-squares line through timestamps, as far as they have come. */
class StraightLine {
  readonly #leads: Lead[];

  constructor(leads: Lead[]) {
    this.#leads = leads;
  }

  get fromMs(): number {
    return this.#leads[0]?.localMs ?? 0;
  }

  get fromLeadMs(): number {
    return this.#leads[0]?.leadMs ?? 0;
  }

  get untilMs(): number {
    return this.#leads.at(-1)?.localMs ?? 0;
  }

  get lengthMs(): number {
    return this.untilMs - this.fromMs;
  }

  add(lead: Lead): void {
    this.#leads.push(lead);
  }

  /** Takes off what comes from `localMs` on, as a line of its own. */
  splitAt(localMs: number): StraightLine {
    const index = this.#leads.findIndex((lead) => lead.localMs >= localMs);
    return new StraightLine(this.#leads.splice(index));
  }

  isOn(lead: Lead): boolean {
    const last = this.#leads.at(-1) ?? lead;
    if (this.#leads.length < SLOPE_SAMPLES) return Math.abs(lead.leadMs - last.leadMs) <= NEAR_MS;
    return Math.abs(lead.leadMs - this.leadMsAt(lead.localMs)) <= STRAIGHT_MS;
  }

  leadMsAt(localMs: number): number {
    const count = this.#leads.length;
    const meanX = this.#leads.reduce((sum, lead) => sum + lead.localMs, 0) / count;
    const meanY = this.#leads.reduce((sum, lead) => sum + lead.leadMs, 0) / count;
    let spread = 0;
    let covariance = 0;
    for (const { localMs: x, leadMs: y } of this.#leads) {
      spread += (x - meanX) ** 2;
      covariance += (x - meanX) * (y - meanY);
    }
    const slope = spread > 0 ? covariance / spread : 0;
    return meanY + slope * (localMs - meanX);
  }
}
