// This device's view of global time. Sends probes at the cadence, keeps the fresh estimate, notices sleep, and survives
// a change of server clock: the last model of every clock it knew stays usable, so that a plan can be re-expressed
// `global_old → local → global_new`. Local ms, global µs.
// States: unsynced (no probe) → coarse (one) → locked (LOCK_PROBES good ones) → stale (nothing new for STALE_MS).

import type { Clock } from "../lib/index.ts";
import {
  LOCK_BOUND_MS,
  LOCK_PROBES,
  PROBE_TIMEOUT_MS,
  REMEMBERED_CLOCKS,
  SLEEP_JUMP_MS,
  SLOW_LOCK_PROBES,
  STALE_MS,
  SURE_SLEEP_MS,
} from "../protocol/constants/clock.gen.ts";
import { type Activity, Cadence } from "./cadence.ts";
import { type OffsetEstimate, OffsetEstimator } from "./offset-estimator.ts";
import { roundTripMs } from "./probe.ts";

export type ClockState = "unsynced" | "coarse" | "locked" | "stale";

export interface Pong {
  readonly id: number;
  readonly t0: number;
  readonly t1: number;
  readonly t2: number;
  readonly clockId: string;
}

/**
 * T15: what steps of the local clock leave uncertain after n probes is a step by the root of n; this much is good enough to
 * play, ms.
 */
const LOCK_STEP_MS = 20;
/**
 * T15: probes that are sent at one place in a step tell nothing new of it. This part of a step more each time covers it evenly.
 */
const GOLDEN_SHARE = 0.618;
/** Who tells time in longer steps is no clock for others to compare with. */
const COMPARABLE_STEP_MS = 1.5;

export class SyncedClock {
  readonly #clock: Clock;
  readonly #sendPing: (id: number, t0LocalMs: number) => void;
  readonly #estimator = new OffsetEstimator();
  readonly #cadence = new Cadence();
  readonly #pending = new Map<number, number>();
  readonly #formerClocks = new Map<string, OffsetEstimate>();
  readonly #listeners = new Set<(estimate: OffsetEstimate) => void>();
  readonly #sleepListeners = new Set<() => void>();
  /** From the server's answers alone. */
  #own: OffsetEstimate | null = null;
  /** What this device goes by. */
  #estimate: OffsetEstimate | null = null;
  #lastRttMs: number | null = null;
  #goodProbes = 0;
  #lastProbeLocalMs = Number.NEGATIVE_INFINITY;
  #nextId = 1;
  #wallMinusLocalMs: number;
  #cancelTimer: (() => void) | null = null;
  /** What to go by instead of a fresh estimate of one's own (T18); asked while locked. */
  roomEstimate: (own: OffsetEstimate) => OffsetEstimate = (own) => own;

  constructor(clock: Clock, sendPing: (id: number, t0LocalMs: number) => void) {
    this.#clock = clock;
    this.#sendPing = sendPing;
    this.#wallMinusLocalMs = clock.wallMs() - clock.nowMs();
  }

