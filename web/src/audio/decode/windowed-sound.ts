// A song of any length in little memory: its sound is decoded in slices around the place that plays, one at a time, and let go of
// behind it. While nothing is missing there, or decoding pauses, places all along the song are looked at once, for the picture of its
// loudness. Around a start only what sounds soon is decoded (decode-pace.ts).
//
// Invariants
//  1. What `covers` says is there has been sent to the render Worker, and is dropped there only after `covers` has stopped saying so.
//     What was decoded without the channel that the role has become stays until it was decoded with it.
//  2. One slice is being decoded at a time, the one that sounds next first.

import type { Anchor, AnchorMatch } from "../index/anchor.ts";
import { LOUDNESS_BARS, loudnessBars, stretchesOf } from "../index/loudness.ts";
import { rangesOfSlice } from "../index/sound-index/slice-bytes.ts";
import { type CodedRun, pointAt, sliceOf } from "../index/sound-index/sound-index.ts";
import { LEVELS_PER_SEC, levelAt } from "../render/levels.ts";
import type { ChannelName, Role } from "../role.ts";
import { isChannel, partFor } from "../role-part.ts";
import type { DecodePace } from "./decode-pace.ts";
import type { RenderQuestions } from "./render-questions.ts";
import { type GridSlice, type SliceGrid, sliceNumberAt } from "./slice-grid.ts";
import { type ArrivingFile, type ByteRange, decodedWindow, type FrameSpan, type Sound } from "./sound.ts";

/** Decoded at once at any pace: two slices or three. More than what is queued ahead, and what a stretched sound reaches back. */
const URGENT_SEC = 7;
/** Calls of `aim` between two slices at a gentle pace: a processor that needs 0.1 s for a slice is free three quarters of the time. */
const PAUSE_CALLS = 4;
/**
 * Devices that play in unison would decode each slice in the same moment, and look for the rest of an anchor in the same second. Where some of
 * them are one computer, Firefox' sound then stood still for 4 to 60 ms (P96), so each does it in a turn of its own, by as much later.
 */
const SLICE_TURN_SEC = 5;
const ANCHOR_TURN_CALLS = 150;
/** A slice that failed twice stays silent: its file is damaged there. */
const MAX_TRIES = 2;
/** Of the picture: from coarse to fine, so that it is soon one of the whole song. */
const LOOKS: readonly number[] = [4, 0, 2, 6, 1, 3, 5, 7].flatMap((first) =>
  Array.from({ length: LOUDNESS_BARS / 8 }, (_, at) => 8 * at + first),
);

type Channels = readonly Float32Array<ArrayBuffer>[];

export interface WindowParts {
  readonly sourceId: string;
  readonly grid: SliceGrid;
  readonly durationSec: number;
  readonly channel: RenderQuestions;
  /** Null where all of the file is here. */
  readonly arriving: ArrivingFile | null;
  /** The file's that have names. */
  readonly channels: readonly ChannelName[];
  readonly role: () => Role;
  readonly decode: (slice: GridSlice, isolated: ChannelName | null) => Promise<Channels>;
  /** How loud it is in the second from a point of a run on. */
  readonly look: (run: CodedRun, point: number) => Promise<number>;
  /** `isFree`: nothing starts that has to be spared. */
  readonly match: (
    anchor: Anchor,
    isOver: () => boolean,
    isFree: () => boolean,
  ) => Promise<AnchorMatch | null>;
  readonly onChange: () => void;
  /** When this device has its turn, in [0, 1). */
  readonly turn: number;
}

