// Plays one file along a timeline, in step to the sample. The shell around planner, queue and output: it owns the timer
// that keeps the queue filled. Local ms, audio frames of the context, seconds in the file.
// States: idle (no sound wanted) · locked-audio (needs a tap) · preparing (decoding, or the line does not stand yet) ·
// scheduled (queued, not begun) · playing · interrupted (the platform took the sound).
// Does not know directors or global time: a Timeline is all it is given.

import { type Bytes, type Clock, every } from "../lib/index.ts";
import type { Anchored, MakeSounds, Sound, SoundFile, Sounds } from "./decode/sound.ts";
import type { Anchor, AnchorMatch } from "./index/anchor.ts";
import { OutputWatch } from "./output/output-watch.ts";
import { SoundOutput } from "./output/sound-output.ts";
import { browserSound, type SoundPlatform } from "./output/sound-platform.ts";
import { ringChime } from "./render/chime.ts";
import { RenderChannel } from "./render/render-channel.ts";
import { Repair } from "./render/repair.ts";
import { SegmentPlanner, type Timeline } from "./render/segment-planner.ts";
import { SegmentQueue } from "./render/segment-queue.ts";
import type { Segment } from "./render/segment-track.ts";
import { Settling } from "./render/settling.ts";

export type PlaybackState = "idle" | "locked-audio" | "preparing" | "scheduled" | "playing" | "interrupted";

export interface PlaybackReading {
  readonly state: PlaybackState;
  readonly positionSec: number | null;
  readonly errorMs: number | null;
  /** The loudspeaker is within this of where `errorMs` says that it is, in 19 of 20 moments. */
  readonly uncertaintyMs: number | null;
  readonly ratePpm: number | null;
  readonly outputLatencyMs: number | null;
  /** From a plan that arrives to sound at the loudspeaker. */
  readonly startMs: number;
  /** Of the song; this device may have less of it. */
  readonly durationSec: number | null;
  /** What of it this device has decoded, from its beginning (P39). */
  readonly decodedSec: number | null;
  /** How much later sound lies in this device's decode than in the anchor's; null while nothing is loaded. */
  readonly decodeOffsetMs: number | null;
  readonly rejoins: number;
  /** The sound is held back and only a tap of the person brings it back. */
  readonly needsTap: boolean;
  /** How far ahead of the render clock sound is on the card's queue, whatever becomes of the page's scripts. */
  readonly queuedSec: number | null;
  /** Segments that came too late for their start; each was a gap. */
  readonly lateSegments: number;
}

/** The sound is back after the platform had taken it, or it leaves through another output now. */
export type SoundMove = "back" | "rerouted";

const TICK_MS = 100;
/** A start is queued this long before its render, so that the clocks can be read until then; hidden pages queue at once. */
const START_AHEAD_SEC = 0.5;
/** TR8: no click, and still at once to a finger on the slider. */
const VOLUME_RAMP_SEC = 0.015;
/** A quarter of a frame: below that a match says the same as the one before. */
const ALIGNED_SEC = 5e-6;

const fromTheBeginning = (): number => 0;

interface Loaded {
  readonly fileId: string;
  readonly sound: Sound;
  /** How much later sound lies in this decode than in the anchor's; 0 until an anchor was matched. */
  readonly decodeOffsetSec: number;
}

export class Player {
  readonly #clock: Clock;
  readonly #platform: SoundPlatform;
  readonly #output: SoundOutput;
  readonly #onChange: () => void;
  readonly #onSoundMoved: (move: SoundMove) => void;
  #wasInterrupted = false;
  #planner: SegmentPlanner | null = null;
  #queue: SegmentQueue | null = null;
  #channel: RenderChannel | null = null;
  #makeSounds: MakeSounds | null = null;
  #sounds: Sounds | null = null;
  /** The anchors asked for are made one after the other: decoding takes memory. */
  #anchoring: Promise<unknown> = Promise.resolve();
  #loaded: Loaded | null = null;
  #timeline: Timeline | null = null;
  /** Where the loaded song will begin, s, while nothing plays. */
  #restSec = 0;
  /** Where the song sets in, in seconds into the file; nothing before it sounds. */
  #startSec: () => number = fromTheBeginning;
  #gain: GainNode | null = null;
  #volume = 1;
  #isHidden = false;
  #isUnable = false;
  readonly #repair = new Repair();
  readonly #settling = new Settling();
  readonly #outputWatch = new OutputWatch();
  #stopTicking: (() => void) | null = null;

