// Recordings built by hand, an element at a time. Slices of files that ffmpeg made, cut within clusters too, decode to the
// same samples as the whole in Chromium, Firefox and WebKitGTK.

import { describe, expect, it } from "vitest";
import { toHex } from "../../../lib/index.ts";
import { big, ebml, join, type Part, zeros } from "../tags/testing/tag-bytes.ts";
import { expectToWithstand, indexOfBytes, runOf } from "./testing/hostile.ts";
import {
  many,
  opusHead,
  opusPacket,
  vorbisComment,
  vorbisHead,
  vorbisPacket,
  vorbisSetup,
} from "./testing/ogg-bytes.ts";
import { webmIndex } from "./webm.ts";

const [EBML, SEGMENT, INFO, TRACKS, CLUSTER] = [0x1a45dfa3, 0x18538067, 0x1549a966, 0x1654ae6b, 0x1f43b675];
const [CUES, TAGS, VOID, CHECKSUM] = [0x1c53bb6b, 0x1254c367, 0xec, 0xbf];
const [TIME, SIMPLE_BLOCK, BLOCK_GROUP, BLOCK, PADDING] = [0xe7, 0xa3, 0xa0, 0xa1, 0x75a2];
const UNKNOWN = [0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
const open = (id: number, ...parts: Part[]): Uint8Array => join(big(id, 4), UNKNOWN, ...parts);

const trackEntry = (codec: string, secret: Part, ...more: Uint8Array[]): Uint8Array =>
  ebml(
    0xae,
    ebml(0xd7, [1]),
    ebml(0x83, [2]),
    ebml(0x86, codec),
    ebml(0x63a2, secret),
    ebml(0xe1, ebml(0x9f, [2])),
    ...more,
  );
const OPUS = trackEntry("A_OPUS", opusHead(), ebml(0x56aa, big(6_500_000, 4)));
const xiph = (...packets: Uint8Array[]): Uint8Array =>
  join(
    [packets.length - 1],
    packets.slice(0, -1).map(({ length }) => length),
    ...packets,
  );
const VORBIS = trackEntry("A_VORBIS", xiph(vorbisHead(), vorbisComment, vorbisSetup()));

const head = ebml(EBML, ebml(0x4282, "webm"));
const info = ebml(INFO, ebml(0x2ad7b1, big(1_000_000, 3)));
const start = (track = OPUS): Uint8Array => join(info, ebml(TRACKS, track));
const block = (ms: number, content: Part, flags = 0x80, track = 1): Uint8Array =>
  join([0x80 + track], big(ms, 2), [flags], content);
const simple = (ms: number, content: Part, flags = 0x80, track = 1): Uint8Array =>
  ebml(SIMPLE_BLOCK, block(ms, content, flags, track));
const packets = (count: number): Uint8Array[] =>
  many(count, opusPacket()).map((packet, index) => simple(20 * index, packet));
/** Two seconds from a time on. */
const cluster = (ms: number, make = ebml): Uint8Array =>
  make(CLUSTER, ebml(TIME, big(ms, 4)), ...packets(100));
const webm = (...parts: Part[]): Uint8Array => join(head, ebml(SEGMENT, ...parts));
const three = [0, 2_000, 4_000];

describe("the sound index of WebM", () => {
  it("has a point each second, at a cluster or within", async () => {
    const file = webm(start(), ...three.map((ms) => cluster(ms)));
    const run = await runOf(webmIndex, file);
    expect(run).toMatchObject({ kind: "webm", sampleRate: 48_000, channels: 2, primingFrames: 312 });
    expect(run).toMatchObject({ codedFrames: 288_000, lengthFrames: 287_688, endByte: file.length });
    expect([...run.pointFrames]).toEqual([0, 1, 2, 3, 4, 5].map((sec) => 48_000 * sec));
    const at = [...run.pointBytes].map((byte) => toHex(file.subarray(byte, byte + 4)));
    expect(at.map((hex) => hex.slice(0, 2))).toEqual(["1f", "a3", "1f", "a3", "1f", "a3"]);
  });

  it("puts the heads before every slice, without index and tags, and the head of a cluster", async () => {
    const file = webm(
      ebml(CUES, zeros(500)),
      info,
      ebml(TAGS, zeros(90_000)),
      ebml(TRACKS, OPUS),
      cluster(0),
    );
    const run = await runOf(webmIndex, file);
    const behind = join(big(CLUSTER, 4), UNKNOWN, [TIME, 0x81, 0]);
    expect(run.prefix).toEqual(join(head, open(SEGMENT), info, ebml(TRACKS, OPUS), behind));
  });

  it("reads recordings that do not say how long anything is", async () => {
    const file = join(
      head,
      open(SEGMENT, start(), ...three.map((ms) => cluster(ms, open)), ebml(CUES, zeros(50))),
    );
    const run = await runOf(webmIndex, file);
    expect(run.codedFrames).toBe(288_000);
    expect(run.endByte).toBe(file.length - ebml(CUES, zeros(50)).length);
  });

  it.each<[string, Part, number]>([
    ["Xiph's", join([2, 20, 20], ...many(3, opusPacket())), 0x82],
    ["EBML's", join([2, 0x94, 0xbf], ...many(3, opusPacket())), 0x86],
    ["equal sizes", join([2], ...many(3, opusPacket())), 0x84],
  ])("counts packets in a block by %s lacing", async (_, content, flags) => {
    const long = join([1, 255, 45], opusPacket(300), opusPacket());
    const file = webm(
      start(),
      ebml(CLUSTER, ebml(TIME, [0]), simple(0, content, flags), simple(60, long, 0x82)),
    );
    expect(await runOf(webmIndex, file)).toMatchObject({ codedFrames: 5 * 960 });
  });

  it("takes blocks in groups, and of the last one as much as is to be heard", async () => {
    const groups = packets(50).map((_, index) =>
      ebml(BLOCK_GROUP, ebml(BLOCK, block(20 * index, opusPacket(), 0))),
    );
    const padded = ebml(
      BLOCK_GROUP,
      ebml(BLOCK, block(1_000, opusPacket(), 0)),
      ebml(PADDING, big(13_500_000, 8)),
    );
    const parts = [ebml(TIME, [0]), ebml(CHECKSUM, zeros(4)), ...groups, ebml(VOID, zeros(9))];
    const file = webm(start(), ebml(CLUSTER, ...parts, padded));
    const run = await runOf(webmIndex, file);
    expect(run).toMatchObject({
      codedFrames: 48_960 - 648,
      lengthFrames: 48_312 - 312,
      endByte: file.length,
    });
    expect([...run.pointFrames]).toEqual([0, 48_000]);
    const early = webm(start(), ebml(CLUSTER, ...parts, padded, simple(1_020, opusPacket())));
    expect(await indexOfBytes(webmIndex, early)).toBeNull();
  });

  it("takes the pre-skip of Opus' own head where the track states no delay", async () => {
    const run = await runOf(webmIndex, webm(start(trackEntry("A_OPUS", opusHead(480))), cluster(0)));
    expect(run.primingFrames).toBe(480);
  });

  it("counts the blocks of Vorbis", async () => {
    const blocks = many(100, vorbisPacket(true)).map((packet, index) =>
      simple(Math.round(23.2 * index), packet),
    );
    const run = await runOf(webmIndex, webm(start(VORBIS), ebml(CLUSTER, ebml(TIME, [0]), ...blocks)));
    expect(run).toMatchObject({ sampleRate: 44_100, codedFrames: 99 * 1_024, primingFrames: 0 });
    expect(run.pointFrames[1]).toBe(44 * 1_024);
  });

  it("ends where a file was cut off", async () => {
    const file = webm(start(), cluster(0), cluster(2_000));
    const run = await runOf(webmIndex, file.subarray(0, file.length - 10));
    expect(run.codedFrames).toBe(199 * 960);
  });

  const blocks = (...parts: Uint8Array[]): Uint8Array =>
    webm(start(), ebml(CLUSTER, ebml(TIME, [0]), ...parts));
  it.each<[string, Uint8Array]>([
    ["nothing", new Uint8Array(0)],
    ["something else", join("OggS", zeros(100))],
    ["heads alone", webm(start())],
    ["a film", blocks(simple(0, opusPacket()), simple(0, zeros(50), 0x80, 2))],
    ["another codec", webm(start(trackEntry("A_AAC", [0x12, 0x10])), cluster(0))],
    [
      "packets that were packed once more",
      webm(start(trackEntry("A_OPUS", opusHead(), ebml(0x6d80, zeros(9)))), cluster(0)),
    ],
    ["clusters without a track", webm(info, cluster(0), ebml(TRACKS, OPUS))],
    ["a hole in time", webm(start(), cluster(0), cluster(60_000))],
    ["two films in one file", join(webm(start(), cluster(0)), webm(start(), cluster(0)))],
    ["a lace that is longer than its block", blocks(simple(0, join([1, 255, 255], opusPacket()), 0x82))],
    ["laces of no equal size", blocks(simple(0, join([1], opusPacket(19)), 0x84))],
    ["damage", join(webm(start(), cluster(0)), zeros(100))],
    [
      "a block that claims all the rest",
      blocks(join([SIMPLE_BLOCK, 1], big(2 ** 40, 7)), join(zeros(2 ** 21))),
    ],
  ])("is none of %s", async (_, file) => {
    expect(await indexOfBytes(webmIndex, file)).toBeNull();
  });

  it("withstands what strangers make of it", async () => {
    const laced = simple(0, join([2, 0x94, 0xbf], ...many(3, opusPacket())), 0x86);
    const padded = ebml(
      BLOCK_GROUP,
      ebml(BLOCK, block(60, opusPacket(), 0)),
      ebml(PADDING, big(13_500_000, 8)),
    );
    const files = [
      webm(start(), cluster(0), cluster(2_000)),
      join(head, open(SEGMENT, start(), cluster(0, open))),
      blocks(laced, padded),
      webm(
        start(VORBIS),
        ebml(CLUSTER, ebml(TIME, [0]), simple(0, vorbisPacket(true)), simple(1, vorbisPacket(false))),
      ),
    ];
    await expectToWithstand(webmIndex, files, 3_000);
  });
});