export class WindowedSound implements Sound {
  readonly sourceId: string;
  readonly durationSec: number;
  readonly decodedSec: number;
  loudness: readonly number[] | null = null;
  readonly #parts: WindowParts;
  /** By slice: the channel that was decoded besides left and right, as far as the slice has it. */
  readonly #ready = new Map<number, ChannelName | null>();
  readonly #failures = new Map<number, number>();
  /** Of each twentieth of the song, against full scale; NaN where it was not decoded. */
  readonly #levels: Float32Array;
  #loudest = 0;
  #aimFrame = 0;
  #fromFrame = 0;
  #toFrame = 0;
  #laps: readonly FrameSpan[] = [];
  #pace: DecodePace = "free";
  #pauseCalls = 0;
  #isHidden = false;
  /** Calls of `aim` since decoding is free. */
  #freeCalls = 0;
  /** Bars of the picture still to be looked at. */
  #unseen: readonly number[] = LOOKS;
  /** Of all of the song; from then on the picture stays as it is. */
  #isDrawn = false;
  #isDecoding = false;
  /** An overlap was not what the slice before had. */
  #isDoubtful = false;
  #isClosed = false;
  #waiting: (() => void)[] = [];

  constructor(parts: WindowParts) {
    this.#parts = parts;
    this.sourceId = parts.sourceId;
    this.durationSec = parts.durationSec;
    this.decodedSec = parts.durationSec;
    const { grid } = parts;
    this.#levels = new Float32Array(levelAt(grid.frames, grid.outputRate)).fill(Number.NaN);
  }

