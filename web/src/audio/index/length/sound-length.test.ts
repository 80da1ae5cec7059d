// Headers built by hand, a byte at a time, so that every field is named; tests/e2e/test_long_files.py reads real files.

import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../../lib/testing/index.ts";
import { readSoundLength } from "./sound-length.ts";

type Part = string | number[] | Uint8Array;

function join(...parts: Part[]): Uint8Array {
  const all = parts.map((part) =>
    typeof part === "string" ? Array.from(part, (char) => char.charCodeAt(0)) : [...part],
  );
  return Uint8Array.from(all.flat());
}

const big = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, index) => Math.floor(value / 256 ** (bytes - 1 - index)) % 256);
const little = (value: number, bytes: number): number[] => big(value, bytes).reverse();
const zeros = (count: number): number[] => new Array<number>(count).fill(0);
const repeat = (part: Uint8Array, count: number): Uint8Array =>
  Uint8Array.from({ length: part.length * count }, (_, index) => part[index % part.length] ?? 0);

function wav(dataBytes: number, claimedBytes = dataBytes): Uint8Array {
  const format = [...little(1, 2), ...little(2, 2), ...little(100, 4), ...little(400, 4), ...zeros(4)];
  const chunks = join("LIST", little(3, 4), "abc\0", "fmt ", little(16, 4), format, "data");
  return join("RIFF", zeros(4), "WAVE", chunks, little(claimedBytes, 4), zeros(dataBytes));
}

/** IMA ADPCM at 44.1 kHz; ffmpeg 5.1 states a third of its bytes a second. */
function adpcm(frames: number): Uint8Array {
  const format = [
    ...little(17, 2),
    ...little(2, 2),
    ...little(44_100, 4),
    ...little(16_000, 4),
    ...little(4, 4),
  ];
  const chunks = join(
    "fmt ",
    little(16, 4),
    format,
    "fact",
    little(4, 4),
    little(frames, 4),
    "data",
    little(500, 4),
  );
  return join("RIFF", zeros(4), "WAVE", chunks, zeros(500));
}

const streamInfo = (rateHz: number, channels: number, frames: number): number[] => [
  ...zeros(10),
  ...big(rateHz * 4096 + (channels - 1) * 512 + 15 * 16 + Math.floor(frames / 2 ** 32), 4),
  ...big(frames % 2 ** 32, 4),
  ...zeros(16),
];
const flac = (rateHz: number, channels: number, frames: number): Uint8Array =>
  join("fLaC", [0x80, 0, 0, 34], streamInfo(rateHz, channels, frames));

/** 44.1 kHz at 128 kbit/s: 417 bytes a frame of 1152 samples. */
const mp3Frame = (fourth = 0): Uint8Array => join([0xff, 0xfb, 0x90, fourth], zeros(413));
const MP3_FRAME_SEC = 1_152 / 44_100;
/** 16 kHz, MPEG-2 at 8 kbit/s, mono: 36 bytes a frame of 576 samples. */
const slowFrame = join([0xff, 0xf3, 0x18, 0xc0], zeros(32));
/** 44.1 kHz, 100 bytes with its header. */
const adtsFrame = join([0xff, 0xf1, 0x50, 0x80, 100 >> 3, (100 & 7) << 5, 0xfc], zeros(93));

const box = (name: string, ...parts: Part[]): Uint8Array => {
  const content = join(...parts);
  return join(big(8 + content.length, 4), name, content);
};
const header = (timescale: number, duration: number): number[] => [
  ...zeros(12),
  ...big(timescale, 4),
  ...big(duration, 4),
  ...zeros(16),
];
const longHeader = (timescale: number, duration: number): number[] => [
  ...[1, 0, 0, 0],
  ...zeros(16),
  ...big(timescale, 4),
  ...big(duration, 8),
];
const track = (kind: string, ...head: Part[]): Uint8Array =>
  box("trak", box("mdia", box("mdhd", ...head), box("hdlr", zeros(8), kind, zeros(12))));
const mp4 = (...film: Uint8Array[]): Uint8Array =>
  join(box("ftyp", "M4A "), box("mdat", zeros(50)), box("moov", ...film));

const page = (serial: number, granule: number, packet: Uint8Array, flags = 0): Uint8Array =>
  join("OggS", [0, flags], little(granule, 8), little(serial, 4), zeros(8), [1, packet.length], packet);
const opusHead = join("OpusHead", [1, 1], little(312, 2), little(44_100, 4), zeros(3), [0]);
const vorbisHead = join([1], "vorbis", zeros(4), [2], little(44_100, 4), zeros(14));
const sound = join(zeros(30));

const element = (id: number[], ...parts: Part[]): Uint8Array => {
  const content = join(...parts);
  return join(id, [0x08], big(content.length, 4).slice(0), content);
};
const EBML = [0x1a, 0x45, 0xdf, 0xa3];
const SEGMENT = [0x18, 0x53, 0x80, 0x67];
const INFO = [0x15, 0x49, 0xa9, 0x66];
const CLUSTER = [0x1f, 0x43, 0xb6, 0x75];
const UNKNOWN_SIZE = [0x01, ...new Array<number>(7).fill(0xff)];
const float64 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
};

