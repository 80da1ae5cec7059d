// What PulseAudio's server really said, read back from the timestamps that its client library has smoothed: Chromium on
// Linux. Local ms, audio seconds at the port. Pure. Does not know the card's skew or when the port moved.
//
// Every 1.5 s the library asks the server where the stream is, and draws a straight line until the next answer. The line
// begins at a pivot some four seconds back; an answer moves the pivot and bends the slope, so that the next line begins nearer
// to it by a share of how far off the old line was. A stream that has just begun or stumbled therefore reads up to 3 ms off for a
// quarter of a minute, and a settled one wanders. But where the new line breaks off from the old one, jump ÷ share is how
// far off the old one was: the answer itself (libpulse 16.1, sixteen Chromium 156 on the rig; docs/decisions/0007).
//
// States: following a line · leaving it (one timestamp is off it). What is not a row of straight lines of 1.5 s is no
// smoothed stream, or one that has begun anew: then there are no answers.

import type { PortSample } from "./output-line.ts";

/** The library's period once it has settled (it begins with 10 ms and doubles). */
const PERIOD_MS = 1_500;
/** A new line shows at the first timestamp after the answer; there is one per render callback, 80 ms. */
const PERIOD_SLACK_MS = 160;
/**
 * What of an error the next line takes back, measured from 5.5 s after the beginning on, when the library's window of 5 s is full:
 * 0.55 to 0.6 in streams that were off by milliseconds. Less in settled ones (its Kalman filter), where there is little to take back.
 */
const SHARE = 0.57;
/** Lines of full length after which the window is full. */
const SETTLED_LINES = 3;
/** Timestamps lie on their line within 4 µs. */
const STRAIGHT_MS = 0.014;
/** The first few of a line cannot tell its slope; no answer was seen to bend it by more than this within 80 ms. */
const NEAR_MS = 0.1;
const SLOPE_SAMPLES = 4;
/** Answers put a young stream right by up to 1.8 ms; an underrun moves it by 10 and more, and all begins anew. */
const NEW_STREAM_MS = 4;
/** A single stray timestamp is a thread that was put off between two readings of the clock; two that agree are a new line. */
const STRAYS = 2;

interface Lead {
  readonly localMs: number;
  readonly leadMs: number;
}

export class PulseAnswers {
  #line: StraightLine | null = null;
  #strays: Lead[] = [];
  #lines = 0;

  /** Whether the last timestamp was one of a row of straight lines, so that an answer may be expected every 1.5 s. */
  get isRecognised(): boolean {
    return this.#lines >= SETTLED_LINES && this.#strays.length === 0;
  }

  /** Takes the next timestamp; returns the answer that it makes known. */
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
      ? this.#break(line, line.splitAt(line.fromMs + PERIOD_MS))
      : null;
  }

  #stray(line: StraightLine, lead: Lead): PortSample | null {
    const last = this.#strays.at(-1);
    if (last && Math.abs(last.leadMs - lead.leadMs) > NEAR_MS) this.#strays = [];
    this.#strays.push(lead);
    if (this.#strays.length < STRAYS) return null;
    const next = new StraightLine(this.#strays);
    this.#strays = [];
    return this.#break(line, next);
  }

  #break(line: StraightLine, next: StraightLine): PortSample | null {
    this.#line = next;
    const { localMs, leadMs } = next.middle;
    const expectedMs = line.leadMsAt(localMs);
    const isRegular = Math.abs(next.fromMs - line.fromMs - PERIOD_MS) <= PERIOD_SLACK_MS;
    const isOneStream = Math.abs(leadMs - expectedMs) < NEW_STREAM_MS;
    this.#lines = isRegular && isOneStream ? this.#lines + 1 : 0;
    if (!this.isRecognised) return null;
    return { localMs, audioSec: (localMs + expectedMs + (leadMs - expectedMs) / SHARE) / 1000 };
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

  get middle(): Lead {
    const localMs = mean(this.#leads.map((lead) => lead.localMs));
    return { localMs, leadMs: mean(this.#leads.map((lead) => lead.leadMs)) };
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
    const { localMs: meanX, leadMs: meanY } = this.middle;
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

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