  get windowSec(): [number, number] | null {
    const { grid } = this.#parts;
    let first = sliceNumberAt(grid, this.#aimFrame);
    let last = first;
    if (!this.#ready.has(first)) return null;
    while (this.#ready.has(first - 1)) first -= 1;
    while (this.#ready.has(last + 1)) last += 1;
    const { outputFrom } = (grid.slices[first] as GridSlice).work;
    const { outputTo } = (grid.slices[last] as GridSlice).work;
    return [outputFrom / grid.outputRate, outputTo / grid.outputRate];
  }

  get isByIndex(): boolean {
    return this.#ready.size > 0 && !this.#isDoubtful;
  }

  /** Something was decoded, and each overlap was the same twice. */
  get isSound(): boolean {
    return this.isByIndex && this.#failures.size === 0;
  }

  get isOver(): boolean {
    return this.#isClosed;
  }

  get channels(): readonly ChannelName[] {
    return this.#parts.channels;
  }

  aim(frame: number, isHidden: boolean, laps: readonly FrameSpan[] = [], pace: DecodePace = "free"): void {
    const { outputRate } = this.#parts.grid;
    const { behindSec, aheadSec } = decodedWindow(isHidden);
    this.#aimFrame = frame;
    this.#fromFrame = frame - behindSec * outputRate;
    this.#toFrame = frame + aheadSec * outputRate;
    this.#laps = laps;
    this.#pace = pace;
    this.#isHidden = isHidden;
    this.#freeCalls = pace === "free" ? this.#freeCalls + 1 : 0;
    this.#pauseCalls -= 1;
    this.#dropOutside();
    this.#sayWants();
    this.#next(true);
    this.#wakeUp();
  }

  covers(fromFrame: number, toFrame: number, role: Role = "all"): boolean {
    const { grid } = this.#parts;
    const isolated = this.#isolatedFor(role);
    const last = Math.min(toFrame, grid.frames) - 1;
    if (last < 0 || fromFrame >= grid.frames) return true;
    for (let number = sliceNumberAt(grid, fromFrame); number <= sliceNumberAt(grid, last); number++) {
      if (!this.#ready.has(number) || this.#lacks(number, isolated)) return false;
    }
    return true;
  }

  /** The channel that has to be decoded besides what all play. */
  #isolatedFor(role: Role): ChannelName | null {
    const part = partFor(role, this.#parts.channels);
    return isChannel(part) ? part : null;
  }

  /** One that cannot be decoded anew is played as it is. */
  #lacks(number: number, isolated: ChannelName | null): boolean {
    const isHad = isolated === null || this.#ready.get(number) === isolated;
    return !isHad && this.#triesOf(number) < MAX_TRIES;
  }

  /** The slice at the place that was aimed at, and the one behind it, are there or cannot be had. */
  get isSettled(): boolean {
    const { slices } = this.#parts.grid;
    const first = sliceNumberAt(this.#parts.grid, this.#aimFrame);
    const isThere = (number: number) =>
      number >= slices.length || this.#ready.has(number) || this.#triesOf(number) >= MAX_TRIES;
    return this.#isClosed || (isThere(first) && isThere(first + 1));
  }

  /** Resolves after the next slice, and whenever the place has been looked at anew. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  levelAt(sec: number): number {
    const level = this.#levels[Math.floor(sec * LEVELS_PER_SEC)];
    return level && this.#loudest > 0 ? level / this.#loudest : 0;
  }

  match(anchor: Anchor): Promise<AnchorMatch | null> {
    return this.#parts.match(
      anchor,
      () => this.#isClosed,
      () => this.#isAnchorsTurn,
    );
  }

  close(): void {
    this.#isClosed = true;
    this.#ready.clear();
    this.#parts.arriving?.want([]);
    this.#parts.channel.post({ type: "unload", sourceId: this.#parts.sourceId });
    this.#wakeUp();
  }

  get #isAnchorsTurn(): boolean {
    return this.#freeCalls > (this.#isHidden ? 0 : ANCHOR_TURN_CALLS * this.#parts.turn);
  }

  /** To where slices are decoded now. A hidden page has no time to lose. */
  get #dueFrame(): number {
    const { grid, turn } = this.#parts;
    const isWaiting = this.#pace === "free" && !this.#isHidden;
    return this.#toFrame - (isWaiting ? turn * SLICE_TURN_SEC * grid.outputRate : 0);
  }

  #triesOf(number: number): number {
    return this.#failures.get(number) ?? 0;
  }

  #dropOutside(): void {
    const { grid, channel, sourceId } = this.#parts;
    // A slice that reaches into the window stays, and so does the one that is being entered behind it.
    const slack = 5 * grid.outputRate;
    const kept = [{ fromFrame: this.#fromFrame, toFrame: this.#toFrame + slack }, ...this.#laps];
    for (const number of this.#ready.keys()) {
      const { outputFrom, outputTo } = (grid.slices[number] as GridSlice).work;
      if (kept.some(({ fromFrame, toFrame }) => outputTo >= fromFrame && outputFrom < toFrame)) continue;
      this.#ready.delete(number);
      channel.post({ type: "drop", sourceId, fromFrame: outputFrom });
    }
  }

  /** What is missing from the place that plays to the window's end, then behind it; only what is urgent, until more is due. */
  #wanted(isMoreDue: boolean): number | null {
    const { grid } = this.#parts;
    const isolated = this.#isolatedFor(this.#parts.role());
    const isMissing = (number: number) => !this.#ready.has(number) || this.#lacks(number, isolated);
    const isWanted = (number: number) =>
      isMissing(number) && this.#triesOf(number) < MAX_TRIES && this.#isHeld(number);
    const urgentFrame = Math.min(this.#toFrame, this.#aimFrame + URGENT_SEC * grid.outputRate);
    const ahead = this.#ahead(isMoreDue ? this.#dueFrame : urgentFrame);
    for (const number of ahead) if (isWanted(number)) return number;
    if (!isMoreDue) return null;
    const here = sliceNumberAt(grid, this.#aimFrame);
    const first = sliceNumberAt(grid, this.#fromFrame);
    for (let number = here - 1; number >= first; number--) if (isWanted(number)) return number;
    return null;
  }

  /** The window's slices from the place that plays on, and those of the laps, in the order in which they sound. */
  *#ahead(untilFrame = this.#toFrame): Iterable<number> {
    const { grid } = this.#parts;
    for (const { fromFrame, toFrame } of [
      { fromFrame: this.#aimFrame, toFrame: untilFrame },
      ...this.#laps,
    ]) {
      const last = sliceNumberAt(grid, toFrame);
      for (let number = sliceNumberAt(grid, fromFrame); number <= last; number++) yield number;
    }
  }

  #isHeld(number: number): boolean {
    const { arriving } = this.#parts;
    return !arriving || rangesOf(this.#parts.grid.slices[number]).every((range) => arriving.holds(range));
  }

  /** What is missing of the window, in the order in which it sounds. */
  #sayWants(): void {
    const { arriving, grid } = this.#parts;
    if (!arriving) return;
    const wanted: ByteRange[] = [];
    const isolated = this.#isolatedFor(this.#parts.role());
    for (const number of new Set(this.#ahead())) {
      if (this.#ready.has(number) && !this.#lacks(number, isolated)) continue;
      wanted.push(...rangesOf(grid.slices[number]).filter((range) => !arriving.holds(range)));
    }
    arriving.want(wanted);
  }

  /** `isCalled`: by `aim`. Places for the picture are looked at one in a call: all at once would be a hundred MB of garbage. */
  #next(isCalled: boolean): void {
    if (this.#isDecoding || this.#isClosed) return;
    const isGentlyDue = this.#pace === "gentle" && isCalled && this.#pauseCalls <= 0;
    const number = this.#wanted(this.#pace === "free" || isGentlyDue);
    const looksAround = isCalled && this.#pace !== "urgent";
    const work = number !== null ? this.#take(number) : looksAround ? this.#lookAround() : null;
    if (!work) return;
    if (number !== null) this.#pauseCalls = PAUSE_CALLS;
    this.#isDecoding = true;
    void work.finally(() => {
      this.#isDecoding = false;
      this.#wakeUp();
      this.#next(false);
    });
  }

  async #take(number: number): Promise<void> {
    const { grid, channel, sourceId, decode, onChange } = this.#parts;
    const slice = grid.slices[number] as GridSlice;
    const { work } = slice;
    const isolated = this.#isolatedFor(this.#parts.role());
    try {
      const channels = await decode(slice, isolated);
      if (this.#isClosed) return;
      const transfer = channels.map(({ buffer }) => buffer);
      const { taken } = await channel.ask({ type: "slice", sourceId, work, channels, isolated }, transfer);
      if (this.#isClosed) return;
      this.#ready.set(number, isolated);
      this.#isDoubtful ||= !taken.isConfirmed;
      this.#failures.delete(number);
      const first = levelAt(work.outputFrom, work.outputRate);
      this.#levels.set(taken.levels.subarray(0, this.#levels.length - first), first);
      this.#loudest = taken.levels.reduce((most, level) => Math.max(most, level), this.#loudest);
      this.#see();
    } catch (error) {
      console.warn(`slice ${number} of ${sourceId}: ${String(error)}`);
      this.#failures.set(number, this.#triesOf(number) + 1);
    }
    onChange();
  }

  /** Null where nothing is left to look at, or nothing of it is here. */
  #lookAround(): Promise<void> | null {
    const { grid, look, onChange } = this.#parts;
    const frameOf = (bar: number): number => ((bar + 0.5) * grid.frames) / LOUDNESS_BARS;
    const bar = this.#unseen.find((each) => this.#isHeld(sliceNumberAt(grid, frameOf(each))));
    if (bar === undefined) return null;
    this.#unseen = this.#unseen.filter((each) => each !== bar);
    const frame = frameOf(bar);
    const { run, work } = grid.slices[sliceNumberAt(grid, frame)] as GridSlice;
    const inRun = ((frame - work.outputStart) * work.sampleRate) / grid.outputRate + work.primingFrames;
    return look(run, pointAt(run, work.number, inRun))
      .catch(() => 0)
      .then((level) => {
        const [from, to] = stretchesOf(bar, this.#levels.length);
        for (let cell = from; cell < to; cell++) {
          if (Number.isNaN(this.#levels[cell])) this.#levels[cell] = level;
        }
        this.#see();
        onChange();
      });
  }

  /** Draws what is known of the song so far; what was decoded needs no look of its own. */
  #see(): void {
    if (this.#isDrawn) return;
    this.#unseen = this.#unseen.filter((bar) =>
      this.#levels.subarray(...stretchesOf(bar, this.#levels.length)).every(Number.isNaN),
    );
    this.#isDrawn = this.#unseen.length === 0;
    this.loudness = loudnessBars(this.#levels);
  }

  #wakeUp(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** The bytes of the file that a slice needs. */
export const rangesOf = (slice: GridSlice | undefined): ByteRange[] =>
  slice ? rangesOfSlice(sliceOf(slice.run, slice.work.number)) : [];
