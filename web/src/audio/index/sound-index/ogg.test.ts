// Streams built by hand in testing/ogg-bytes.ts. Slices of files that ffmpeg made decode to the same samples as the whole in
// Chromium, Firefox and WebKitGTK.

import { describe, expect, it } from "vitest";
import { toHex } from "../../../lib/index.ts";
import { join, zeros } from "../tags/testing/tag-bytes.ts";
import { oggIndex } from "./ogg.ts";
import { expectToWithstand, indexOfBytes, runOf } from "./testing/hostile.ts";
import {
  flacHead,
  flacPacket,
  many,
  OPUS_FRAMES,
  opusHead,
  opusPacket,
  opusTags,
  page,
  stream,
  vorbisComment,
  vorbisHead,
  vorbisPacket,
  vorbisSetup,
} from "./testing/ogg-bytes.ts";

const SECOND = many(50, opusPacket());
const FIRST = { flags: 2 };
/** Pages of a second each; the last one ends 500 frames early. */
const opus = (seconds = 3, tags = opusTags(), serial = 7): Uint8Array =>
  stream(
    [
      [[opusHead()], FIRST],
      [[tags], {}],
      ...SECOND.slice(0, seconds).map((_, index): [Uint8Array[], object] => {
        const isLast = index + 1 === seconds;
        return [SECOND, { granule: 48_000 * (index + 1) - (isLast ? 500 : 0), flags: isLast ? 4 : 0 }];
      }),
    ],
    serial,
  );
const OPUS_PAGE_BYTES = page(SECOND, {}).length;

const vorbisHeads: [Uint8Array[], object][] = [
  [[vorbisHead()], FIRST],
  [[vorbisComment, vorbisSetup()], {}],
];
const long = (count: number): Uint8Array[] => many(count, vorbisPacket(true));
/** 1024 frames from each packet but the first, which only begins. */
const vorbis = (from = 0, serial = 7): Uint8Array =>
  stream(
    [
      ...vorbisHeads,
      [long(51), { granule: from + 50 * 1_024 }],
      [long(50), { granule: from + 100 * 1_024 }],
      [long(50), { granule: from + 150 * 1_024 - 24, flags: 4 }],
    ],
    serial,
  );

const flac = (): Uint8Array =>
  stream([
    [[flacHead(2)], FIRST],
    [[join([0x04, 0, 0, 8], zeros(8))], {}],
    [[join([0x86, 0, 1, 44], zeros(300))], {}],
    [many(10, flacPacket()), { granule: 46_080 }],
    [[flacPacket(), flacPacket(2_000), new Uint8Array(0)], { granule: 52_688, flags: 4 }],
  ]);

