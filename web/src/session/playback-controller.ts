// From the plan to the loudspeaker: loads the chosen file, locks global time at a start and leaves it alone (clock's
// PlaybackClock), and gives the player its timeline. Local ms, global µs, seconds in the file.
// Does not know who directs or how the plan arrived.

import type { Player, SoundFile } from "../audio/index.ts";
import {
  type OffsetEstimate,
  PlaybackClock,
  type PlaybackClockVerdict,
  type SyncedClock,
} from "../clock/index.ts";
import { type Plan, positionUsAt } from "../director/index.ts";
import {
  type Bytes,
  FileError,
  type FileId,
  remember,
  rememberOf,
  SoundTooLong,
  Undecodable,
} from "../lib/index.ts";
import { FREEZE_BEFORE_START_MS, MAX_FILE_TROUBLES } from "../protocol/constants/session.gen.ts";
import { Alignment } from "./alignment.ts";
import type { FileTrouble } from "./core/file-troubles.ts";
import type { PlaybackTarget, Shortage, Tones } from "./core/playback-target.ts";

export interface PlaybackControllerOptions {
  readonly clock: SyncedClock;
  readonly player: Player;
  /** The file to decode, or null while this device holds too little of it. */
  readonly fileOf: (fileId: FileId) => SoundFile | null;
  /** The file's PCM anchor as its owner published it; null until it is known. */
  readonly annotationOf: (fileId: FileId) => Bytes | null;
  /** A song was loaded or refused. */
  readonly onChange: () => void;
}

export class PlaybackController {
  readonly #options: PlaybackControllerOptions;
  readonly #alignment: Alignment;
  #plan: Plan | null = null;
  #playbackClock: PlaybackClock | null = null;
  /**
   * The plan that sounds: always in the clock of #playbackClock. A director that slept, or met another server first, may bring the
   * plan in a clock that is not this device's now; the song plays on by the last one that was.
   */
  #sounding: Plan | null = null;
  #verdict: PlaybackClockVerdict | null = null;
  #speakerDelayMs = 0;
  #followedMs = 0;
  #isClosed = false;
  #loading: FileId | null = null;
  /** The id of those that were loaded last. */
  #soundingTones: string | null = null;
  readonly #refusals = new Map<FileId, FileError>();
  /** Files that were tried once more. */
  readonly #retried = new Set<FileId>();
  /** Files that are being read and decoded, wanted or not. */
  readonly #underWay = new Set<FileId>();
  readonly #shortages = new Map<FileId, Shortage>();

  constructor(options: PlaybackControllerOptions) {
    this.#options = options;
    this.#alignment = new Alignment(options);
  }

  get verdict(): PlaybackClockVerdict | null {
    return this.#verdict;
  }

  get isDecoding(): boolean {
    return this.#loading !== null;
  }

  /** Why this device will not play the file; null while nothing is known against it. */
  refusalOf(fileId: FileId): FileError | null {
    return this.#refusals.get(fileId) ?? null;
  }

