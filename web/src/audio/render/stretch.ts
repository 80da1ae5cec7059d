// A song at another tempo, its pitch kept, as a source of frames. What it sounds like at a place depends on the song around there alone
// (stretchedInput), bit for bit, wherever reading began and however it was cut. Frames at the context's rate; runs in render.worker.ts.
//
// Work is done hop by hop by a phase vocoder that walks on; one that has to leap begins at an anchor. The latest hops are kept.

import {
  STRETCH_ANCHOR_HOPS,
  STRETCH_HOP_FRAMES,
  STRETCH_RATE_HZ,
} from "../../protocol/constants/audio.gen.ts";
import type { FrameSpan } from "../decode/sound.ts";
import { ConvertedSource } from "./converted-source.ts";
import type { StretchPlace } from "./lane-mix.ts";
import { Onsets } from "./onsets.ts";
import { PhaseVocoder } from "./phase-vocoder.ts";
import type { FrameSource } from "./resample.ts";
import { anchorOf, stretchedInput } from "./stretch-span.ts";

/** 5.5 s, 2 MB in stereo: segments overlap by little, and a correction goes back by less. */
const KEPT_HOPS = 256;
/** Half a minute: going back to one of them takes half the work. */
const KEPT_RESTS = 12;
/** No frame of synthesis before it has anything of the song, whatever the tempo. */
const FIRST_HOP = -8;

export class StretchedSource implements FrameSource {
  readonly #tempo: number;
  readonly #sampleRate: number;
  readonly #source: FrameSource;
  readonly #input: ConvertedSource | null;
  readonly #hops: HopSource;
  readonly #output: ConvertedSource | null;
  readonly #offsetFrames: number;
  /** Of the song, what was read or would have been. */
  #readFrom = Infinity;
  #readTo = -Infinity;

  /** Frames of output are counted from the song's beginning, so that all devices take it apart at the same places. */
  constructor(source: FrameSource, { tempo, sampleRate, offsetFrames }: StretchPlace) {
    this.#source = source;
    this.#tempo = tempo;
    this.#sampleRate = sampleRate;
    const isConverted = sampleRate !== STRETCH_RATE_HZ;
    this.#input = isConverted ? new ConvertedSource(source, sampleRate, STRETCH_RATE_HZ) : null;
    const offset = Math.round((offsetFrames * STRETCH_RATE_HZ) / sampleRate);
    this.#offsetFrames = (offset * sampleRate) / STRETCH_RATE_HZ;
    this.#hops = new HopSource(this.#input ?? source, tempo, offset);
    this.#output = isConverted ? new ConvertedSource(this.#hops, STRETCH_RATE_HZ, sampleRate) : null;
  }

  get channelCount(): number {
    return this.#source.channelCount;
  }

