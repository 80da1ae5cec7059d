// FLAC's own structures (RFC 9639): STREAMINFO, the headers of its frames, and their checksums. Pure; offsets count from the
// start of the bytes that are given.

export const STREAM_INFO_BYTES = 34;

export interface StreamInfo {
  readonly sampleRate: number;
  readonly channels: number;
  readonly bits: number;
}

/** Twenty bits of rate, three of channels, five of depth, thirty-six of frames, which a pipe leaves at zero. */
export function streamInfoAt(view: DataView, at: number): StreamInfo {
  const packed = view.getUint32(at + 10);
  return {
    sampleRate: packed >>> 12,
    channels: ((packed >>> 9) & 7) + 1,
    bits: ((packed >>> 4) & 31) + 1,
  };
}

export interface FlacFrame {
  /** Of the frame, or of its first sample frame where blocks vary. */
  readonly number: number;
  readonly isVariable: boolean;
  /** Sample frames. */
  readonly frames: number;
  readonly headerBytes: number;
}

export const MAX_HEADER_BYTES = 16;
const RATES_HZ = [0, 88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];
const BITS = [0, 8, 12, null, 16, 20, 24, 32];
const SMALL_BLOCK_FRAMES = 192;
/** Left and side, side and right, middle and side. */
const [FIRST_STEREO, LAST_STEREO] = [8, 10];

/** Null where no frame of this stream begins. `MAX_HEADER_BYTES` have to be there, or the file's last ones. */
export function flacFrameAt(bytes: Uint8Array, at: number, info: StreamInfo): FlacFrame | null {
  const second = bytes[at + 1] ?? 0;
  if (bytes[at] !== 0xff || (second & 0xfe) !== 0xf8) return null;
  const [third = 0, fourth = 0xff] = [bytes[at + 2], bytes[at + 3]];
  const assignment = fourth >> 4;
  const channels = assignment < FIRST_STEREO ? assignment + 1 : assignment <= LAST_STEREO ? 2 : 0;
  const bits = BITS[(fourth >> 1) & 7];
  if (channels !== info.channels || (bits !== 0 && bits !== info.bits) || (fourth & 1) !== 0) return null;
  const coded = codedNumberAt(bytes, at + 4);
  if (!coded) return null;
  let next = at + 4 + coded.sizeBytes;
  const byte = (): number => bytes[next++] ?? 0;
  const frames = blockFrames(third >> 4, byte);
  const sampleRate = rateOf(third & 15, byte);
  if (frames === 0 || sampleRate === null || (sampleRate !== 0 && sampleRate !== info.sampleRate))
    return null;
  if (next >= bytes.length || crc8(bytes, at, next) !== bytes[next]) return null;
  return { number: coded.value, isVariable: (second & 1) !== 0, frames, headerBytes: next + 1 - at };
}

function blockFrames(code: number, byte: () => number): number {
  if (code === 0) return 0; // reserved
  if (code === 1) return SMALL_BLOCK_FRAMES;
  if (code < 6) return 576 << (code - 2);
  if (code === 6) return byte() + 1;
  return code === 7 ? byte() * 256 + byte() + 1 : 256 << (code - 8);
}

/** 0 where STREAMINFO tells it; null where nothing can. */
function rateOf(code: number, byte: () => number): number | null {
  if (code < 12) return RATES_HZ[code] as number;
  if (code === 12) return byte() * 1_000;
  if (code === 15) return null;
  return (byte() * 256 + byte()) * (code === 14 ? 10 : 1);
}

/** As UTF-8 codes a character, but up to 36 bits. */
function codedNumberAt(bytes: Uint8Array, at: number): { value: number; sizeBytes: number } | null {
  const first = bytes[at] ?? 0xff;
  if (first < 0x80) return { value: first, sizeBytes: 1 };
  const ones = Math.clz32(~(first << 24));
  if (ones < 2 || ones > 7) return null;
  let value = first & (0x7f >> ones);
  for (let index = 1; index < ones; index++) {
    const byte = bytes[at + index] ?? 0;
    if ((byte & 0xc0) !== 0x80) return null;
    value = value * 64 + (byte & 0x3f);
  }
  return { value, sizeBytes: ones };
}

function crcTable(polynomial: number, bits: number): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let value = byte << (bits - 8);
    for (let bit = 0; bit < 8; bit++) {
      value = value & (1 << (bits - 1)) ? (value << 1) ^ polynomial : value << 1;
    }
    return value & (2 ** bits - 1);
  });
}

const CRC8 = crcTable(0x07, 8);
const CRC16 = crcTable(0x8005, 16);

function crc8(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0;
  for (let at = from; at < to; at++) crc = CRC8[crc ^ (bytes[at] as number)] as number;
  return crc;
}

/** A frame's footer makes the checksum over all of it zero. One past the last byte where it is; null where it never is. */
export function lastZeroOfCrc16(bytes: Uint8Array): number | null {
  let crc = 0;
  let end: number | null = null;
  for (let at = 0; at < bytes.length; at++) {
    crc = ((crc << 8) & 0xffff) ^ (CRC16[(crc >> 8) ^ (bytes[at] as number)] as number);
    if (crc === 0) end = at + 1;
  }
  return end;
}
