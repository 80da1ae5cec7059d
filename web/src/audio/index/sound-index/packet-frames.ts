// How many sample frames a packet adds to the sound, by its first bytes: Opus, Vorbis and FLAC. Decoders go by the packets,
// so these counts hold where the times that a container states are rounded or missing. Pure.

/**
 * Told every packet of a stream in turn; null for bytes that are no packet of its codec. The first 16 bytes are enough.
 * An empty packet, as FFmpeg writes at the end of FLAC, adds nothing.
 */
export type CountFrames = (bytes: Uint8Array, at: number, sizeBytes: number) => number | null;

export const OPUS_RATE_HZ = 48_000;
const MAX_OPUS_FRAMES = 5_760;
const [SILK_FRAMES, HYBRID_FRAMES, CELT_FRAMES] = [
  [480, 960, 1_920, 2_880],
  [480, 960],
  [120, 240, 480, 960],
];

/** RFC 6716, section 3.1: sixteen modes of SILK and hybrid, sixteen of CELT; then one, two or a stated number of frames. */
export const opusFrames: CountFrames = (bytes, at, sizeBytes) => {
  if (sizeBytes === 0) return 0;
  const head = bytes[at] ?? 0;
  const config = head >> 3;
  const sizes = config < 12 ? SILK_FRAMES : config < 16 ? HYBRID_FRAMES : CELT_FRAMES;
  const frames = sizes?.[config % sizes.length] ?? 0;
  const code = head & 3;
  const count = code === 0 ? 1 : code < 3 ? 2 : (bytes[at + 1] ?? 0) & 0x3f;
  const isPacket = sizeBytes >= (code === 3 ? 2 : 1) && count > 0 && frames * count <= MAX_OPUS_FRAMES;
  return isPacket ? frames * count : null;
};

const FLAC_HEADER_BYTES = 6;

/** The block size in a frame's header; two of its codes stand for a number behind the frame's own number. */
export const flacFrames: CountFrames = (bytes, at, sizeBytes) => {
  if (sizeBytes === 0) return 0;
  if (sizeBytes < FLAC_HEADER_BYTES || bytes[at] !== 0xff || ((bytes[at + 1] ?? 0) & 0xfe) !== 0xf8)
    return null;
  const code = (bytes[at + 2] ?? 0) >> 4;
  if (code === 0) return null;
  if (code === 1) return 192;
  if (code < 6) return 576 << (code - 2);
  if (code > 7) return 256 << (code - 8);
  const first = bytes[at + 4] ?? 0;
  const numberBytes = first < 0x80 ? 1 : Math.clz32(~(first << 24)); // UTF-8, as far as seven bytes
  const behind = at + 4 + numberBytes;
  const size = bytes[behind] ?? 0;
  return code === 6 ? size + 1 : ((size << 8) | (bytes[behind + 1] ?? 0)) + 1;
};

/** Whether each mode of a Vorbis stream has the long block; and both blocks' sizes. */
interface VorbisModes {
  readonly shortFrames: number;
  readonly longFrames: number;
  readonly isLong: readonly boolean[];
}

/** The counter of one stream by its first and third header; null where they do not say which blocks its packets hold. */
export function vorbisFrames(identification: Uint8Array, setup: Uint8Array): CountFrames | null {
  const modes = modesOf(identification, setup);
  if (!modes) return null;
  const modeMask = (1 << Math.ceil(Math.log2(modes.isLong.length))) - 1;
  let before = 0;
  return (bytes, at, sizeBytes) => {
    const head = bytes[at] ?? 0;
    if (sizeBytes === 0 || (head & 1) === 1) return 0; // decoders pass over both
    const isLong = modes.isLong[(head >> 1) & modeMask];
    if (isLong === undefined) return null;
    const block = isLong ? modes.longFrames : modes.shortFrames;
    // Half of a block overlaps half of the one before; the first one alone gives no sound.
    const frames = before === 0 ? 0 : (before + block) / 4;
    before = block;
    return frames;
  };
}

const MODE_BITS = 41;
const MODE_COUNT_BITS = 6;
const MAX_MODES = 64;
const BLOCK_SIZES_AT = 28;
const MIN_SETUP_BYTES = 16;

/**
 * The modes are the last part of the setup header, and each ends with 40 bits of which 32 are zero. They are read from the
 * end, as FFmpeg does: what stands before them is only understood by whoever reads all codebooks.
 */
function modesOf(identification: Uint8Array, setup: Uint8Array): VorbisModes | null {
  const sizes = identification[BLOCK_SIZES_AT] ?? 0;
  const [short, long] = [sizes & 15, sizes >> 4];
  if (short < 6 || long > 13 || short > long || setup.length < MIN_SETUP_BYTES) return null;
  const bit = (at: number): number => ((setup[at >> 3] ?? 0) >> (at & 7)) & 1;
  const bits = (at: number, count: number): number => {
    let value = 0;
    for (let index = 0; index < count; index++) value += bit(at + index) * 2 ** index;
    return value;
  };
  let end = 8 * setup.length - 1;
  while (end > 0 && bit(end) === 0) end -= 1; // the framing bit, behind it only padding
  const isLong: boolean[] = [];
  let found: boolean[] | null = null;
  for (let at = end - MODE_BITS; at >= 8 * MIN_SETUP_BYTES && isLong.length < MAX_MODES; at -= MODE_BITS) {
    if (bits(at + 1, 32) !== 0 || bits(at + 33, 8) >= MAX_MODES) break;
    isLong.unshift(bit(at) === 1);
    if (bits(at - MODE_COUNT_BITS, MODE_COUNT_BITS) + 1 === isLong.length) found = [...isLong];
  }
  return found && { shortFrames: 2 ** short, longFrames: 2 ** long, isLong: found };
}
