// How far this device and another lie apart, by the chirps and the microphones of both (rules MC12 to MC20 in docs/spec/calibration.md).
// Pure: events in, effects out, one measurement at a time. Local ms; global µs of the server that the call names.
//
// States, of who asks (first): idle → opening (its microphone) → waiting (for the other) → sounding → reckoning → idle
//         of who is asked:     idle → asked (its person) → opening → ready (for the call) → sounding → reckoning → idle
// From any of them back to idle, with the reason. Does not know sound, microphones or the network.

import { type Distance, distanceOf, type Heard, timetable } from "../../audio/calibration/index.ts";
import { timetableSec } from "../../audio/index.ts";
import type { UserId } from "../../lib/index.ts";
import { blockerOf, type CalibrationContext } from "./calibration-core.ts";
import type { DistanceEnd, DistanceMessage } from "./distance-message.ts";

/** Why there is no distance: this device, the other one, what came between them, or what was heard. */
export type DistanceFailure =
  | "denied"
  | "missing"
  | "broken"
  | DistanceEnd
  | "silent"
  | "left"
  | "unheard"
  | "unsteady";

interface Between {
  readonly peer: UserId;
  readonly id: number;
  /** This device asked, and chirps first. */
  readonly isFirst: boolean;
}
interface Limited {
  readonly untilLocalMs: number;
}
interface Timed {
  readonly clockId: string;
  readonly startGlobalUs: number;
  /** What the other heard, which may be known before this device has worked out its own. */
  readonly theirs: readonly Heard[] | null;
}

export type DistanceState =
  | {
      readonly code: "idle";
      /** With whom the last one was, and why it came to nothing. */
      readonly peer: UserId | null;
      readonly isFirst: boolean;
      readonly failure: DistanceFailure | null;
    }
  | ({ readonly code: "opening" | "waiting" | "asked" | "ready" } & Between & Limited)
  | ({ readonly code: "sounding" } & Between & Timed)
  | ({ readonly code: "reckoning"; readonly mine: readonly Heard[] | null } & Between & Timed & Limited);

export type DistanceEvent =
  /** A person's tap: to measure with somebody, to an open question, to stop what is under way. */
  | { readonly type: "measure"; readonly peer: UserId; readonly id: number }
  | { readonly type: "allow" | "decline" | "stop" }
  | { readonly type: "opened" }
  | { readonly type: "failed"; readonly failure: "denied" | "missing" | "broken" }
  /** This device's recording was worked on. */
  | { readonly type: "heard"; readonly heard: readonly Heard[] }
  | { readonly type: "message"; readonly from: UserId; readonly message: DistanceMessage }
  /** Time passed, or something around has changed. */
  | { readonly type: "look" };

export type DistanceEffect =
  | { readonly type: "send"; readonly to: UserId; readonly message: DistanceMessage }
  | { readonly type: "open-microphone" | "close-microphone" }
  /** Of the recording from there on; the microphone is closed with it. */
  | { readonly type: "reckon"; readonly startGlobalUs: number };

export interface MeasuredDistance {
  readonly userId: UserId;
  readonly distanceM: number;
  readonly uncertaintyM: number;
}

/** MC16: a person thinks about the question, and the browser then asks them another one. */
const ANSWER_LIMIT_MS = 60_000;
/** For "ready" to arrive and the call to come back. */
const CALL_LIMIT_MS = 15_000;
/** A slow phone's arithmetic, and the other's. */
const RECKON_LIMIT_MS = 60_000;
/** MC16: who said no is not asked again at once. */
const QUIET_MS = 60_000;
/** MC6, MC17 */
const LEAD_US = 3e6;
const MAX_LEAD_US = 10e6;
/** After the last slot: what a microphone may be late by. */
const TAIL_US = 5e5;

const IDLE: DistanceState = { code: "idle", peer: null, isFirst: true, failure: null };

export class DistanceCore {
  readonly #me: UserId;
  #state: DistanceState = IDLE;
  #quietUntilLocalMs = Number.NEGATIVE_INFINITY;
  readonly #measured = new Map<UserId, MeasuredDistance>();
  #effects: DistanceEffect[] = [];

  constructor(me: UserId) {
    this.#me = me;
  }

  get state(): DistanceState {
    return this.#state;
  }