  read(channel: number, from: number, length: number): Float32Array {
    const { fromFrame, toFrame } = this.neededInput(from, from + length);
    this.#readFrom = Math.min(this.#readFrom, fromFrame);
    this.#readTo = Math.max(this.#readTo, toFrame);
    return (this.#output ?? this.#hops).read(channel, from, length);
  }

  /** The same sound at STRETCH_RATE_HZ, as the headless peer has it. */
  get at48kHz(): FrameSource {
    return this.#hops;
  }

  /** What of the song has to be there before these frames are read. */
  neededInput(fromFrame: number, toFrame: number): FrameSpan {
    const input = stretchedInput(this.#tempo, this.#sampleRate, fromFrame, toFrame);
    return {
      fromFrame: Math.floor(input.fromFrame + this.#offsetFrames),
      toFrame: Math.ceil(input.toFrame + this.#offsetFrames),
    };
  }

  /** These frames of the song are other ones now. Nothing happens where none of them was read. */
  changed(fromFrame: number, toFrame: number): void {
    if (fromFrame >= this.#readTo || toFrame <= this.#readFrom) return;
    [this.#readFrom, this.#readTo] = [Infinity, -Infinity];
    this.#input?.clear();
    this.#hops.clear();
    this.#output?.clear();
  }
}

/** At STRETCH_RATE_HZ. */
class HopSource implements FrameSource {
  readonly #source: FrameSource;
  readonly #tempo: number;
  readonly #onsets: Onsets;
  #vocoder: PhaseVocoder | null = null;
  /** The first frame whose rotations do not depend on where the walk began. */
  #trueFrom = 0;
  /** The first frame of those that are added up without a gap; null while none is. */
  #addedFrom: number | null = null;
  readonly #kept = new Map<number, Float32Array[]>();
  readonly #rests = new Map<number, Float64Array>();
  #channelCount = 0;

  constructor(source: FrameSource, tempo: number, offset: number) {
    this.#source = offset === 0 ? source : movedBy(source, offset);
    this.#tempo = tempo;
    this.#onsets = new Onsets(this.#source);
  }

  get channelCount(): number {
    return this.#source.channelCount;
  }

  read(channel: number, from: number, length: number): Float32Array {
    if (this.#channelCount !== this.channelCount) this.clear();
    const frames = new Float32Array(length);
    for (let at = from; at < from + length; ) {
      const hop = Math.floor(at / STRETCH_HOP_FRAMES);
      const begin = hop * STRETCH_HOP_FRAMES;
      const end = Math.min(from + length, begin + STRETCH_HOP_FRAMES);
      const made = this.#hopAt(hop)[channel];
      if (made) frames.set(made.subarray(at - begin, end - begin), at - from);
      at = end;
    }
    return frames;
  }

  clear(): void {
    this.#channelCount = this.channelCount;
    this.#vocoder = null;
    this.#kept.clear();
    this.#rests.clear();
    this.#onsets.clear();
  }

  #hopAt(hop: number): readonly Float32Array[] {
    if (hop <= FIRST_HOP + 1 || this.#channelCount === 0) return [];
    const kept = this.#kept.get(hop);
    if (kept) return kept;
    const vocoder = this.#vocoderFor(hop);
    for (;;) {
      this.#advance(vocoder, hop - 1);
      const made = this.#kept.get(hop);
      if (made) return made;
    }
  }

  /** One whose next frame is no later than the last that the hop is made of, and no earlier than makes sense. */
  #vocoderFor(hop: number): PhaseVocoder {
    const first = hop - 1;
    const begin = Math.max(FIRST_HOP, anchorOf(first) * STRETCH_ANCHOR_HOPS);
    const vocoder = this.#vocoder;
    if (vocoder) {
      const isNear = first - vocoder.hop <= STRETCH_ANCHOR_HOPS;
      const isAdding = this.#addedFrom !== null && this.#addedFrom <= first && vocoder.hop <= hop + 1;
      if (isAdding ? isNear : isNear && vocoder.hop < first) return vocoder;
    }
    const made = vocoder ?? new PhaseVocoder(this.#source, this.#onsets, this.#tempo);
    const rest = this.#rests.get(begin) ?? null;
    const before = Math.max(FIRST_HOP, begin - STRETCH_ANCHOR_HOPS);
    made.begin(rest ? begin : before, rest);
    this.#trueFrom = begin;
    this.#addedFrom = null;
    this.#vocoder = made;
    if (made.hop === begin && first <= begin) this.#add(made);
    return made;
  }

  /** `first`: the first frame that is needed. */
  #advance(vocoder: PhaseVocoder, first: number): void {
    vocoder.advance();
    const { hop } = vocoder;
    if (hop % STRETCH_ANCHOR_HOPS === 0 && hop >= this.#trueFrom)
      keep(this.#rests, hop, vocoder.rest, KEPT_RESTS);
    if (hop < Math.max(first, this.#trueFrom)) this.#addedFrom = null;
    else this.#add(vocoder);
  }

  #add(vocoder: PhaseVocoder): void {
    const { hop } = vocoder;
    if (this.#addedFrom === null) vocoder.clearSums();
    this.#addedFrom ??= hop;
    const made = vocoder.synthesize();
    if (hop - this.#addedFrom >= 3) keep(this.#kept, hop - 2, made, KEPT_HOPS);
  }
}

/** Frame 0 is frame `offset` of `source`. */
function movedBy(source: FrameSource, offset: number): FrameSource {
  return {
    get channelCount() {
      return source.channelCount;
    },
    read: (channel, from, length) => source.read(channel, from + offset, length),
  };
}

function keep<Value>(kept: Map<number, Value>, key: number, value: Value, most: number): void {
  kept.delete(key);
  kept.set(key, value);
  for (const oldest of kept.keys()) {
    if (kept.size <= most) return;
    kept.delete(oldest);
  }
}
