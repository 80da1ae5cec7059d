// What PulseAudio's server really said, read back from the timestamps that its client library has smoothed: Chromium on
// Linux. Local ms, audio seconds at the output. Pure. Does not know the card's skew or when the output moved.
//
// The library asks the server now and then where the stream is, and draws a straight line until the next answer. A stream
// that has just begun or stumbled therefore reads up to 40 ms off, and a settled one wanders by a tenth. But where a line
// breaks off from the one before tells what answer made it, once the library's filters are run along (pulse-smoother.ts).
//
// States: beginning (until the second line of a young stream has been seen) · following a line · leaving it (the last
// timestamps are off it). A break that no answer explains is an underrun: the library has begun anew on a pivot that is not
// known yet, with the filters it had. Where lines break in turn all the same, or its first lines are steep from the first moment on, the
// filters were not known, and two whole lines tell them.

import type { OutputSample } from "./output-clock.ts";
import { atRest, type DriftFilters, PERIOD_MS, PulseSmoother, SECOND_LINE_MS } from "./pulse-smoother.ts";
import { type Lead, STAMP_NOISE_MS, StraightLine } from "./straight-line.ts";

/** A new line shows at the first timestamp after the answer; there is one per render callback, 80 ms. */
const CALLBACK_MS = 80;
/** The library's thread was seen to be as late as this beside a busy machine. */
const LATE_MS = 80;
const SEEN_WITHIN_MS = CALLBACK_MS + LATE_MS;
/** Answers in turn after which the row is no accident. */
const ENOUGH_ANSWERS = 2;
/** An answer that follows another sooner bends the line too little to be read back. */
const TOLD_FROM_MS = 600;
/** Timestamps of a line before it is judged: a row of fewer cannot tell its slope. */
const JUDGED_TIMESTAMPS = 4;
/** And one that comes out of turn. */
const LASTING_TIMESTAMPS = 8;
/** A single outlier timestamp is a thread that was put off between two readings of the clock; two that agree are a new line. */
const OUTLIERS = 2;
/** Timestamps lie on their line within 4 µs. */
const STRAIGHT_MS = 0.014;
const SIGMAS = 4;
/** Slopes that the library's Kalman filter, left out here, may hold back. */
const HELD_BACK = 3e-6;
/** And what the unknown moments of answer and pivot make of a bend. */
const BEND_SHARE = 0.25;
/** What answers scatter by, and how much of what a line is off is read wrong. */
const SETTLED_NOISE = { scatterMs: 0.03, share: 0.005 };
const YOUNG_NOISE = { scatterMs: 0.05, share: 0.06 };
/** No answer explains a jump like this: the stream has most likely stumbled. */
const STUMBLE_MS = 0.3;
/** A stream that begins reads later from callback to callback until its buffer is full, on the pivot that it has. */
const FILLING_MS = 250;
/** An answer was never seen to move a recognised line by more; an underrun moves it by 10 and more. */
const NEW_STREAM_MS = 4;
/** Answers were seen to be late by 14 ms at most, and move a settled line by a part of that. */
const LEAP_MS = 20;
const LEAPT_TIMESTAMPS = 3;

/** Over so long the library makes good what it is off, by its schedule: answers of settled streams lay a slope of 4.0 to 4.6 s off it. */
const ROUGH_LEVER_MS = 5_000;

/**
 * Steeper than any card runs: the stream is not where the line says. A stream that has begun goes on with the slope that it had until its
 * first answer, 150 ms later. Where all of its first 630 ms are one line that is steeper by this, it had begun before: on a starved machine
 * the beginning itself may go by unseen.
 */
const STEEP = 5e-4;
const FIRST_ANSWER_MS = 150;
/** A line that bends as expected but for this share of the bend, which is no accident. */
const CLOSE_SHARE = 0.05;

/** What has begun so often without an answer is no smoothed stream; nor is what was one and has had none for so long. */
const PATIENCE = 3;
const REMEMBERED_MS = 15_000;