describe("the length that a container states", () => {
  it.each<[string, Uint8Array, number, number | null]>([
    ["WAV", wav(1_200), 3, 2],
    ["WAV that was cut off while recording", wav(800, 0), 2, 2],
    ["WAV from a pipe", wav(800, 0xffffffff), 2, 2],
    ["WAV that claims more than there is", wav(400, 1_000_000), 1, 2],
    [
      "AIFF",
      join("FORM", zeros(4), "AIFF", "COMM", big(18, 4), big(1, 2), big(88_200, 4), big(16, 2), [
        ...[0x40, 0x0e, 0xac, 0x44],
        ...zeros(6),
      ]),
      2,
      1,
    ],
    ["WAV of a codec, which counts its frames elsewhere", adpcm(132_300), 3, 2],
    ["FLAC", flac(48_000, 2, 48_000 * 7), 7, 2],
    ["FLAC of days", flac(96_000, 1, 96_000 * 100_000), 100_000, 1],
    ["FLAC behind a tag", join("ID3", [4, 0, 0, 0, 0, 1, 2], zeros(130), flac(8_000, 6, 8_000)), 1, 6],
    ["MP3", repeat(mp3Frame(), 100), 100 * MP3_FRAME_SEC, 2],
    ["MP3 in mono", repeat(mp3Frame(0xc0), 3), 3 * MP3_FRAME_SEC, 1],
    [
      "MP3 of two bit rates with tags before and behind",
      join(
        ...["ID3", [3, 0, 0, 0, 0, 0, 20], zeros(20)],
        ...[repeat(mp3Frame(0xc0), 10), join([0xff, 0xfb, 0x50, 0xc0], zeros(204)), "TAG", zeros(125)],
      ),
      11 * MP3_FRAME_SEC,
      1,
    ],
    ["MP3 at 8 kbit/s", repeat(slowFrame, 500), 500 * 0.036, 1],
    [
      "MP3 with a hole",
      join(repeat(mp3Frame(), 5), zeros(999), repeat(mp3Frame(), 5)),
      10 * MP3_FRAME_SEC,
      2,
    ],
    ["ADTS", repeat(adtsFrame, 50), (50 * 1_024) / 44_100, null],
    [
      "M4A, its head at the end",
      mp4(box("mvhd", header(600, 1_200)), track("soun", header(44_100, 88_200))),
      2,
      null,
    ],
    [
      "M4A with a chapter track and a 64-bit length",
      mp4(
        ...[box("mvhd", header(600, 6_000)), track("soun", longHeader(48_000, 96_000))],
        ...[track("text", header(1, 500))],
      ),
      2,
      null,
    ],
    [
      "MP4 whose film is longer than its sound, with heads as short as they are written",
      mp4(
        box("mvhd", header(1_000, 8_000), zeros(64)),
        track("soun", zeros(12), big(48_000, 4), big(144_000, 4), zeros(4)),
      ),
      3,
      null,
    ],
    [
      "MP4 in fragments whose heads know the first of them",
      mp4(
        ...[box("mvhd", header(1_000, 22)), track("soun", longHeader(48_000, 1_056))],
        ...[box("mvex", box("mehd", zeros(4), big(3_000, 4)))],
      ),
      3,
      null,
    ],
    ["MP4 that tells of the film only", mp4(box("mvhd", header(1_000, 9_000))), 9, null],
    [
      "MP4 in fragments",
      mp4(
        ...[box("mvhd", header(1_000, 0)), track("soun", header(44_100, 0))],
        ...[box("mvex", box("mehd", zeros(4), big(5_000, 4)))],
      ),
      5,
      null,
    ],
    ["Ogg Opus", join(page(7, 0, opusHead, 2), page(7, 960, sound), page(7, 480_312, sound, 4)), 10, 1],
    ["Ogg Vorbis", join(page(7, 0, vorbisHead, 2), page(7, 44_100, sound), page(7, 132_300, sound)), 3, 2],
    [
      "Ogg Vorbis cut from a longer one",
      join(page(7, 0, vorbisHead, 2), page(7, 44_100_000, sound), page(7, 44_144_100, sound)),
      1,
      2,
    ],
    [
      "Ogg songs in a row",
      join(
        ...[page(7, 0, vorbisHead, 2), page(7, 44_100, sound)],
        ...[page(8, 0, vorbisHead, 2), page(8, 88_200, sound), page(8, 2 ** 64, sound)],
      ),
      3,
      2,
    ],
    [
      "FLAC in Ogg",
      join(
        page(1, 0, join([0x7f], "FLAC", [1, 0, 0, 1], "fLaC", [0, 0, 0, 34], streamInfo(32_000, 2, 0)), 2),
        page(1, 64_000, sound),
      ),
      2,
      2,
    ],
    [
      "WebM",
      join(
        element(EBML, zeros(5)),
        element(SEGMENT, element(INFO, join([0x44, 0x89, 0x88], float64(4_500))), element(CLUSTER, sound)),
      ),
      4.5,
      null,
    ],
    [
      "WebM that names its channels",
      join(
        element(EBML, zeros(5)),
        element(
          SEGMENT,
          element(INFO, join([0x44, 0x89, 0x88], float64(4_500))),
          element([0x16, 0x54, 0xae, 0x6b], element([0xae], element([0xe1], [0x9f, 0x81, 4]))),
          element(CLUSTER, sound),
        ),
      ),
      4.5,
      4,
    ],
    [
      "WebM with a scale of its own",
      join(
        element(EBML, zeros(5)),
        element(
          SEGMENT,
          element(
            INFO,
            [0x2a, 0xd7, 0xb1, 0x83, ...big(10_000_000, 3)],
            join([0x44, 0x89, 0x88], float64(50)),
          ),
        ),
      ),
      0.5,
      null,
    ],
    [
      "a recording in WebM, which tells nothing but the time of each cluster",
      join(
        ...[element(EBML, zeros(5)), SEGMENT, UNKNOWN_SIZE, element(INFO, zeros(0))],
        ...[
          CLUSTER,
          UNKNOWN_SIZE,
          [0xe7, 0x81, 0],
          sound,
          CLUSTER,
          UNKNOWN_SIZE,
          [0xe7, 0x82, 0x27, 0x10],
          sound,
        ],
      ),
      10,
      null,
    ],
  ])("[P18] is read from %s", (_, bytes, durationSec, channels) => {
    const length = readSoundLength(bytes);
    expect(length?.durationSec).toBeCloseTo(durationSec, 6);
    expect(length?.channels).toBe(channels);
  });

  it.each<[string, Uint8Array]>([
    ["nothing", new Uint8Array(0)],
    ["words", join("These are words, and no decoder can play them.")],
    ["FLAC from a pipe", flac(48_000, 2, 0)],
    [
      "MP4 in fragments whose heads know the first of them, and nobody the whole",
      mp4(box("mvhd", header(1_000, 22)), track("soun", longHeader(48_000, 1_056)), box("mvex", zeros(0))),
    ],
    ["a header cut off", wav(100).subarray(0, 30)],
    [
      "AIFF of a codec, which counts packets",
      join("FORM", zeros(4), "AIFC", "COMM", big(24, 4), big(1, 2), big(2_068, 4), big(16, 2), [
        ...[0x40, 0x0e, 0xac, 0x44],
        ...zeros(6),
        ...Array.from("ima4", (char) => char.charCodeAt(0)),
        ...zeros(2),
      ]),
    ],
    ["M4A without its head", join(box("ftyp", "M4A "), box("mdat", zeros(50)))],
    ["a tag that is longer than the file", join("ID3", [3, 0, 0, 0x7f, 0x7f, 0x7f, 0x7f], zeros(20))],
  ])("[P19] is unknown for %s", (_, bytes) => {
    expect(readSoundLength(bytes)).toBeNull();
  });

  it.each([
    [
      "WebM of empty clusters",
      join(element(EBML), SEGMENT, UNKNOWN_SIZE, repeat(join(CLUSTER, [0x80]), 100_000)),
    ],
    [
      "WebM of empty elements",
      join(element(EBML), SEGMENT, UNKNOWN_SIZE, repeat(join([0xec, 0x80]), 1_000_000)),
    ],
    ["WAV of empty chunks", join("RIFF", zeros(4), "WAVE", repeat(join("JUNK", zeros(4)), 500_000))],
    ["zeros", join(zeros(2_000_000))],
  ])("[P19] passes over %s in a moment", (_, bytes) => {
    expect(readSoundLength(bytes)).toBeNull();
  });

  it("[P19] throws at no file, however damaged", () => {
    const whole = [
      wav(100),
      flac(48_000, 2, 48_000),
      repeat(adtsFrame, 4),
      mp4(box("mvhd", header(600, 1_200)), track("soun", header(44_100, 88_200))),
      join(page(7, 0, opusHead, 2), page(7, 480_312, sound)),
      join(
        element(EBML, zeros(5)),
        element(SEGMENT, element(INFO, join([0x44, 0x89, 0x88], float64(4_500)))),
      ),
    ];
    const random = new SeededRandom(11);
    for (let round = 0; round < 300; round++) {
      const bytes = (whole[round % whole.length] ?? sound).slice();
      for (let hit = 0; hit < 4; hit++) {
        bytes[Math.floor(random.fraction() * bytes.length)] = Math.floor(random.fraction() * 256);
      }
      const cut = bytes.subarray(0, Math.floor(random.fraction() * (bytes.length + 1)));
      const length = readSoundLength(cut);
      if (length) expect(length.durationSec).toBeGreaterThan(0);
    }
  });
});
