import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../../lib/testing/index.ts";
import { readSoundLength } from "../../index/length/sound-length.ts";
import { mend } from "./mend.ts";

type Part = string | readonly number[] | Uint8Array;
const join = (...parts: Part[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(
    parts.flatMap((part) => [...(typeof part === "string" ? [...part].map((c) => c.charCodeAt(0)) : part)]),
  );
const zeros = (count: number): number[] => new Array(count).fill(0);
const little = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, at) => Math.floor(value / 256 ** at) % 256);
const big = (value: number, bytes: number): number[] => little(value, bytes).reverse();
const text = (bytes: Uint8Array, from: number, to: number): string =>
  String.fromCharCode(...bytes.subarray(from, to));

interface Wav {
  readonly code?: number;
  readonly channels?: number;
  readonly bits: number;
  readonly sampleBytes?: number;
  readonly mask?: number;
  readonly data: Part;
  readonly told?: number;
  readonly riffTold?: number;
  readonly behind?: Part;
  readonly name?: string;
  readonly before?: Part;
}

/** 1000 Hz; extensible where a mask is given. */
function wav({
  code = 1,
  channels = 1,
  bits,
  sampleBytes = bits / 8,
  mask,
  data,
  told,
  riffTold,
  ...around
}: Wav): Uint8Array<ArrayBuffer> {
  const sound = join(data);
  const block = channels * sampleBytes;
  const basic = [
    ...little(mask === undefined ? code : 0xfffe, 2),
    ...little(channels, 2),
    ...little(1_000, 4),
  ];
  const plain = [
    ...basic,
    ...little(1_000 * block, 4),
    ...little(block, 2),
    ...little(mask === undefined ? bits : 8 * sampleBytes, 2),
  ];
  const extension =
    mask === undefined
      ? []
      : [...little(22, 2), ...little(bits, 2), ...little(mask, 4), ...little(code, 2), ...zeros(14)];
  const format = [...plain, ...extension];
  const chunks = join(
    around.before ?? [],
    "fmt ",
    little(format.length, 4),
    format,
    "data",
    little(told ?? sound.length, 4),
    sound,
    around.behind ?? [],
  );
  return join(around.name ?? "RIFF", little(riffTold ?? chunks.length + 4, 4), "WAVE", chunks);
}

const floats = (values: readonly number[], bytes: 4 | 8, isLittle = true): Uint8Array => {
  const view = new DataView(new ArrayBuffer(values.length * bytes));
  values.forEach((value, index) => {
    if (bytes === 8) view.setFloat64(8 * index, value, isLittle);
    else view.setFloat32(4 * index, value, isLittle);
  });
  return new Uint8Array(view.buffer);
};

