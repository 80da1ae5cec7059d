// Films built by hand, a box at a time. Slices of files that ffmpeg made decode to the same samples as the whole in Chromium
// and Firefox.

import { describe, expect, it } from "vitest";
import { big, box, join, type Part, zeros } from "../tags/testing/tag-bytes.ts";
import { mp4Index } from "./mp4.ts";
import { readSlice } from "./slice-bytes.ts";
import type { CodedRun } from "./sound-index.ts";
import { sliceCountOf, sliceOf } from "./sound-index.ts";
import { expectToWithstand, indexOfBytes, runOf } from "./testing/hostile.ts";

/** AAC-LC at 44.1 kHz in stereo. */
const LOW_COMPLEXITY = [0x12, 0x10];
const descriptor = (tag: number, ...parts: Part[]): Uint8Array => {
  const content = join(...parts);
  return join([tag, 0x80, 0x80, content.length], content);
};
const esds = (config: Part, type = 0x40): Uint8Array =>
  box("esds", zeros(4), descriptor(3, [0, 1, 0], descriptor(4, [type], zeros(12), descriptor(5, config))));
const entry = (name: string, version: number, ...boxes: Uint8Array[]): Uint8Array =>
  box(name, zeros(6), big(1, 2), big(version, 2), zeros(18 + 16 * version), ...boxes);
const mp4a = (config: Part = LOW_COMPLEXITY): Uint8Array => entry("mp4a", 0, esds(config));

const PACKETS = 100;
const FRAMES = PACKETS * 1_024;
const HEADER = [...zeros(4), ...big(1_000, 4)];
const SIZES = Array.from({ length: PACKETS }, (_, packet) => 100 + (packet % 3));
const stsz = box("stsz", zeros(8), big(PACKETS, 4), ...SIZES.map((size) => big(size, 4)));
/** Two chunks of 40 packets, then one of 20. */
const stsc = box("stsc", zeros(4), big(2, 4), ...[1, 40, 1, 3, 20, 1].map((value) => big(value, 4)));
const CHUNKS = [1_000, 9_000, 17_000];
const stco = box("stco", zeros(4), big(3, 4), ...CHUNKS.map((at) => big(at, 4)));
const FILE_BYTES = 20_000;

interface Track {
  readonly sound?: Uint8Array;
  readonly tables?: readonly Uint8Array[];
  readonly edits?: Part;
  readonly mediaTicks?: number;
  readonly timescale?: number;
}
const track = ({
  sound = mp4a(),
  tables = [stsz, stsc, stco],
  edits,
  mediaTicks = 0,
  timescale = 44_100,
}: Track = {}) =>
  box(
    "trak",
    box("tkhd", zeros(12), big(7, 4), zeros(60)),
    ...(edits ? [box("edts", box("elst", edits))] : []),
    box(
      "mdia",
      box("mdhd", zeros(12), big(timescale, 4), big(mediaTicks, 4), zeros(4)),
      box("hdlr", zeros(8), "soun", zeros(12)),
      box("minf", box("stbl", box("stsd", zeros(4), big(1, 4), sound), ...tables)),
    ),
  );
/** A film in milliseconds. */
const moov = (...parts: Uint8Array[]): Uint8Array =>
  box("moov", box("mvhd", zeros(8), HEADER, zeros(80)), ...parts);
/** Behind a head of the usual kind, the packets where they are said to be; the film's head at the end or in front. */
function film(head: Uint8Array, isFirst = false): Uint8Array {
  const ftyp = box("ftyp", "M4A ", zeros(8));
  const front = isFirst ? join(ftyp, head) : ftyp;
  const data = box("mdat", zeros(FILE_BYTES - front.length - 8));
  return isFirst ? join(front, data) : join(front, data, head);
}
const edit = (durationTicks: number, startTicks: number): number[] => [
  ...big(durationTicks, 4),
  ...big(startTicks + 2 ** 32, 4),
  ...[0, 1, 0, 0],
];
const edits = (...all: number[][]): Uint8Array => join(zeros(4), big(all.length, 4), ...all);
const longEdit = (durationTicks: number, startTicks: number): Uint8Array =>
  join([1, 0, 0, 0], big(1, 4), big(durationTicks, 8), big(startTicks, 8), [0, 1, 0, 0]);
const smpb = (text: string): Uint8Array =>
  box(
    "udta",
    box(
      "meta",
      zeros(4),
      box("hdlr", zeros(8)),
      box(
        "ilst",
        box(
          "----",
          box("mean", zeros(4), "com.apple.iTunes"),
          box("name", zeros(4), "iTunSMPB"),
          box("data", zeros(8), text),
        ),
      ),
    ),
  );

