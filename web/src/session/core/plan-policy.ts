// What only the director does to the plan over time: prepares an entry's song, starts it when all are ready, moves it to a new
// server's clock; pauses and seeks by hand (TR1–TR7). What plays after it is programme-policy.ts's. Pure but for what it is given to
// read. Local ms, global µs, seconds in the file. Answers with the change to make; null while there is nothing to change or this peer
// does not direct.

import type { SyncedClock } from "../../clock/index.ts";
import {
  type Director,
  decideStart,
  type Plan,
  type PlanChange,
  type Queue,
  type Readiness,
  StartWait,
  type Stretch,
} from "../../director/index.ts";
import type { UserId } from "../../lib/index.ts";
import { START_STANDSTILL_MS } from "../../protocol/constants/director.gen.ts";
import type { PlaybackProgress } from "./playback-target.ts";
import { planUsAt, positionUsIn, stretchNow } from "./programme-now.ts";

export interface PlanPolicyOptions {
  readonly director: Director;
  readonly clock: Pick<SyncedClock, "estimate" | "state" | "globalUsAt" | "toCurrentClock">;
  readonly controller: Pick<PlaybackProgress, "soundingAt">;
  readonly queue: () => Queue;
  /** Of the song, µs; null while nobody has told and this device does not know. */
  readonly durationUsOf: (entry: Pick<Plan, "entryId" | "fileId">) => number | null;
  readonly readiness: () => readonly Readiness[];
  /** The song starts without those whose time was up (D22). */
  readonly onPassedOver?: (userIds: readonly UserId[]) => void;
}

/** An entry and its song. */
type Song = Pick<Plan, "entryId" | "fileId">;

const NOTHING: Song = { entryId: null, fileId: null };

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
  /** From then on the song starts for those who are ready, should anyone be. */
  #patienceEndLocalMs = Number.POSITIVE_INFINITY;
  #foreignSinceLocalMs: number | null = null;
  #clocklessSinceLocalMs: number | null = null;

  constructor(options: PlanPolicyOptions) {
    this.#options = options;
  }

  /** TR1: it begins at the place that was kept, or at its beginning. */
  prepare(entry: Song, positionUs: number, patienceEndLocalMs = Number.POSITIVE_INFINITY): PlanChange {
    this.#isStartForced = false;
    this.#patienceEndLocalMs = patienceEndLocalMs;
    return this.#change("preparing", entry, 0, positionUs);
  }

  /** The entry is chosen, and keeps its place. */
  rest(entry: Song, positionUs: number): PlanChange {
    return this.#change("stopped", entry, 0, positionUs);
  }

  /** TR1, TR2; null while nothing is under way. */
  pause(localMs: number): PlanChange | null {
    const { director, durationUsOf } = this.#options;
    const { plan } = director;
    if (plan.state === "stopped") return null;
    const planUs = planUsAt(plan, this.#options, localMs);
    if (plan.state !== "playing" || planUs === null) return this.#change("stopped", plan, 0, plan.positionUs);
    const stretch = this.#stretchNow(localMs);
    const entry = stretch ?? plan; // behind the last one all is over
    const reachedUs = stretch ? positionUsIn(stretch, planUs) : Infinity;
    const endUs = durationUsOf(entry) ?? (stretch ? Infinity : plan.positionUs);
    return this.#change("stopped", entry, 0, Math.min(reachedUs, endUs));
  }

  /** TR3–TR5; null while nothing is chosen, or while a playing plan cannot be written in the clock of now. */
  seek(toSec: number, localMs: number): PlanChange | null {
    const { director, clock, durationUsOf } = this.#options;
    const { plan } = director;
    if (plan.fileId === null) return null;
    const entry = this.#stretchNow(localMs) ?? plan;
    const lastUs = (durationUsOf(entry) ?? Infinity) - BEFORE_END_SEC * 1e6;
    const positionUs = Math.max(0, Math.min(toSec * 1e6, lastUs));
    if (plan.state !== "playing") return this.#change(plan.state, plan, 0, positionUs);
    const globalUs = clock.globalUsAt(localMs);
    if (globalUs === null || plan.clockId !== clock.estimate?.clockId) return null;
    return this.#change("playing", entry, globalUs, positionUs);
  }

  stop(): PlanChange {
    return this.#change("stopped", NOTHING, 0, 0);
  }

  /** The director does not want to wait for those who are missing. */
  forceStart(): void {
    this.#isStartForced = true;
  }

  /** D16: the song plays in the clock of a former server, which this peer knows and the director evidently does not. */
  isStranded(localMs: number): boolean {
    const { director, clock, controller } = this.#options;
    const { globalStartUs, clockId } = director.plan;
    // It may have heard of the song only now, and have met that clock all the same.
    const isKnownHere =
      controller.soundingAt(localMs) !== null || clock.toCurrentClock(globalStartUs, clockId) !== null;
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
    return director.plan.state === "playing" ? this.#moveToClock(localMs, globalUs) : null;
  }

  /** Starts the prepared song if everybody is ready, or has been waited for long enough. */
  start(localMs: number): PlanChange | null {
    const { readiness: read, director, clock, onPassedOver } = this.#options;
    const { plan } = director;
    const globalUs = clock.globalUsAt(localMs);
    if (!director.isMe || plan.state !== "preparing" || globalUs === null || clock.state !== "locked")
      return null;
    const readiness = read();
    const leftMs = this.#wait.leftMs(plan, readiness, localMs);
    const isAnyoneReady = readiness.some(({ isReady, isAway }) => isReady && !isAway);
    const isPatienceOver = isAnyoneReady && localMs >= this.#patienceEndLocalMs;
    const decision = decideStart(readiness, this.#isStartForced || isPatienceOver, leftMs);
    if (decision.verdict === "wait") return null;
    if (!this.#isStartForced && leftMs.size > 0) onPassedOver?.([...leftMs.keys()]);
    this.#isStartForced = false;
    return this.#change("playing", plan, globalUs + decision.leadMs * 1000, plan.positionUs);
  }

  /** T10: the plan stays the same function of time, and all that follows from it. */
  #moveToClock(localMs: number, globalUs: number): PlanChange | null {
    const { director, clock, controller } = this.#options;
    const { plan } = director;
    if (plan.clockId === clock.estimate?.clockId) return null;
    const sounding = controller.soundingAt(localMs);
    const startUs =
      sounding?.clockId === plan.clockId
        ? globalUs + plan.globalStartUs - sounding.globalUs
        : clock.toCurrentClock(plan.globalStartUs, plan.clockId);
    if (startUs !== null) return this.#change("playing", plan, startUs, plan.positionUs);
    return this.#foreignMs(localMs) >= LOST_MS ? this.stop() : null; // D17
  }

  #stretchNow(localMs: number): Stretch | null {
    return stretchNow(this.#options.director.plan, this.#options.queue(), this.#options, localMs);
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

  /** A loop is of one entry. */
  #change(
    state: PlanChange["state"],
    { entryId, fileId }: Song,
    globalStartUs: number,
    positionUs: number,
  ): PlanChange {
    this.#wait.reset();
    const { plan } = this.#options.director;
    const clockId = this.#options.clock.estimate?.clockId ?? "";
    const loopUs = entryId === plan.entryId ? plan.loopUs : null;
    return { clockId, state, entryId, fileId, globalStartUs, positionUs, loopUs };
  }
}