  constructor(
    clock: Clock,
    onChange: () => void,
    onSoundMoved: (move: SoundMove) => void,
    platform = browserSound(),
  ) {
    this.#clock = clock;
    this.#onChange = onChange;
    this.#onSoundMoved = onSoundMoved;
    this.#platform = platform;
    this.#output = new SoundOutput(clock, platform, () => this.#outputChanged());
  }

  /** Inside a tap, synchronously, before anything else. Throws AudioError where sound is impossible. */
  unlock(): void {
    // P31: what was decoded went with the context's queue; whoever plays the file loads it again.
    if (this.#output.isStuck) void this.#tearDown();
    this.#isUnable = true;
    const context = this.#output.unlock();
    this.#isUnable = false;
    if (this.#queue) return;
    this.#gain = context.createGain();
    this.#gain.gain.value = this.#volume;
    this.#gain.connect(context.destination);
    this.#channel = new RenderChannel(this.#platform.makeWorker());
    this.#queue = new SegmentQueue(context, this.#gain, this.#channel);
    this.#planner = new SegmentPlanner(
      context.sampleRate,
      this.#output.line,
      (from, to) => this.#loaded?.sound.covers(from, to) ?? false,
    );
    this.#stopTicking = every(this.#clock, TICK_MS, () => this.#tick());
  }

  /** TR8: a factor of the amplitude, 0 to 1. Behind the queue, so that what is queued already follows as well. */
  setVolume(volume: number): void {
    this.#volume = volume;
    this.#gain?.gain.setTargetAtTime(volume, this.#output.context?.currentTime ?? 0, VOLUME_RAMP_SEC / 3);
  }

  /** Says by a sound that this device sounds; nothing before the first tap. */
  chime(): void {
    if (this.#output.context && this.#gain) ringChime(this.#output.context, this.#gain);
  }

  get isUnlocked(): boolean {
    return this.#output.state === "running";
  }

  /** P27: it is known where the loudspeaker is, or that has been waited for long enough. */
  get isSettled(): boolean {
    return this.#settling.isOverAt(this.#clock.nowMs());
  }

  /** G11: this browser has no Web Audio: nothing will sound here. */
  get isUnable(): boolean {
    return this.#isUnable;
  }

  get isInterrupted(): boolean {
    return this.#output.state === "interrupted";
  }

  /** Someone looks at the page again: perhaps the platform gives the sound back now. */
  askForSound(): void {
    this.#output.askForSound();
  }

  /** The file that is decoded and ready to sound. */
  get loadedId(): string | null {
    return this.#loaded?.fileId ?? null;
  }

  get durationSec(): number | null {
    return this.#loaded?.sound.durationSec ?? null;
  }

  /** What of the loaded file sounds here; less than its duration where this browser has decoded only a part. */
  get decodedSec(): number | null {
    return this.#loaded?.sound.decodedSec ?? null;
  }

  /** What decodes comes with the part of the page that is loaded after the join screen. */
  decodeWith(makeSounds: MakeSounds): void {
    this.#makeSounds = makeSounds;
  }

  /** Of the loaded file, to look at (loudness.ts); null until it was made. */
  get loudness(): readonly number[] | null {
    return this.#loaded?.sound.loudness ?? null;
  }

  /** How loud it is at the loudspeaker now, 0 to 1; 0 while nothing sounds. */
  level(): number {
    const { positionSec } = this.read();
    return positionSec === null ? 0 : (this.#loaded?.sound.levelAt(positionSec) ?? 0);
  }

  /**
   * Opens a song, and replaces the one loaded before if `isWanted` still, as soon as it can sound from `atSec` on. Rejects
   * FileError, SoundTooLong, Undecodable.
   */
  async load(
    fileId: string,
    file: SoundFile,
    isWanted = (): boolean => true,
    atSec: () => number = fromTheBeginning,
  ): Promise<void> {
    const sound = await this.#opener().open(fileId, file, atSec, isWanted);
    if (!sound) return;
    if (!isWanted() || !this.#queue) sound.close();
    else this.#take(fileId, sound);
  }

  /** Loads sound made here, for example the click test's: all of it is there. */
  loadSound(sourceId: string, channels: readonly Float32Array<ArrayBuffer>[], durationSec: number): void {
    const channel = this.#channel;
    if (!channel) return;
    if (this.#loaded) this.unload();
    const transfer = channels.map(({ buffer }) => buffer);
    channel.post({ type: "load", sourceId, channels }, transfer);
    this.#take(sourceId, {
      sourceId,
      durationSec,
      decodedSec: durationSec,
      loudness: null,
      aim() {},
      covers: () => true,
      levelAt: () => 0,
      match: async () => null,
      close: () => channel.post({ type: "unload", sourceId }),
    });
  }

  #take(fileId: string, sound: Sound): void {
    if (this.#loaded) this.unload();
    this.#loaded = { fileId, sound, decodeOffsetSec: 0 };
    this.#onChange();
  }

  #opener(): Sounds {
    const { context } = this.#output;
    if (!this.#makeSounds || !context || !this.#channel) throw new Error("a song before the tap");
    this.#sounds ??= this.#makeSounds({
      context,
      channel: this.#channel,
      clock: this.#clock,
      platform: this.#platform,
      onChange: this.#onChange,
    });
    return this.#sounds;
  }

  /** Where the loaded song will begin when it plays, s: decoded from there on meanwhile. */
  rest(atSec: number): void {
    this.#restSec = atSec;
  }

  /**
   * Aligns the loaded file to an anchor (rules P16, P17), crossing over if it sounds already. Returns the match, or
   * null when there is none or the file was replaced meanwhile.
   */
  async align(fileId: string, anchor: Anchor): Promise<AnchorMatch | null> {
    const loaded = this.#loaded;
    if (loaded?.fileId !== fileId) return null;
    const match = await loaded.sound.match(anchor);
    if (!match || this.#loaded?.sound !== loaded.sound) return null;
    this.setDecodeOffset(fileId, match.offsetSec);
    return match;
  }

  /** Where sound lies in the loaded decode against the anchor's, s; crosses over if it sounds already. */
  setDecodeOffset(fileId: string, decodeOffsetSec: number): void {
    if (this.#loaded?.fileId !== fileId) return;
    if (Math.abs(decodeOffsetSec - this.#loaded.decodeOffsetSec) <= ALIGNED_SEC) return;
    this.#loaded = { ...this.#loaded, decodeOffsetSec };
    this.redirect();
  }

  /** The anchor that this device's decode of a file would publish, and how long it is; its index first. Rejects as `load` does. */
  anchorOf(file: SoundFile, onIndex: (index: Bytes) => void): Promise<Anchored> {
    const anchored = this.#anchoring.then(() => this.#opener().anchorOf(file, onIndex));
    this.#anchoring = anchored.catch(() => undefined);
    return anchored;
  }

  unload(): void {
    this.stop();
    this.#loaded?.sound.close();
    this.#loaded = null;
  }

  get sampleRate(): number | null {
    return this.#output.context?.sampleRate ?? null;
  }

  /** Follows `timeline` from now on, entering where it says, not before `startSec`; fills the queue at once. */
  play(timeline: Timeline, startSec: () => number = fromTheBeginning): void {
    this.#timeline = timeline;
    this.#output.isSoundDue = true;
    this.#startSec = startSec;
    this.#tick();
  }

  /** The timeline jumped (speaker delay, rejoin): follow it within a fifth of a second, by crossfade. */
  redirect(): void {
    if (this.#timeline && this.#planner && !this.#planner.track.isEmpty) {
      const frame = this.#cutFrame();
      if (this.#isBeforeStart(frame)) this.#restart();
      else this.#splice(frame, this.#planner.redirect(frame, this.#inDecode));
    }
    this.#tick();
  }

  /** Fades out within a fifth of a second. */
  stop(): void {
    this.#timeline = null;
    this.#output.isSoundDue = false;
    if (!this.#planner || !this.#queue || this.#planner.track.isEmpty) return;
    const frame = this.#cutFrame();
    const fade = this.#isBeforeStart(frame) ? null : this.#planner.end(frame);
    this.#splice(frame, fade);
    this.#planner.track.clear();
  }

  /** The timeline runs at another rate from now on: what was queued at the old one is planned anew, without a jump. */
  replan(): void {
    if (this.#timeline && this.#planner && !this.#planner.track.isEmpty) {
      const frame = this.#cutFrame();
      if (!this.#isBeforeStart(frame)) this.#splice(frame, this.#planner.replan(frame, this.#inDecode));
    }
    this.#tick();
  }

  /** A hidden page is fed far ahead; a visible one again only as far as corrections should take. */
  setHidden(isHidden: boolean): void {
    if (this.#isHidden === isHidden) return;
    this.#isHidden = isHidden;
    if (isHidden) this.#tick();
    else this.replan();
  }

  read(): PlaybackReading {
    const localMs = this.#clock.nowMs();
    const timeline = this.#timeline;
    const state = this.#state(localMs);
    const isSounding = state === "playing" && timeline !== null;
    return {
      state,
      positionSec: isSounding ? timeline(localMs) : null,
      errorMs: isSounding ? (this.#planner?.errorMsAt(localMs, this.#inDecode) ?? null) : null,
      uncertaintyMs: isSounding ? this.#output.uncertaintyMsAt(localMs) : null,
      ratePpm: isSounding ? (this.#planner?.ratePpm ?? null) : null,
      outputLatencyMs: this.#output.latencyMs,
      startMs: this.#output.startMs,
      durationSec: this.durationSec,
      decodedSec: this.decodedSec,
      decodeOffsetMs: this.#loaded && this.#loaded.decodeOffsetSec * 1000,
      rejoins: this.#planner?.rejoins ?? 0,
      needsTap: state === "locked-audio" || this.#output.needsTap,
      queuedSec: isSounding ? (this.#queue?.queuedSec ?? null) : null,
      lateSegments: this.#queue?.lateSegments ?? 0,
    };
  }

  async close(): Promise<void> {
    this.#timeline = null;
    await this.#tearDown();
  }

  #tearDown(): Promise<void> {
    this.#stopTicking?.();
    this.#stopTicking = null;
    this.#loaded?.sound.close();
    this.#loaded = null;
    this.#queue?.clear();
    this.#channel?.close();
    this.#queue = null;
    this.#channel = null;
    this.#sounds = null;
    this.#gain = null;
    this.#planner = null;
    this.#outputWatch.reset();
    return this.#output.close();
  }

  #state(localMs: number): PlaybackState {
    if (this.#output.state === "interrupted") return "interrupted";
    if (!this.#timeline) return "idle";
    if (this.#output.state === "locked") return "locked-audio";
    const audioSec = this.#output.line.audioSecAt(localMs);
    if (!this.#loaded || audioSec === null) return "preparing";
    const first = this.#planner?.track.segments[0];
    if (!first) return this.#timeline(localMs) < this.#startSec() ? "scheduled" : "preparing";
    return audioSec * this.#rate < first.startFrame ? "scheduled" : "playing";
  }

  /** Where in this decode the loudspeaker should be: the plan's position, moved by the decoder's own delay. */
  readonly #inDecode: Timeline = (localMs) =>
    (this.#timeline?.(localMs) ?? 0) + (this.#loaded?.decodeOffsetSec ?? 0);

  /** A decode's lead-in is silence and stays; a place within it moves as the sound there does. */
  get #startInDecodeSec(): number {
    const startSec = this.#startSec();
    return startSec > 0 ? startSec + (this.#loaded?.decodeOffsetSec ?? 0) : 0;
  }

  get #rate(): number {
    return this.#output.context?.sampleRate ?? 1;
  }

  #cutFrame(): number {
    const renderSec = this.#output.context?.currentTime ?? 0;
    const frame = Math.ceil((renderSec + this.#output.cutAheadSec) * this.#rate);
    return this.#planner?.track.pastFade(frame) ?? frame;
  }

  #isBeforeStart(frame: number): boolean {
    return frame <= (this.#planner?.track.segments[0]?.startFrame ?? 0);
  }

  #splice(frame: number, segment: Segment | null): void {
    this.#queue?.cut(frame);
    if (segment && this.#loaded) this.#queue?.play(this.#loaded.sound.sourceId, segment);
  }

  #restart(): void {
    this.#queue?.clear();
    this.#planner?.track.clear();
  }

  #outputChanged(): void {
    this.#restart(); // no backlog: what was queued before an interruption is never heard after it
    const isBack = this.#wasInterrupted && this.isUnlocked;
    this.#wasInterrupted = this.isInterrupted;
    if (isBack) this.#onSoundMoved("back");
    else this.#onChange();
    this.#tick();
  }

  /** Keeps the queue filled; everything that happens over time happens here. */
  #tick(): void {
    const planner = this.#planner;
    const timeline = this.#inDecode;
    const context = this.#output.context;
    this.#watchOutput();
    this.#aim();
    if (!planner || !this.#timeline || !this.#loaded || context?.state !== "running") return;
    this.#repairError(planner, timeline);
    const renderFrame = context.currentTime * this.#rate;
    planner.track.forgetBefore(renderFrame - this.#rate);
    const endFrame = planner.track.endFrame;
    if (endFrame !== null && endFrame < renderFrame + this.#rate * 0.01) this.#restart(); // starved: enter anew
    if (planner.track.isEmpty) {
      const startAheadSec = START_AHEAD_SEC + (this.#output.latencyMs ?? 0) / 1000;
      const startSec = this.#startInDecodeSec;
      if (!this.#isHidden && timeline(this.#clock.nowMs()) < startSec - startAheadSec) return;
      const first = planner.begin(this.#cutFrame(), timeline, startSec);
      if (!first) return;
      this.#queue?.play(this.#loaded.sound.sourceId, first);
      this.#onChange();
    }
    for (const segment of planner.fill(renderFrame, this.#isHidden, timeline)) {
      this.#queue?.play(this.#loaded.sound.sourceId, segment);
    }
    const endingFrame = planner.endingFrame(this.#cutFrame());
    // It goes on where it should be by then, as soon as that is decoded.
    const fade = endingFrame !== null && planner.end(endingFrame);
    if (fade) this.#splice(fade.startFrame, fade);
  }

  /** What sounds next is decoded, and what lies far off is let go of. */
  #aim(): void {
    const atSec = this.#timeline
      ? Math.max(this.#startInDecodeSec, this.#inDecode(this.#clock.nowMs()))
      : this.#restSec;
    this.#loaded?.sound.aim(atSec * this.#rate, this.#isHidden);
  }

  /** P27, P30. */
  #watchOutput(): void {
    const localMs = this.#clock.nowMs();
    if (this.#settling.watch(this.#output.line.uncertaintyMsAt(localMs), localMs)) this.#onChange();
    if (this.#state(localMs) !== "playing") this.#outputWatch.reset();
    else if (this.#outputWatch.hasMoved(this.#output.latencyMs, localMs)) this.#onSoundMoved("rerouted");
  }

  /** P11, P21: crosses over to where the sound should be when the servo would take too long. */
  #repairError(planner: SegmentPlanner, timeline: Timeline): void {
    if (planner.track.isEmpty) return;
    const localMs = this.#clock.nowMs();
    const frame = this.#cutFrame();
    const isBefore = this.#isBeforeStart(frame);
    const errorMs = isBefore ? planner.startErrorMs(timeline) : planner.errorMsAt(localMs, timeline);
    const { line } = this.#output;
    if (!this.#repair.isDue(line.steps, errorMs, line.uncertaintyMsAt(localMs) ?? 0, localMs)) return;
    if (isBefore) {
      this.#restart(); // P22: a hidden page has queued its start long ago, for where the card was then
      return;
    }
    this.#splice(frame, planner.redirect(frame, timeline));
  }
}