/** The library has begun anew. */
interface Begun {
  readonly filters: DriftFilters;
  readonly leads: Lead[];
  readonly pivotMs: number;
}

export class PulseAudioOutput {
  #line: StraightLine | null = null;
  #next: StraightLine | null = null;
  /** The one before the line, where that broke off from it. */
  #before: StraightLine | null = null;
  /** The last timestamps, as far as they are far off a settled line. */
  #leapt: Lead[] = [];
  #smoother: PulseSmoother | null = null;
  #begun: Begun | null = null;
  /** Since the filters were guessed. */
  #answers = 0;
  #wantedAnswers = ENOUGH_ANSWERS;
  /** The answer that is due and has been told as if it bent nothing. */
  #expectedMs = Number.NEGATIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;
  #toldMs = Number.NEGATIVE_INFINITY;
  /** How often the library seemed to begin anew since an answer was told. */
  #begunInVain = 0;
  /** What seemed to begin anew was an answer: whole lines will tell the filters. */
  #areFiltersUnknown = false;
  #isRecognised = false;

  /**
   * Whether the timestamps are a row of straight lines of one stream, so that an answer may be expected soon. They still are after an answer
   * that came out of turn: its jump was believed as a step of the output, and devices left their place by 1.2 to 1.6 ms for three seconds.
   */
  get isRecognised(): boolean {
    return this.#isRecognised && this.#next === null;
  }

  /** It has told an answer: who reads its timestamps had better read them all. */
  get isPulseAudio(): boolean {
    return this.#toldMs > Number.NEGATIVE_INFINITY;
  }

  /**
   * What the last timestamp was: `rough` where the library has begun anew, so that it may be far off until the first answer is there; null
   * where it is no row of lines at all.
   */
  get kind(): "smoothed" | "rough" | null {
    if (this.isRecognised) return "smoothed";
    // Timestamps that happen to be straight for a while are no smoothed stream: they speak for themselves.
    const isYoung = this.#begun !== null || this.#areFiltersUnknown || this.#smoother?.isYoung === true;
    const isRow = isYoung && this.#begunInVain <= PATIENCE;
    const wasRow = this.#lastMs - this.#toldMs < REMEMBERED_MS;
    return !this.#isRecognised && (isRow || wasRow) ? "rough" : null;
  }

  /** How far the last timestamp may be off where it is rough, ms: a line of the library's leads to where its last answer was. */
  get roughMs(): number {
    const line = this.#begun ? new StraightLine(this.#begun.leads, this.#begun.filters.slope) : this.#line;
    return ROUGH_LEVER_MS * Math.abs(line?.slope ?? 0);
  }

