// What a file is, by its first bytes and its codec's name: for words to people, and for what a decoder has to be told apart by.
// Names are proper names, the same in every language. Pure; a guess that nothing but words and the order of channels depends on.

import { isWav, readWav } from "../decode/mend/wav.ts";
import { frameKindAt } from "./length/frames.ts";
import { soundStart } from "./length/lead-in.ts";
import { boxesIn, isMp4 } from "./length/mp4.ts";
import { type Chunk, isAt, nameAt, viewOf } from "./length/reading.ts";

export interface SoundFormat {
  /** "Apple Lossless (ALAC)"; null where nothing is recognised. */
  readonly name: string | null;
  readonly codec: "vorbis" | "aac" | null;
  /** Of a WAV; 0 elsewhere. */
  readonly mask: number;
  /** Only where the length's reader does not know: MP4. */
  readonly channels: number | null;
}

const BEGINNINGS: readonly (readonly [string, string])[] = [
  ["fLaC", "FLAC"],
  ["RIFX", "RIFX"],
  ["RIFF", "AVI"], // WAV was asked for before
  ["FORM", "AIFF"],
  [".snd", "AU"],
  ["caff", "CAF"],
  ["#!AMR", "AMR"],
  ["\x30\x26\xb2\x75", "WMA"],
  ["riff", "Wave64"],
  ["wvpk", "WavPack"],
  ["MAC ", "Monkey’s Audio (APE)"],
  ["TTA1", "True Audio (TTA)"],
  ["DSD ", "DSD"],
  ["FRM8", "DSD"],
  ["MPCK", "Musepack"],
  ["MP+", "Musepack"],
  ["MThd", "MIDI"],
  ["FLV", "Flash video"],
  ["\x0b\x77", "Dolby AC-3"],
];

/** By the name of an MP4 track's sample entry. */
const MP4_CODECS: Readonly<Record<string, string>> = {
  mp4a: "AAC",
  alac: "Apple Lossless (ALAC)",
  "ac-3": "Dolby AC-3",
  "ec-3": "Dolby E-AC-3",
  Opus: "Opus in MP4",
  fLaC: "FLAC in MP4",
  ".mp3": "MP3 in MP4",
  samr: "AMR",
  sawb: "AMR",
  drms: "AAC with copy protection",
  enca: "AAC with copy protection",
};

const OGG_CODECS: readonly (readonly [string, string])[] = [
  ["OpusHead", "Opus"],
  ["\x01vorbis", "Ogg Vorbis"],
  ["\x7fFLAC", "FLAC in Ogg"],
  ["Speex", "Speex"],
];

const MATROSKA_CODECS: readonly (readonly [string, string])[] = [
  ["A_VORBIS", "Vorbis"],
  ["A_OPUS", "Opus"],
  ["A_AAC", "AAC"],
  ["A_FLAC", "FLAC"],
  ["A_AC3", "Dolby AC-3"],
  ["A_EAC3", "Dolby E-AC-3"],
  ["A_DTS", "DTS"],
  ["A_MPEG/L3", "MP3"],
  ["A_PCM", "PCM"],
];
const EBML = "\x1a\x45\xdf\xa3";
/** Tracks stand before the first cluster. */
const MATROSKA_HEAD_BYTES = 16_384;
const OGG_PAGE_HEADER_BYTES = 27;
const WAV_PLAIN = new Set([1, 3, 6, 7]);
const WAV_MP3 = 0x55;

export function formatOf(file: Uint8Array): SoundFormat {
  const bytes = file.subarray(soundStart(file));
  const plain = { codec: null, mask: 0, channels: null };
  try {
    if (isWav(bytes)) {
      const format = readWav(bytes)?.format;
      const isPlain = !format || WAV_PLAIN.has(format.code);
      const name = isPlain ? "WAV" : format.code === WAV_MP3 ? "MP3 in WAV" : "WAV (ADPCM)";
      return { ...plain, name, mask: format?.mask ?? 0 };
    }
    if (isMp4(bytes, 0)) return mp4Format(bytes);
    if (isAt(bytes, 0, "OggS")) {
      const at = OGG_PAGE_HEADER_BYTES + (bytes[OGG_PAGE_HEADER_BYTES - 1] ?? 0);
      const name = OGG_CODECS.find(([head]) => isAt(bytes, at, head))?.[1] ?? "Ogg";
      return { ...plain, name, codec: name === "Ogg Vorbis" ? "vorbis" : null };
    }
    if (isAt(bytes, 0, EBML)) return matroskaFormat(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // a header that is cut off
  }
  const frames = frameKindAt(bytes, 0);
  const name = BEGINNINGS.find(([beginning]) => isAt(bytes, 0, beginning))?.[1] ?? frames;
  return { ...plain, name: name ?? null, codec: frames === "AAC" ? "aac" : null };
}

function mp4Format(bytes: Uint8Array): SoundFormat {
  const film = boxesIn(bytes, 0, bytes.length).filter((box) => box.name === "moov");
  const media = inside(bytes, inside(bytes, film, "trak"), "mdia");
  const sound = media.filter((box) => {
    const handler = inside(bytes, [box], "hdlr")[0];
    return handler && nameAt(bytes, handler.start + 8) === "soun";
  });
  const table = inside(bytes, inside(bytes, inside(bytes, sound, "minf"), "stbl"), "stsd")[0];
  const container = isAt(bytes, 8, "qt") || !isAt(bytes, 4, "ftyp") ? "QuickTime" : "MP4";
  if (!table) return { name: container, codec: null, mask: 0, channels: null };
  // Version, flags and a count; then the entry: its size and its name; 16 bytes further on the channels.
  const entry = nameAt(bytes, table.start + 12);
  const channels = viewOf(bytes).getUint16(table.start + 32) || null; // 0 where another field holds it
  const name = MP4_CODECS[entry] ?? container;
  return { name, codec: entry === "mp4a" ? "aac" : null, mask: 0, channels };
}

/** The boxes of a name inside of all these. */
const inside = (bytes: Uint8Array, around: readonly Chunk[], name: string): Chunk[] =>
  around.flatMap(({ start, end }) => boxesIn(bytes, start, end)).filter((box) => box.name === name);

function matroskaFormat(bytes: Uint8Array): SoundFormat {
  const head = String.fromCharCode(...bytes.subarray(0, MATROSKA_HEAD_BYTES));
  const [id, codec] = MATROSKA_CODECS.find(([name]) => head.includes(name)) ?? [null, null];
  const container = head.includes("webm") ? "WebM" : "Matroska";
  const name = codec === null ? container : `${codec} in ${container}`;
  return {
    name,
    codec: id === "A_VORBIS" ? "vorbis" : id === "A_AAC" ? "aac" : null,
    mask: 0,
    channels: null,
  };
}
