// Files of sound built a byte at a time, so that every field is named, and a source that reads them as a store would.

import { big, join, little, type Part, sevenBits, zeros } from "../../tags/testing/tag-bytes.ts";
import type { ByteSource } from "../file-reader.ts";
import { makeSoundIndex } from "../make-index.ts";
import { type CodedRun, faultOf, type SoundIndex, sliceCountOf, sliceOf } from "../sound-index.ts";

export function repeat(part: Uint8Array, count: number): Uint8Array {
  const whole = new Uint8Array(part.length * count);
  for (let at = 0; at < whole.length; at += part.length) whole.set(part, at);
  return whole;
}

/** Bytes are copied when they are read, as from a file. */
export const sourceOf = (bytes: Uint8Array): ByteSource => ({
  sizeBytes: bytes.length,
  read: (fromByte, toByte) => {
    if (!(0 <= fromByte && fromByte <= toByte && toByte <= bytes.length))
      throw new Error("a read beyond the file");
    return Promise.resolve(Uint8Array.from(bytes.subarray(fromByte, toByte)));
  },
});

export const indexOf = (bytes: Uint8Array): Promise<SoundIndex | null> => makeSoundIndex(sourceOf(bytes));

/** The runs of a file that has to have an index. */
export async function runsOf(bytes: Uint8Array): Promise<readonly CodedRun[]> {
  const index = await indexOf(bytes);
  if (!index) throw new Error("no index");
  const fault = faultOf(index, bytes.length);
  if (fault) throw new Error(fault);
  return index.runs;
}

/** Of a file whose sound has one configuration. */
export async function runOf(bytes: Uint8Array): Promise<CodedRun> {
  const [run, ...others] = await runsOf(bytes);
  if (!run || others.length > 0) throw new Error(`${others.length + 1} runs`);
  return run;
}

/** The bytes of all slices, without what is decoded twice. */
export function soundBytes(bytes: Uint8Array, run: CodedRun): Uint8Array {
  const starts = Array.from({ length: sliceCountOf(run) }, (_, slice) => sliceOf(run, slice).fromFrame);
  const from = starts.map((frame) => run.pointBytes[run.pointFrames.indexOf(frame)] as number);
  return join(...from.map((byte, slice) => bytes.subarray(byte, from[slice + 1] ?? run.endByte)));
}

export const id3 = (content: Part): Uint8Array => {
  const inside = join(content);
  return join("ID3", [4, 0, 0], sevenBits(inside.length), inside);
};
export const ID3V1 = join("TAG", zeros(125));
export const ape = (itemBytes: number): Uint8Array => {
  const mark = (flags: number): Uint8Array =>
    join("APETAGEX", little(2_000, 4), little(itemBytes + 32, 4), little(1, 4), [0, 0, 0, flags], zeros(8));
  return join(mark(0xa0), zeros(itemBytes), mark(0x80));
};

const MPEG1_BIT_RATES = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];

/** Layer III of MPEG-1 at 44.1 kHz; in free format with a size of its own. */
export function mp3Frame({
  kbps = 128,
  isMono = false,
  content = [] as Part,
  freeBytes = 0,
  padding = 0,
} = {}): Uint8Array {
  const bitRate = freeBytes > 0 ? 0 : MPEG1_BIT_RATES.indexOf(kbps);
  const sizeBytes = (freeBytes || Math.floor((144_000 * kbps) / 44_100)) + padding;
  const frame = new Uint8Array(sizeBytes);
  frame.set([0xff, 0xfb, (bitRate << 4) | (padding << 1), isMono ? 0xc0 : 0]);
  frame.set(join(content), 4);
  return frame;
}

/** Layer III of MPEG-2 at 22.05 kHz in mono, 32 kbit/s: 104 bytes of 576 samples. */
export const lsfFrame = join([0xff, 0xf3, 0x40, 0xc0], zeros(100));

interface Xing {
  readonly mp3Frames: number;
  readonly delay?: number;
  readonly padding?: number;
  readonly encoder?: Part;
}

/** The frame that LAME writes before all others. */
export const xingFrame = ({
  mp3Frames,
  delay = 576,
  padding = 1_000,
  encoder = "LAME3.100",
}: Xing): Uint8Array =>
  mp3Frame({
    content: join(
      zeros(32),
      ...["Xing", big(15, 4), big(mp3Frames, 4), zeros(4), zeros(100), zeros(4)],
      ...[encoder, zeros(12), big(delay * 4_096 + padding, 3)],
    ),
  });

/** AAC-LC in 100 bytes with the header; by default at 44.1 kHz in stereo. */
export const adtsFrame = ({ rateIndex = 4, channels = 2, blocks = 1 } = {}): Uint8Array =>
  join(
    ...[[0xff, 0xf1, 0x40 | (rateIndex << 2) | (channels >> 2), (channels & 3) << 6]],
    ...[[100 >> 3, (100 & 7) << 5, 0xfc | (blocks - 1)], zeros(93)],
  );

