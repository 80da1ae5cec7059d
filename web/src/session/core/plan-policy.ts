// What only the director does to the plan over time: prepares a file, starts it when all are ready, ends it when it is
// over, moves it to a new server's clock; pauses and seeks by hand (TR1–TR7). Pure but for what it is given to read. Local ms,
// global µs, seconds in the file. Answers with the change to make; null while there is nothing to change or this peer does not
// direct.

import type { SyncedClock } from "../../clock/index.ts";
import {
  type Director,
  decideStart,
  type PlanChange,
  positionUsAt,
  type Readiness,
  StartWait,
} from "../../director/index.ts";
import type { FileId, UserId } from "../../lib/index.ts";
import { START_STANDSTILL_MS } from "../../protocol/constants/director.gen.ts";
import { AFTER_END_SEC, OVER_HEARD_AFTER_US } from "../../protocol/constants/session.gen.ts";

export interface PlanPolicyOptions {
  readonly director: Director;
  readonly clock: Pick<SyncedClock, "estimate" | "state" | "globalUsAt" | "toCurrentClock">;
  /** Where this device's loudspeaker should be, by the plan; null when nothing plays here. */
  readonly positionSecAt: (localMs: number) => number | null;
  /** Of the song, by its container; null while this device has not decoded it. */
  readonly durationSec: (fileId: FileId) => number | null;
  /** What of it this device has decoded; less than its duration where it has only the beginning (P39). */
  readonly decodedSec: (fileId: FileId) => number | null;
  readonly readiness: () => readonly Readiness[];
  readonly speakerDelayMs: () => number;
  /** Someone who plays the chosen file says that it has ended. */
  readonly isOverElsewhere: () => boolean;
  /** Someone has more to play of the chosen file. */
  readonly isHeardElsewhere: () => boolean;
  /** The song starts without those whose time was up (D22). */
  readonly onPassedOver?: (userIds: readonly UserId[]) => void;
}

/** What a prepared song waits for. */
export interface Waiting {
  readonly missing: readonly UserId[];
  /** By when all of them will have been passed over, should none come further; null while nobody at all is ready. */
  readonly withoutInMs: number | null;
}

/** TR5: whoever drags to the very end hears that it is the end. */
const BEFORE_END_SEC = 1;
/** D16: by then a director that came back to a new server (D6) has written the plan in its clock, if it can. */
const STRANDED_MS = 8_000;
/** D17: by then anyone who can has taken over and done it. */
const LOST_MS = 12_000;

export class PlanPolicy {
  readonly #options: PlanPolicyOptions;
  readonly #wait = new StartWait();
  #isStartForced = false;
  #foreignSinceLocalMs: number | null = null;
  #clocklessSinceLocalMs: number | null = null;

  constructor(options: PlanPolicyOptions) {
    this.#options = options;
  }

  prepare(fileId: FileId): PlanChange {
    this.#isStartForced = false;
    const { plan } = this.#options.director;
    const isPaused = plan.state === "stopped" && plan.fileId === fileId;
    return this.#change("preparing", fileId, 0, isPaused ? plan.positionUs : 0); // TR1
  }

  /** TR1, TR2; null while nothing is under way. */
  pause(localMs: number): PlanChange | null {
    const { plan } = this.#options.director;
    if (plan.state === "stopped") return null;
    const reachedUs = plan.state === "playing" ? this.#reachedUs(localMs) : plan.positionUs;
    const endSec = plan.fileId && this.#options.durationSec(plan.fileId);
    const positionUs = Math.min(Math.max(plan.positionUs, reachedUs), (endSec ?? Infinity) * 1e6);
    return this.#change("stopped", plan.fileId, 0, positionUs);
  }

  /** TR3–TR5; null while nothing is chosen, or while a playing plan cannot be written in the clock of now. */
  seek(toSec: number, localMs: number): PlanChange | null {
    const { director, clock, durationSec } = this.#options;
    const { plan } = director;
    if (plan.fileId === null) return null;
    const lastSec = (durationSec(plan.fileId) ?? Infinity) - BEFORE_END_SEC;
    const positionUs = Math.max(0, Math.min(toSec, lastSec)) * 1e6;
    if (plan.state !== "playing") return this.#change(plan.state, plan.fileId, 0, positionUs);
    const globalUs = clock.globalUsAt(localMs);
    if (globalUs === null || plan.clockId !== clock.estimate?.clockId) return null;
    return this.#change("playing", plan.fileId, globalUs, positionUs);
  }

  stop(): PlanChange {
    return this.#change("stopped", null, 0, 0);
  }

  /** The director does not want to wait for those who are missing. */
  forceStart(): void {
    this.#isStartForced = true;
  }

  /** D16: the song plays in the clock of a former server, which this peer knows and the director evidently does not. */
  isStranded(localMs: number): boolean {
    const { director, clock, positionSecAt } = this.#options;
    const { globalStartUs, clockId } = director.plan;
    // It may have heard of the song only now, and have met that clock all the same.
    const isKnownHere =
      positionSecAt(localMs) !== null || clock.toCurrentClock(globalStartUs, clockId) !== null;
    return isKnownHere && !director.isMe && this.#foreignMs(localMs) >= STRANDED_MS;
  }

  /** D23: a song is prepared, another device is ready, and this one, which directs, has no clock to start it by. */
  isClockless(localMs: number): boolean {
    const sinceLocalMs = this.#clocklessSinceLocalMs;
    if (sinceLocalMs === null || localMs - sinceLocalMs < START_STANDSTILL_MS) return false;
    return this.#options.readiness().some(({ isReady, isAway }) => isReady && !isAway);
  }

