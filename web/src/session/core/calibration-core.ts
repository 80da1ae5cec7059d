// A calibration through a microphone, as each device of the swarm sees it (rules MC6–MC10 in docs/spec/calibration.md). Pure:
// told the time, what the others say and how things stand. Global µs of the server that the call names, local ms.
// States: idle → asking (for the microphone) → sounding → reckoning → found, on the device that listens; the others know idle
// and sounding only. From any of them back to idle, with the reason where a person waits for a result.
// Does not know sound, microphones or the network.

import type { Lateness } from "../../audio/calibration/index.ts";
import { timetableSec } from "../../audio/index.ts";
import type { UserId } from "../../lib/index.ts";
import { type CalibrationMessage, type Call, MAX_CALIBRATED } from "./calibration-message.ts";

/** Why there is no result: the microphone, music that began, another server, or this page itself. */
export type CalibrationFailure = "denied" | "missing" | "music" | "clock" | "broken";

/** What a calibration cannot begin with. */
export type CalibrationBlocker = "alone" | "music" | "clock";

export interface CalibratedDevice {
  readonly userId: UserId;
  readonly lateness: Lateness;
  readonly hasLeft: boolean;
  /** What its speaker delay should be; null where it stays as it is. */
  readonly delayMs: number | null;
}

export type CalibrationState =
  | { readonly code: "idle"; readonly failure: CalibrationFailure | null }
  | { readonly code: "asking" }
  | { readonly code: "sounding" | "reckoning"; readonly listener: UserId; readonly call: Call }
  | { readonly code: "found"; readonly devices: readonly CalibratedDevice[]; readonly isApplied: boolean };

/** How things stand on this device. */
export interface CalibrationContext {
  readonly localMs: number;
  readonly clock: { readonly clockId: string; readonly globalUs: number; readonly isLocked: boolean } | null;
  /** No song plays or is about to. */
  readonly isQuiet: boolean;
  readonly delayMs: number;
  readonly others: readonly { readonly userId: UserId; readonly isAway: boolean; readonly delayMs: number }[];
}

/** A correction that this device took: by whom, and what it was before. */
export interface Correction {
  readonly by: UserId;
  readonly beforeMs: number;
  readonly delayMs: number;
}

/** MC6: for the call to arrive everywhere, and for chirps to be made and queued. */
const LEAD_US = 3e6;
/** MC6: a start further ahead is none of ours. */
const MAX_LEAD_US = 10e6;
/** After the last slot: what a microphone may be late by. */
const TAIL_US = 5e5;
/** MC10: for whoever thinks about the table before they tap. */
const CORRECTABLE_MS = 10 * 60_000;

const IDLE: CalibrationState = { code: "idle", failure: null };

export class CalibrationCore {
  readonly #me: UserId;
  #state: CalibrationState = IDLE;
  /** MC10: who may correct this device's delay, and until when. */
  #listened: { readonly by: UserId; readonly untilLocalMs: number } | null = null;
  #correction: Correction | null = null;
  /** The delays that the devices of my call chirp with. */
  #chirpedWithMs: ReadonlyMap<UserId, number> = new Map();

  constructor(me: UserId) {
    this.#me = me;
  }

  get state(): CalibrationState {
    return this.#state;
  }

  /** Null when nothing was corrected, or the delay was changed since. */
  correctionAt(delayMs: number): Correction | null {
    return this.#correction?.delayMs === delayMs ? this.#correction : null;
  }

