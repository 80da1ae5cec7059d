// The sound index of MP3, layer III only. Frames are counted from the first that holds sound: a decoder makes 1152 or 576
// samples of each, and what a Xing frame tells of the encoder's delay says which of them are the song. Reads in steps.

import { isAt, viewOf } from "../length/reading.ts";
import { type FileReader, STEP_BYTES } from "./file-reader.ts";
import { type FrameHeader, freeBytesAt, mp3HeaderAt } from "./frame-headers.ts";
import { type FrameRun, walkFrames } from "./frame-walk.ts";
import { soundEnd } from "./lead-in.ts";
import type { CodedRun, SoundIndex } from "./sound-index.ts";

/** What a decoder delays, in all known ones: 528 for the filter bank, and one. */
const DECODER_DELAY_FRAMES = 529;
/** A few frames of the largest size. */
const LOOK_BYTES = 65_536;

/** Silence that the encoder added, in sample frames. */
interface Gapless {
  /** Of frames that hold sound, as the encoder counted them; 0 where it did not. */
  readonly mp3Frames: number;
  /** Null where nobody tells of silence. */
  readonly silence: { readonly delayFrames: number; readonly paddingFrames: number } | null;
}

export async function indexMp3(reader: FileReader, startByte: number): Promise<SoundIndex | null> {
  const endByte = await soundEnd(reader, startByte);
  await reader.ensure(startByte, LOOK_BYTES);
  const freeBytes = freeBytesAt(reader.bytes, startByte - reader.base);
  const headerAt = (bytes: Uint8Array, at: number) => mp3HeaderAt(bytes, at, freeBytes);
  const found = await walkFrames(reader, { headerAt, toldAt }, startByte, endByte);
  if (!found) return null;
  const [first] = found;
  const fromTag = first && !first.told?.silence ? await iTunesGapless(reader, startByte) : null;
  const runs = found.map((run) => codedRun(run, run === first && fromTag ? fromTag : run.told));
  const sounding = runs.filter((run) => run.lengthFrames > 0);
  return sounding.length > 0 ? { runs: sounding } : null;
}

function codedRun(
  { header, points, endByte, codedFrames }: FrameRun<Gapless>,
  gapless: Gapless | null,
): CodedRun {
  const trim = trimOf(codedFrames, header.frames, gapless);
  return {
    kind: "mp3",
    sampleRate: header.sampleRate,
    channels: header.channels,
    prefix: new Uint8Array(0),
    pointBytes: points.pointBytes,
    pointFrames: points.pointFrames,
    endByte,
    codedFrames,
    ...trim,
    packets: null,
    pcm: null,
  };
}

/** A file that was cut off lacks its padding; one that was added to by others has it in the middle. */
function trimOf(codedFrames: number, frameFrames: number, gapless: Gapless | null) {
  if (!gapless?.silence) return { primingFrames: 0, lengthFrames: codedFrames };
  const { delayFrames, paddingFrames } = gapless.silence;
  const primingFrames = delayFrames + DECODER_DELAY_FRAMES;
  const toldFrames = gapless.mp3Frames * frameFrames || codedFrames;
  const isAddedTo = toldFrames < codedFrames;
  const trimmedFrames = isAddedTo ? codedFrames : toldFrames - delayFrames - paddingFrames;
  return { primingFrames, lengthFrames: Math.min(trimmedFrames, codedFrames - primingFrames) };
}

const HEADER_BYTES = 4;
const CRC_BYTES = 2;
const VBRI_OFFSET = 36;

function toldAt(bytes: Uint8Array, at: number, header: FrameHeader): Gapless | null {
  const isMono = header.channels === 1;
  const sideBytes = header.frames === 1_152 ? (isMono ? 17 : 32) : isMono ? 9 : 17;
  const place = at + HEADER_BYTES + sideBytes;
  // Some encoders count the frame's checksum, and some do not.
  for (const xing of [place, place + CRC_BYTES]) {
    if (isAt(bytes, xing, "Xing") || isAt(bytes, xing, "Info")) return xingAt(bytes, xing);
  }
  return isAt(bytes, at + VBRI_OFFSET, "VBRI") ? { mp3Frames: 0, silence: null } : null;
}

/** Flags of the fields that follow them, and the size of each. */
const XING_FIELDS = [
  [1, 4],
  [2, 4],
  [4, 100],
  [8, 4],
] as const;
const HAS_COUNT = 1;
/** Of LAME's part; its name comes first. */
const DELAYS_OFFSET = 21;

function xingAt(bytes: Uint8Array, at: number): Gapless {
  const view = viewOf(bytes);
  if (at + 12 > bytes.length) return { mp3Frames: 0, silence: null };
  const flags = view.getUint32(at + 4);
  const mp3Frames = flags & HAS_COUNT ? view.getUint32(at + 8) : 0;
  let lame = at + 8;
  for (const [flag, sizeBytes] of XING_FIELDS) if (flags & flag) lame += sizeBytes;
  const isThere = lame + DELAYS_OFFSET + 3 <= bytes.length;
  // The name of the encoder: "LAME3.100", "Lavc58.91". The first encoders that wrote Xing frames had no such part.
  if (!isThere || !/^[\x20-\x7e]{4}$/.test(String.fromCharCode(...bytes.subarray(lame, lame + 4)))) {
    return { mp3Frames, silence: null };
  }
  const packed = (view.getUint16(lame + DELAYS_OFFSET) << 8) | (bytes[lame + DELAYS_OFFSET + 2] as number);
  return { mp3Frames, silence: { delayFrames: packed >> 12, paddingFrames: packed & 0xfff } };
}

const ITUNES = /iTunSMPB[^0-9]{0,8}[0-9A-F]{8} ([0-9A-F]{8}) ([0-9A-F]{8}) [0-9A-F]{16}/i;
/** As many as LAME's part has room for; more is no delay of an encoder. */
const MAX_SILENCE_FRAMES = 4_095;

/** iTunes writes the delays as text into a comment in the tag, in Latin letters or UTF-16. */
async function iTunesGapless(reader: FileReader, startByte: number): Promise<Gapless | null> {
  if (startByte === 0) return null;
  const tag = await reader.copy(0, Math.min(startByte, STEP_BYTES));
  const text = new TextDecoder("latin1").decode(tag.filter((byte) => byte !== 0));
  const [, delay = "", padding = ""] = ITUNES.exec(text) ?? [];
  const [delayFrames, paddingFrames] = [Number.parseInt(delay, 16), Number.parseInt(padding, 16)];
  const isSane = delayFrames <= MAX_SILENCE_FRAMES && paddingFrames <= MAX_SILENCE_FRAMES;
  return isSane ? { mp3Frames: 0, silence: { delayFrames, paddingFrames } } : null;
}
