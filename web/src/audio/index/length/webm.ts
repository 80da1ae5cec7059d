// The length of WebM and Matroska: the Duration of the segment's Info; where a recorder left none, the time of its last
// cluster, which is short by that cluster alone. Pure.

import { type SoundLength, viewOf } from "./reading.ts";

const SEGMENT = 0x18538067;
const INFO = 0x1549a966;
const CLUSTER = 0x1f43b675;
const [TRACKS, TRACK, AUDIO, CHANNELS] = [0x1654ae6b, 0xae, 0xe1, 0x9f];
const TIMECODE_SCALE = 0x2ad7b1;
const DURATION = 0x4489;
const CLUSTER_TIME = 0xe7;
const DEFAULT_SCALE_NS = 1_000_000;
const NS_PER_SEC = 1e9;
/** Far more than stand in front of the first cluster; whoever repeats the smallest one costs no more than that. */
const MAX_ELEMENTS = 10_000;

interface Element {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

export function webmLength(bytes: Uint8Array): SoundLength | null {
  const segment = elementsIn(bytes, 0, bytes.length).find((element) => element.id === SEGMENT);
  if (!segment) return null;
  const parts = elementsIn(bytes, segment.start, segment.end, CLUSTER);
  const info = parts.find((element) => element.id === INFO);
  const values = info ? elementsIn(bytes, info.start, info.end) : [];
  const scale = values.find((element) => element.id === TIMECODE_SCALE);
  const duration = values.find((element) => element.id === DURATION);
  const ticks = duration ? float(bytes, duration) : lastClusterTime(bytes);
  const scaleNs = scale ? unsigned(bytes, scale) : DEFAULT_SCALE_NS;
  return ticks === null
    ? null
    : { durationSec: (ticks * scaleNs) / NS_PER_SEC, channels: channelsIn(bytes, parts), isRough: true };
}

/** Of the first sound track that tells them. */
function channelsIn(bytes: Uint8Array, parts: readonly Element[]): number | null {
  const inside = (around: readonly Element[], id: number): Element[] =>
    around.filter((element) => element.id === id).flatMap(({ start, end }) => elementsIn(bytes, start, end));
  const audio = inside(inside(inside(parts, TRACKS), TRACK), AUDIO);
  const channels = audio.find((element) => element.id === CHANNELS);
  return channels ? unsigned(bytes, channels) || null : null; // 0: cut off
}

function elementsIn(bytes: Uint8Array, from: number, to: number, untilId?: number): Element[] {
  return [...walk(bytes, from, to, untilId)];
}

/** Elements that follow each other; clusters come last and are many, so the walk stops at `untilId`. */
function* walk(bytes: Uint8Array, from: number, to: number, untilId?: number): Generator<Element> {
  let count = 0;
  for (let at = from; at < to && count < MAX_ELEMENTS; count++) {
    const id = numberAt(bytes, at, true);
    const size = id && numberAt(bytes, at + id.sizeBytes, false);
    if (!id || !size || id.value === untilId) break;
    const start = at + id.sizeBytes + size.sizeBytes;
    const isUnknown = size.value === 2 ** (7 * size.sizeBytes) - 1; // all ones: to the end
    at = isUnknown ? to : Math.min(to, start + size.value);
    yield { id: id.value, start, end: at };
  }
}

/** A number whose first byte says by its leading zeros how long it is; ids keep that marker, sizes lose it. */
function numberAt(bytes: Uint8Array, at: number, isId: boolean): { value: number; sizeBytes: number } | null {
  const first = bytes[at] ?? 0;
  const sizeBytes = Math.clz32(first) - 23;
  if (first === 0 || at + sizeBytes > bytes.length) return null;
  let value = isId ? first : first & (0xff >> sizeBytes);
  for (const byte of bytes.subarray(at + 1, at + sizeBytes)) value = value * 256 + byte;
  return { value, sizeBytes };
}

function unsigned(bytes: Uint8Array, { start, end }: Element): number {
  return bytes.subarray(start, end).reduce((value, byte) => value * 256 + byte, 0);
}

function float(bytes: Uint8Array, { start, end }: Element): number | null {
  const view = viewOf(bytes);
  if (end - start === 4) return view.getFloat32(start);
  return end - start === 8 ? view.getFloat64(start) : null;
}

/** Searched from behind, because clusters of a recording do not say how long they are. */
function lastClusterTime(bytes: Uint8Array): number | null {
  const view = viewOf(bytes);
  for (let at = bytes.length - 4; at > 0; at--) {
    if (bytes[at] !== 0x1f || view.getUint32(at) !== CLUSTER) continue;
    const size = numberAt(bytes, at + 4, false);
    // The first of it alone: who walked on to the file's end from each cluster would take the square of their number.
    const time = size && walk(bytes, at + 4 + size.sizeBytes, bytes.length).next().value;
    if (time?.id === CLUSTER_TIME) return unsigned(bytes, time);
  }
  return null;
}