/** 100 packets of a fragmented film, ten in each. */
const FRAGMENTED = box(
  "mvex",
  box("trex", zeros(4), big(7, 4), big(1, 4), big(1_024, 4), big(50, 4), zeros(4)),
);
const EMPTY = [box("stsz", zeros(12)), box("stsc", zeros(8)), box("stco", zeros(8))];
function fragment(tfhd: Part, trun: Part, ticks: number, dataBytes = 500): Uint8Array {
  const time = box("tfdt", [1, 0, 0, 0], big(ticks, 8));
  const head = box("moof", box("mfhd", zeros(8)), box("traf", box("tfhd", tfhd), time, box("trun", trun)));
  return join(head, box("mdat", zeros(dataBytes)));
}
const FROM_MOOF = join([0, 2, 0, 0], big(7, 4));
const tenPackets = (offset: number): Uint8Array => join([0, 0, 0, 1], big(10, 4), big(offset, 4));
const fragmentBytes = fragment(FROM_MOOF, tenPackets(0), 0).length;
const fragments = (ticksOf = (index: number): number => index * 10_240): Uint8Array =>
  join(
    box("ftyp", "iso5", zeros(8)),
    moov(FRAGMENTED, track({ tables: EMPTY })),
    ...Array.from({ length: 10 }, (_, index) =>
      fragment(FROM_MOOF, tenPackets(fragmentBytes - 500), ticksOf(index)),
    ),
  );

/** Where each packet lies and how large it is, by the tables of the file that the index names. */
function packetsOf({ packets }: CodedRun, file: Uint8Array): { starts: number[]; sizes: number[] } {
  const [starts, sizes]: number[][] = [[], []];
  if (!packets) throw new Error("no packets");
  packets.counts.forEach((count, at) => {
    const step = packets.tableSteps[at] as number;
    let start = packets.startBytes[at] as number;
    const end = packets.endBytes[at] as number;
    for (let packet = 0; packet < count; packet++) {
      let size = step === 0 ? (end - (packets.startBytes[at] as number)) / count : 0;
      const tableAt = (packets.tableBytes[at] as number) + packet * step;
      for (let byte = 0; step > 0 && byte < packets.widthBytes; byte++)
        size = size * 256 + (file[tableAt + byte] as number);
      starts?.push(start);
      sizes?.push(size);
      start += size;
    }
    expect(start).toBe(end);
  });
  return { starts: starts ?? [], sizes: sizes ?? [] };
}