  /** Decoding failed, for whatever cause, or the sound would not fit: this device leaves the file to the others (P38). */
  refuse(fileId: FileId, cause: unknown): void {
    const refusal = cause instanceof FileError ? cause : new Undecodable("failed", null, { cause });
    console.warn(`cannot play ${fileId}: ${String(refusal)}`, refusal.cause);
    rememberOf(this.#refusals, fileId, refusal, MAX_FILE_TROUBLES); // what is forgotten is tried anew if chosen again
    this.#options.onChange();
  }

  /** What this device has of the file, where it is not all of it (P39). */
  shortageOf(fileId: FileId): Shortage | null {
    return this.#shortages.get(fileId) ?? null;
  }

  /** A decode of the file came to this much of that. */
  measured(fileId: FileId, heardSec: number, wholeSec: number): void {
    if (heardSec < wholeSec) rememberOf(this.#shortages, fileId, { heardSec, wholeSec }, MAX_FILE_TROUBLES);
    else this.#shortages.delete(fileId);
  }

  /** What is known of files against this device, the longest known first. */
  get troubles(): ReadonlyMap<FileId, FileTrouble> {
    const troubles = new Map<FileId, FileTrouble>();
    for (const [fileId, refusal] of this.#refusals) {
      troubles.set(fileId, refusal instanceof SoundTooLong ? "too-long" : "undecodable");
    }
    for (const fileId of this.#shortages.keys()) troubles.set(fileId, "short");
    return troubles;
  }

  /** What this device published of its own decode. */
  published(fileId: FileId, annotation: Bytes): void {
    this.#alignment.publishes(fileId, annotation);
  }

  /** The song is loaded, and could not be lined up with its owner's decode (rule P46). */
  isUnalignedAt(localMs: number): boolean {
    const fileId = this.#plan?.fileId ?? null;
    return (
      fileId !== null && this.#options.player.loadedId === fileId && this.#alignment.isUnalignedAt(localMs)
    );
  }

  /** Seconds into the file that should sound at `localMs`, by the plan; null when nothing plays. */
  positionSecAt(localMs: number): number | null {
    return this.#playbackClock && this.#plan?.state === "playing" ? this.#timeline(localMs) : null;
  }

  /** Until the song sets in at the plan's place, s; negative after it, null when nothing plays. */
  startsInSecAt(localMs: number): number | null {
    const positionSec = this.positionSecAt(localMs);
    return positionSec === null ? null : this.#startSec() - positionSec;
  }

  /** Call it on every change of target, file, sound or clock, and a few times a second. */
  follow({ plan, isReady, speakerDelayMs, tones }: PlaybackTarget, localMs: number): void {
    if (this.#isClosed) return; // an engine that is being closed still tells of changes
    const before = this.#plan;
    this.#plan = plan;
    this.#followedMs = localMs;
    this.#tryOnceMore(before, plan);
    if (speakerDelayMs !== this.#speakerDelayMs) {
      this.#speakerDelayMs = speakerDelayMs;
      this.#options.player.redirect();
    }
    if (plan.state !== "playing") this.#options.player.rest(plan.positionUs / 1e6);
    if (plan.state === "stopped" || plan.fileId === null) {
      if (before && before.state !== "stopped") this.#silence();
      if (plan.fileId !== null && !tones) this.#load(plan.fileId); // paused: so that it goes on at once
      this.#followTones(tones);
      return;
    }
    this.#load(plan.fileId);
    this.#alignment.follow(plan.fileId, localMs);
    if (plan.state === "preparing") {
      this.#silence();
      return;
    }
    const isSameSong = before?.state === "playing" && before.fileId === plan.fileId;
    if (!isSameSong) this.#silence();
    else if (this.#playbackClock) this.#migrate(plan, localMs);
    this.#sound(plan, isReady);
  }

  /** Takes a fresh estimate into account: before the start it moves the start, after it only the rate. */
  estimated(estimate: OffsetEstimate): void {
    const playbackClock = this.#playbackClock;
    if (!playbackClock || playbackClock.clockId !== estimate.clockId) return;
    if (this.#isBeforeFreeze(estimate.atLocalMs)) {
      this.#playbackClock = new PlaybackClock(estimate);
      return;
    }
    const wasSlewing = this.#verdict?.state === "slewing";
    this.#verdict = playbackClock.update(estimate);
    const isSlewing = this.#verdict.state === "slewing";
    if (this.#verdict.state === "rejoin") this.rejoin();
    // 1.5 s are queued at the slew's rate: left there, they would carry the sound 2 ms past its place.
    else if (wasSlewing !== isSlewing) this.#options.player.replan();
  }

  /** The sound was interrupted or the clock is far off: lock anew and cross over. */
  rejoin(): void {
    const estimate = this.#options.clock.estimate;
    if (!estimate || !this.#playbackClock || estimate.clockId !== this.#playbackClock.clockId) return;
    this.#playbackClock = new PlaybackClock(estimate);
    this.#options.player.redirect();
  }

  /** T12: what sounds is off by as long as the device slept; it enters anew once the clock is locked again. */
  slept(): void {
    if (this.#playbackClock) this.#silence();
  }

  /** What is still being opened comes to nothing, and nothing is begun: another session may be using the player by then. */
  close(): void {
    this.#isClosed = true;
    this.#loading = null;
  }

  #sound(plan: Plan, isReady: boolean): void {
    const { clock, player } = this.#options;
    if (this.#playbackClock) {
      if (plan.clockId !== this.#playbackClock.clockId) return;
      const isMoved = this.#sounding !== null && isJump(this.#sounding, plan);
      this.#sounding = plan;
      if (isMoved) player.redirect();
      return;
    }
    const estimate = clock.estimate;
    if (!isReady || estimate?.clockId !== plan.clockId) return;
    this.#playbackClock = new PlaybackClock(estimate);
    this.#sounding = plan;
    player.play((localMs) => this.#timeline(localMs), this.#startSec);
  }

  readonly #startSec = (): number => (this.#sounding?.positionUs ?? 0) / 1e6;

  #timeline(localMs: number): number {
    const globalUs = this.#playbackClock?.globalUsAt(localMs + this.#speakerDelayMs) ?? 0;
    return this.#sounding ? positionUsAt(this.#sounding, globalUs) / 1e6 : 0;
  }

  #silence(): void {
    this.#playbackClock = null;
    this.#sounding = null;
    this.#verdict = null;
    this.#options.player.stop();
  }

  /** The plan was re-expressed in another server's clock: cross over without moving the sound; trimming does the rest. */
  #migrate(plan: Plan, localMs: number): void {
    const playbackClock = this.#playbackClock;
    const sounding = this.#sounding;
    const estimate = this.#options.clock.estimate;
    if (!playbackClock || !sounding || plan.clockId === playbackClock.clockId) return;
    if (estimate?.clockId !== plan.clockId) return;
    const fresh = new PlaybackClock(estimate);
    const movedUs =
      positionUsAt(plan, fresh.globalUsAt(localMs)) -
      positionUsAt(sounding, playbackClock.globalUsAt(localMs));
    const movedMs = movedUs / 1000;
    const boundMs = estimate.boundMs + Math.abs(movedMs); // rule L7
    this.#playbackClock = new PlaybackClock({ ...estimate, offsetMs: estimate.offsetMs + movedMs, boundMs });
    this.#sounding = plan;
  }

  #isBeforeFreeze(localMs: number): boolean {
    return (this.startsInSecAt(localMs) ?? 0) * 1000 > FREEZE_BEFORE_START_MS;
  }

  /** P38: somebody pressed Play again; what failed for want of time or memory may succeed now. */
  #tryOnceMore(before: Plan | null, { fileId, state, term, rev }: Plan): void {
    const isPressed = state === "preparing" && (before?.rev !== rev || before.term !== term);
    if (!isPressed || fileId === null || this.#retried.has(fileId)) return;
    if (!(this.#refusals.get(fileId) instanceof Undecodable)) return;
    remember(this.#retried, fileId, MAX_FILE_TROUBLES);
    this.#refusals.delete(fileId);
  }

  #load(fileId: FileId): void {
    const { player, fileOf } = this.#options;
    if (this.#loading === fileId || this.#refusals.has(fileId) || player.loadedId === fileId) return;
    if (player.isUnable) this.refuse(fileId, new FileError("file-not-audio", "no Web Audio"));
    if (player.sampleRate === null) return;
    const isUnderWay = this.#underWay.has(fileId);
    const content = isUnderWay ? null : fileOf(fileId);
    if (!content && !isUnderWay) return;
    // Another song that is still being read or decoded keeps nobody from this one: it comes to nothing.
    this.#loading = fileId;
    this.#alignment.reset();
    if (!content) return;
    this.#underWay.add(fileId);
    const isWanted = () => this.#loading === fileId;
    player
      .load(fileId, content, isWanted, () => this.#placeSec())
      .then(() => {
        if (isWanted() && player.loadedId === fileId)
          this.measured(fileId, player.decodedSec ?? 0, player.durationSec ?? 0);
      })
      .catch((error: unknown) => this.refuse(fileId, error))
      .finally(() => {
        this.#underWay.delete(fileId);
        if (isWanted()) this.#loading = null;
        this.#options.onChange();
      });
  }

  /** Where in the chosen song sound will be wanted, s. */
  #placeSec(): number {
    const { clock } = this.#options;
    const plan = this.#plan;
    if (!plan) return 0;
    const globalUs = clock.estimate?.clockId === plan.clockId ? clock.globalUsAt(this.#followedMs) : null;
    const isRunning = plan.state === "playing" && globalUs !== null;
    return (isRunning ? positionUsAt(plan, globalUs) : plan.positionUs) / 1e6;
  }

  #followTones(tones: Tones | null): void {
    const { clock, player } = this.#options;
    const { sampleRate } = player;
    if (this.#soundingTones !== null && this.#soundingTones !== tones?.id) {
      if (player.loadedId === this.#soundingTones) {
        this.#silence();
        player.unload();
      }
      this.#soundingTones = null;
    }
    // A song that is being decoded would take the tones' place.
    if (!tones || this.#playbackClock || this.#loading || sampleRate === null || !clock.estimate) return;
    player.loadSound(tones.id, [tones.channel(sampleRate)], tones.durationSec);
    this.#soundingTones = tones.id;
    this.#playbackClock = new PlaybackClock(clock.estimate);
    player.play((localMs) =>
      tones.secAt(this.#playbackClock?.globalUsAt(localMs + this.#speakerDelayMs) ?? 0),
    );
  }
}

/** Whether the song moved under the listeners: another place or another start. Both plans are in one clock. */
function isJump(before: Plan, plan: Plan): boolean {
  const movedUs = before.globalStartUs - before.positionUs - (plan.globalStartUs - plan.positionUs);
  return movedUs !== 0;
}