/** What a mended file holds: 32-bit floats in a plain WAV. */
function samplesIn(bytes: Uint8Array<ArrayBuffer>): { channels: number; rateHz: number; samples: number[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  expect(text(bytes, 0, 4) + text(bytes, 8, 16) + text(bytes, 36, 40)).toBe("RIFFWAVEfmt data");
  expect([view.getUint16(20, true), view.getUint16(34, true)]).toEqual([3, 32]);
  expect(view.getUint32(4, true)).toBe(bytes.length - 8);
  expect(view.getUint32(40, true)).toBe(bytes.length - 44);
  const samples = Array.from({ length: (bytes.length - 44) / 4 }, (_, at) =>
    view.getFloat32(44 + 4 * at, true),
  );
  return { channels: view.getUint16(22, true), rateHz: view.getUint32(24, true), samples };
}

const SAMPLES = [0.5, -0.25, 0.125, -1];
const mp3Frame = join([0xff, 0xfb, 0x90, 0], zeros(413));
const adtsFrame = join([0xff, 0xf1, 0x50, 0x80, 100 >> 3, (100 & 7) << 5, 0xfc], zeros(93));
const frames = (frame: Uint8Array, count: number): Uint8Array =>
  join(...new Array<Uint8Array>(count).fill(frame));
const id3 = (content: Part, flags = 0, footer: Part = []): Uint8Array => {
  const inside = join(content);
  return join("ID3", [4, 0, flags, 0, 0, inside.length >> 7, inside.length & 127], inside, footer);
};
const ape = (items: number): Uint8Array =>
  join(
    "APETAGEX",
    little(2_000, 4),
    little(items + 32, 4),
    little(1, 4),
    [0, 0, 0, 0xa0],
    zeros(8),
    zeros(items),
    "APETAGEX",
    zeros(24),
  );
const flac = join("fLaC", [0x80, 0, 0, 34], zeros(34));
const random = new SeededRandom(7);
const junk = Array.from({ length: 393 }, () => Math.floor(random.fraction() * 255));

describe("a WAV before it is decoded", () => {
  it.each<[string, Wav]>([
    ["64-bit floats", { code: 3, bits: 64, data: floats(SAMPLES, 8) }],
    ["64-bit floats by its extension", { code: 3, bits: 64, mask: 4, data: floats(SAMPLES, 8) }],
    [
      "64-bit integers",
      { bits: 64, data: SAMPLES.flatMap((value) => [...zeros(4), ...little(value * 2 ** 31 + 2 ** 32, 4)]) },
    ],
    [
      "24 bits in the upper bytes of four",
      {
        bits: 24,
        sampleBytes: 4,
        mask: 4,
        data: SAMPLES.flatMap((value) => little(value * 2 ** 31 + 2 ** 32, 4)),
      },
    ],
    [
      "24 bits in the lower bytes of four",
      {
        bits: 24,
        sampleBytes: 4,
        data: [1, 0, 0, 0, ...SAMPLES.slice(1).flatMap((value) => little(value * 2 ** 23 + 2 ** 32, 4))],
      },
    ],
  ])("[P36] is 32-bit floats instead of %s", (_, parts) => {
    const { channels, rateHz, samples } = samplesIn(mend(wav(parts)));
    expect([channels, rateHz]).toEqual([1, 1_000]);
    expect(samples.slice(1)).toEqual(SAMPLES.slice(1));
  });

  it("[P36] has more than two channels mixed, by its mask where it has one", () => {
    const data = floats([0.5, 0.25, 1], 4);
    const half = Math.fround(Math.SQRT1_2);
    const byNumber = samplesIn(mend(wav({ code: 3, bits: 32, channels: 3, data })));
    expect(byNumber.channels).toBe(2);
    expect(byNumber.samples).toEqual([expect.closeTo(0.5 + half, 6), expect.closeTo(0.25 + half, 6)]);
    const withBass = wav({ code: 3, bits: 32, channels: 3, mask: 0b1011, data });
    expect(samplesIn(mend(withBass)).samples).toEqual([0.5, 0.25]);
  });

  it.each<[string, number, number]>([
    ["0", 0, 0],
    ["all ones", 0xffffffff, 0xffffffff],
  ])("[P36] has its sizes put right where they are %s", (_, told, riffTold) => {
    const mended = mend(wav({ bits: 16, data: zeros(2_000), told, riffTold }));
    const view = new DataView(mended.buffer, mended.byteOffset);
    expect([view.getUint32(4, true), view.getUint32(40, true)]).toEqual([mended.length - 8, 2_000]);
    expect(readSoundLength(mended)?.durationSec).toBe(1);
  });

  it.each(["RF64", "BW64"])("[P36] is a RIFF where it was %s", (name) => {
    const before = join(
      "ds64",
      little(28, 4),
      little(5_000, 8),
      little(2_000, 8),
      little(1_000, 8),
      zeros(4),
    );
    const rf64 = wav({
      name,
      before,
      bits: 16,
      data: zeros(2_000),
      behind: join("LIST", little(4, 4), "abcd"),
      told: 0xffffffff,
      riffTold: 0xffffffff,
    });
    const mended = mend(rf64);
    expect(text(mended, 0, 4) + text(mended, 12, 16)).toBe("RIFFJUNK");
    expect(readSoundLength(mended)?.durationSec).toBe(1);
  });

  it.each<[string, Wav]>([
    ["16 bits", { bits: 16, channels: 2, data: zeros(40) }],
    ["24 bits", { bits: 24, data: zeros(30) }],
    ["32 bits", { bits: 32, data: zeros(40) }],
    ["32-bit floats", { code: 3, bits: 32, data: zeros(40) }],
    ["A-law", { code: 6, bits: 8, data: zeros(40) }],
    ["ADPCM", { code: 17, bits: 4, sampleBytes: 256, data: zeros(512) }],
  ])("[P36] is left alone with %s", (_, parts) => {
    const file = wav(parts);
    expect(mend(file)).toBe(file);
  });
});

describe("plain samples in other containers", () => {
  const comm = (channels: number, bits: number, codec = ""): Uint8Array =>
    join(
      "COMM",
      big(18 + codec.length, 4),
      big(channels, 2),
      big(4, 4),
      big(bits, 2),
      [0x40, 0x08, 0xfa, 0, ...zeros(6)],
      codec,
    );
  const aiff = (kind: string, ...chunks: Part[]): Uint8Array<ArrayBuffer> =>
    join("FORM", zeros(4), kind, ...chunks);
  const ssnd = (data: Part): Uint8Array => join("SSND", big(8 + join(data).length, 4), zeros(8), data);
  const shorts = (isLittle: boolean): number[] =>
    SAMPLES.flatMap((value) => (isLittle ? little : big)(value * 2 ** 15 + 2 ** 16, 2));

  it.each<[string, Uint8Array<ArrayBuffer>]>([
    ["AIFF", aiff("AIFF", comm(1, 16), ssnd(shorts(false)))],
    [
      "AIFF of 24 bits",
      aiff("AIFF", comm(1, 24), ssnd(SAMPLES.flatMap((value) => big(value * 2 ** 23 + 2 ** 24, 3)))),
    ],
    ["AIFF of 8 bits", aiff("AIFF", comm(1, 8), ssnd(SAMPLES.map((value) => (value * 128 + 256) % 256)))],
    ["AIFF-C of the other byte order", aiff("AIFC", comm(1, 16, "sowt"), ssnd(shorts(true)))],
    ["AIFF-C of floats", aiff("AIFC", comm(1, 32, "fl32"), ssnd(floats(SAMPLES, 4, false)))],
    ["AU", join(".snd", big(24, 4), big(8, 4), big(3, 4), big(1_000, 4), big(1, 4), shorts(false))],
    [
      "AU from a pipe",
      join(
        ".snd",
        big(28, 4),
        big(0xffffffff, 4),
        big(6, 4),
        big(1_000, 4),
        big(1, 4),
        zeros(4),
        floats(SAMPLES, 4, false),
      ),
    ],
  ])("[P36] become a WAV: %s", (_, file) => {
    expect(samplesIn(mend(file))).toEqual({ channels: 1, rateHz: 1_000, samples: SAMPLES });
  });

  it.each<[string, Uint8Array<ArrayBuffer>]>([
    ["AIFF-C of a codec", aiff("AIFC", comm(1, 16, "ima4"), ssnd(zeros(34)))],
    ["AIFF without sound", aiff("AIFF", comm(1, 16))],
    ["AU of µ-law", join(".snd", big(24, 4), big(8, 4), big(1, 4), big(1_000, 4), big(1, 4), zeros(8))],
    ["AU cut off", join(".snd", big(24, 4))],
  ])("[P36] are left alone otherwise: %s", (_, file) => {
    expect(mend(file)).toEqual(file);
  });
});

describe("what stands before the sound", () => {
  const song = frames(mp3Frame, 5);
  it.each<[string, Uint8Array, Uint8Array]>([
    ["zeros before MP3", join(zeros(512), song), song],
    ["something else before MP3", join(junk, song), song],
    [
      "the rest of a cut frame before ADTS",
      join(adtsFrame.subarray(40), frames(adtsFrame, 5)),
      frames(adtsFrame, 5),
    ],
    ["an APE tag before MP3", join(ape(300), song), song],
    ["ID3 and APE before MP3", join(id3(zeros(90)), ape(300), song), song],
    ["two ID3 tags before MP3", join(id3(zeros(90)), id3(zeros(300)), song), song],
    ["ID3 and zeros before MP3", join(id3(zeros(90)), zeros(1_024), song), song],
    ["ID3 before FLAC", join(id3(zeros(90)), flac), flac],
    ["ID3 with a footer before FLAC", join(id3(zeros(90), 0x10, zeros(10)), flac), flac],
    ["zeros before Ogg", join(zeros(16), "OggS", zeros(60)), join("OggS", zeros(60))],
  ])("[P36] is cut: %s", (_, file, expected) => {
    expect(mend(join(file))).toEqual(expected);
  });

  it.each<[string, Uint8Array]>([
    ["MP3", song],
    ["ID3 before MP3", join(id3(zeros(500)), song)],
    ["damage behind two frames", join(frames(mp3Frame, 2), junk, song)],
    ["a box of QuickTime that was left free", join(big(8, 4), "wide", big(20, 4), "mdat", zeros(12))],
    ["MP4", join(big(24, 4), "ftypM4A ", zeros(12))],
    ["zeros alone", join(zeros(900))],
    ["nothing", join()],
    ["text", join("These are words, and no decoder can play them.")],
    ["a tag that is longer than the file", join("ID3", [3, 0, 0, 0x7f, 0x7f, 0x7f, 0x7f], zeros(20))],
  ])("[P36] stays: %s", (_, file) => {
    const bytes = join(file);
    expect(mend(bytes)).toBe(bytes);
  });

  it("[P36] throws at no file, however damaged", () => {
    const whole = [
      wav({ code: 3, bits: 64, data: floats(SAMPLES, 8) }),
      join(id3(zeros(90)), flac),
      join(ape(300), song),
    ];
    for (let round = 0; round < 400; round++) {
      const bytes = join(whole[round % whole.length] ?? song);
      for (let hit = 0; hit < 4; hit++)
        bytes[Math.floor(random.fraction() * bytes.length)] = Math.floor(random.fraction() * 256);
      const cut = bytes.slice(0, Math.floor(random.fraction() * (bytes.length + 1)));
      expect(mend(cut).length).toBeLessThan(1_000_000);
    }
  });
});