describe("the sound index of MP4", () => {
  it.each([true, false])("finds the packets, the film's head in front: %s", async (isFirst) => {
    const file = film(moov(track()), isFirst);
    const run = await runOf(mp4Index, file);
    const { starts, sizes } = packetsOf(run, file);
    expect(run).toMatchObject({ kind: "adts", sampleRate: 44_100, channels: 2, endByte: 3 });
    expect(run).toMatchObject({ codedFrames: FRAMES, primingFrames: 0, lengthFrames: FRAMES });
    expect([...run.pointBytes]).toEqual([0, 1, 2]);
    expect([...run.pointFrames]).toEqual([0, 40 * 1_024, 80 * 1_024]);
    expect(sizes).toEqual(SIZES);
    expect([0, 1, 39, 40, 80, 99].map((packet) => starts[packet])).toEqual([
      ...[1_000, 1_100, 1_000 + 39 * 101, 9_000, 17_000],
      17_000 + 102 + 18 * 101,
    ]);
    expect([...(run.packets?.config ?? [])]).toEqual(LOW_COMPLEXITY);
  });

  it("reads every kind of table", async () => {
    const co64 = box("co64", zeros(4), big(3, 4), ...CHUNKS.map((at) => big(at, 8)));
    const bytes = box("stz2", zeros(7), [8], big(PACKETS, 4), SIZES);
    const words = box("stz2", zeros(7), [16], big(PACKETS, 4), ...SIZES.map((size) => big(size, 2)));
    const halves = box("stz2", zeros(7), [4], big(PACKETS, 4), new Array<number>(50).fill(0x9c));
    const common = box("stsz", zeros(4), big(64, 4), big(PACKETS, 4));
    const sizesWith = async (...tables: Uint8Array[]): Promise<number[]> => {
      const file = film(moov(track({ tables })));
      return packetsOf(await runOf(mp4Index, file), file).sizes.slice(0, 3);
    };
    expect(await sizesWith(bytes, stsc, co64)).toEqual([100, 101, 102]);
    expect(await sizesWith(words, stsc, co64)).toEqual([100, 101, 102]);
    expect(await sizesWith(common, stsc, stco)).toEqual([64, 64, 64]);
    // Packets of less than 16 bytes each are no sound.
    expect(await indexOfBytes(mp4Index, film(moov(track({ tables: [halves, stsc, stco] }))))).toBeNull();
  });

  it("has slices that are its packets, each behind a header that says its size", async () => {
    const file = film(moov(track()), true);
    const run = await runOf(mp4Index, file);
    const read = async (from: number, to: number) => Uint8Array.from(file.subarray(from, to));
    expect(sliceCountOf(run)).toBe(1);
    const bytes = await readSlice(sliceOf(run, 0), { sizeBytes: file.length, read });
    const sizes: number[] = [];
    for (let at = 0; at < bytes.length; ) {
      const [sync, layer, , , high = 0, low = 0] = bytes.subarray(at, at + 6);
      expect([sync, layer]).toEqual([0xff, 0xf1]);
      const size = (high << 3) | (low >> 5);
      sizes.push(size - 7);
      at += size;
    }
    expect(sizes).toEqual(SIZES);
  });

  it.each<[string, Track, number, number]>([
    ["an edit list", { edits: edits(edit(2_000, 1_024)) }, 1_024, 88_200],
    ["an edit list in 64 bits", { edits: longEdit(2_000, 2_112) }, 2_112, 88_200],
    ["an edit in another timescale", { edits: edits(edit(2_000, 500)), timescale: 22_050 }, 1_000, 88_200],
    ["an edit to the end", { edits: edits(edit(0, 1_024)) }, 1_024, FRAMES - 1_024],
    [
      "an edit to the end in milliseconds, the last packet cut",
      { edits: edits(edit(2_298, 1_024)), mediaTicks: FRAMES - 16 },
      1_024,
      FRAMES - 1_040,
    ],
    ["a silence that nobody hears", { edits: edits(edit(23, -1), edit(2_000, 0)) }, 0, 88_200],
    ["a last packet that is cut", { mediaTicks: FRAMES - 300 }, 0, FRAMES - 300],
    ["a duration that fits no packet", { mediaTicks: 5 }, 0, FRAMES],
  ])("takes the song's place from %s", async (_, fields, primingFrames, lengthFrames) => {
    const run = await runOf(mp4Index, film(moov(track(fields))));
    expect(run).toMatchObject({ primingFrames, lengthFrames, codedFrames: FRAMES });
  });

  it("believes iTunes before the edit list, unless it claims more than there is", async () => {
    const edited = track({ edits: edits(edit(2_000, 1_024)) });
    const stated = smpb(" 00000000 00000840 000001CA 0000000000017000 00000000 00000000");
    const run = await runOf(mp4Index, film(moov(edited, stated)));
    expect(run).toMatchObject({ primingFrames: 2_112, lengthFrames: 0x17000 });
    const wrong = smpb(" 00000000 00000840 000001CA 0000000000999999");
    expect(await runOf(mp4Index, film(moov(edited, wrong)))).toMatchObject({ primingFrames: 1_024 });
  });

  it.each<[string, Uint8Array]>([
    [
      "QuickTime's description",
      entry(
        "mp4a",
        1,
        box("wave", box("frma", "mp4a"), box("mp4a", zeros(4)), esds(LOW_COMPLEXITY), zeros(8)),
      ),
    ],
    ["MPEG-2's AAC", entry("mp4a", 0, esds(LOW_COMPLEXITY, 0x67))],
    ["an extension that says there is none", mp4a([0x12, 0x10, 0x56, 0xe5, 0])],
  ])("takes %s", async (_, sound) => {
    expect(await runOf(mp4Index, film(moov(track({ sound }))))).toMatchObject({
      sampleRate: 44_100,
      channels: 2,
    });
  });

  it.each<[string, Uint8Array]>([
    ["HE-AAC", mp4a([0x2b, 0x12, 0x08, 0])],
    ["HE-AAC that is announced behind", mp4a([0x12, 0x10, 0x56, 0xe5, 0x80])],
    ["a rate that decoders may double", mp4a([0x13, 0x90])],
    ["AAC Main", mp4a([0x0a, 0x10])],
    ["packets of 960 frames", mp4a([0x12, 0x14])],
    ["channels that only the packets tell", mp4a([0x12, 0x00])],
    ["MP3", entry("mp4a", 0, esds(LOW_COMPLEXITY, 0x6b))],
    ["Apple Lossless", entry("alac", 0, esds(LOW_COMPLEXITY))],
    ["what is encrypted", entry("enca", 0, esds(LOW_COMPLEXITY))],
    ["no description", entry("mp4a", 0)],
  ])("is none of %s", async (_, sound) => {
    expect(await indexOfBytes(mp4Index, film(moov(track({ sound }))))).toBeNull();
  });

  it.each<[string, Uint8Array]>([
    ["a silence at the start", edits(edit(500, -1), edit(2_000, 0))],
    ["two pieces", edits(edit(500, 0), edit(500, 50_000))],
    ["nothing", edits(edit(500, -1))],
    ["half the speed", join(zeros(4), big(1, 4), big(0, 8), [0, 0, 0x80, 0])],
    ["what begins behind its end", edits(edit(0, FRAMES))],
  ])("is none of an edit of %s", async (_, list) => {
    expect(await indexOfBytes(mp4Index, film(moov(track({ edits: list }))))).toBeNull();
  });

  it("is none of something else, of films without sound, and of packets that no header has room for", async () => {
    const huge = box("stsz", zeros(4), big(8_185, 4), big(2, 4));
    const uncountable = box("stsz", zeros(4), big(1, 4), big(2 ** 32 - 1, 4));
    const many = box("stsz", zeros(8), big(1_000_000, 4), zeros(100));
    const files = [
      new Uint8Array(0),
      join("RIFF", zeros(100)),
      film(moov()),
      ...[huge, uncountable, many].map((sizes) => film(moov(track({ tables: [sizes, stsc, stco] })))),
      join(box("ftyp", "iso5"), fragment(FROM_MOOF, tenPackets(0), 0)),
    ];
    for (const file of files) expect(await indexOfBytes(mp4Index, file)).toBeNull();
  });

  it("ends where a file was cut off", async () => {
    const file = film(moov(track()), true).subarray(0, 10_000);
    const run = await runOf(mp4Index, file);
    expect(packetsOf(run, file).starts).toHaveLength(40 + 9);
    expect(run.lengthFrames).toBe(49 * 1_024);
  });

  it("gathers the packets of fragments", async () => {
    const file = fragments();
    const run = await runOf(mp4Index, file);
    expect(run).toMatchObject({
      endByte: 10,
      codedFrames: FRAMES,
      primingFrames: 0,
      lengthFrames: FRAMES,
    });
    const { starts } = packetsOf(run, file);
    expect(starts[99]).toBe(file.length - 50);
    expect(starts[0]).toBe(file.length - 9 * fragmentBytes - 500);
  });

  it("reads fragments that say where they are and what they have", async () => {
    const head = join(
      box("ftyp", "iso5", zeros(8)),
      moov(FRAGMENTED, track({ tables: EMPTY, edits: edits(edit(0, 90_512)) })),
    );
    const tfhd = join([0, 0, 0, 0x19], big(7, 4), big(100, 8), big(1_000, 4), big(60, 4));
    const own = join(
      [0, 0, 3, 1],
      big(3, 4),
      big(20, 4),
      ...[1_024, 40, 1_024, 41, 500, 42].map((value) => big(value, 4)),
    );
    const file = join(head, fragment(tfhd, own, 90_000));
    const run = await runOf(mp4Index, file);
    expect(packetsOf(run, file)).toEqual({ starts: [120, 160, 201], sizes: [40, 41, 42] });
    expect(run).toMatchObject({ codedFrames: 3_072, primingFrames: 512, lengthFrames: 2_548 - 512 });
  });

  it("is none of fragments with a hole between them, and ends at one that is cut off", async () => {
    expect(
      await indexOfBytes(
        mp4Index,
        fragments((index) => index * 20_000),
      ),
    ).toBeNull();
    const cut = await runOf(mp4Index, fragments().subarray(0, fragments().length - fragmentBytes - 100));
    expect(cut.codedFrames).toBe(88 * 1_024);
  });

  it("withstands what strangers make of it", async () => {
    const plain = film(moov(track({ edits: edits(edit(2_000, 1_024)) }), smpb(" 0 840 1CA 17000")), true);
    const small = join(plain.subarray(0, 1_600), zeros(1_000));
    await expectToWithstand(
      mp4Index,
      [small, fragments(), join(plain.subarray(0, 1_600), plain.subarray(-500))],
      3_000,
    );
  });
});
