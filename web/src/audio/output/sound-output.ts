// The AudioContext and its states: unlocking inside a tap, interruptions, and the line of its timestamps. Local ms.
// States: locked (no tap yet, or refused) → running ⇄ interrupted (the platform took the sound away). Interrupted, it asks for
// the sound a few times by itself; only when that has failed it takes a tap (rule P23). A context that says that it runs and
// stands still counts as interrupted, too (rule P31).
// Does not know what is played.

import type { Clock } from "../../lib/index.ts";
import { MAX_START_MS, START_STEP_MS } from "../../protocol/constants/session.gen.ts";
import { OutputClock } from "./output-clock.ts";
import type { SoundPlatform } from "./sound-platform.ts";
import type { OutputReader } from "./speaker-timestamps.ts";

export type OutputState = "locked" | "running" | "interrupted";

/** P23: a call that ends, a page that returns, a headset that is plugged: the first asking may come too soon. */
const ASK_AFTER_MS = [0, 500, 2_000] as const;

/** P31: a starved machine stands still for half a second; iOS stands for ever after some calls. */
const STUCK_MS = 2_000;
/** Between deciding and rendering, on top of one render callback: the Worker's answer. */
const CUT_AHEAD_SEC = 0.08;
/** A page that is at work when a plan arrives comes to it this much later. */
const PAGE_BUSY_MS = 100;
/** Of an output that does not tell: more than a loudspeaker on a wire has. */
const UNKNOWN_LATENCY_MS = 300;

/** Longer than any render callback: what a context says while it stands would teach the line a false skew. */
const STALLED_MS = 300;
/** The page itself stood still for longer than that between two looks: the context may well have run. */
const LOOK_GAP_MS = 500;

/**
 * P95: a line that has been this certain for so long, while nothing is to sound, needs only as many looks as there is news. Ten seconds
 * are enough for PulseAudio's answers to be recognised, which takes every timestamp.
 */
const REST_WITHIN_MS = 1;
const REST_AFTER_MS = 10_000;

/**
 * P33: Chromium takes its stream down after half a minute of silence, and the first note then brings it up again, too late to be in
 * step; WebKitGTK's render clock leaps when sound begins. A hundredth of a 16-bit converter's step is not heard, and no silence.
 */
const KEEP_ALIVE_LEVEL = 3e-7;

interface AudioSessionNavigator {
  readonly audioSession?: { type: string };
}

export class SoundOutput {
  readonly line = new OutputClock();
  readonly #clock: Clock;
  readonly #platform: SoundPlatform;
  readonly #onState: (state: OutputState) => void;
  #context: AudioContext | null = null;
  #reader: OutputReader | null = null;
  #hasRun = false;
  #asked = 0;
  /** Render time as last seen, and since when it has stood there. */
  #standing = { atSec: -1, sinceLocalMs: 0, lookedLocalMs: 0 };
  #hasBeenKicked = false;
  #isStuck = false;
  #cancelAsking: (() => void) | null = null;
  #isSoundDue = false;
  /** Since when the line has been certain and not needed; null while it is not so. */
  #idleSinceLocalMs: number | null = null;
  #isResting = false;
  /** Of the next look; null while there is none but those of `tick`. */
  #cancelLook: (() => void) | null = null;

  constructor(clock: Clock, platform: SoundPlatform, onState: (state: OutputState) => void) {
    this.#clock = clock;
    this.#platform = platform;
    this.#onState = onState;
  }

  get context(): AudioContext | null {
    return this.#context;
  }