  /** The slots of this device while chirps are due; null otherwise. */
  get turn(): { readonly call: Call; readonly device: number } | null {
    if (this.#state.code !== "sounding") return null;
    const { call } = this.#state;
    const device = call.order.indexOf(this.#me);
    return device < 0 ? null : { call, device };
  }

  /** This device listens, or is about to. */
  get isListening(): boolean {
    const state = this.#state;
    return state.code === "asking" || ("listener" in state && state.listener === this.#me);
  }

  /** The person wants to listen; returns whether the microphone is to be opened. */
  ask(around: CalibrationContext): boolean {
    if (this.isListening || this.#state.code === "sounding" || blockerOf(around)) return false;
    this.#state = { code: "asking" };
    return true;
  }

  /** The microphone is open. Returns the call to send to all; null when things have changed meanwhile. */
  begin(around: CalibrationContext): Call | null {
    if (this.#state.code !== "asking") return null;
    const { clock } = around;
    if (blockerOf(around) || !clock) {
      this.fail(around.isQuiet ? "clock" : "music");
      return null;
    }
    const others = around.others.filter(({ isAway }) => !isAway);
    const measured = [{ userId: this.#me, delayMs: around.delayMs }, ...others].slice(0, MAX_CALIBRATED);
    this.#chirpedWithMs = new Map(measured.map(({ userId, delayMs }) => [userId, delayMs]));
    const order = measured.map(({ userId }) => userId);
    const startGlobalUs = clock.globalUs + LEAD_US;
    const call: Call = { act: "call", clockId: clock.clockId, startGlobalUs, order };
    this.#state = { code: "sounding", listener: this.#me, call };
    return call;
  }

  /** Gives up what this device wanted to know, for a reason or by the person's wish (null). */
  fail(failure: CalibrationFailure | null): void {
    this.#state = { code: "idle", failure };
  }

  /** Returns the speaker delay that this device is to have from now on; null for none. */
  receive(from: UserId, message: CalibrationMessage, around: CalibrationContext): number | null {
    const state = this.#state;
    if (message.act === "call") {
      if (this.#isFitting(from, message, around)) {
        this.#state = { code: "sounding", listener: from, call: message };
        this.#listened = null;
      }
    } else if (message.act === "end") {
      if (state.code === "sounding" && state.listener === from) this.#state = IDLE;
    } else if (this.#listened?.by === from && around.localMs < this.#listened.untilLocalMs) {
      this.#listened = null;
      return this.correct(from, message.delayMs, around);
    }
    return null;
  }

  /** Records by whom the delay is changed, so that it can be undone; returns it. */
  correct(by: UserId, delayMs: number, around: CalibrationContext): number {
    this.#correction = { by, beforeMs: around.delayMs, delayMs };
    return delayMs;
  }

  /** What passing time and events around change; call it on each of them. */
  look(around: CalibrationContext): void {
    const state = this.#state;
    if (state.code !== "sounding") return;
    const { listener, call } = state;
    const isMine = listener === this.#me;
    const isGone = !isMine && !around.others.some(({ userId }) => userId === listener);
    const isClockOther = around.clock?.clockId !== call.clockId;
    if (!around.isQuiet || isClockOther || isGone) {
      this.fail(isMine ? (around.isQuiet ? "clock" : "music") : null); // MC8
    } else if ((around.clock?.globalUs ?? 0) >= endUsOf(call)) {
      if (isMine) this.#state = { code: "reckoning", listener, call };
      else {
        this.#state = IDLE;
        this.#listened = { by: listener, untilLocalMs: around.localMs + CORRECTABLE_MS };
      }
    }
  }

  /**
   * The recording was worked on: one verdict for each device of the call. `reckon` turns verdicts and delays into new delays
   * (rule MC4), as MC11 says. Returns whether the result was still wanted.
   */
  finish(
    verdicts: readonly Lateness[],
    reckon: (verdicts: readonly Lateness[], delaysMs: readonly number[]) => readonly (number | null)[],
    around: CalibrationContext,
  ): boolean {
    const state = this.#state;
    if (state.code !== "reckoning") return false;
    const present = new Set([this.#me, ...around.others.map(({ userId }) => userId)]);
    const { order } = state.call;
    const staying = order.flatMap((userId, index) => {
      const lateness = verdicts[index] ?? { verdict: "unheard" as const };
      return present.has(userId) ? [{ userId, lateness }] : [];
    });
    const uncalled = [...present].filter((userId) => !order.includes(userId));
    const delays = reckon(
      [...staying.map(({ lateness }) => lateness), ...uncalled.map(() => ({ verdict: "unheard" as const }))],
      staying.map(({ userId }) => this.#chirpedWithMs.get(userId) ?? 0),
    );
    const found = new Map(
      staying.map((each, index) => [each.userId, { ...each, delayMs: delays[index] ?? null }]),
    );
    const devices = order.map((userId, index) => {
      const lateness = verdicts[index] ?? { verdict: "unheard" as const };
      return { ...(found.get(userId) ?? { userId, lateness, delayMs: null }), hasLeft: !present.has(userId) };
    });
    this.#state = { code: "found", devices, isApplied: false };
    return true;
  }

  /** The person wants the found delays; returns those that change something, this device's own among them. */
  apply(): readonly { readonly userId: UserId; readonly delayMs: number }[] {
    const state = this.#state;
    if (state.code !== "found" || state.isApplied) return [];
    this.#state = { ...state, isApplied: true };
    return state.devices.flatMap((device) =>
      device.delayMs === null || !isChanged(device, this.#chirpedWithMs)
        ? []
        : [{ userId: device.userId, delayMs: device.delayMs }],
    );
  }

  /** Whether applying would change anything. */
  get canApply(): boolean {
    const state = this.#state;
    return (
      state.code === "found" &&
      !state.isApplied &&
      state.devices.some((device) => isChanged(device, this.#chirpedWithMs))
    );
  }

  /** MC6, MC9. */
  #isFitting(from: UserId, { clockId, startGlobalUs, order }: Call, around: CalibrationContext): boolean {
    const { clock, isQuiet } = around;
    if (clock?.clockId !== clockId || !clock.isLocked || !isQuiet || !order.includes(this.#me)) return false;
    const aheadUs = startGlobalUs - clock.globalUs;
    if (aheadUs <= 0 || aheadUs > MAX_LEAD_US) return false;
    const state = this.#state;
    if (state.code === "reckoning") return false;
    if (state.code !== "sounding" || state.listener === from) return true;
    return clock.globalUs < state.call.startGlobalUs && from < state.listener;
  }
}

export function blockerOf({ clock, isQuiet, others }: CalibrationContext): CalibrationBlocker | null {
  if (others.every(({ isAway }) => isAway)) return "alone";
  if (!isQuiet) return "music";
  return clock?.isLocked ? null : "clock";
}

/** Until when chirps sound and are listened to. */
const endUsOf = ({ startGlobalUs, order }: Call): number =>
  startGlobalUs + timetableSec(order.length) * 1e6 + TAIL_US;

const isChanged = (
  { userId, delayMs }: CalibratedDevice,
  chirpedWithMs: ReadonlyMap<UserId, number>,
): boolean => delayMs !== null && delayMs !== chirpedWithMs.get(userId);

/** Until the listener knows, s. */
export const remainingSec = (call: Call, globalUs: number): number =>
  Math.max(0, Math.ceil((endUsOf(call) - globalUs) / 1e6));
