// The sound of a WebM or Matroska as its Tracks element describes it, and the packets in its blocks. Pure.

import type { Bytes } from "../../../lib/index.ts";
import { isAt, viewOf } from "../length/reading.ts";
import { type CountFrames, OPUS_RATE_HZ, opusFrames, vorbisFrames } from "./packet-frames.ts";
import { type Element, elementsIn, ID, numberAt, unsigned } from "./webm-elements.ts";

export interface WebmTrack {
  readonly number: number;
  readonly sampleRate: number;
  readonly channels: number;
  readonly primingFrames: number;
  /** For this file alone. */
  readonly count: CountFrames;
}

const SOUND = 2;
const NS_PER_SEC = 1e9;

/** The first track of sound; null where it is of another codec than Opus and Vorbis, or packed once more. */
export function soundTrackIn(bytes: Bytes, { start, end }: Element): WebmTrack | null {
  for (const track of elementsIn(bytes, start, end)) {
    if (track.id !== ID.TRACK) continue;
    const fields = elementsIn(bytes, track.start, track.end);
    const field = (id: number): Element | undefined => fields.find((element) => element.id === id);
    const number = (id: number): number => unsigned(bytes, field(id) ?? { id, start: 0, end: 0 });
    if (number(ID.TRACK_TYPE) !== SOUND) continue;
    const [codec, secret, audio] = [field(ID.CODEC), field(ID.CODEC_PRIVATE), field(ID.AUDIO)];
    if (!codec || !secret || field(ID.ENCODINGS)) return null;
    const config = bytes.slice(secret.start, secret.end);
    const known = isAt(bytes, codec.start, "A_OPUS")
      ? opusTrack(config)
      : isAt(bytes, codec.start, "A_VORBIS") && vorbisTrack(config);
    if (!known) return null;
    const stated = audio && elementsIn(bytes, audio.start, audio.end).find(({ id }) => id === ID.CHANNELS);
    const delay = field(ID.CODEC_DELAY);
    return {
      number: number(ID.TRACK_NUMBER),
      channels: stated ? unsigned(bytes, stated) : known.channels,
      sampleRate: known.sampleRate,
      count: known.count,
      primingFrames: delay
        ? Math.round((unsigned(bytes, delay) * known.sampleRate) / NS_PER_SEC)
        : known.preSkipFrames,
    };
  }
  return null;
}

const OPUS_HEAD_BYTES = 19;

function opusTrack(head: Bytes) {
  if (head.length < OPUS_HEAD_BYTES || !isAt(head, 0, "OpusHead")) return null;
  const preSkipFrames = viewOf(head).getUint16(10, true);
  return { sampleRate: OPUS_RATE_HZ, channels: head[9] ?? 0, preSkipFrames, count: opusFrames };
}

const VORBIS_HEAD_BYTES = 30;

/** Three headers: their number less one, the sizes of two of them, and all three. */
function vorbisTrack(config: Bytes) {
  const sizes = config[0] === 2 ? xiphSizes(config, 1, config.length, 2) : null;
  if (!sizes) return null;
  const [first = 0, comment = 0] = sizes.sizes;
  const head = config.subarray(sizes.end, sizes.end + first);
  if (head.length < VORBIS_HEAD_BYTES || !isAt(head, 0, "\x01vorbis")) return null;
  const count = vorbisFrames(head, config.subarray(sizes.end + first + comment));
  const sampleRate = viewOf(head).getUint32(12, true);
  return count && { sampleRate, channels: head[11] ?? 0, preSkipFrames: 0, count };
}

const [LACING_NONE, LACING_XIPH, LACING_FIXED] = [0, 1, 2];

/** A block, and the sizes of the packets in it, which follow each other from `start` on. */
export interface Block {
  readonly track: number;
  /** Of the cluster's time, in its ticks. */
  readonly ticks: number;
  readonly start: number;
  readonly packetSizes: readonly number[];
}

/** Null where the sizes do not fit into the block. */
export function blockAt(bytes: Bytes, from: number, to: number): Block | null {
  const track = numberAt(bytes, from, false);
  const head = from + (track?.sizeBytes ?? 0);
  if (!track || head + 3 > to) return null;
  const ticks = viewOf(bytes).getInt16(head);
  const lacing = ((bytes[head + 2] ?? 0) >> 1) & 3;
  if (lacing === LACING_NONE) {
    return { track: track.value, ticks, start: head + 3, packetSizes: [to - head - 3] };
  }
  if (head + 4 > to) return null;
  const others = bytes[head + 3] ?? 0; // packets before the last
  const laced =
    lacing === LACING_XIPH
      ? xiphSizes(bytes, head + 4, to, others)
      : lacing === LACING_FIXED
        ? { sizes: new Array<number>(others).fill((to - head - 4) / (others + 1)), end: head + 4 }
        : ebmlSizes(bytes, head + 4, to, others);
  if (!laced) return null;
  const last = laced.sizes.reduce((rest, size) => rest - size, to - laced.end);
  if (last < 0 || !laced.sizes.every((size) => size >= 0 && Number.isInteger(size))) return null;
  return { track: track.value, ticks, start: laced.end, packetSizes: [...laced.sizes, last] };
}

/** Each size as a sum of bytes, of which the last is not 255. */
function xiphSizes(bytes: Bytes, from: number, to: number, count: number) {
  const sizes: number[] = [];
  let at = from;
  while (sizes.length < count) {
    let size = 0;
    while (at < to && bytes[at] === 255) {
      size += 255;
      at += 1;
    }
    if (at >= to) return null;
    sizes.push(size + (bytes[at] ?? 0));
    at += 1;
  }
  return { sizes, end: at };
}

/** The first size as a number, the others as what they have more than the one before, moved so that it may be less. */
function ebmlSizes(bytes: Bytes, from: number, to: number, count: number) {
  const sizes: number[] = [];
  let at = from;
  while (sizes.length < count) {
    const number = numberAt(bytes, at, false);
    if (!number || at + number.sizeBytes > to) return null;
    const before = sizes.at(-1);
    const middle = 2 ** (7 * number.sizeBytes - 1) - 1;
    sizes.push(before === undefined ? number.value : before + number.value - middle);
    at += number.sizeBytes;
  }
  return { sizes, end: at };
}
