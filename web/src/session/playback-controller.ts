// From the programme to the loudspeaker: has its songs opened ahead of time, locks global time at a start and leaves it alone (clock's
// PlaybackClock), and gives the player its lanes and its timeline. Local ms, global µs, seconds in the file, seconds of the line that
// the player goes along: those since a zero on the global clock, which stays while sound lasts.
// Does not know who directs or how the plan arrived.

import type { Player, SoundFile } from "../audio/index.ts";
import {
  type OffsetEstimate,
  PlaybackClock,
  type PlaybackClockVerdict,
  type SyncedClock,
} from "../clock/index.ts";
import { type Plan, positionUsAt, type Stretch } from "../director/index.ts";
import type { Bytes, FileError, FileId } from "../lib/index.ts";
import { FREEZE_BEFORE_START_MS } from "../protocol/constants/session.gen.ts";
import { Alignment } from "./alignment.ts";
import type { FileTrouble } from "./core/file-troubles.ts";
import type { PlaybackTarget, Shortage, Tones } from "./core/playback-target.ts";
import { lanesOf, movedUs, planAlone, positionInUs, stretchAt } from "./programme-lanes.ts";
import { SongOpener, type WantedSong } from "./song-opener.ts";

/** What ended so long ago may still be faded out. */
const ENDING_US = 0.5e6;
/** The programme was told anew and goes on as it did: the player takes what little it differs by (audio/lane-line.ts). */
const SAME_COURSE_US = 2_000;

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
  readonly #songs: SongOpener;
  #plan: Plan | null = null;
  #playbackClock: PlaybackClock | null = null;
  /**
   * The programme that sounds: always in the clock of #playbackClock. A director that slept, or met another server first, may bring it
   * in a clock that is not this device's now; the music plays on by the last one that was.
   */
  #sounding: readonly Stretch[] = [];
  /** The global moment at which the line is at 0, and the place of the line at which sound sets in. */
  #zeroUs = 0;
  #startsAtSec = 0;
  #verdict: PlaybackClockVerdict | null = null;
  #speakerDelayMs = 0;
  #followedMs = 0;
  #isClosed = false;
  /** The id of those that were loaded last. */
  #soundingTones: string | null = null;

  constructor(options: PlaybackControllerOptions) {
    this.#options = options;
    this.#alignment = new Alignment(options);
    this.#songs = new SongOpener({
      ...options,
      onOpening: (fileId) => this.#alignment.reset(fileId),
      onReopened: () => this.#silence(), // it enters again where the song is by now
    });
  }

  get verdict(): PlaybackClockVerdict | null {
    return this.#verdict;
  }

  get isDecoding(): boolean {
    return this.#songs.isOpeningFirst;
  }

  refusalOf(fileId: FileId): FileError | null {
    return this.#songs.refusalOf(fileId);
  }

  refuse(fileId: FileId, cause: unknown): void {
    this.#songs.refuse(fileId, cause);
  }

  shortageOf(fileId: FileId): Shortage | null {
    return this.#songs.shortageOf(fileId);
  }

  /** How long the song is, s; null where it was never decoded here. */
  lengthOf(fileId: FileId): number | null {
    return this.#songs.lengthOf(fileId);
  }

  measured(fileId: FileId, heardSec: number, wholeSec: number): void {
    this.#songs.measured(fileId, heardSec, wholeSec);
  }

  get troubles(): ReadonlyMap<FileId, FileTrouble> {
    return this.#songs.troubles;
  }

  /** What this device published of its own decode. */
  published(fileId: FileId, annotation: Bytes): void {
    this.#alignment.publishes(fileId, annotation);
  }

  /** The song that plays is open, and could not be lined up with its owner's decode (rule P46). */
  isUnalignedAt(localMs: number): boolean {
    const fileId = this.#stretchAt(localMs)?.fileId ?? this.#plan?.fileId ?? null;
    return (
      fileId !== null &&
      this.#options.player.isLoaded(fileId) &&
      this.#alignment.isUnalignedAt(fileId, localMs)
    );
  }

  /** Seconds into the song that should sound at `localMs`, by the programme; null when nothing plays. */
  positionSecAt(localMs: number): number | null {
    if (!this.#playbackClock || this.#plan?.state !== "playing") return null;
    const stretch = this.#stretchAt(localMs);
    return stretch && positionInUs(stretch, this.#globalUsAt(localMs)) / 1e6;
  }

  /** The clock by which the loudspeaker plays the plan, and the moment on it; null when nothing plays. */
  soundingAt(localMs: number): { readonly clockId: string; readonly globalUs: number } | null {
    if (!this.#playbackClock || this.#plan?.state !== "playing") return null;
    return { clockId: this.#playbackClock.clockId, globalUs: this.#playbackClock.globalUsAt(localMs) };
  }

  /** Until the sound sets in at the plan's place, s; negative after it, null when nothing plays. */
  startsInSecAt(localMs: number): number | null {
    const isOn = this.#playbackClock !== null && this.#plan?.state === "playing";
    return isOn ? this.#startsAtSec - this.#lineSecAt(localMs) : null;
  }

  /** Call it on every change of target, file, sound or clock, and a few times a second. */
  follow(target: PlaybackTarget, localMs: number): void {
    if (this.#isClosed) return; // an engine that is being closed still tells of changes
    const { plan, isReady, speakerDelayMs, tones } = target;
    const stretches = plan.entryId === null ? planAlone(plan) : target.stretches;
    const { player } = this.#options;
    const before = this.#plan;
    this.#plan = plan;
    this.#followedMs = localMs;
    const isPressed = plan.state === "preparing" && (before?.rev !== plan.rev || before.term !== plan.term);
    if (isPressed && plan.fileId !== null) this.#songs.tryOnceMore(plan.fileId);
    if (speakerDelayMs !== this.#speakerDelayMs) {
      this.#speakerDelayMs = speakerDelayMs;
      player.redirect();
    }
    if (plan.state !== "playing") player.rest(plan.positionUs / 1e6);
    const isResting = plan.state === "stopped" || plan.fileId === null;
    player.setRole(isResting && tones ? "all" : target.role); // R11
    if (plan.state === "stopped" || plan.fileId === null) {
      if (before && before.state !== "stopped") this.#silence();
      if (plan.fileId !== null && !tones) this.#songs.want([this.#chosen(plan, plan.fileId)]); // so that it goes on at once
      this.#followTones(tones);
      return;
    }
    if (plan.state === "preparing") {
      this.#silence();
      this.#songs.want([this.#chosen(plan, plan.fileId)]);
      this.#alignment.follow(plan.fileId, localMs);
      return;
    }
    if (before?.state !== "playing") this.#silence();
    else if (this.#playbackClock) this.#migrate(plan, stretches, localMs);
    if (this.#hasLostItsSong(plan, stretches, localMs)) this.#silence();
    this.#sound(plan, stretches, isReady);
    const wanted = this.#wanted(plan, plan.fileId, stretches, localMs);
    this.#songs.want(wanted);
    for (const { fileId } of wanted) this.#alignment.follow(fileId, localMs);
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
    this.#songs.close();
  }

  /** The song turned out to be another than what sounds of it: that goes on until the song is there. */
  reopen(fileId: FileId): void {
    if (!this.#isClosed) this.#songs.reopen(fileId);
  }

  // ── what sounds ───────────────────────────────────────────────────────────────────────────────────────────────

  #sound(plan: Plan, stretches: readonly Stretch[], isReady: boolean): void {
    const { clock, player } = this.#options;
    if (this.#playbackClock) {
      // None: nobody can say in this device's clock what sounds; or all is over, and then so are these.
      if (plan.clockId !== this.#playbackClock.clockId || stretches.length === 0) return;
      this.#sounding = stretches;
      if (this.#lineSecAt(this.#followedMs) < this.#startsAtSec) this.#startsAtSec = this.#startOf(plan);
      player.setLanes(lanesOf(stretches, this.#zeroUs));
      return;
    }
    const estimate = clock.estimate;
    if (estimate?.clockId !== plan.clockId || stretches.length === 0) return;
    const playbackClock = new PlaybackClock(estimate);
    if (!isReady && !this.#canSoundLater(plan, stretches, playbackClock.globalUsAt(this.#followedMs))) return;
    this.#playbackClock = playbackClock;
    this.#sounding = stretches;
    const first = stretches[0];
    // At the first song's tempo, so that a song alone has its own seconds.
    this.#zeroUs = first ? first.startUs - (first.positionUs * 100) / first.tempo : plan.globalStartUs;
    this.#startsAtSec = this.#startOf(plan);
    player.setLanes(lanesOf(stretches, this.#zeroUs));
    player.play(
      (localMs) => this.#lineSecAt(localMs),
      () => this.#startsAtSec,
    );
  }

  /** The chosen song is not to be had here; what the programme goes on with is. */
  #canSoundLater({ fileId: chosenId }: Plan, stretches: readonly Stretch[], globalUs: number): boolean {
    const { player, clock } = this.#options;
    const isTimeKnown = clock.state !== "unsynced" && clock.state !== "coarse";
    if (!player.isUnlocked || !isTimeKnown || (chosenId !== null && player.isLoaded(chosenId))) return false;
    return stretches.some(({ fileId, endUs }) => endUs > globalUs && player.isLoaded(fileId));
  }

  /** Another song was chosen that is not open: what sounds is over, and the other begins as soon as it can. */
  #hasLostItsSong({ fileId, clockId }: Plan, stretches: readonly Stretch[], localMs: number): boolean {
    if (fileId === null || clockId !== this.#playbackClock?.clockId) return false;
    if (this.#options.player.isLoaded(fileId)) return false;
    const globalUs = this.#globalUsAt(localMs);
    const [before, due] = [this.#stretchAt(localMs), stretchAt(stretches, globalUs) ?? stretches[0]];
    if (!before || !due || before.fileId === due.fileId) return false;
    return Math.abs(movedUs(this.#sounding, stretches, globalUs, Number.MAX_SAFE_INTEGER)) > SAME_COURSE_US;
  }

  #silence(): void {
    this.#playbackClock = null;
    this.#sounding = [];
    this.#verdict = null;
    this.#options.player.stop();
  }

  /** The plan was re-expressed in another server's clock: cross over without moving the sound; trimming does the rest. */
  #migrate(plan: Plan, stretches: readonly Stretch[], localMs: number): void {
    const playbackClock = this.#playbackClock;
    const estimate = this.#options.clock.estimate;
    if (!playbackClock || plan.clockId === playbackClock.clockId) return;
    if (estimate?.clockId !== plan.clockId) return;
    const globalUs = this.#globalUsAt(localMs);
    const fresh = new PlaybackClock(estimate);
    const expectedUs = fresh.globalUsAt(localMs) - playbackClock.globalUsAt(localMs);
    const laterUs = movedUs(this.#sounding, stretches, globalUs, expectedUs);
    const movedMs = (expectedUs - laterUs) / 1000;
    const boundMs = estimate.boundMs + Math.abs(movedMs); // rule L7
    this.#playbackClock = new PlaybackClock({ ...estimate, offsetMs: estimate.offsetMs + movedMs, boundMs });
    this.#zeroUs += laterUs;
  }

  #isBeforeFreeze(localMs: number): boolean {
    return (this.startsInSecAt(localMs) ?? 0) * 1000 > FREEZE_BEFORE_START_MS;
  }

  // ── places ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** What should be leaving the loudspeaker; by the clock that is frozen, where sound lasts. */
  #globalUsAt(localMs: number): number {
    return this.#playbackClock?.globalUsAt(localMs + this.#speakerDelayMs) ?? 0;
  }

  #lineSecAt(localMs: number): number {
    return (this.#globalUsAt(localMs) - this.#zeroUs) / 1e6;
  }

  #startOf({ globalStartUs }: Plan): number {
    return (globalStartUs - this.#zeroUs) / 1e6;
  }

  /** Of the programme that sounds; before its beginning and after its end the nearest. */
  #stretchAt(localMs: number): Stretch | null {
    const globalUs = this.#globalUsAt(localMs);
    const [first] = this.#sounding;
    if (!first || globalUs < first.startUs) return first ?? null;
    return (
      stretchAt(this.#sounding, globalUs) ?? this.#sounding.findLast(({ endUs }) => endUs <= globalUs) ?? null
    );
  }

  // ── songs ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Where in the chosen song sound is or will be wanted, s: where it plays, or will begin. */
  get placeSec(): number {
    return this.#plan ? this.#placeSec(this.#plan) : 0;
  }

  #chosen(plan: Plan, fileId: FileId): WantedSong {
    return { fileId, atSec: () => this.#placeSec(plan) };
  }

  /** What sounds now and within the time for which songs are opened ahead, in that order, and what is ending. */
  #wanted(plan: Plan, chosenId: FileId, stretches: readonly Stretch[], localMs: number): WantedSong[] {
    const { clock, player } = this.#options;
    const globalUs = clock.estimate?.clockId === plan.clockId ? clock.globalUsAt(localMs) : null;
    const nowUs = this.#playbackClock ? this.#globalUsAt(localMs) : globalUs;
    if (nowUs === null) return [this.#chosen(plan, chosenId)];
    const sounding = this.#playbackClock ? this.#sounding : stretches;
    const untilUs = nowUs + player.openAheadSec * 1e6;
    const songs = new Map<FileId, WantedSong>();
    const ending = new Map<FileId, WantedSong>();
    for (const stretch of sounding) {
      const { fileId, startUs, endUs } = stretch;
      if (endUs <= nowUs - ENDING_US || (startUs > untilUs && songs.size > 0)) continue;
      if (endUs <= nowUs) ending.set(fileId, { fileId, atSec: null });
      else if (!songs.has(fileId)) songs.set(fileId, { fileId, atSec: () => this.#placeIn(stretch) });
    }
    for (const fileId of songs.keys()) ending.delete(fileId);
    const wanted = [...songs.values()];
    return [...wanted.slice(0, 1), ...ending.values(), ...wanted.slice(1)];
  }

  /** Where in the chosen song sound will be wanted, s. */
  #placeSec(plan: Plan): number {
    const { clock } = this.#options;
    const globalUs = clock.estimate?.clockId === plan.clockId ? clock.globalUsAt(this.#followedMs) : null;
    const isRunning = plan.state === "playing" && globalUs !== null;
    return (isRunning ? positionUsAt(plan, globalUs) : plan.positionUs) / 1e6;
  }

  #placeIn(stretch: Stretch): number {
    const now = this.#followedMs;
    const globalUs = this.#playbackClock ? this.#globalUsAt(now) : this.#options.clock.globalUsAt(now);
    return Math.max(stretch.positionUs, positionInUs(stretch, globalUs ?? 0)) / 1e6;
  }

  #followTones(tones: Tones | null): void {
    const { clock, player } = this.#options;
    const { sampleRate } = player;
    if (this.#soundingTones !== null && this.#soundingTones !== tones?.id) {
      if (player.isLoaded(this.#soundingTones)) {
        this.#silence();
        player.unload();
      }
      this.#soundingTones = null;
    }
    // A song that is being decoded would take the tones' place.
    if (!tones || this.#playbackClock || this.isDecoding || sampleRate === null || !clock.estimate) return;
    player.loadSound(tones.id, [tones.channel(sampleRate)], tones.durationSec);
    this.#soundingTones = tones.id;
    this.#playbackClock = new PlaybackClock(clock.estimate);
    player.play((localMs) =>
      tones.secAt(this.#playbackClock?.globalUsAt(localMs + this.#speakerDelayMs) ?? 0),
    );
  }
}
