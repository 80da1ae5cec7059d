// The length of MP3 and ADTS, by counting frames from the first to the last. A Xing or VBRI header says the same sooner,
// but many files have none or a wrong one after an edit, and a walk over an hour of MP3 is 140 000 steps. Pure.

import type { SoundLength } from "./reading.ts";

interface Frame {
  readonly sizeBytes: number;
  readonly durationSec: number;
  readonly channels: number | null;
}

/** kbit/s by index: MPEG-1 layers I, II, III, then MPEG-2 layer I, and II and III together. */
const BIT_RATES = {
  v1l1: [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  v1l2: [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  v1l3: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  v2l1: [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  v2l23: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
} as const;
const MPEG1_RATES_HZ = [44_100, 48_000, 32_000];
const ADTS_RATES_HZ = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];
/** Between frames may lie a tag or damage; beyond this much of it the rest is taken to be like what was counted. */
const MAX_LOST_BYTES = 65_536;

export function framesLength(bytes: Uint8Array): SoundLength | null {
  let durationSec = 0;
  let channels: number | null = null;
  let at = 0;
  let countedTo = 0;
  let countedBytes = 0;
  while (at < bytes.length && at - countedTo <= MAX_LOST_BYTES) {
    const frame = frameAt(bytes, at);
    // After a gap two frames in a row must agree: eleven set bits are found in any picture.
    const isFirst = at !== countedTo || countedBytes === 0;
    const isFrame = frame !== null && (!isFirst || isFollowed(bytes, at + frame.sizeBytes));
    if (!isFrame) {
      at += 1;
      continue;
    }
    durationSec += frame.durationSec;
    channels = countedBytes === 0 ? frame.channels : channels;
    countedBytes += frame.sizeBytes;
    at += frame.sizeBytes;
    countedTo = at;
  }
  if (countedBytes === 0) return null;
  const restBytes = at < bytes.length ? bytes.length - countedTo : 0;
  return { durationSec: durationSec * (1 + restBytes / countedBytes), channels };
}

/** So many frames of one kind in a row are no accident; where one is expected anyway, two are none. */
const PROOF_FRAMES = 3;
const EXPECTED_FRAMES = 2;

/** Where frames of one kind begin to follow each other, looked for up to `to`; null where they do not. */
export function firstFrames(bytes: Uint8Array, from: number, to: number): number | null {
  for (let at = bytes.indexOf(0xff, from); at >= 0 && at < to; at = bytes.indexOf(0xff, at + 1)) {
    const wanted = at === from ? EXPECTED_FRAMES : PROOF_FRAMES;
    let next = at;
    let found = 0;
    while (found < wanted && isSameKind(bytes, at, next)) {
      const frame = frameAt(bytes, next);
      if (!frame) break;
      next += frame.sizeBytes;
      found += 1;
    }
    if (found === wanted || (found > 1 && next === bytes.length)) return at;
  }
  return null;
}

/** Same version, layer and rate. */
const isSameKind = (bytes: Uint8Array, at: number, next: number): boolean =>
  ((bytes[at + 1] ?? 0) & 0xfe) === ((bytes[next + 1] ?? 0) & 0xfe) &&
  ((bytes[at + 2] ?? 0) & 0x0c) === ((bytes[next + 2] ?? 0) & 0x0c);

/** What the header of a frame says of its kind; null where there is no frame. */
export function frameKindAt(bytes: Uint8Array, at: number): "MP3" | "MP2" | "MP1" | "AAC" | null {
  if (frameAt(bytes, at) === null) return null;
  const layer = ((bytes[at + 1] ?? 0) >> 1) & 3;
  return (["AAC", "MP3", "MP2", "MP1"] as const)[layer] ?? null;
}

const isFollowed = (bytes: Uint8Array, at: number): boolean =>
  at >= bytes.length || frameAt(bytes, at) !== null;

function frameAt(bytes: Uint8Array, at: number): Frame | null {
  const second = bytes[at + 1] ?? 0;
  if (bytes[at] !== 0xff || (second & 0xe0) !== 0xe0) return null;
  const isAdts = (second & 0xf6) === 0xf0;
  return isAdts ? adtsFrameAt(bytes, at) : mpegFrameAt(bytes, at);
}

function mpegFrameAt(bytes: Uint8Array, at: number): Frame | null {
  const [second = 0, third = 0, fourth = 0] = bytes.subarray(at + 1, at + 4);
  const version = (second >> 3) & 3; // 3 = MPEG-1, 2 = MPEG-2, 0 = MPEG-2.5
  const layer = 4 - ((second >> 1) & 3); // 4 = reserved
  const fullRateHz = MPEG1_RATES_HZ[(third >> 2) & 3];
  if (version === 1 || layer === 4 || fullRateHz === undefined) return null;
  const isVersion1 = version === 3;
  const rateHz = fullRateHz / (isVersion1 ? 1 : version === 2 ? 2 : 4);
  const bitRateBps = 1_000 * (bitRatesOf(isVersion1, layer)[third >> 4] ?? 0);
  if (bitRateBps === 0) return null; // free format: no size, and nobody's player takes it
  const samples = layer === 1 ? 384 : layer === 3 && !isVersion1 ? 576 : 1_152;
  const padding = (third >> 1) & 1;
  const sizeBytes =
    layer === 1
      ? 4 * (Math.floor((12 * bitRateBps) / rateHz) + padding)
      : Math.floor(((samples / 8) * bitRateBps) / rateHz) + padding;
  return { sizeBytes, durationSec: samples / rateHz, channels: fourth >> 6 === 3 ? 1 : 2 };
}

function bitRatesOf(isVersion1: boolean, layer: number): readonly number[] {
  if (!isVersion1) return layer === 1 ? BIT_RATES.v2l1 : BIT_RATES.v2l23;
  return layer === 1 ? BIT_RATES.v1l1 : layer === 2 ? BIT_RATES.v1l2 : BIT_RATES.v1l3;
}

/** Rate and frame are the core's: with SBR twice the samples at twice the rate, so the same time. */
function adtsFrameAt(bytes: Uint8Array, at: number): Frame | null {
  if (at + 7 > bytes.length) return null;
  const [third = 0, fourth = 0, fifth = 0, sixth = 0, seventh = 0] = bytes.subarray(at + 2, at + 7);
  const rateHz = ADTS_RATES_HZ[(third >> 2) & 15];
  const sizeBytes = ((fourth & 3) << 11) | (fifth << 3) | (sixth >> 5);
  if (rateHz === undefined || sizeBytes < 7) return null;
  return { sizeBytes, durationSec: (1_024 * ((seventh & 3) + 1)) / rateHz, channels: null };
}