  /** Takes the next timestamp; returns the answer that it makes known. */
  add(sample: OutputSample): OutputSample | null {
    const lead = { localMs: sample.localMs, leadMs: sample.audioSec * 1000 - sample.localMs };
    const line = this.#line;
    if (lead.localMs <= this.#lastMs) return null;
    this.#lastMs = lead.localMs;
    if (!line) {
      this.#begin([lead], atRest(0));
      return null;
    }
    if (this.#begun) return this.#settle(this.#begun, lead);
    if (this.#isLeaping(line, lead)) {
      this.#begin(this.#leapt, this.#smoother?.filters ?? atRest(line.slope));
      return null;
    }
    if (this.#next) return this.#leave(line, this.#next, lead);
    if (!isOn(line, lead)) {
      this.#next = new StraightLine([lead], line.slope);
      return null;
    }
    line.add(lead);
    return this.#stay(line);
  }

  /** Timestamps that agree on no line yet tell as much when they are all that far off a settled one. */
  #isLeaping(line: StraightLine, lead: Lead): boolean {
    const isFar = Math.abs(lead.leadMs - line.leadMsAt(lead.localMs)) > LEAP_MS;
    this.#leapt = isFar && this.#isRecognised && !isSteep(line) ? [...this.#leapt, lead] : [];
    return this.#leapt.length >= LEAPT_TIMESTAMPS;
  }

  #begin(leads: Lead[], filters: DriftFilters, pivotMs?: number): void {
    this.#line = new StraightLine(leads, filters.slope);
    this.#next = null;
    this.#before = null;
    this.#leapt = [];
    this.#smoother = null;
    this.#areFiltersUnknown = false;
    this.#begun = { filters, leads, pivotMs: pivotMs ?? this.#line.fromMs - CALLBACK_MS / 2 };
    this.#begunInVain += 1;
    this.#isRecognised = false;
    this.#answers = 0;
    this.#wantedAnswers = 1;
  }

  /** Until the first line is there that is long enough to be judged. */
  #settle(begun: Begun, lead: Lead): OutputSample | null {
    const { filters, leads, pivotMs } = begun;
    if (Math.abs(lead.leadMs - (leads.at(-1) ?? lead).leadMs) > NEW_STREAM_MS) {
      const isFilling = lead.localMs - pivotMs < FILLING_MS;
      this.#begin([lead], filters, isFilling ? pivotMs : undefined);
      return null;
    }
    const [fromMs, untilMs] = SECOND_LINE_MS;
    if (lead.localMs <= pivotMs + untilMs + CALLBACK_MS / 2) {
      leads.push(lead);
      return null;
    }
    const whole = new StraightLine(leads, filters.slope);
    if (isUnderWay(whole, begun)) {
      this.#begun = null;
      this.#areFiltersUnknown = true;
      this.#line = whole;
      if (isOn(whole, lead)) whole.add(lead);
      else this.#next = new StraightLine([lead], whole.slope);
      return null;
    }
    const seen = leads.filter(
      ({ localMs }) =>
        localMs > pivotMs + fromMs + CALLBACK_MS / 2 && localMs < pivotMs + untilMs - CALLBACK_MS / 2,
    );
    const line = new StraightLine(seen, filters.slope);
    this.#begun = null;
    this.#line = line;
    this.#next = new StraightLine([lead], line.slope);
    if (seen.length < OUTLIERS || !seen.every((each) => isOn(line, each))) return null;
    this.#smoother = PulseSmoother.begun(filters, pivotMs, line.slope);
    return null;
  }

