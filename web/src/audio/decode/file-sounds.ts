// Opens songs for the player: through a window of slices where the file has an index and this engine decodes its slices as they
// should be, whole where not. Makes the anchors of songs that are added. Seconds in the song.
//
// A song begins by the index that came with it, whoever made it: to make one, all of the file is read first. Of a file that is here
// whole one is made all the same, beside the song, once: where it is another, the song is opened anew by that.

import { type Bytes, every, FileError, realRandom, rememberOf, within } from "../../lib/index.ts";
import { ANCHOR_SEARCH_SEC } from "../../protocol/constants/audio.gen.ts";
import { type Anchor, type AnchorMatch, anchorSpans, matchStretches, type Stretch } from "../index/anchor.ts";
import { decodeIndex, encodeIndex, isSameIndex } from "../index/sound-index/index-codec.ts";
import { indexInWorker } from "../index/sound-index/index-maker.ts";
import { durationSecOf, type SoundIndex } from "../index/sound-index/sound-index.ts";
import type { ChannelName, Role } from "../role.ts";
import type { DecodedSound } from "./decode.ts";
import { RenderQuestions } from "./render-questions.ts";
import { channelsOf, decodeSlice, levelOfPoint, type SliceDecoderParts } from "./slice-decoder.ts";
import { type GridSlice, makeGrid, type SliceGrid, sliceNumberAt } from "./slice-grid.ts";
import {
  type Anchored,
  IN_TIME_SHARE,
  type MakeSounds,
  type Sound,
  type SoundFile,
  type SoundParts,
  type Sounds,
} from "./sound.ts";
import { WholeSound } from "./whole-sound.ts";
import { rangesOf, WindowedSound } from "./windowed-sound.ts";

/** Reading a file whole: it may lie on a card that is slow, or in a cloud that is not there. */
const READ_LIMIT_MS = 60_000;
/** How often it is looked whether a song that is still arriving can begin. */
const LOOK_MS = 200;
/** By then a song that was started sounds, and nothing is in a hurry any more. */
const CHECK_AFTER_MS = 10_000;
/** Between two reads of a MiB: the disc and the processor are the song's. */
const CHECK_PAUSE_MS = 25;
/** Each takes some 300 kB for three hours. */
const MAX_OWN_INDEXES = 8;
/** An anchor that lies so near where the index has it moves nothing that is heard. */
const SAME_PLACE_SEC = 1e-4;
/** Some ms of arithmetic in a Worker that may be busy with sound. */
const ANCHOR_LIMIT_MS = 20_000;

/** What of a browser decoding slices stands on. */
export interface SlicePlatform {
  readonly indexOf: typeof indexInWorker;
  readonly decode: (bytes: ArrayBuffer, sampleRate: number) => Promise<AudioBuffer>;
  /** For whole files: few need it, and they wait for more than its script. */
  readonly loadWholeDecoder: () => Promise<typeof import("./decode.ts")>;
  /** When a device has its turn among those that play the same, in [0, 1). */
  readonly turn: () => number;
}

const browserSlices: SlicePlatform = {
  indexOf: indexInWorker,
  decode: (bytes, sampleRate) => decodingContext(sampleRate).decodeAudioData(bytes),
  loadWholeDecoder: () => import("./decode.ts"),
  turn: () => realRandom.fraction(),
};

let latestContext: OfflineAudioContext | null = null;

/** Needs no tap, and no secure context; at the file's own rate nothing is resampled. One for all slices: each takes memory. */
function decodingContext(sampleRate: number): OfflineAudioContext {
  if (latestContext?.sampleRate !== sampleRate) latestContext = new OfflineAudioContext(2, 1, sampleRate);
  return latestContext;
}

export const makeSounds: MakeSounds = (parts) => new FileSounds(parts, browserSlices);

interface Indexed {
  readonly file: SoundFile;
  readonly index: SoundIndex;
  readonly grid: SliceGrid;
  /** It was made here. */
  readonly isOwn: boolean;
}