describe("the sound index of Ogg", () => {
  it("has a point at each page of Opus, a second apart, and leaves the pre-skip and what is behind the end out", async () => {
    const run = await runOf(oggIndex, opus());
    const heads = opus().length - 3 * OPUS_PAGE_BYTES;
    expect(run).toMatchObject({ kind: "ogg-opus", sampleRate: 48_000, channels: 2, primingFrames: 312 });
    expect([...run.pointFrames]).toEqual([0, 48_000, 96_000]);
    expect([...run.pointBytes]).toEqual([0, 1, 2].map((index) => heads + index * OPUS_PAGE_BYTES));
    expect(run).toMatchObject({ endByte: opus().length, codedFrames: 143_500, lengthFrames: 143_188 });
  });

  it("writes the headers anew, with their checksums", async () => {
    const run = await runOf(oggIndex, opus(3, opusTags(zeros(100)), 0x8461685f));
    // As ffmpeg 5.1 writes this page.
    const first =
      "4f676753000200000000000000005f686184000000000956070601134f7075734865616401023801" + "80bb0000000000";
    expect(toHex(run.prefix.subarray(0, 47))).toBe(first);
    expect(run.prefix.length).toBe(47 + 28 + 16);
  });

  it("leaves a cover out of the headers, however many pages it has", async () => {
    const tags = opusTags(zeros(150_000));
    const pages = [0, 1, 2].map((index): [Uint8Array[], object] => {
      const isLast = index === 2;
      const part = tags.subarray(index * 65_025, isLast ? tags.length : (index + 1) * 65_025);
      return [[part], { granule: isLast ? 0 : -1, flags: index > 0 ? 1 : 0, isOpen: !isLast }];
    });
    const run = await runOf(
      oggIndex,
      stream([[[opusHead()], FIRST], ...pages, [SECOND, { granule: 48_000 }]]),
    );
    expect(run.prefix.length).toBeLessThan(100);
    expect(run.codedFrames).toBe(48_000);
  });

  it("counts the blocks of Vorbis", async () => {
    const run = await runOf(oggIndex, vorbis());
    expect(run).toMatchObject({ kind: "ogg-vorbis", sampleRate: 44_100, primingFrames: 0 });
    expect([...run.pointFrames]).toEqual([0, 51_200, 102_400]);
    expect(run.lengthFrames).toBe(153_576);
    const short = [vorbisPacket(true), vorbisPacket(false), vorbisPacket(false), vorbisPacket(true)];
    const mixed = await runOf(oggIndex, stream([...vorbisHeads, [short, { granule: 576 + 128 + 576 }]]));
    expect(mixed).toMatchObject({ codedFrames: 1_280, lengthFrames: 1_280 });
  });

  it("throws away of Vorbis what its first page does not state", async () => {
    const run = await runOf(
      oggIndex,
      stream([
        ...vorbisHeads,
        [long(51), { granule: 50 * 1_024 - 300 }],
        [long(50), { granule: 100 * 1_024 - 300 }],
      ]),
    );
    expect(run).toMatchObject({ primingFrames: 300, codedFrames: 102_400, lengthFrames: 102_100 });
    const onlyPage = await runOf(
      oggIndex,
      stream([...vorbisHeads, [long(51), { granule: 51_000, flags: 4 }]]),
    );
    expect(onlyPage).toMatchObject({ primingFrames: 0, codedFrames: 51_000, lengthFrames: 51_000 });
  });

  it("takes a recording that began in the middle of a broadcast, and of a packet", async () => {
    expect(await runOf(oggIndex, vorbis(9_000_000))).toEqual(
      expect.objectContaining({ primingFrames: 0, lengthFrames: 153_576 }),
    );
    const heads = stream(vorbisHeads);
    const rest = [
      page([vorbisPacket(true)], { sequence: 90, flags: 1, granule: 500_000 }),
      page(long(51), { sequence: 91, granule: 551_200 }),
      page(long(50), { sequence: 92, granule: 602_400 }),
    ];
    const run = await runOf(oggIndex, join(heads, ...rest));
    expect(run.pointBytes[0]).toBe(heads.length + (rest[0]?.length ?? 0));
    expect(run.codedFrames).toBe(102_400);
  });

  it("goes by the packets where streams were joined and their granules are off by a little", async () => {
    const pages = Array.from({ length: 100 }, (_, index): [Uint8Array[], object] => [
      SECOND,
      { granule: 48_500 * (index + 1) - (index === 99 ? 700 : 0), flags: index === 99 ? 4 : 0 },
    ]);
    const run = await runOf(oggIndex, stream([[[opusHead()], FIRST], [[opusTags()], {}], ...pages]));
    expect(run).toMatchObject({ codedFrames: 100 * 48_000 - 200 });
    const wrong = pages.map(([packets], index): [Uint8Array[], object] => [
      packets,
      { granule: 60_000 * index },
    ]);
    const file = stream([[[opusHead()], FIRST], [[opusTags()], {}], ...wrong]);
    expect(await indexOfBytes(oggIndex, file)).toBeNull();
  });

  it("has no point where a packet goes on from the page before", async () => {
    const run = await runOf(
      oggIndex,
      stream([
        [[opusHead()], FIRST],
        [[opusTags()], {}],
        [[...SECOND, opusPacket(255)], { granule: 48_000, isOpen: true }],
        [[new Uint8Array(255)], { granule: -1, flags: 1, isOpen: true }],
        [[new Uint8Array(3), ...SECOND], { granule: 96_960, flags: 1 }],
        [SECOND, { granule: 144_960 }],
      ]),
    );
    expect([...run.pointFrames]).toEqual([0, 101 * OPUS_FRAMES]);
    expect(run.codedFrames).toBe(151 * OPUS_FRAMES);
  });

  it("takes each stream of a chain for itself, whatever its codec, number and end", async () => {
    const open = stream([...vorbisHeads, [long(51), { granule: 51_200 }]]);
    const file = join(vorbis(), opus(2, opusTags(), 8), open, open);
    const runs = (await indexOfBytes(oggIndex, file))?.runs ?? [];
    expect(runs.map(({ kind, lengthFrames }) => [kind, lengthFrames])).toEqual([
      ["ogg-vorbis", 153_576],
      ["ogg-opus", 96_000 - 500 - 312],
      ["ogg-vorbis", 51_200],
      ["ogg-vorbis", 51_200],
    ]);
    expect(runs.map((run) => run.endByte)).toEqual([
      vorbis().length,
      vorbis().length + opus(2).length,
      file.length - open.length,
      file.length,
    ]);
  });

  it("reads FLAC with any number of headers, and states one", async () => {
    const run = await runOf(oggIndex, flac());
    expect(run).toMatchObject({ kind: "ogg-flac", sampleRate: 44_100, channels: 2, codedFrames: 52_688 });
    expect([...run.pointFrames]).toEqual([0, 46_080]);
    const head = toHex(run.prefix.subarray(28, 28 + 51));
    expect(head.slice(0, 34)).toBe("7f464c414301000001664c614300000022");
    expect(head.slice(-42)).toBe(`f0${"0".repeat(40)}`);
  });

  it("ends at a page that was cut off, and before a tag", async () => {
    const cut = await runOf(oggIndex, opus().subarray(0, opus().length - 10));
    expect(cut).toMatchObject({ codedFrames: 96_000, endByte: opus().length - OPUS_PAGE_BYTES });
    const tagged = await runOf(oggIndex, join(opus(), "TAG", zeros(125)));
    expect(tagged.codedFrames).toBe(143_500);
  });

  it("begins where it is told, behind a tag", async () => {
    const run = await runOf(oggIndex, join(zeros(100), opus()), 100);
    expect(run.endByte).toBe(100 + opus().length);
  });

  it("passes over another stream whose pages all stand before the sound", async () => {
    const [first, ...rest] = [page([opusHead()], FIRST), page([opusTags()], { sequence: 1 })];
    const skeleton = page([join("fishead\0", zeros(60))], { ...FIRST, serial: 9 });
    const bone = page([join("fisbone\0", zeros(60))], { serial: 9, sequence: 1 });
    const sound = page(SECOND, { sequence: 2, granule: 48_000 });
    const run = await runOf(oggIndex, join(skeleton, first ?? "", bone, ...rest, sound));
    expect(run.codedFrames).toBe(48_000);
    const late = join(skeleton, first ?? "", ...rest, sound, bone);
    expect(await indexOfBytes(oggIndex, late)).toBeNull();
  });

  it.each<[string, Uint8Array]>([
    ["nothing", new Uint8Array(0)],
    ["something else", join("RIFF", zeros(100))],
    ["headers alone", stream(vorbisHeads)],
    ["no headers", page(SECOND, { granule: 48_000 })],
    ["a lost page", join(opus().subarray(0, -2 * OPUS_PAGE_BYTES), opus().subarray(-OPUS_PAGE_BYTES))],
    [
      "damage between two pages",
      join(opus().subarray(0, -OPUS_PAGE_BYTES), "dam", opus().subarray(-OPUS_PAGE_BYTES)),
    ],
    [
      "a hole in time",
      stream([
        [[opusHead()], FIRST],
        [[opusTags()], {}],
        [SECOND, { granule: 48_000 }],
        [SECOND, { granule: 200_000 }],
      ]),
    ],
    [
      "two sounds at once",
      join(page([opusHead()], FIRST), page([vorbisHead()], { ...FIRST, serial: 8 }), opus().subarray(47)),
    ],
    ["a codec of its own", join(page([join("Speex   ", zeros(72))], FIRST), page(SECOND, { sequence: 1 }))],
    [
      "sound on the page of a header",
      stream([
        [[opusHead()], FIRST],
        [[opusTags(), opusPacket()], {}],
        [SECOND, {}],
      ]),
    ],
    [
      "an Opus packet of no length",
      stream([
        [[opusHead()], FIRST],
        [[opusTags()], {}],
        [[join([0xff, 0])], {}],
      ]),
    ],
    [
      "a codebook without modes",
      stream([
        [[vorbisHead()], FIRST],
        [[vorbisComment, join([5], "vorbis", zeros(50))], {}],
        [long(9), {}],
      ]),
    ],
  ])("is none of %s", async (_, file) => {
    expect(await indexOfBytes(oggIndex, file)).toBeNull();
  });

  it("reads a large file in steps", async () => {
    let mostBytes = 0;
    const large = stream([
      [[opusHead()], FIRST],
      [[opusTags()], {}],
      ...Array.from({ length: 150 }, (_, index): [Uint8Array[], object] => [
        many(50, opusPacket(600)),
        { granule: 48_000 * (index + 1) },
      ]),
    ]);
    const index = await indexOfBytes(oggIndex, large, 0, (sizeBytes) => {
      mostBytes = Math.max(mostBytes, sizeBytes);
    });
    expect(large.length).toBeGreaterThan(4e6);
    expect(mostBytes).toBe(1 << 20);
    expect(index?.runs[0]?.pointFrames.length).toBe(150);
  });

  it("withstands what strangers make of it", async () => {
    await expectToWithstand(
      oggIndex,
      [opus(), vorbis(), flac(), join(vorbis(), opus(2, opusTags(), 8))],
      3_000,
    );
  });
});
