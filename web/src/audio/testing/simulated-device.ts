// One device in virtual time, with the real cores from probe to segment: synced clock → playback clock → output clock → planner
// and servo. Its crystals and its network are made up, so that the truth is known: where in the song its loudspeaker is.

import { PlaybackClock, type PlaybackClockVerdict, SyncedClock } from "../../clock/index.ts";
import { type PathModel, TruePath } from "../../clock/testing/path.ts";
import { SeededRandom, VirtualClock } from "../../lib/testing/index.ts";
import { OutputClock } from "../output/output-clock.ts";
import { SegmentPlanner, type Timeline } from "../render/segment-planner.ts";

const RATE = 48_000;
const LATENCY_MS = 40;
const CUT_AHEAD_MS = 150;
const STAMP_PERIOD_MS = 40;
const TICK_MS = 100;
/** Just long enough to be noticed (T9). */
const NAP_MS = 300;

export interface Crystals {
  /** Local time against global time. */
  readonly localPpm: number;
  /** The card against local time. */
  readonly cardPpm: number;
  readonly stampNoiseMs: number;
}

/** A server whose clock may jump: a paused virtual machine under the same name. */
class SteppingPath extends TruePath {
  stepMs = 0;
  /** Added to the next probe's way back. */
  nextDelayMs = 0;

  override offsetMsAt(localMs: number): number {
    return super.offsetMsAt(localMs) + this.stepMs;
  }

  override probe(t0LocalMs: number) {
    const probe = super.probe(t0LocalMs);
    const t3LocalMs = probe.t3LocalMs + this.nextDelayMs;
    this.nextDelayMs = 0;
    return { ...probe, t3LocalMs };
  }
}

export class SimulatedDevice {
  readonly path: SteppingPath;
  readonly planner: SegmentPlanner;
  readonly verdicts: PlaybackClockVerdict[] = [];
  readonly #clock = new VirtualClock(1_000);
  readonly #line = new OutputClock();
  readonly #shared: SyncedClock;
  readonly #random: SeededRandom;
  readonly #crystals: Crystals;
  #playbackClock: PlaybackClock | null = null;
  #startGlobalUs = 0;

  constructor(seed: number, network: PathModel, crystals: Crystals) {
    this.#random = new SeededRandom(seed);
    this.#crystals = crystals;
    this.path = new SteppingPath(this.#random, network, -7_000, crystals.localPpm);
    this.planner = new SegmentPlanner(RATE, this.#line);
    this.#shared = new SyncedClock(this.#clock, (id, t0) => this.#answer(id, t0));
    this.#shared.onEstimate((estimate) => {
      if (!this.#playbackClock) return;
      const wasSlewing = this.verdicts.at(-1)?.state === "slewing";
      const verdict = this.#playbackClock.update(estimate);
      this.verdicts.push(verdict);
      const cutFrame = Math.ceil(this.#frameAt(this.#clock.nowMs() + LATENCY_MS + CUT_AHEAD_MS));
      if (wasSlewing !== (verdict.state === "slewing")) this.planner.replan(cutFrame, this.#timeline);
      if (verdict.state !== "rejoin") return;
      this.#playbackClock = new PlaybackClock(estimate);
      this.planner.redirect(cutFrame, this.#timeline);
    });
    this.#every(STAMP_PERIOD_MS, () => this.#stamp());
    this.#every(TICK_MS, () => this.#tick());
    this.#shared.start();
  }

  /** Measures for a while, then plays from the song's beginning. */
  play(afterMs: number): void {
    this.#shared.setActivity("pre-roll");
    this.#clock.advance(afterMs);
    const estimate = this.#shared.estimate;
    if (!estimate) throw new Error("no probe came back");
    this.#playbackClock = new PlaybackClock(estimate);
    this.#startGlobalUs = this.path.globalUsAt(this.#clock.nowMs()) + 1_000_000;
    this.#shared.setActivity("playing");
    this.#clock.advance(1_500);
  }

  /**
   * The server's clock jumps while this device naps: the old probes are dropped, so that the estimate steps with it instead
   * of creeping there over the window.
   */
  step(byMs: number): void {
    this.path.stepMs += byMs;
    this.#clock.sleep(NAP_MS);
  }

  /** Plays on; the true error once every `periodMs`, ms, positive = ahead of the plan. */
  errorsMs(durationMs: number, periodMs = 500): number[] {
    return Array.from({ length: Math.floor(durationMs / periodMs) }, () => {
      this.#clock.advance(periodMs);
      return this.#trueErrorMs();
    });
  }

  #trueErrorMs(): number {
    const localMs = this.#clock.nowMs();
    const position = this.planner.track.positionAt(this.#frameAt(localMs));
    if (position === null) throw new Error("silence");
    return (position / RATE) * 1_000 - (this.path.globalUsAt(localMs) - this.#startGlobalUs) / 1_000;
  }

  readonly #timeline: Timeline = (localMs) =>
    ((this.#playbackClock?.globalUsAt(localMs) ?? 0) - this.#startGlobalUs) / 1e6;

  /** The frame that truly leaves the output at a local moment; fractional. */
  #frameAt(localMs: number): number {
    return ((localMs * (1 + this.#crystals.cardPpm * 1e-6) + 5_000) * RATE) / 1_000;
  }

  #stamp(): void {
    const localMs = this.#clock.nowMs();
    const noiseMs = this.#crystals.stampNoiseMs * this.#random.normal();
    this.#line.add({ localMs, audioSec: this.#frameAt(localMs) / RATE + noiseMs / 1_000 });
  }

  #tick(): void {
    if (!this.#playbackClock) return;
    const outputFrame = this.#frameAt(this.#clock.nowMs());
    const renderFrame = Math.ceil(outputFrame + (LATENCY_MS * RATE) / 1_000);
    this.planner.track.forgetBefore(outputFrame - RATE);
    if (this.planner.track.isEmpty) {
      this.planner.begin(renderFrame + (CUT_AHEAD_MS * RATE) / 1_000, this.#timeline);
    }
    this.planner.fill(renderFrame, false, this.#timeline);
  }

  #answer(id: number, t0: number): void {
    const probe = this.path.probe(t0);
    const pong = { id, t0, t1: probe.t1GlobalUs, t2: probe.t2GlobalUs, clockId: probe.clockId };
    this.#clock.after(probe.t3LocalMs - t0, () => this.#shared.receivePong(pong, this.#clock.nowMs()));
  }

  #every(periodMs: number, task: () => void): void {
    this.#clock.after(periodMs, () => {
      task();
      this.#every(periodMs, task);
    });
  }
}
