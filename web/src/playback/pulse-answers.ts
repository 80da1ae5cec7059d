// What PulseAudio's server really said, read back from the timestamps that its client library has smoothed: Chromium on
// Linux. Local ms, audio seconds at the port. Pure. Does not know the card's skew or when the port moved.
//
// Every 1.5 s the library asks the server where the stream is, and draws a straight line until the next answer. The line
// begins at a pivot some four seconds back; an answer moves the pivot and bends the slope. A stream that has just begun or
// stumbled therefore reads up to 3 ms off for a quarter of a minute, and a settled one wanders. But how far the new line
// breaks off from the old one tells what answer made it, once the library's filters are run along (libpulse 16.1, twenty-eight
// Chromium 156 on the rig; docs/decisions/0007 and 0022).
//
// States: following a line · leaving it (one timestamp is off it). What is not a row of straight lines of 1.5 s is no
// smoothed stream, or one that has begun anew: then there are no answers.

import type { PortSample } from "./output-line.ts";

/** The library's period once it has settled (it begins with 10 ms and doubles). */
const PERIOD_MS = 1_500;
/** A new line shows at the first timestamp after the answer; there is one per render callback, 80 ms. */
const PERIOD_SLACK_MS = 160;
/** Lines of full length after which the window is full. */
const SETTLED_LINES = 3;
/** The library's window, and the lags of the low passes in it. */
const WINDOW_MS = 5_000;
const SLOPE_LAG_MS = WINDOW_MS / (2 * Math.PI);
const DRIFT_LAG_MS = SLOPE_LAG_MS / 8;
/**
 * From the moved pivot to the answer: the pivot stands still until the first answer after the window, 5.55 s from the beginning, and
 * then goes along with the answers.
 */
const LEVER_MS = 4_050;
/** Timestamps lie on their line within 4 µs. */
const STRAIGHT_MS = 0.014;
/** The first few of a line cannot tell its slope; no answer was seen to bend the last one's by more than this within 80 ms. */
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
  #filters: LineFilters | null = null;

  /**
   * Whether the last timestamp was one of a row of straight lines, so that an answer may be expected soon. It still is after an answer that
   * came out of turn: its jump was believed as a step of the port, and devices left their place by 1.2 to 1.6 ms for three seconds.
   */
  get isRecognised(): boolean {
    return this.#lines >= SETTLED_LINES - 1 && this.#strays.length === 0;
  }

  /** Takes the next timestamp; returns the answer that it makes known. */
  add(sample: PortSample): PortSample | null {
    const lead = { localMs: sample.localMs, leadMs: sample.audioSec * 1000 - sample.localMs };
    const line = this.#line;
    if (!line) {
      this.#line = new StraightLine([lead], 0);
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
    const { slope } = line;
    if (!new StraightLine([...this.#strays], slope).isOn(lead)) this.#strays = [];
    this.#strays.push(lead);
    if (this.#strays.length < STRAYS) return null;
    const next = new StraightLine(this.#strays, slope);
    this.#strays = [];
    return this.#break(line, next);
  }

  #break(line: StraightLine, next: StraightLine): PortSample | null {
    this.#line = next;
    const { localMs, leadMs } = next.middle;
    const expectedMs = line.leadMsAt(localMs);
    const periodMs = next.fromMs - line.fromMs;
    const isRegular = Math.abs(periodMs - PERIOD_MS) <= PERIOD_SLACK_MS;
    const isOneStream = Math.abs(leadMs - expectedMs) < NEW_STREAM_MS;
    if (!isRegular || !isOneStream) {
      // An answer was overlooked: one whole line puts that right. A new stream has to settle first.
      this.#lines = isOneStream && this.#lines >= SETTLED_LINES - 1 ? SETTLED_LINES - 1 : 0;
      this.#filters = null;
      return null;
    }
    this.#lines += 1;
    this.#filters ??= new LineFilters(line.slope);
    const offMs = this.#filters.offMs(leadMs - expectedMs, periodMs);
    return this.#lines >= SETTLED_LINES ? { localMs, audioSec: (localMs + expectedMs + offMs) / 1000 } : null;
  }
}

/**
 * What the library makes of an answer (time-smoother_2.c), turned round. Slopes in ms per ms; all is linear as long as they are small. The
 * pivot moves along the chord from itself to the answer for as long as the period was. The chord's slope goes through two low
 * passes, half of it fed back from behind them, and a third one, and is the next line's.
 */
class LineFilters {
  #slope: number;
  #drift: number;
  #smoothDrift: number;

  constructor(slope: number) {
    this.#slope = this.#drift = this.#smoothDrift = slope;
  }

  /** How far off the last line the answer was that made the next one begin `jumpMs` beside it. */
  offMs(jumpMs: number, periodMs: number): number {
    const driftShare = periodMs / (periodMs + DRIFT_LAG_MS);
    const slopeShare = periodMs / (periodMs + SLOPE_LAG_MS);
    const chordMs = LEVER_MS + periodMs;
    const pass = (before: number, input: number, share: number): number => before + share * (input - before);
    // Of an answer on the line, and what each ms off it adds.
    const drift = pass(this.#drift, (this.#smoothDrift + this.#slope) / 2, driftShare);
    const smoothDrift = pass(this.#smoothDrift, drift, driftShare);
    const slope = pass(this.#slope, smoothDrift, slopeShare);
    const driftPerMs = driftShare / (2 * chordMs);
    const smoothDriftPerMs = driftShare * driftPerMs;
    const slopePerMs = slopeShare * smoothDriftPerMs;
    const offMs = (jumpMs - (slope - this.#slope) * LEVER_MS) / (periodMs / chordMs + slopePerMs * LEVER_MS);
    this.#drift = drift + driftPerMs * offMs;
    this.#smoothDrift = smoothDrift + smoothDriftPerMs * offMs;
    this.#slope = slope + slopePerMs * offMs;
    return offMs;
  }
}

/** A least-squares line through timestamps, as far as they have come. */
class StraightLine {
  readonly #leads: Lead[];
  /** Until it has one of its own. */
  readonly #usualSlope: number;

  constructor(leads: Lead[], usualSlope: number) {
    this.#leads = leads;
    this.#usualSlope = usualSlope;
  }

  get fromMs(): number {
    return this.#leads[0]?.localMs ?? 0;
  }

  get middle(): Lead {
    const localMs = mean(this.#leads.map((lead) => lead.localMs));
    return { localMs, leadMs: mean(this.#leads.map((lead) => lead.leadMs)) };
  }

  get slope(): number {
    const { localMs, leadMs } = this.middle;
    return this.leadMsAt(localMs + 1) - leadMs;
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
    return new StraightLine(this.#leads.splice(index), this.slope);
  }

  isOn(lead: Lead): boolean {
    const last = this.#leads.at(-1) ?? lead;
    if (this.#leads.length < SLOPE_SAMPLES) {
      const expectedMs = last.leadMs + this.#usualSlope * (lead.localMs - last.localMs);
      return Math.abs(lead.leadMs - expectedMs) <= NEAR_MS;
    }
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