function crc(bytes: Uint8Array, polynomial: number, bits: number): number {
  let value = 0;
  for (const byte of bytes) {
    value ^= byte << (bits - 8);
    for (let bit = 0; bit < 8; bit++)
      value = value & (1 << (bits - 1)) ? (value << 1) ^ polynomial : value << 1;
    value &= 2 ** bits - 1;
  }
  return value;
}

const utf8Like = (value: number): number[] => {
  if (value < 0x80) return [value];
  const count = [11, 16, 21, 26, 31, 36].findIndex((bits) => value < 2 ** bits) + 1;
  const tail = Array.from(
    { length: count },
    (_, index) => 0x80 | (Math.floor(value / 64 ** (count - 1 - index)) & 0x3f),
  );
  return [((0xff00 >> (count + 1)) & 0xff) | Math.floor(value / 64 ** count), ...tail];
};

interface FlacFrameFields {
  readonly number: number;
  readonly isVariable?: boolean;
  readonly frames?: number;
  readonly content?: Part;
}

/** 48 kHz, 16 bits, stereo; a block of as many frames as are told, in bytes that are no sound. */
export function flacFrame({
  number,
  isVariable = false,
  frames = 4_800,
  content = zeros(200),
}: FlacFrameFields): Uint8Array {
  const head = join([0xff, isVariable ? 0xf9 : 0xf8, 0x7a, 0x18], utf8Like(number), big(frames - 1, 2));
  const frame = join(head, [crc(head, 0x07, 8)], content);
  return join(frame, big(crc(frame, 0x8005, 16), 2));
}

export const STREAM_INFO = join(
  ...[big(4_800, 2), big(4_800, 2), zeros(6), big(48_000 * 4_096 + 512 + 15 * 16, 4)],
  ...[big(123_456, 4), new Array<number>(16).fill(7)],
);

/** Ten frames a second. */
export const flac = (count: number, first = 0, blocks: Part = []): Uint8Array =>
  join(
    ...["fLaC", join(blocks).length > 0 ? [0, 0, 0, 34] : [0x80, 0, 0, 34], STREAM_INFO, blocks],
    ...Array.from({ length: count }, (_, index) => flacFrame({ number: first + index })),
  );

export interface WavFields {
  readonly code?: number;
  readonly channels?: number;
  readonly bits: number;
  readonly sampleBytes?: number;
  /** Extensible where it is given. */
  readonly mask?: number;
  readonly data: Part;
  readonly told?: number;
  readonly name?: string;
  readonly before?: Part;
  readonly behind?: Part;
}

/** 8000 Hz. */
export function wav({
  code = 1,
  channels = 1,
  bits,
  sampleBytes = bits / 8,
  mask,
  data,
  ...around
}: WavFields): Uint8Array {
  const sound = join(data);
  const isExtended = mask !== undefined;
  const block = channels * sampleBytes;
  const basic = join(little(isExtended ? 0xfffe : code, 2), little(channels, 2), little(8_000, 4));
  const sizes = join(
    little(8_000 * block, 4),
    little(block, 2),
    little(isExtended ? 8 * sampleBytes : bits, 2),
  );
  const extension = isExtended
    ? join(little(22, 2), little(bits, 2), little(mask, 4), little(code, 2), zeros(14))
    : [];
  const format = join(basic, sizes, extension);
  return join(
    ...[
      around.name ?? "RIFF",
      zeros(4),
      "WAVE",
      around.before ?? [],
      "fmt ",
      little(format.length, 4),
      format,
    ],
    ...["data", little(around.told ?? sound.length, 4), sound, around.behind ?? []],
  );
}

interface AiffFields {
  readonly codec?: string;
  readonly channels?: number;
  readonly bits: number;
  readonly frames?: number;
  readonly data: Part;
  readonly told?: number;
}

/** 8000 Hz; AIFF-C where a codec is given. */
export function aiff({ codec, channels = 1, bits, frames = 0, data, told }: AiffFields): Uint8Array {
  const sound = join(data);
  const rate = [0x40, 0x0b, 0xfa, ...zeros(7)];
  const common = join(
    big(channels, 2),
    big(frames, 4),
    big(bits, 2),
    rate,
    join(codec ?? "", zeros(codec ? 2 : 0)),
  );
  return join(
    ...["FORM", zeros(4), codec ? "AIFC" : "AIFF", "COMM", big(common.length, 4), common],
    ...["SSND", big(told ?? sound.length + 8, 4), zeros(8), sound],
  );
}

/** 8000 Hz, mono. */
export const au = (codec: number, data: Part, told = join(data).length): Uint8Array =>
  join(".snd", big(28, 4), big(told, 4), big(codec, 4), big(8_000, 4), big(1, 4), zeros(4), data);