  /** Called for every fresh estimate; returns the function that ends it. */
  onEstimate(listener: (estimate: OffsetEstimate) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Called when the device has slept and knows no global time any more; returns the function that ends it. */
  onSlept(listener: () => void): () => void {
    this.#sleepListeners.add(listener);
    return () => this.#sleepListeners.delete(listener);
  }

  get state(): ClockState {
    if (!this.#estimate) return "unsynced";
    if (this.#clock.nowMs() - this.#lastProbeLocalMs > STALE_MS) return "stale";
    const slowProbes = Math.max(SLOW_LOCK_PROBES, (this.resolutionMs / LOCK_STEP_MS) ** 2);
    const isSharp = this.#estimate.boundMs <= LOCK_BOUND_MS || this.#goodProbes >= slowProbes;
    return this.#goodProbes >= LOCK_PROBES && isSharp ? "locked" : "coarse";
  }

  /** Round trip of the newest probe, ms: what the path is like right now, queues included. */
  get lastRttMs(): number | null {
    return this.#lastRttMs;
  }

  get estimate(): OffsetEstimate | null {
    return this.#estimate;
  }

  /** How finely this device tells the time, ms: its readings may each be off by as much. */
  get resolutionMs(): number {
    return this.#clock.resolutionMs?.() ?? 0;
  }

  /** Starts (or restarts, on a new connection) probing with a burst. */
  start(): void {
    this.#cadence.burst(this.#clock.nowMs());
    this.#pending.clear();
    this.#probe();
  }

  /** The path to the server may have changed, or the device woke up: measure afresh and fast. */
  burst(): void {
    if (this.#cancelTimer) this.start();
  }

  /** Stops probing; what is known stays known and turns stale. */
  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#pending.clear();
  }

  setActivity(activity: Activity): void {
    this.#cadence.setActivity(activity);
  }

  /** Takes the server's answer, received at `t3LocalMs`. An unknown or late answer is ignored. */
  receivePong(pong: Pong, t3LocalMs: number): void {
    const t0LocalMs = this.#pending.get(pong.id);
    this.#pending.delete(pong.id);
    if (t0LocalMs === undefined || t3LocalMs - t0LocalMs > PROBE_TIMEOUT_MS) return;
    if (this.#estimate && this.#estimate.clockId !== pong.clockId) this.#leaveClock(this.#estimate);
    const probe = {
      clockId: pong.clockId,
      t0LocalMs,
      t1GlobalUs: pong.t1,
      t2GlobalUs: pong.t2,
      t3LocalMs,
    };
    this.#estimator.resolutionMs = this.resolutionMs;
    const admission = this.#estimator.add(probe);
    if (admission === "refused") return;
    if (admission === "stepped") {
      this.#goodProbes = 0;
      this.burst();
    }
    this.#lastRttMs = Math.max(0, roundTripMs(probe));
    this.#goodProbes += 1;
    this.#lastProbeLocalMs = t3LocalMs;
    this.#own = this.#estimator.estimate(t3LocalMs);
    this.#estimate = this.#own;
    if (this.#own && this.state === "locked") this.#estimate = this.roomEstimate(this.#own);
    if (this.#estimate) for (const listener of this.#listeners) listener(this.#estimate);
  }

  /** Global time at `localMs`, µs; null before the first probe. */
  globalUsAt(localMs: number): number | null {
    const estimate = this.#estimate;
    return estimate && (localMs - offsetMsAt(estimate, localMs)) * 1000;
  }

  /**
   * T17: the server's time at `localMs` as this device alone has it, for others to compare with, µs; null while that is not
   * worth it.
   */
  ownGlobalUsAt(localMs: number): { readonly clockId: string; readonly globalUs: number } | null {
    const own = this.#own;
    if (!own || this.state !== "locked" || this.resolutionMs > COMPARABLE_STEP_MS) return null;
    return { clockId: own.clockId, globalUs: Math.round((localMs - offsetMsAt(own, localMs)) * 1000) };
  }

  /** Local time of a global moment of the named clock, ms; null for a clock this device never met. */
  localMsAt(globalUs: number, clockId: string): number | null {
    const estimate =
      this.#estimate?.clockId === clockId ? this.#estimate : (this.#formerClocks.get(clockId) ?? null);
    if (!estimate) return null;
    const rate = estimate.driftPpm * 1e-6;
    return (globalUs / 1000 + estimate.offsetMs - estimate.atLocalMs * rate) / (1 - rate);
  }

  /** The same moment in the current clock, µs; null while either clock is unknown. */
  toCurrentClock(globalUs: number, clockId: string): number | null {
    if (this.#estimate?.clockId === clockId) return globalUs;
    const localMs = this.localMsAt(globalUs, clockId);
    return localMs === null ? null : this.globalUsAt(localMs);
  }

  /** Drops the window when wall time shows that local time stood still; returns whether it did. */
  checkForSleep(): boolean {
    const wallMinusLocalMs = this.#clock.wallMs() - this.#clock.nowMs();
    const jumpMs = wallMinusLocalMs - this.#wallMinusLocalMs;
    this.#wallMinusLocalMs = wallMinusLocalMs;
    // Four readings make a jump, and each may be a step off.
    if (Math.abs(jumpMs) <= SLEEP_JUMP_MS + 4 * this.resolutionMs) return false;
    this.#estimator.reset();
    this.#goodProbes = 0;
    if (jumpMs > SURE_SLEEP_MS) {
      this.#leaveAsleep(jumpMs);
      for (const listener of this.#sleepListeners) listener();
    }
    this.burst();
    return true;
  }

  #probe(): void {
    this.#cancelTimer?.();
    const t0LocalMs = this.#clock.nowMs();
    for (const [id, sentLocalMs] of this.#pending) {
      if (t0LocalMs - sentLocalMs > PROBE_TIMEOUT_MS) this.#pending.delete(id);
    }
    const id = this.#nextId++;
    const waitMs = this.#cadence.afterProbe(t0LocalMs) + this.resolutionMs * ((id * GOLDEN_SHARE) % 1);
    this.#cancelTimer = this.#clock.after(waitMs, () => {
      if (!this.checkForSleep()) this.#probe(); // who slept has begun a burst
    });
    this.#pending.set(id, t0LocalMs);
    this.#sendPing(id, t0LocalMs);
  }

  /** What was known is as good as the wall clock: enough for a plan in a clock that is gone, not for playing in step. */
  #leaveAsleep(sleptMs: number): void {
    if (this.#estimate) this.#leaveClock(this.#estimate);
    for (const [clockId, former] of this.#formerClocks) {
      this.#formerClocks.set(clockId, { ...former, offsetMs: former.offsetMs - sleptMs });
    }
  }

  #leaveClock(estimate: OffsetEstimate): void {
    this.#formerClocks.set(estimate.clockId, estimate);
    const oldest = this.#formerClocks.keys().next().value;
    if (this.#formerClocks.size > REMEMBERED_CLOCKS && oldest !== undefined)
      this.#formerClocks.delete(oldest);
    this.#goodProbes = 0;
    this.#own = null;
    this.#estimate = null;
  }
}

const offsetMsAt = (estimate: OffsetEstimate, localMs: number): number =>
  estimate.offsetMs + (localMs - estimate.atLocalMs) * estimate.driftPpm * 1e-6;