  waiting(localMs: number): Waiting {
    const readiness = this.#options.readiness();
    const leftMs = this.#wait.leftMs(this.#options.director.plan, readiness, localMs);
    const decision = decideStart(readiness, false, leftMs);
    const missing = decision.verdict === "wait" ? decision.missing : [];
    const isAnyoneReady = readiness.some(({ isReady, isAway }) => isReady && !isAway);
    const withoutInMs = isAnyoneReady
      ? Math.max(0, ...missing.map((userId) => leftMs.get(userId) ?? 0))
      : null;
    return { missing, withoutInMs };
  }

  tick(localMs: number): PlanChange | null {
    const { director, clock } = this.#options;
    this.#watchClock(localMs);
    if (director.plan.state !== "preparing") this.#wait.reset();
    const globalUs = clock.globalUsAt(localMs);
    if (!director.isMe || globalUs === null || clock.state !== "locked") return null;
    if (director.plan.state === "preparing") return this.start(localMs);
    if (director.plan.state === "playing")
      return this.#end(localMs, globalUs) ?? this.#moveToClock(localMs, globalUs);
    return null;
  }

  /** Starts the prepared song if everybody is ready, or has been waited for long enough. */
  start(localMs: number): PlanChange | null {
    const { readiness: read, director, clock, onPassedOver } = this.#options;
    const { plan } = director;
    const { fileId, positionUs } = plan;
    const globalUs = clock.globalUsAt(localMs);
    if (!director.isMe || plan.state !== "preparing" || globalUs === null || clock.state !== "locked")
      return null;
    const readiness = read();
    const leftMs = this.#wait.leftMs(plan, readiness, localMs);
    const decision = decideStart(readiness, this.#isStartForced, leftMs);
    if (decision.verdict === "wait") return null;
    if (!this.#isStartForced && leftMs.size > 0) onPassedOver?.([...leftMs.keys()]);
    this.#isStartForced = false;
    return this.#change("playing", fileId, globalUs + decision.leadMs * 1000, positionUs);
  }

  #end(localMs: number, globalUs: number): PlanChange | null {
    const { director, clock, isOverElsewhere, isHeardElsewhere } = this.#options;
    const { plan } = director;
    const positionSec = this.#options.positionSecAt(localMs);
    const durationSec = plan.fileId && this.#options.durationSec(plan.fileId);
    const decodedSec = plan.fileId && this.#options.decodedSec(plan.fileId);
    if (positionSec !== null && durationSec !== null && decodedSec !== null) {
      const isOver = positionSec > durationSec + AFTER_END_SEC;
      // P39: who has only the beginning leaves the rest to the others, who may say so up to the song's length and no longer.
      const isOverHere = positionSec > decodedSec + AFTER_END_SEC;
      return isOver || (isOverHere && !isHeardElsewhere()) ? this.stop() : null;
    }
    // D19: it does not sound here; those where it does know its end.
    const isUnderWay =
      plan.clockId === clock.estimate?.clockId && positionUsAt(plan, globalUs) > OVER_HEARD_AFTER_US;
    return isUnderWay && isOverElsewhere() ? this.stop() : null;
  }

  #moveToClock(localMs: number, globalUs: number): PlanChange | null {
    const { director, clock, speakerDelayMs } = this.#options;
    const { plan } = director;
    if (plan.clockId === clock.estimate?.clockId) return null;
    const positionSec = this.#options.positionSecAt(localMs);
    if (positionSec !== null) {
      // A delayed loudspeaker plays the position of a later moment; the plan is about none in particular.
      const positionUs = positionSec * 1e6 - speakerDelayMs() * 1000;
      const aheadUs = Math.max(0, plan.positionUs - positionUs); // TR7
      return this.#change("playing", plan.fileId, globalUs + aheadUs, positionUs + aheadUs);
    }
    const startUs = clock.toCurrentClock(plan.globalStartUs, plan.clockId);
    if (startUs !== null) return this.#change("playing", plan.fileId, startUs, plan.positionUs);
    return this.#foreignMs(localMs) >= LOST_MS ? this.stop() : null; // D17
  }

  /** Where the plan is now, in the clock it was written in if that is the one of now, else by the loudspeaker. */
  #reachedUs(localMs: number): number {
    const { director, clock, positionSecAt, speakerDelayMs } = this.#options;
    const { plan } = director;
    const globalUs = clock.globalUsAt(localMs);
    if (globalUs !== null && plan.clockId === clock.estimate?.clockId) return positionUsAt(plan, globalUs);
    const positionSec = positionSecAt(localMs);
    return positionSec === null ? plan.positionUs : positionSec * 1e6 - speakerDelayMs() * 1000;
  }

  #watchClock(localMs: number): void {
    const { director, clock } = this.#options;
    const { plan } = director;
    const isClockless = director.isMe && plan.state === "preparing" && clock.state !== "locked";
    this.#clocklessSinceLocalMs = isClockless ? (this.#clocklessSinceLocalMs ?? localMs) : null;
    const isForeign =
      plan.state === "playing" && clock.state === "locked" && plan.clockId !== clock.estimate?.clockId;
    this.#foreignSinceLocalMs = isForeign ? (this.#foreignSinceLocalMs ?? localMs) : null;
  }

  /** For how long the plan has been in another clock than the one this peer has locked onto. */
  #foreignMs(localMs: number): number {
    return this.#foreignSinceLocalMs === null ? 0 : localMs - this.#foreignSinceLocalMs;
  }

  #change(
    state: PlanChange["state"],
    fileId: FileId | null,
    globalStartUs: number,
    positionUs: number,
  ): PlanChange {
    this.#wait.reset();
    const clockId = this.#options.clock.estimate?.clockId ?? "";
    return { clockId, state, fileId, globalStartUs, positionUs };
  }
}