  /** The newest of each. */
  get measured(): readonly MeasuredDistance[] {
    return [...this.#measured.values()];
  }

  handle(event: DistanceEvent, around: CalibrationContext): readonly DistanceEffect[] {
    this.#effects = [];
    switch (event.type) {
      case "measure":
        this.#measure(event.peer, event.id, around);
        break;
      case "allow":
        if (this.#state.code === "asked") {
          this.#state = { ...this.#state, code: "opening", untilLocalMs: around.localMs + ANSWER_LIMIT_MS };
          this.#effects.push({ type: "open-microphone" });
        }
        break;
      case "decline":
        if (this.#state.code !== "asked") break;
        this.#quietUntilLocalMs = around.localMs + QUIET_MS;
        this.#end("declined", null);
        break;
      case "stop":
        this.#end("stopped", null);
        this.#state = IDLE; // what came of it is put away as well
        break;
      case "opened":
        this.#opened(around);
        break;
      case "failed":
        this.#end("microphone", event.failure);
        break;
      case "heard":
        this.#heard(event.heard);
        break;
      case "message":
        this.#take(event.from, event.message, around);
        break;
      case "look":
        this.#look(around);
        break;
      default:
        event satisfies never;
    }
    return this.#effects;
  }

  #measure(peer: UserId, id: number, around: CalibrationContext): void {
    if (this.#state.code !== "idle") return;
    const blocker = blockerOf(around);
    if (blocker) {
      const failure = blocker === "alone" ? "left" : blocker;
      this.#state = { code: "idle", peer, isFirst: true, failure };
      return;
    }
    const untilLocalMs = Number.POSITIVE_INFINITY; // the browser's question to the person at this device
    this.#state = { code: "opening", peer, id, isFirst: true, untilLocalMs };
    this.#effects.push({ type: "open-microphone" });
  }

  #opened({ localMs }: CalibrationContext): void {
    const state = this.#state;
    if (state.code !== "opening") {
      this.#effects.push({ type: "close-microphone" });
      return;
    }
    const { peer, id, isFirst } = state;
    const limitMs = isFirst ? ANSWER_LIMIT_MS : CALL_LIMIT_MS;
    this.#state = { ...state, code: isFirst ? "waiting" : "ready", untilLocalMs: localMs + limitMs };
    this.#send(peer, { act: isFirst ? "ask" : "ready", id });
  }

  #take(from: UserId, message: DistanceMessage, around: CalibrationContext): void {
    const state = this.#state;
    if (message.act === "ask") {
      this.#takeAsk(from, message.id, around);
      return;
    }
    if (state.code === "idle" || state.peer !== from || state.id !== message.id) return;
    if (message.act === "end") {
      this.#stop(message.why);
    } else if (message.act === "ready") {
      if (state.code === "waiting") this.#call(state, around);
    } else if (message.act === "call") {
      if (state.code !== "ready") return;
      const { clockId, startGlobalUs } = message;
      const obstacle = obstacleTo(message, around);
      if (obstacle) this.#end(obstacle, obstacle);
      else this.#state = { ...between(state), code: "sounding", clockId, startGlobalUs, theirs: null };
    } else if (state.code === "sounding" || state.code === "reckoning") {
      const theirs = heardBySlot(message.afterSlotMs);
      this.#state = { ...state, theirs };
      this.#finish();
    }
  }