  /**
   * An answer that was just as expected bends nothing, but was given all the same. Or it is late: only when the next one is due it is
   * certain.
   */
  #stay(line: StraightLine): OutputSample | null {
    if (isSteep(line)) return null; // every answer bends such a line: this one is late
    if (!this.#smoother && line.untilMs - line.fromMs > PERIOD_MS + SEEN_WITHIN_MS) {
      // The library has come to rest: nothing bends.
      this.#guess(PulseSmoother.settled(line.slope, line.slope, line.fromMs - CALLBACK_MS / 2), false);
    }
    const smoother = this.#smoother;
    if (!smoother) return null;
    const { dueMs } = smoother;
    if (line.untilMs > this.#unbent(smoother, line).dueMs + SEEN_WITHIN_MS) {
      this.#smoother = this.#unbent(smoother, line);
      this.#answers += 1;
      this.#line = line.splitAfter(dueMs) ?? line;
    }
    if (line.untilMs <= dueMs + SEEN_WITHIN_MS || this.#expectedMs === dueMs) return null;
    this.#expectedMs = dueMs;
    return this.#tell(
      line,
      dueMs,
      dueMs - smoother.answeredMs,
      smoother.answerOf(dueMs, 0, line.untilMs).offMs,
    );
  }

  /** As the library is when the answer that was due has bent nothing. */
  #unbent(smoother: PulseSmoother, line: StraightLine): PulseSmoother {
    const { dueMs } = smoother;
    return smoother.after(dueMs, smoother.answerOf(dueMs, 0, line.untilMs).offMs);
  }

  #leave(line: StraightLine, next: StraightLine, lead: Lead): OutputSample | null {
    const isOutlier = this.#smoother !== null && isPutOff(this.#smoother, line, next);
    if (!isOn(next, lead) || (isOutlier && isOn(line, lead))) return this.#part(line, next, lead, isOutlier);
    next.add(lead);
    return next.leads.length >= (isOutlier ? LASTING_TIMESTAMPS : JUDGED_TIMESTAMPS)
      ? this.#break(line, next, null)
      : null;
  }

  #part(line: StraightLine, next: StraightLine, lead: Lead, isOutlier: boolean): OutputSample | null {
    if (next.leads.length >= OUTLIERS && !isOutlier) return this.#break(line, next, lead);
    if (isOn(line, lead)) {
      this.#next = null;
      line.add(lead);
      return this.#stay(line);
    }
    this.#next = new StraightLine([lead], line.slope);
    return null;
  }

  #break(line: StraightLine, next: StraightLine, after: Lead | null): OutputSample | null {
    const before = this.#before;
    this.#line = next;
    this.#next = after && new StraightLine([after], next.slope);
    if (this.#smoother && isPutOff(this.#smoother, line, next) && line.leads.length < LASTING_TIMESTAMPS) {
      return null; // one line, of which the first timestamps were drawn askew by one that was put off
    }
    this.#before = line;
    const known = this.#smoother && this.#withOverlooked(this.#smoother, line, next);
    const explained = known && explain(known, line, next);
    if (explained) return this.#take(explained, line);
    const guess = before && inTurn(before, line) ? guessed(before, line) : null;
    const guessedRight = guess && explain(guess, line, next);
    if (guess && guessedRight) {
      this.#guess(guess, guessedRight.isClose);
      return this.#take(guessedRight, line);
    }
    this.#smoother = null;
    this.#lose(line, next, known?.filters ?? atRest(line.slope));
    return null;
  }

  #guess(smoother: PulseSmoother, isSure: boolean): void {
    this.#smoother = smoother;
    this.#areFiltersUnknown = false;
    this.#answers = 0;
    this.#wantedAnswers = this.#isRecognised || isSure ? 1 : ENOUGH_ANSWERS;
  }

  /** An answer may have bent nothing, and only the one after it shows. */
  #withOverlooked(smoother: PulseSmoother, line: StraightLine, next: StraightLine): PulseSmoother {
    if (isSteep(line)) return smoother;
    const unbent = this.#unbent(smoother, line);
    if (next.fromMs <= unbent.dueMs - LATE_MS) return smoother;
    this.#answers += 1;
    return unbent;
  }

  #take({ smoother, answeredMs, offMs, periodMs }: Explained, line: StraightLine): OutputSample | null {
    this.#smoother = smoother;
    this.#answers += 1;
    return this.#tell(line, answeredMs, periodMs, offMs);
  }

  #tell(line: StraightLine, localMs: number, periodMs: number, offMs: number): OutputSample | null {
    if (this.#answers < this.#wantedAnswers || periodMs < TOLD_FROM_MS) return null;
    this.#isRecognised = true;
    this.#toldMs = this.#lastMs;
    this.#begunInVain = 0;
    const { scatterMs, share } = periodMs < PERIOD_MS - LATE_MS ? YOUNG_NOISE : SETTLED_NOISE;
    const audioSec = (localMs + line.leadMsAt(localMs) + offMs) / 1000;
    return { localMs, audioSec, kind: "answer", noiseMs: Math.hypot(scatterMs, share * offMs) };
  }

  /**
   * A break that no answer explains: most likely the stream has stumbled. Where lines break in turn all the same, the filters are not
   * known, and the next break will tell.
   */
  #lose(line: StraightLine, next: StraightLine, filters: DriftFilters): void {
    if (Math.abs(jumpOf(line, next)) < (this.#isRecognised ? STUMBLE_MS : NEW_STREAM_MS)) return;
    this.#isRecognised = false;
    const wasLine = line.leads.length >= JUDGED_TIMESTAMPS;
    if (wasLine && !inTurn(line, next)) this.#begin([...next.leads, ...(this.#next?.leads ?? [])], filters);
  }
}

