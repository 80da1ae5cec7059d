// What an MP4's description of its sound (stsd) says of AAC: only AAC-LC at its own rate can go into ADTS as it is. Pure.

import type { Bytes } from "../../../lib/index.ts";
import { boxesIn } from "../length/mp4.ts";
import { type Chunk, viewOf } from "../length/reading.ts";

export interface AacConfig {
  readonly sampleRate: number;
  readonly channels: number;
  /** AudioSpecificConfig. */
  readonly config: Bytes;
}

/** QuickTime's versions have more fields before the boxes within. */
const BOXES_AT = [28, 44, 64];
const VERSION_AT = 8;

/** Null for all that is no AAC-LC. */
export function aacConfigOf(moov: Bytes, stsd: Chunk | null): AacConfig | null {
  const view = viewOf(moov);
  if (!stsd || view.getUint32(stsd.start + 4) !== 1) return null;
  const [entry] = boxesIn(moov, stsd.start + 8, stsd.end);
  const boxesAt = entry && BOXES_AT[view.getUint16(entry.start + VERSION_AT)];
  if (entry?.name !== "mp4a" || boxesAt === undefined) return null;
  const boxes = boxesIn(moov, entry.start + boxesAt, entry.end);
  const wave = boxes.find((box) => box.name === "wave");
  const inner = wave ? boxesIn(moov, wave.start, wave.end) : [];
  const esds = [...boxes, ...inner].find((box) => box.name === "esds");
  const config = esds && configIn(moov, esds);
  return config ? lowComplexity(config) : null;
}

const [STREAM_TAG, DECODER_TAG, CONFIG_TAG] = [3, 4, 5];
/** MPEG-4 audio, and MPEG-2's AAC-LC. */
const AAC_TYPES = [0x40, 0x67];
const DECODER_BYTES = 13;
const MAX_CONFIG_BYTES = 64;

/** Descriptors within each other: of the stream, of its decoder, and what the decoder has to know. */
function configIn(moov: Bytes, esds: Chunk): Bytes | null {
  const stream = descriptorAt(moov, esds.start + 4, esds.end, STREAM_TAG);
  if (!stream) return null;
  const flags = moov[stream.start + 2] ?? 0;
  let at = stream.start + 3 + (flags & 0x80 ? 2 : 0);
  if (flags & 0x40) at += 1 + (moov[at] ?? 0);
  if (flags & 0x20) at += 2;
  const decoder = descriptorAt(moov, at, stream.end, DECODER_TAG);
  if (!decoder || !AAC_TYPES.includes(moov[decoder.start] ?? 0)) return null;
  const config = descriptorAt(moov, decoder.start + DECODER_BYTES, decoder.end, CONFIG_TAG);
  const sizeBytes = config ? config.end - config.start : 0;
  return config && sizeBytes >= 2 && sizeBytes <= MAX_CONFIG_BYTES
    ? moov.slice(config.start, config.end)
    : null;
}

/** A tag, and a size in as many as four bytes of seven bits. */
function descriptorAt(bytes: Bytes, from: number, end: number, tag: number) {
  if (bytes[from] !== tag) return null;
  let size = 0;
  for (let at = from + 1; at < Math.min(end, from + 5); at++) {
    const byte = bytes[at] ?? 0;
    size = (size << 7) | (byte & 0x7f);
    if (byte < 0x80) return at + 1 + size <= end ? { start: at + 1, end: at + 1 + size } : null;
  }
  return null;
}

const RATES_HZ = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
];
const LOW_COMPLEXITY = 2;
const SPECTRAL_BAND_REPLICATION = 5;
const EXTENSION_MARK = 0x2b7;
/** At these a decoder looks for the upper half of the spectrum (HE-AAC) whether or not it was announced. */
const MAX_DOUBLED_RATE_HZ = 24_000;

/** ISO 14496-3, 1.6.2.1: the object type, the rate, the channels, three flags, and perhaps an extension. */
function lowComplexity(config: Bytes): AacConfig | null {
  const bits = (from: number, count: number): number => {
    let value = 0;
    for (let at = from; at < from + count; at++) {
      value = value * 2 + (((config[at >> 3] ?? 0) >> (7 - (at & 7))) & 1);
    }
    return value;
  };
  const sampleRate = RATES_HZ[bits(5, 4)];
  const channels = bits(9, 4);
  const hasFlags = bits(13, 3) !== 0; // 960 frames a packet, a core coder, an extension
  if (bits(0, 5) !== LOW_COMPLEXITY || sampleRate === undefined || hasFlags) return null;
  if (sampleRate <= MAX_DOUBLED_RATE_HZ || channels === 0 || channels > 7) return null;
  // FFmpeg writes the extension too, to say that there is none.
  const isExtended = bits(16, 11) === EXTENSION_MARK;
  if (isExtended && (bits(27, 5) !== SPECTRAL_BAND_REPLICATION || bits(32, 1) === 1)) return null;
  return { sampleRate, channels: channels === 7 ? 8 : channels, config };
}