  /** MC16, and MC18 where both ask at once. */
  #takeAsk(from: UserId, id: number, around: CalibrationContext): void {
    const state = this.#state;
    const { localMs } = around;
    const limits = { asked: localMs + ANSWER_LIMIT_MS, ready: localMs + CALL_LIMIT_MS };
    const between: Between = { peer: from, id, isFirst: false };
    if (state.code === "idle" || (state.code === "asked" && state.peer === from)) {
      const blocker = blockerOf(around);
      if (localMs < this.#quietUntilLocalMs) this.#send(from, { act: "end", id, why: "declined" });
      else if (blocker && blocker !== "alone") this.#send(from, { act: "end", id, why: blocker });
      else this.#state = { ...between, code: "asked", untilLocalMs: limits.asked };
    } else if (state.code === "waiting" && state.peer === from) {
      if (this.#me < from) return; // the other takes mine for its consent
      this.#state = { ...between, code: "ready", untilLocalMs: limits.ready };
      this.#send(from, { act: "ready", id });
    } else if (state.code === "opening" && state.peer === from && state.isFirst) {
      if (this.#me > from) this.#state = { ...between, code: "opening", untilLocalMs: limits.asked };
    } else {
      this.#send(from, { act: "end", id, why: "busy" });
    }
  }

  #call(state: Between, around: CalibrationContext): void {
    const { clock } = around;
    const blocker = blockerOf(around);
    if (!clock || (blocker && blocker !== "alone")) {
      const why = blocker === "music" ? "music" : "clock";
      this.#end(why, why);
      return;
    }
    const { clockId } = clock;
    const startGlobalUs = clock.globalUs + LEAD_US;
    this.#send(state.peer, { act: "call", id: state.id, clockId, startGlobalUs });
    this.#state = { ...between(state), code: "sounding", clockId, startGlobalUs, theirs: null };
  }

  #heard(mine: readonly Heard[]): void {
    const state = this.#state;
    if (state.code !== "reckoning" || state.mine) return;
    this.#send(state.peer, {
      act: "heard",
      id: state.id,
      afterSlotMs: mine.map(({ afterSlotMs }) => afterSlotMs),
    });
    this.#state = { ...state, mine };
    this.#finish();
  }

  #finish(): void {
    const state = this.#state;
    if (state.code !== "reckoning" || !state.mine || !state.theirs) return;
    const { peer, isFirst, mine, theirs } = state;
    const distance: Distance = isFirst ? distanceOf(mine, theirs) : distanceOf(theirs, mine);
    if (distance.verdict === "measured") {
      const { distanceM, uncertaintyM } = distance;
      this.#measured.delete(peer);
      this.#measured.set(peer, { userId: peer, distanceM, uncertaintyM });
      this.#state = { code: "idle", peer, isFirst, failure: null };
    } else {
      this.#state = { code: "idle", peer, isFirst, failure: distance.verdict };
    }
  }

  #look(around: CalibrationContext): void {
    const state = this.#state;
    const present = new Set(around.others.map(({ userId }) => userId));
    for (const userId of this.#measured.keys()) if (!present.has(userId)) this.#measured.delete(userId);
    if (state.code === "idle") return;
    if (!present.has(state.peer)) {
      this.#stop("left");
    } else if (state.code === "sounding") {
      const obstacle = !around.isQuiet ? "music" : around.clock?.clockId !== state.clockId ? "clock" : null;
      if (obstacle) this.#end(obstacle, obstacle);
      else if ((around.clock?.globalUs ?? 0) >= endUsOf(state.startGlobalUs)) {
        const untilLocalMs = around.localMs + RECKON_LIMIT_MS;
        this.#state = { ...state, code: "reckoning", mine: null, untilLocalMs };
        this.#effects.push({ type: "reckon", startGlobalUs: state.startGlobalUs });
      }
    } else if (around.localMs >= state.untilLocalMs) {
      // Nobody is at this device: its person is told nothing, and who asked learns the same by their own limit.
      if (state.code === "asked") this.#state = IDLE;
      else this.#end("stopped", "silent");
    }
  }

  /** Gives up, and tells the other; `failure` is what this device's person is told, null where it was their wish. */
  #end(why: DistanceEnd, failure: DistanceFailure | null): void {
    const state = this.#state;
    if (state.code === "idle") return;
    // Who has not asked yet has nothing to take back.
    if (!(state.code === "opening" && state.isFirst)) {
      this.#send(state.peer, { act: "end", id: state.id, why });
    }
    this.#stop(failure);
  }

  #stop(failure: DistanceFailure | null): void {
    const state = this.#state;
    if (state.code === "idle") return;
    // A question that was taken back, or not answered, is no failure of this device's.
    const { peer, isFirst } = state;
    this.#state = state.code === "asked" ? IDLE : { code: "idle", peer, isFirst, failure };
    this.#effects.push({ type: "close-microphone" });
  }

  #send(to: UserId, message: DistanceMessage): void {
    this.#effects.push({ type: "send", to, message });
  }
}

const between = ({ peer, id, isFirst }: Between): Between => ({ peer, id, isFirst });

/** MC17: what keeps this device from following a call. */
function obstacleTo(
  { clockId, startGlobalUs }: { readonly clockId: string; readonly startGlobalUs: number },
  { clock, isQuiet }: CalibrationContext,
): "music" | "clock" | null {
  if (!isQuiet) return "music";
  if (!clock?.isLocked || clock.clockId !== clockId) return "clock";
  const aheadUs = startGlobalUs - clock.globalUs;
  return aheadUs > 0 && aheadUs <= MAX_LEAD_US ? null : "clock";
}

const heardBySlot = (afterSlotMs: readonly (number | null)[]): readonly Heard[] =>
  timetable(2).map((slot, at) => ({ slot, afterSlotMs: afterSlotMs[at] ?? null }));

/** Until when chirps sound and are listened to. */
export const endUsOf = (startGlobalUs: number): number => startGlobalUs + timetableSec(2) * 1e6 + TAIL_US;