export class FileSounds implements Sounds {
  readonly #parts: SoundParts;
  readonly #platform: SlicePlatform;
  readonly #channel: RenderQuestions;
  /** By file, made here from all of it. */
  readonly #ownIndexes = new Map<string, SoundIndex>();
  #nextSource = 1;

  constructor(parts: SoundParts, platform: SlicePlatform) {
    this.#parts = parts;
    this.#platform = platform;
    this.#channel = new RenderQuestions(parts.channel);
  }

  async open(file: SoundFile, atSec: () => number, isWanted: () => boolean): Promise<Sound | null> {
    const known = await this.#knownIndex(file);
    const sound = known && (await this.#openWindow(known, atSec, isWanted));
    if (sound) {
      if (!known.isOwn) void this.#check(known, sound);
      return sound;
    }
    if (!isWanted()) return null;
    if (file.arriving) {
      file.arriving.giveUp();
      return null;
    }
    const own = known?.isOwn ? null : await this.#ownIndex(file);
    if (own && !(known && isSameIndex(own.index, known.index))) {
      const ownSound = await this.#openWindow(own, atSec, isWanted);
      if (ownSound || !isWanted()) return ownSound;
    }
    return new WholeSound(this.#sourceIdOf(file), await this.#decodeWhole(file, this.#parts.role()), {
      ...this.#parts,
      channel: this.#channel,
    });
  }

  async anchorOf(file: SoundFile, onIndex: (index: Bytes) => void): Promise<Anchored> {
    const indexed = await this.#ownIndex(file);
    const folded = indexed && (await encodeIndex(indexed.index));
    if (folded) onIndex(folded);
    const anchor = indexed && (await this.#sliceAnchor(indexed));
    if (anchor) {
      const durationSec = durationSecOf(indexed.index);
      return { durationSec, wholeSec: durationSec, anchor };
    }
    const decoded = await this.#decodeWhole(file, "all");
    const { durationSec, wholeSec } = decoded;
    const sourceId = `anchor ${this.#nextSource++}`;
    const sound = new WholeSound(sourceId, decoded, {
      ...this.#parts,
      channel: this.#channel,
      onChange: () => undefined,
    });
    try {
      return {
        durationSec,
        wholeSec,
        anchor: await this.#askAnchor(sourceId, decoded.channels[0]?.length ?? 0),
      };
    } finally {
      sound.close();
    }
  }

  /** Another opening of the same file may still be there when this one begins. */
  #sourceIdOf({ fileId }: SoundFile): string {
    return `${fileId} ${this.#nextSource++}`;
  }