interface Explained {
  /** As the library is after the answer. */
  readonly smoother: PulseSmoother;
  readonly answeredMs: number;
  /** From the answer to the line before it. */
  readonly offMs: number;
  /** Since the answer before. */
  readonly periodMs: number;
  /** So nearly as expected that it is no accident. */
  readonly isClose: boolean;
}

/** The answer that made `line` break off into `next`; null where none does. */
function explain(known: PulseSmoother, line: StraightLine, next: StraightLine): Explained | null {
  if (isOutOfTurn(known, next)) return null;
  const smoother = known.isYoung ? withPivotSeen(known, line, next) : known;
  const answeredMs = Math.min(next.fromMs, Math.max(line.untilMs, smoother.dueMs));
  const readMs = next.middleMs;
  const jumpMs = jumpOf(line, next);
  const { offMs, slope } = smoother.answerOf(answeredMs, jumpMs, readMs);
  const bend = Math.abs(next.slope - line.slope);
  const noise = SIGMAS * Math.hypot(next.slopeNoise, line.slopeNoise) + HELD_BACK;
  const wrong = Math.abs(next.slope - slope);
  if (wrong > noise + BEND_SHARE * bend) return null;
  const periodMs = answeredMs - smoother.answeredMs;
  const isClose = Math.max(wrong, noise) < CLOSE_SHARE * bend;
  return { smoother: smoother.after(answeredMs, offMs), answeredMs, offMs, periodMs, isClose };
}

/** Where it is known best. */
const jumpOf = (line: StraightLine, next: StraightLine): number =>
  next.leadMsAt(next.middleMs) - line.leadMsAt(next.middleMs);

/** Threads that were put off one after the other look like a line of the library's, but out of turn and for a moment. */
const isPutOff = (known: PulseSmoother, line: StraightLine, next: StraightLine): boolean =>
  isOutOfTurn(known, next) && Math.abs(jumpOf(line, next)) < STUMBLE_MS;

/** Answers are late at times, and never early. */
const isOutOfTurn = (known: PulseSmoother, next: StraightLine): boolean =>
  next.fromMs <= known.dueMs - LATE_MS;

/** All lines of a young stream meet in its pivot. */
function withPivotSeen(smoother: PulseSmoother, line: StraightLine, next: StraightLine): PulseSmoother {
  const bend = next.slope - line.slope;
  const jumpMs = jumpOf(line, next);
  const noiseMs = (Math.abs(jumpMs) / bend ** 2) * Math.hypot(next.slopeNoise, line.slopeNoise);
  const pivotMs = next.middleMs - jumpMs / bend;
  const isSeen = noiseMs < CALLBACK_MS / 4 && Math.abs(pivotMs - smoother.pivotMs) < CALLBACK_MS;
  return smoother.seen(line.slope, isSeen ? pivotMs : smoother.pivotMs);
}

/** The library between two answers, by the slopes of two whole lines in turn. */
const guessed = (before: StraightLine, line: StraightLine): PulseSmoother =>
  PulseSmoother.settled(before.slope, line.slope, line.fromMs - CALLBACK_MS / 2);

/** Only what was seen from its first moment on can tell. */
const isUnderWay = (whole: StraightLine, { filters, leads, pivotMs }: Begun): boolean =>
  leads.filter(({ localMs }) => localMs < pivotMs + FIRST_ANSWER_MS).length >= OUTLIERS &&
  Math.abs(whole.slope - filters.slope) > STEEP &&
  leads.every((lead) => isOn(whole, lead));

const isSteep = (line: StraightLine): boolean => Math.abs(line.slope) > STEEP;

const inTurn = (line: StraightLine, next: StraightLine): boolean =>
  Math.abs(next.fromMs - line.fromMs - PERIOD_MS) <= SEEN_WITHIN_MS;

function isOn(line: StraightLine, lead: Lead): boolean {
  const noiseMs = Math.hypot(STAMP_NOISE_MS, line.noiseMsAt(lead.localMs));
  return Math.abs(lead.leadMs - line.leadMsAt(lead.localMs)) <= Math.max(STRAIGHT_MS, SIGMAS * noiseMs);
}
