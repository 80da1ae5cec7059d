// Ogg built a page at a time, and the packets of its codecs as far as anyone counts them.

import { big, join, little, type Part, zeros } from "../../tags/testing/tag-bytes.ts";

interface PageFields {
  readonly granule?: number;
  readonly sequence?: number;
  readonly serial?: number;
  /** 1 goes on, 2 is the first, 4 the last of its stream. */
  readonly flags?: number;
  /** The last packet goes on on the next page; it has a multiple of 255 bytes here. */
  readonly isOpen?: boolean;
}

export function page(packets: readonly Uint8Array[], fields: PageFields): Uint8Array {
  const { granule = 0, sequence = 0, serial = 7, flags = 0, isOpen = false } = fields;
  const laces = packets.flatMap(({ length }, index) => {
    const full = new Array<number>(Math.floor(length / 255)).fill(255);
    return isOpen && index + 1 === packets.length ? full : [...full, length % 255];
  });
  const position = granule < 0 ? new Array<number>(8).fill(255) : little(granule, 8);
  const numbers = [...little(serial, 4), ...little(sequence, 4), ...zeros(4)];
  return join("OggS", [0, flags], position, numbers, [laces.length], laces, ...packets);
}

/** Pages of one stream, numbered; each with its packets and what is special about it. */
export const stream = (
  pages: readonly (readonly [readonly Uint8Array[], PageFields])[],
  serial = 7,
): Uint8Array =>
  join(...pages.map(([packets, fields], sequence) => page(packets, { serial, sequence, ...fields })));

export const opusHead = (preSkip = 312): Uint8Array =>
  join("OpusHead", [1, 2], little(preSkip, 2), little(48_000, 4), zeros(3));
export const opusTags = (rest: Part = zeros(8)): Uint8Array => join("OpusTags", rest);
/** CELT, 20 ms in stereo. */
export const OPUS_FRAMES = 960;
export const opusPacket = (sizeBytes = 20): Uint8Array => join([0xfc], zeros(sizeBytes - 1));
export const many = (count: number, packet: Uint8Array): Uint8Array[] =>
  new Array<Uint8Array>(count).fill(packet);

/** Blocks of 256 and 2048 frames. */
export const vorbisHead = (rateHz = 44_100): Uint8Array =>
  join([1], "vorbis", zeros(4), [2], little(rateHz, 4), zeros(12), [0xb8, 1]);
export const vorbisComment = join([3], "vorbis", zeros(8), [1]);

/** What stands for codebooks, then two modes: short and long. */
export function vorbisSetup(): Uint8Array {
  const bits: number[] = [];
  const put = (value: number, count: number): void => {
    for (let index = 0; index < count; index++) bits.push(Math.floor(value / 2 ** index) % 2);
  };
  put(1, 6);
  for (const isLong of [0, 1]) {
    put(isLong, 1);
    put(0, 32);
    put(0, 8);
  }
  put(1, 1);
  const bytes = new Array<number>(Math.ceil(bits.length / 8)).fill(0);
  for (const [at, bit] of bits.entries()) bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (bit << (at & 7));
  return join([5], "vorbis", new Array<number>(40).fill(0xa5), bytes);
}
export const vorbisPacket = (isLong: boolean, sizeBytes = 20): Uint8Array =>
  join([isLong ? 2 : 0], zeros(sizeBytes - 1));

export const flacHead = (headers = 1): Uint8Array =>
  join(
    ...[
      [0x7f],
      "FLAC",
      [1, 0],
      big(headers, 2),
      "fLaC",
      [0, 0, 0, 34],
      big(4_608, 2),
      big(4_608, 2),
      zeros(6),
    ],
    ...[big(44_100 * 4_096 + 512 + 15 * 16, 4), big(123_456, 4), new Array<number>(16).fill(0xee)],
  );
/** A frame of 4608; or of as many as is said behind its number. */
export const flacPacket = (frames = 4_608): Uint8Array =>
  frames === 4_608
    ? join([0xff, 0xf8, 0x59, 0x88, 0], zeros(20))
    : join([0xff, 0xf8, 0x79, 0x88, 0xc4, 0x80], big(frames - 1, 2), zeros(20));