  /** Null where none came, and none was made here before. */
  async #knownIndex(file: SoundFile): Promise<Indexed | null> {
    const own = this.#ownIndexes.get(file.fileId);
    const index = own ?? (file.index && (await decodeIndex(file.index, file.sizeBytes)));
    return index && this.#indexed(file, index, own !== undefined);
  }

  /** Reads all of the file, where it was not read before; null where it has no index. */
  async #ownIndex(file: SoundFile): Promise<Indexed | null> {
    const { fileId } = file;
    const index = this.#ownIndexes.get(fileId) ?? (await this.#platform.indexOf(file, this.#parts.clock));
    if (index) rememberOf(this.#ownIndexes, fileId, index, MAX_OWN_INDEXES);
    return index && this.#indexed(file, index, true);
  }

  #indexed(file: SoundFile, index: SoundIndex, isOwn: boolean): Indexed {
    return { file, index, isOwn, grid: makeGrid(index, this.#parts.context.sampleRate) };
  }

  /** Whether what sounds is the file's: after a while, or at once where slices do not fit each other, as soon as all of it is here. */
  async #check({ file, index }: Indexed, sound: WindowedSound): Promise<void> {
    const { arriving, sizeBytes } = file;
    const isWhole = () => !arriving || arriving.holds({ fromByte: 0, toByte: sizeBytes });
    for (let waitedMs = 0; waitedMs < CHECK_AFTER_MS || !isWhole(); waitedMs += LOOK_MS) {
      if (sound.isOver || (!sound.isSound && isWhole())) break;
      await this.#pause(LOOK_MS);
    }
    if (sound.isOver) return;
    const read = async (fromByte: number, toByte: number) => {
      await this.#pause(CHECK_PAUSE_MS);
      if (sound.isOver) throw new Error("it is not played any more");
      return file.read(fromByte, toByte);
    };
    const own = await this.#ownIndex({ ...file, read }).catch(() => null); // who plays the song next checks it
    if (own && !sound.isOver && !isSameIndex(own.index, index)) file.onFalseIndex();
  }

  /** Null where this engine does not decode the file's slices as they should be, and where the song is not wanted any more. */
  async #openWindow(
    indexed: Indexed,
    atSec: () => number,
    isWanted: () => boolean,
  ): Promise<WindowedSound | null> {
    const { clock, onChange, platform, role } = this.#parts;
    const channel = this.#channel;
    const engine = platform.engine();
    const durationSec = durationSecOf(indexed.index);
    const { arriving } = indexed.file;
    const sound = new WindowedSound({
      sourceId: this.#sourceIdOf(indexed.file),
      grid: indexed.grid,
      durationSec,
      channel,
      arriving,
      channels:
        indexed.index.runs.map((run) => channelsOf(run, engine)).find(({ length }) => length > 0) ?? [],
      role,
      decode: (slice, isolated) => this.#decodeSlice(indexed, slice, isolated),
      look: (run, point) => levelOfPoint(run, point, this.#decoding(indexed, null)),
      match: (anchor, isOver, isFree) => this.#match(indexed, anchor, isOver, isFree),
      onChange,
      turn: this.#platform.turn(),
    });
    const placeSec = () => Math.max(0, atSec());
    const look = () => sound.aim(placeSec() * indexed.grid.outputRate, false, [], "gentle");
    look();
    // The place moves on while the song plays elsewhere, and so does what is here of the file.
    const stopLooking = every(clock, LOOK_MS, look);
    const isInTime = () => !arriving || arriving.arrivesWithin(IN_TIME_SHARE * (durationSec - placeSec()));
    const isReady = () => sound.isSettled && (isInTime() || !sound.isSound);
    while (isWanted() && !isReady()) await sound.changed();
    stopLooking();
    if (isWanted() && sound.isSound) return sound;
    sound.close();
    return null;
  }

  #decodeSlice(indexed: Indexed, { run, work }: GridSlice, isolated: ChannelName | null) {
    return decodeSlice(run, work.number, this.#decoding(indexed, isolated));
  }

  #decoding({ file }: Indexed, isolated: ChannelName | null): SliceDecoderParts {
    const { clock, platform } = this.#parts;
    return { file, clock, engine: platform.engine(), decode: this.#platform.decode, isolated };
  }

  async #decodeWhole(file: SoundFile, role: Role): Promise<DecodedSound> {
    const { context, clock, platform } = this.#parts;
    const budgetBytes = platform.soundBudgetBytes();
    // Not even its bytes fit, so it is not read to see how long it is.
    if (file.sizeBytes > budgetBytes) throw new FileError("file-too-long", `${file.sizeBytes} bytes`);
    const { wholeFileDecoder } = await this.#platform.loadWholeDecoder();
    const decode = wholeFileDecoder({ context, budgetBytes, clock, engine: platform.engine(), role });
    return decode(await within(clock, READ_LIMIT_MS, file.readWhole()));
  }

  async #sliceAnchor(indexed: Indexed): Promise<Anchor | null> {
    const { frames, outputRate } = indexed.grid;
    const around = Math.round(ANCHOR_SEARCH_SEC * outputRate);
    const spans = anchorSpans(frames, outputRate).map(({ from, length }) => ({
      from: from - around,
      length: length + 2 * around,
    }));
    return this.#withStretches(indexed, spans, (sourceId) => this.#askAnchor(sourceId, frames));
  }

  /**
   * Before a start only the anchor's first place is looked for: where it lies as the index says, nothing will be moved, and the others, which
   * tell whether sound is missing in between, take three times as long. They are looked for later.
   */
  async #match(
    indexed: Indexed,
    anchor: Anchor,
    isOver: () => boolean,
    isFree: () => boolean,
  ): Promise<AnchorMatch | null> {
    const places = anchor.places.slice(0, 1);
    const isShort = isFree() || anchor.places.length < 2;
    const early = isShort ? null : await this.#matchPlaces(indexed, { ...anchor, places }, isOver);
    const isInPlace = early !== null && Math.abs(early.offsetSec) <= SAME_PLACE_SEC;
    while (isInPlace && !isFree() && !isOver()) await this.#pause(LOOK_MS);
    return this.#matchPlaces(indexed, anchor, isOver, isInPlace ? LOOK_MS : 0);
  }

  /** Waits for the parts of the song that it looks at, and so long before each slice of them. */
  async #matchPlaces(
    indexed: Indexed,
    anchor: Anchor,
    isOver: () => boolean,
    pauseMs = 0,
  ): Promise<AnchorMatch | null> {
    const { frames, outputRate: sampleRate } = indexed.grid;
    const stretches = matchStretches(anchor, sampleRate);
    const { arriving } = indexed.file;
    const ranges = slicesOf(indexed.grid, stretches).flatMap((number) =>
      rangesOf(indexed.grid.slices[number]),
    );
    while (arriving && !isOver() && !ranges.every(arriving.holds)) await this.#pause(LOOK_MS);
    if (isOver()) return null;
    const ask = async (sourceId: string) => {
      const question = { type: "match-anchor", sourceId, frames, sampleRate, anchor } as const;
      return (await this.#channel.ask(question)).match;
    };
    return this.#withStretches(indexed, stretches, ask, pauseMs);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#parts.clock.after(ms, resolve));
  }

  #askAnchor(sourceId: string, frames: number): Promise<Anchor> {
    const { clock, context } = this.#parts;
    const question = { type: "make-anchor", sourceId, frames, sampleRate: context.sampleRate } as const;
    return within(clock, ANCHOR_LIMIT_MS, this.#channel.ask(question)).then(({ anchor }) => anchor);
  }

  /** Decodes these stretches under a name of their own, asks, and lets go of them; null where they cannot be decoded. */
  async #withStretches<Answer>(
    indexed: Indexed,
    stretches: readonly Stretch[],
    ask: (sourceId: string) => Promise<Answer>,
    pauseMs = 0,
  ): Promise<Answer | null> {
    const channel = this.#channel;
    const sourceId = `anchor ${this.#nextSource++}`;
    try {
      for (const number of slicesOf(indexed.grid, stretches)) {
        if (pauseMs > 0) await this.#pause(pauseMs);
        const slice = indexed.grid.slices[number] as GridSlice;
        const channels = await this.#decodeSlice(indexed, slice, null);
        const transfer = channels.map(({ buffer }) => buffer);
        const question = { type: "slice", sourceId, work: slice.work, channels, isolated: null } as const;
        await channel.ask(question, transfer);
      }
      return await ask(sourceId);
    } catch (error) {
      console.warn(`no anchor from slices: ${String(error)}`);
      return null;
    } finally {
      channel.post({ type: "unload", sourceId });
    }
  }
}

/** The slices that hold these stretches, each once, in order. */
function slicesOf(grid: SliceGrid, stretches: readonly Stretch[]): number[] {
  const numbers = new Set<number>();
  for (const { from, length } of stretches) {
    for (let at = sliceNumberAt(grid, from); at <= sliceNumberAt(grid, from + length); at++) numbers.add(at);
  }
  return [...numbers].sort((a, b) => a - b);
}
