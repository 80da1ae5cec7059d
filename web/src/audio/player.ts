// Plays lanes of sound along a timeline, in step to the sample and over their seams. The shell around planner, queue and output: it owns
// the timer that keeps the queue filled. What lies where on the line of seconds, and what is decoded of it, is laned-sound.ts. It is given
// a Timeline and knows no directors and no global time. Local ms, audio frames of the context, seconds of the programme, the line and the song.

import { type Bytes, type Clock, every } from "../lib/index.ts";
import type { Anchored, Sound, SoundFile } from "./decode/sound.ts";
import type { Anchor, AnchorMatch } from "./index/anchor.ts";
import type { Lane, QueuedSpan } from "./lane-line.ts";
import type { LanedSound } from "./laned-sound.ts";
import { OutputWatch } from "./output/output-watch.ts";
import { SoundOutput } from "./output/sound-output.ts";
import { browserSound, type SoundPlatform } from "./output/sound-platform.ts";
import type { PlaybackReading, PlaybackState, SoundMove } from "./playback-reading.ts";
import type { MakePlayerParts, PlayerParts } from "./player-parts.ts";
import type { QueuedSound } from "./queued-sound.ts";
import { ringChime } from "./render/chime.ts";
import { Repair } from "./render/repair.ts";
import type { SegmentPlanner, Timeline } from "./render/segment-planner.ts";
import type { SegmentQueue } from "./render/segment-queue.ts";
import { Settling } from "./render/settling.ts";
import type { Role, Trim } from "./role.ts";

const TICK_MS = 100;
/** A start is queued this long before its render, so that the clocks can be read until then; hidden pages queue at once. */
const START_AHEAD_SEC = 0.5;
/** TR8: no click, and still at once to a finger on the slider. */
const VOLUME_RAMP_SEC = 0.015;

const fromTheBeginning = (): number => 0;

type ShownSound = Pick<Sound, "loudness" | "windowSec" | "isByIndex" | "channels">;

export class Player {
  readonly #clock: Clock;
  readonly #platform: SoundPlatform;
  readonly #output: SoundOutput;
  readonly #onChange: () => void;
  readonly #onSoundMoved: (move: SoundMove) => void;
  #wasInterrupted = false;
  #makeParts: MakePlayerParts | null = null;
  #parts: PlayerParts | null = null;
  /** Who waits for them. */
  readonly #awaiting: ((parts: PlayerParts) => void)[] = [];
  /** On seconds of the programme. */
  #timeline: Timeline | null = null;
  /** Where the opened song will begin, s, while nothing plays. */
  #restSec = 0;
  /** Where the programme sets in; nothing before it sounds. */
  #startSec: () => number = fromTheBeginning;
  #gain: GainNode | null = null;
  #volume = 1;
  #role: Role = "all";
  #trim: Trim | null = null;
  #isHidden = false;
  #isUnable = false;
  readonly #repair = new Repair();
  readonly #settling = new Settling();
  readonly #outputWatch = new OutputWatch();
  #stopTicking: (() => void) | null = null;
  isStarting = false; // P93: sound sets in soon, or has just begun

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
    if (this.#gain) return;
    this.#gain = context.createGain();
    this.#gain.gain.value = this.#volume;
    this.#gain.connect(context.destination);
    this.#makeReady();
    this.#stopTicking = every(this.#clock, TICK_MS, () => this.#tick());
  }

  /** TR8: a factor of the amplitude, 0 to 1. Behind the queue, so that what is queued already follows as well. */
  setVolume(volume: number): void {
    this.#volume = volume;
    this.#gain?.gain.setTargetAtTime(volume, this.#output.context?.currentTime ?? 0, VOLUME_RAMP_SEC / 3);
  }

  /** What of the sound this device plays. What is queued crosses over to it (P90), once a channel of the file is decoded. */
  setRole(role: Role): void {
    this.#role = role;
    this.#lanes?.wantRole(role);
    this.#takeRole();
  }

  /** How this device's loudspeaker is corrected by ear. */
  setTrim(trim: Trim): void {
    this.#trim = trim;
    this.#parts?.trim.set(trim);
  }

  /** Says that this device sounds; nothing before the first tap. */
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

  /** What plays comes with the part of the page that is loaded after the join screen. */
  soundWith(makeParts: MakePlayerParts): void {
    this.#makeParts = makeParts;
    this.#makeReady();
  }

