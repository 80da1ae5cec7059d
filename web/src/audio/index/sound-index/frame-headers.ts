// The headers of frames that follow each other without a container: MP3 (layer III of MPEG-1, -2 and -2.5) and AAC in ADTS.
// Pure; offsets count from the start of the bytes that are given, beyond whose end there is no frame.

export interface FrameHeader {
  readonly sizeBytes: number;
  /** Sample frames that a decoder makes of it. */
  readonly frames: number;
  readonly sampleRate: number;
  readonly channels: number;
  /** Version, layer, profile and rate in one number: what stays the same in a stream. */
  readonly kind: number;
}

/** Null where no frame begins. */
export type ReadHeader = (bytes: Uint8Array, at: number) => FrameHeader | null;

const HEADER_BYTES = 4;

/** kbit/s by index: MPEG-1, and MPEG-2 and -2.5 together. Index 0 is the free format, 15 is forbidden. */
const BIT_RATES = [
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
] as const;
const MPEG1_RATES_HZ = [44_100, 48_000, 32_000];

/** `freeBytes`: the size of a frame in free format without its padding, where the stream is in it. */
export function mp3HeaderAt(bytes: Uint8Array, at: number, freeBytes = 0): FrameHeader | null {
  const second = bytes[at + 1] ?? 0;
  // Eleven set bits, and layer III.
  if (bytes[at] !== 0xff || (second & 0xe6) !== 0xe2 || at + HEADER_BYTES > bytes.length) return null;
  const third = bytes[at + 2] as number;
  const version = (second >> 3) & 3; // 3 = MPEG-1, 2 = MPEG-2, 0 = MPEG-2.5
  const fullRateHz = MPEG1_RATES_HZ[(third >> 2) & 3];
  if (version === 1 || fullRateHz === undefined) return null;
  const isMpeg1 = version === 3;
  const sampleRate = isMpeg1 ? fullRateHz : fullRateHz / (version === 2 ? 2 : 4);
  const frames = isMpeg1 ? 1_152 : 576;
  const bitRateKbps = BIT_RATES[isMpeg1 ? 0 : 1][third >> 4];
  if (bitRateKbps === undefined || (bitRateKbps === 0 && freeBytes === 0)) return null;
  const unpaddedBytes = bitRateKbps === 0 ? freeBytes : Math.floor((frames * 125 * bitRateKbps) / sampleRate);
  return {
    sizeBytes: unpaddedBytes + ((third >> 1) & 1),
    frames,
    sampleRate,
    channels: (bytes[at + 3] as number) >> 6 === 3 ? 1 : 2,
    kind: ((second & 0x18) << 4) | (third & 0x0c),
  };
}

/** Smaller has no room for what stands before the sound, larger is no frame at the highest rate that LAME writes. */
const [MIN_FREE_BYTES, MAX_FREE_BYTES] = [40, 8_192];

/**
 * The size of a frame in free format at `at`, without its padding, from where the next two stand; 0 where there are none, or
 * where the frame tells its rate.
 */
export function freeBytesAt(bytes: Uint8Array, at: number): number {
  const third = bytes[at + 2] ?? 0xff;
  if (third >> 4 !== 0 || mp3HeaderAt(bytes, at, MIN_FREE_BYTES) === null) return 0;
  const isLike = (next: number): boolean =>
    bytes[next] === 0xff &&
    bytes[next + 1] === bytes[at + 1] &&
    ((bytes[next + 2] ?? 0xff) & 0xfc) === (third & 0xfc);
  const paddingAt = (next: number): number => ((bytes[next + 2] as number) >> 1) & 1;
  for (let sizeBytes = MIN_FREE_BYTES; sizeBytes <= MAX_FREE_BYTES; sizeBytes++) {
    const next = at + sizeBytes + paddingAt(at);
    if (isLike(next) && isLike(next + sizeBytes + paddingAt(next))) return sizeBytes;
  }
  return 0;
}

const ADTS_HEADER_BYTES = 7;
const ADTS_RATES_HZ = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];
/** By the configuration's number; 0 stands for one that is told among the sound. */
const ADTS_CHANNELS = [0, 1, 2, 3, 4, 5, 6, 8] as const;
const FRAMES_PER_BLOCK = 1_024;

/** ISO 13818-7. Rate and frames are the core's. */
export function adtsHeaderAt(bytes: Uint8Array, at: number): FrameHeader | null {
  if (bytes[at] !== 0xff || ((bytes[at + 1] ?? 0) & 0xf6) !== 0xf0) return null;
  if (at + ADTS_HEADER_BYTES > bytes.length) return null;
  const third = bytes[at + 2] as number;
  const fourth = bytes[at + 3] as number;
  const sampleRate = ADTS_RATES_HZ[(third >> 2) & 15];
  const sizeBytes =
    ((fourth & 3) << 11) | ((bytes[at + 4] as number) << 3) | ((bytes[at + 5] as number) >> 5);
  if (sampleRate === undefined || sizeBytes <= ADTS_HEADER_BYTES) return null;
  return {
    sizeBytes,
    frames: FRAMES_PER_BLOCK * (((bytes[at + 6] as number) & 3) + 1),
    sampleRate,
    channels: ADTS_CHANNELS[((third & 1) << 2) | (fourth >> 6)] as number,
    kind: third & 0xfc,
  };
}

/** Whether from `at` on `wanted` frames of one kind follow each other, or one less and then comes `end`. */
export function isRowOfFrames(
  bytes: Uint8Array,
  at: number,
  end: number,
  headerAt: ReadHeader,
  wanted: number,
): boolean {
  const first = headerAt(bytes, at);
  if (!first) return false;
  let next = at + first.sizeBytes;
  for (let found = 1; found < wanted; found++) {
    if (next + HEADER_BYTES > end) return found === wanted - 1;
    const header = headerAt(bytes, next);
    if (header?.kind !== first.kind || header.channels !== first.channels) return false;
    next += header.sizeBytes;
  }
  return true;
}