  get state(): OutputState {
    if (this.#context?.state === "running" && !this.#isStuck) return "running";
    return this.#hasRun ? "interrupted" : "locked";
  }

  /** P23: asking has not helped. In iOS's "interrupted" a tap does not either: the platform ends that by itself. */
  get needsTap(): boolean {
    if (this.#isStuck) return true;
    return this.#context?.state === "suspended" && this.#hasRun && this.#asked > ASK_AFTER_MS.length;
  }

  /** P31: only another context helps, and only a tap makes one that sounds. */
  get isStuck(): boolean {
    return this.#isStuck;
  }

  /** Asks the platform for a sound that it took, anew from the first time. */
  askForSound(): void {
    this.#asked = 0;
    this.#askAgain();
  }

  /** Between deciding and rendering, s: a change nearer than this may come too late. What is rendered at a stroke counts. */
  get cutAheadSec(): number {
    return (this.#context?.baseLatency || 0) + CUT_AHEAD_SEC;
  }

  /** D15: from a plan that arrives to sound at the loudspeaker, ms. */
  get startMs(): number {
    const neededMs = PAGE_BUSY_MS + this.cutAheadSec * 1000 + (this.latencyMs ?? UNKNOWN_LATENCY_MS);
    return Math.min(MAX_START_MS, Math.ceil(neededMs / START_STEP_MS) * START_STEP_MS);
  }

  /** How far the loudspeaker is from where `line` says that it is, in 19 of 20 moments, ms, for people to be told; null until the line stands. */
  toldUncertaintyMsAt(localMs: number): number | null {
    const lineMs = this.line.toldUncertaintyMsAt(localMs);
    return lineMs === null ? null : Math.hypot(lineMs, this.#reader?.systematicMs ?? 0);
  }

  /** Something is to sound now or in a moment. */
  set isSoundDue(isSoundDue: boolean) {
    this.#isSoundDue = isSoundDue;
    if (!isSoundDue || !this.#isResting || !this.#reader) return;
    this.#lookAgain(this.#reader);
    this.#sample();
  }

  /** Call it ten times a second: at rest these are all the looks there are, where no more is needed (P95). */
  tick(): void {
    if (!this.#reader || this.#cancelLook) return;
    this.#lookAgain(this.#reader);
    this.#sample();
  }

  /** From render to output as the browser reports it, ms; null before the first tap. */
  get latencyMs(): number | null {
    const latencySec = this.#reader?.latencySec ?? null;
    return latencySec && latencySec * 1000;
  }

  /**
   * Must be called synchronously inside a tap, before anything else: iOS accepts nothing later. Throws AudioError
   * `audio-unsupported` where there is no Web Audio. Idempotent; later taps wake a suspended context.
   */
  unlock(): AudioContext {
    if (!this.#context) {
      this.#context = this.#platform.makeContext();
      playKeepAliveSignal(this.#context);
      this.#context.onstatechange = () => this.#stateChanged();
      const reader = this.#platform.makeOutputReader(this.#clock);
      this.#reader = reader;
      this.#lookAgain(reader);
    }
    // "interrupted" is iOS's own state; resume() there fails and is not tried.
    if ((this.#context.state as string) !== "interrupted") {
      this.#context.resume().catch(() => this.#stateChanged());
    }
    const session = (navigator as AudioSessionNavigator).audioSession;
    if (session) session.type = "playback"; // iOS: sound in spite of the silent switch
    return this.#context;
  }

  async close(): Promise<void> {
    this.#cancelLook?.();
    this.#cancelLook = null;
    this.#idleSinceLocalMs = null;
    this.#reader?.close?.();
    this.#reader = null;
    this.#cancelAsking?.();
    this.#cancelAsking = null;
    const context = this.#context;
    this.#context = null;
    this.#hasRun = false;
    this.#hasBeenKicked = false;
    this.#isStuck = false;
    this.#standing.atSec = -1;
    this.line.reset();
    if (!context) return;
    context.onstatechange = null;
    await context.close();
  }

  #stateChanged(): void {
    if (this.#context?.state === "running") this.#hasRun = true;
    this.line.reset();
    this.#onState(this.state);
    this.askForSound();
  }

  #askAgain(): void {
    this.#cancelAsking?.();
    this.#cancelAsking = null;
    if (!this.#hasRun || this.#context?.state !== "suspended") return;
    const waitMs = ASK_AFTER_MS[this.#asked] ?? null;
    this.#asked += 1;
    if (waitMs === null) {
      this.#onState(this.state); // it takes a tap
      return;
    }
    this.#cancelAsking = this.#clock.after(waitMs, () => {
      this.#context?.resume().catch(() => undefined); // refused without a tap: the next asking or the tap follows
      this.#askAgain();
    });
  }

  #lookAgain(reader: OutputReader): void {
    this.#cancelLook?.();
    this.#cancelLook = null;
    this.#isResting = this.#mayRest();
    const pauseMs = this.#isResting ? reader.restPeriodMs : reader.periodMs;
    if (pauseMs === null) return;
    this.#cancelLook = this.#clock.after(pauseMs, () => {
      this.#lookAgain(reader);
      this.#sample();
    });
  }

  #mayRest(): boolean {
    const localMs = this.#clock.nowMs();
    const uncertaintyMs = this.line.uncertaintyMsAt(localMs);
    const isIdle = !this.#isSoundDue && uncertaintyMs !== null && uncertaintyMs <= REST_WITHIN_MS;
    this.#idleSinceLocalMs = isIdle ? (this.#idleSinceLocalMs ?? localMs) : null;
    return this.#idleSinceLocalMs !== null && localMs - this.#idleSinceLocalMs >= REST_AFTER_MS;
  }

  #sample(): void {
    const context = this.#context;
    if (context?.state !== "running") return;
    if (!this.#isAdvancing(context)) return;
    const samples = this.#reader?.read(context, this.#clock.nowMs(), this.#isSoundDue) ?? [];
    for (const sample of samples) this.line.add(sample);
  }

  /** P31: kicks a context that says that it runs and stands still, once; after that it is given up. */
  #isAdvancing(context: AudioContext): boolean {
    const localMs = this.#clock.nowMs();
    const last = this.#standing;
    const atSec = context.currentTime;
    const hasMoved = atSec !== last.atSec;
    const isFresh = hasMoved || localMs - last.lookedLocalMs > LOOK_GAP_MS;
    const sinceLocalMs = isFresh ? localMs : last.sinceLocalMs;
    this.#standing = { atSec, sinceLocalMs, lookedLocalMs: localMs };
    if (hasMoved && last.atSec >= 0) this.#hasBeenKicked = false;
    if (localMs - sinceLocalMs < STALLED_MS) return true;
    if (!this.#isStuck && localMs - sinceLocalMs >= STUCK_MS) this.#kick(context, localMs);
    return false;
  }

  #kick(context: AudioContext, localMs: number): void {
    this.#standing.sinceLocalMs = localMs - STALLED_MS;
    if (this.#hasBeenKicked) {
      this.#isStuck = true;
      this.#onState(this.state);
      return;
    }
    this.#hasBeenKicked = true;
    console.info(`the sound stands still at ${context.currentTime} s`);
    context
      .suspend()
      .then(() => context.resume())
      .catch((error: unknown) => console.info(`the sound could not be kicked: ${String(error)}`));
  }
}

function playKeepAliveSignal(context: AudioContext): void {
  const source = context.createConstantSource();
  source.offset.value = KEEP_ALIVE_LEVEL;
  source.connect(context.destination);
  source.start();
}