  #makeReady(): void {
    const { context, line } = this.#output;
    if (this.#parts || !this.#makeParts || !context || !this.#gain) return;
    this.#parts = this.#makeParts({
      context,
      destination: this.#gain,
      line,
      worker: this.#platform.makeWorker(),
      clock: this.#clock,
      platform: this.#platform,
      onChange: this.#onChange,
      queued: () => this.#span(),
      onLanesChanged: (change) => (change === "moved" ? this.redirect() : this.replan()),
    });
    if (this.#trim) this.#parts.trim.set(this.#trim);
    this.setRole(this.#role);
    for (const resolve of this.#awaiting.splice(0)) resolve(this.#parts);
    this.#onChange();
  }

  get #planner(): SegmentPlanner | null {
    return this.#parts?.planner ?? null;
  }

  get #queue(): SegmentQueue | null {
    return this.#parts?.queue ?? null;
  }

  get #queued(): QueuedSound | null {
    return this.#parts?.queued ?? null;
  }

  get #lanes(): LanedSound | null {
    return this.#parts?.lanes ?? null;
  }

  /** Open and ready to sound. */
  isLoaded(fileId: string): boolean {
    return this.lengthOf(fileId) !== null;
  }

  /** Of a file that is open; null of any other. */
  lengthOf(fileId: string): { readonly durationSec: number; readonly decodedSec: number } | null {
    return this.#lanes?.soundOf(fileId) ?? null;
  }

  /** The file whose sound plays now; while none does, the one that was opened last. Null where it is not open. */
  get loadedId(): string | null {
    return this.#current?.fileId ?? null;
  }

  /** Of the song that `loadedId` names, as what follows. */
  get durationSec(): number | null {
    return this.#current?.sound.durationSec ?? null;
  }

  get decodedSec(): number | null {
    return this.#current?.sound.decodedSec ?? null;
  }

  /** To look at: whoever opened it closes it. */
  get sound(): ShownSound | null {
    return this.#current?.sound ?? null;
  }

  /** Of a file that is open; null of any other. */
  soundOf(fileId: string): ShownSound | null {
    return this.#lanes?.soundOf(fileId) ?? null;
  }

  /** How loud it is at the loudspeaker now, 0 to 1; 0 while nothing sounds. */
  level(): number {
    const { positionSec } = this.read();
    return positionSec === null ? 0 : (this.#current?.sound.levelAt(positionSec) ?? 0);
  }

  /**
   * Opens a song beside those that are open, as soon as it can sound from `atSec` on; comes to nothing unless it `isWanted` still.
   * Rejects FileError, SoundTooLong, Undecodable.
   */
  load(
    fileId: string,
    file: SoundFile,
    isWanted = (): boolean => true,
    atSec: () => number = fromTheBeginning,
  ): Promise<void> {
    if (!this.#lanes) throw new Error("a song before the tap");
    return this.#lanes.open(fileId, file, isWanted, atSec);
  }

  /** Loads sound made here, for example the click test's, in place of all that is open: all of it is there. */
  loadSound(sourceId: string, channels: readonly Float32Array<ArrayBuffer>[], durationSec: number): void {
    if (this.#lanes?.isAnyOpen) this.unload();
    this.#lanes?.takeMade(sourceId, channels, durationSec);
  }

  /** A song must be open so long before it sounds, to be queued in time (P20). */
  get openAheadSec(): number {
    return this.#isHidden ? 75 : 30;
  }

  /** Closes all songs that are open but these. */
  keepOnly(fileIds: readonly string[]): void {
    this.#lanes?.keepOnly(fileIds);
  }

  /** Where the opened song will begin when it plays, s: decoded from there on meanwhile. */
  rest(atSec: number): void {
    this.#restSec = atSec;
  }

  /**
   * Aligns an open file to an anchor (rules P16, P17), crossing over if it sounds already. Returns the match, or
   * null when there is none or the file was replaced meanwhile.
   */
  async align(fileId: string, anchor: Anchor): Promise<AnchorMatch | null> {
    return this.#lanes?.align(fileId, anchor) ?? null;
  }

  /** Where sound lies in this decode of the file against the anchor's, s; crosses over if it sounds already. */
  setDecodeOffset(fileId: string, decodeOffsetSec: number): void {
    this.#lanes?.setDecodeOffset(fileId, decodeOffsetSec);
  }

  /** The anchor that this device's decode of a file would publish, and how long it is; its index first. Rejects as `load` does. */
  async anchorOf(file: SoundFile, onIndex: (index: Bytes) => void): Promise<Anchored> {
    const { lanes } =
      this.#parts ?? (await new Promise<PlayerParts>((resolve) => this.#awaiting.push(resolve)));
    return lanes.anchorOf(file, onIndex);
  }

  unload(): void {
    this.stop();
    this.#lanes?.closeAll();
  }

  /** Null before the first tap, and until what plays is there. */
  get sampleRate(): number | null {
    return this.#parts && (this.#output.context?.sampleRate ?? null);
  }

  /**
   * What the programme is from now on. While it plays, what stays the same sounds on untouched, and what has changed is crossed over to
   * within a fifth of a second.
   */
  setLanes(lanes: readonly Lane[]): void {
    this.#lanes?.setLanes(lanes);
  }

  /** Follows `timeline` from now on, entering where it says, not before `startSec`; fills the queue at once. */
  play(timeline: Timeline, startSec: () => number = fromTheBeginning): void {
    if (this.#planner?.track.isEmpty) this.#lanes?.beginAnew();
    this.#timeline = timeline;
    this.#output.isSoundDue = true;
    this.#startSec = startSec;
    this.#tick();
  }

  /** The timeline jumped (speaker delay, rejoin): follow it within a fifth of a second, by crossfade. */
  redirect(): void {
    if (this.#timeline && this.#planner && !this.#planner.track.isEmpty) {
      const frame = this.#cutFrame();
      if (this.#queued?.isBeforeStart(frame)) this.#queued?.restart();
      else this.#queued?.splice(frame, this.#planner.redirect(frame, this.#line));
    }
    this.#tick();
  }

  /** Fades out within a fifth of a second. */
  stop(): void {
    this.#timeline = null;
    this.#output.isSoundDue = false;
    if (!this.#planner || !this.#queue || this.#planner.track.isEmpty) return;
    const frame = this.#cutFrame();
    const fade = this.#queued?.isBeforeStart(frame) ? null : this.#planner.end(frame);
    this.#queued?.splice(frame, fade);
    this.#planner.track.clear();
  }

  /** The timeline runs at another rate from now on: what was queued at the old one is planned anew, without a jump. */
  replan(): void {
    if (this.#timeline && this.#planner && !this.#planner.track.isEmpty) {
      const frame = this.#cutFrame();
      if (this.#queued?.isBeforeStart(frame)) this.#queued?.restart();
      else this.#queued?.splice(frame, this.#planner.replan(frame, this.#line));
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
    const state = this.#state(localMs);
    const isSounding = state === "playing";
    const current = this.#current;
    return {
      state,
      positionSec: isSounding ? (this.#lanes?.songSecAt(this.#line(localMs)) ?? null) : null,
      errorMs: isSounding ? (this.#planner?.errorMsAt(localMs, this.#line) ?? null) : null,
      uncertaintyMs: isSounding ? this.#output.toldUncertaintyMsAt(localMs) : null,
      ratePpm: isSounding ? (this.#planner?.ratePpm ?? null) : null,
      outputLatencyMs: this.#output.latencyMs,
      startMs: this.#output.startMs,
      durationSec: current?.sound.durationSec ?? null,
      decodedSec: current?.sound.decodedSec ?? null,
      decodeOffsetMs: current && current.decodeOffsetSec * 1000,
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
    this.#lanes?.closeAll();
    this.#queue?.clear();
    this.#parts?.channel.close();
    this.#parts = null;
    this.#gain = null;
    this.#outputWatch.reset();
    this.isStarting = false;
    return this.#output.close();
  }

  #state(localMs: number): PlaybackState {
    if (this.#output.state === "interrupted") return "interrupted";
    if (!this.#timeline) return "idle";
    if (this.#output.state === "locked") return "locked-audio";
    const audioSec = this.#output.line.audioSecAt(localMs);
    if (!this.#lanes?.isAnyOpen || audioSec === null) return "preparing";
    const first = this.#planner?.track.segments[0];
    if (!first) return this.#timeline(localMs) < this.#startSec() ? "scheduled" : "preparing";
    if (this.#lanes.isMissing(this.#line(localMs))) return "preparing";
    return audioSec * this.#rate < first.startFrame ? "scheduled" : "playing";
  }

  /** Where on the line the loudspeaker should be. */
  readonly #line: Timeline = (localMs) => (this.#timeline?.(localMs) ?? 0) + (this.#lanes?.shiftSec ?? 0);

  get #startLineSec(): number {
    return this.#startSec() + (this.#lanes?.shiftSec ?? 0);
  }

  get #current() {
    return this.#lanes?.current(this.#timeline && this.#line(this.#clock.nowMs())) ?? null;
  }

  #span(): QueuedSpan | null {
    if (!this.#timeline) return null;
    const nowSec = this.#line(this.#clock.nowMs());
    return this.#queued?.span(nowSec, this.#cutFrame(), this.#line, this.#rate) ?? null;
  }

  get #rate(): number {
    return this.#output.context?.sampleRate ?? 1;
  }

  #takeRole(): void {
    this.#queued?.takeRole(this.#role, this.#cutFrame(), this.#timeline && this.#line);
  }

  #cutFrame(): number {
    const renderSec = this.#output.context?.currentTime ?? 0;
    const frame = Math.ceil((renderSec + this.#output.cutAheadSec) * this.#rate);
    return this.#planner?.track.pastFade(frame) ?? frame;
  }

  #outputChanged(): void {
    this.#queued?.restart(); // no backlog: what was queued before an interruption is never heard after it
    const isBack = this.#wasInterrupted && this.isUnlocked;
    this.#wasInterrupted = this.isInterrupted;
    if (isBack) this.#onSoundMoved("back");
    else this.#onChange();
    this.#tick();
  }

  /** Keeps the queue filled; everything that happens over time happens here. */
  #tick(): void {
    const planner = this.#planner;
    const timeline = this.#line;
    const context = this.#output.context;
    this.#output.tick();
    this.#watchOutput();
    this.#aim();
    if (!planner || !this.#timeline || !this.#lanes || context?.state !== "running") return;
    this.#takeRole();
    this.#repairError(planner, timeline);
    const renderFrame = context.currentTime * this.#rate;
    planner.track.forgetBefore(renderFrame - this.#rate);
    const endFrame = planner.track.endFrame;
    if (endFrame !== null && endFrame < renderFrame + this.#rate * 0.01) this.#queued?.restart(); // starved: enter anew
    if (planner.track.isEmpty) {
      const startAheadSec = START_AHEAD_SEC + (this.#output.latencyMs ?? 0) / 1000;
      const nowSec = timeline(this.#clock.nowMs());
      const entry = this.#lanes.entryAt(nowSec, this.#startLineSec);
      if (!entry || (!this.#isHidden && nowSec < entry.startSec - startAheadSec)) return;
      const first = planner.begin(this.#cutFrame(), timeline, entry.startSec, entry.isOfSilence);
      if (!first) return;
      this.#queued?.enqueue(first);
      this.#onChange();
    }
    for (const segment of planner.fill(renderFrame, this.#isHidden, timeline)) {
      this.#queued?.enqueue(segment);
    }
    const endingFrame = planner.endingFrame(this.#cutFrame());
    // It goes on where it should be by then, as soon as that is decoded.
    const fade = endingFrame !== null && planner.end(endingFrame);
    if (fade) this.#queued?.splice(fade.startFrame, fade);
  }

  /** What sounds next is decoded, and what lies far off is let go of. */
  #aim(): void {
    const startSec = this.#startLineSec;
    const nowSec = this.#timeline && this.#line(this.#clock.nowMs());
    const lineSec = nowSec === null ? null : Math.max(startSec, nowSec);
    const startsInSec = nowSec === null ? Number.POSITIVE_INFINITY : startSec - nowSec;
    this.isStarting = this.#lanes?.aim(lineSec, this.#restSec, this.#isHidden, startsInSec) === "urgent";
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
    const isBefore = this.#queued?.isBeforeStart(frame);
    const errorMs = isBefore ? planner.startErrorMs(timeline) : planner.errorMsAt(localMs, timeline);
    const { line } = this.#output;
    if (!this.#repair.isDue(line.steps, errorMs, line.uncertaintyMsAt(localMs) ?? 0, localMs)) return;
    if (isBefore) {
      this.#queued?.restart(); // P22: a hidden page has queued its start long ago, for where the card was then
      return;
    }
    this.#queued?.splice(frame, planner.redirect(frame, timeline));
  }
}
