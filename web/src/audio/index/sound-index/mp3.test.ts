import { describe, expect, it } from "vitest";
import { join, utf16, zeros } from "../tags/testing/tag-bytes.ts";
import { sliceOf } from "./sound-index.ts";
import {
  ape,
  ID3V1,
  id3,
  indexOf,
  lsfFrame,
  mp3Frame,
  repeat,
  runOf,
  runsOf,
  soundBytes,
  xingFrame,
} from "./testing/sound-files.ts";

const frames = (count: number, fields = {}): Uint8Array => repeat(mp3Frame(fields), count);
/** 44.1 kHz, 1152 frames each: 39 of them are the first that last a second. */
const FRAMES_A_POINT = 39;
const xingWith = (delay: number, padding: number, mp3Frames = 100): Uint8Array =>
  xingFrame({ mp3Frames, delay, padding });

describe("the index of an MP3", () => {
  it("has a point at the first frame of every second, and its end at the end of the last", async () => {
    const bytes = frames(400);
    const run = await runOf(bytes);
    expect(run).toMatchObject({
      kind: "mp3",
      sampleRate: 44_100,
      channels: 2,
      primingFrames: 0,
      endByte: 400 * 417,
    });
    expect(run.lengthFrames).toBe(400 * 1_152);
    expect([...run.pointFrames].slice(0, 3)).toEqual(
      [0, 1, 2].map((point) => point * FRAMES_A_POINT * 1_152),
    );
    expect([...run.pointBytes].slice(0, 3)).toEqual([0, 1, 2].map((point) => point * FRAMES_A_POINT * 417));
    expect(soundBytes(bytes, run)).toEqual(bytes);
    expect(sliceOf(run, 1).parts).toEqual([
      { fromByte: 4 * FRAMES_A_POINT * 417, toByte: 10 * FRAMES_A_POINT * 417 },
    ]);
  });

  it.each<[string, Uint8Array, number]>([
    [
      "of many bit rates",
      join(frames(50), frames(7, { kbps: 320 }), frames(9, { kbps: 32, padding: 1 })),
      66 * 1_152,
    ],
    ["of low rate", repeat(lsfFrame, 500), 500 * 576],
    ["whose last frame is cut off", frames(20).subarray(0, -1), 19 * 1_152],
    [
      "with tags at both ends",
      join(id3(zeros(999)), id3("x"), ape(50), frames(20), ape(9_000), ID3V1),
      20 * 1_152,
    ],
    [
      "with lyrics at the end",
      join(frames(20), "LYRICSBEGIN", zeros(40), "000051LYRICS200", ID3V1),
      20 * 1_152,
    ],
    ["with old lyrics", join(frames(20), "LYRICSBEGIN", zeros(40), "LYRICSEND", ID3V1), 20 * 1_152],
    [
      "with damage between",
      join(frames(9), [0xff, 0xfb], zeros(999), [0xff, 0xfb, 0x90, 0], frames(9)),
      18 * 1_152,
    ],
    ["with a hole in a frame", join(frames(9), frames(1).subarray(0, 200), frames(9)), 18 * 1_152],
    ["with small tags between", join(frames(9), id3(zeros(60)), frames(9), ape(20), frames(9)), 27 * 1_152],
    [
      "in free format",
      join(frames(9, { freeBytes: 900 }), frames(9, { freeBytes: 900, padding: 1 })),
      18 * 1_152,
    ],
    ["with two frames in mono", join(frames(9), frames(2, { isMono: true }), frames(9)), 20 * 1_152],
    ["with two frames of another rate", join(frames(9), repeat(lsfFrame, 2), frames(9)), 18 * 1_152],
    [
      "with a count that an edit made wrong",
      join(xingFrame({ mp3Frames: 3, encoder: [] }), frames(20)),
      20 * 1_152,
    ],
    [
      "with a header of Fraunhofer's",
      join(mp3Frame({ content: join(zeros(32), "VBRI") }), frames(20)),
      20 * 1_152,
    ],
  ])("counts one %s", async (_, bytes, expected) => {
    const run = await runOf(bytes);
    expect([run.codedFrames, run.lengthFrames]).toEqual([expected, expected]);
  });

  it.each<[string, Uint8Array, number, number]>([
    ["what LAME added", join(xingWith(576, 1_000), frames(100)), 1_105, 115_200 - 1_576],
    [
      "less than the decoder's delay at the end",
      join(xingWith(576, 100), frames(100)),
      1_105,
      115_200 - 1_105,
    ],
    [
      "no padding of a file that was cut off",
      join(xingWith(576, 1_000), frames(80)),
      1_105,
      80 * 1_152 - 1_105,
    ],
    [
      "no padding of a file that was added to",
      join(xingWith(576, 1_000), frames(120)),
      1_105,
      120 * 1_152 - 1_105,
    ],
    ["what LAME added without a count", join(xingWith(576, 1_000, 0), frames(100)), 1_105, 115_200 - 1_576],
    [
      "what iTunes added",
      join(
        id3(join("COMM", zeros(9), "engiTunSMPB\0", " 00000000 00000210 000007A8 0000000000000000")),
        frames(100),
      ),
      528 + 529,
      115_200 - 528 - 1_960,
    ],
    [
      "what iTunes tells in UTF-16",
      join(
        id3(join(utf16("iTunSMPB"), [0, 0], utf16(" 00000000 00000210 000007A8 0000000000000000"))),
        frames(100),
      ),
      528 + 529,
      115_200 - 528 - 1_960,
    ],
  ])("leaves out %s", async (_, bytes, primingFrames, lengthFrames) => {
    expect(await runOf(bytes)).toMatchObject({ primingFrames, lengthFrames });
  });

  it("begins a run with each of the files that were joined, without what their encoders added", async () => {
    const one = join(xingWith(576, 1_000), frames(100), ID3V1);
    const runs = await runsOf(join(one, id3(zeros(9_000)), one));
    expect(runs.map((run) => run.lengthFrames)).toEqual([113_624, 113_624]);
    expect(runs.map((run) => run.pointBytes[0])).toEqual([417, one.length + 9_010 + 417]);
  });

  it("begins a run where rate or channels change for good", async () => {
    const runs = await runsOf(join(frames(50), frames(50, { isMono: true }), repeat(lsfFrame, 50)));
    expect(runs.map(({ channels, sampleRate }) => [channels, sampleRate])).toEqual([
      [2, 44_100],
      [1, 44_100],
      [1, 22_050],
    ]);
    expect(runs.map((run) => run.endByte)).toEqual([20_850, 41_700, 46_900]);
  });

  it("begins a run behind a picture", async () => {
    const runs = await runsOf(join(frames(50), id3(zeros(70_000)), frames(50)));
    expect(runs.map((run) => run.codedFrames)).toEqual([57_600, 57_600]);
  });

  it.each<[string, Uint8Array]>([
    ["layer II", repeat(join([0xff, 0xfd, 0x90, 0], zeros(413)), 50)],
    ["layer I", repeat(join([0xff, 0xff, 0x90, 0], zeros(308)), 50)],
    ["one frame among zeros", join(frames(1), zeros(5_000))],
    ["a header that tells, and no frame", join(xingWith(0, 0), zeros(5_000))],
    ["less sound than the delay", join(xingWith(2_000, 0), frames(2))],
    ["zeros", new Uint8Array(5_000)],
    ["nothing", new Uint8Array(0)],
  ])("is none for %s", async (_, bytes) => {
    expect(await indexOf(bytes)).toBe(null);
  });

  it("is none for a file of more than a day", async () => {
    // 40 bytes are the smallest frame, at 8 kHz.
    const frame = join([0xff, 0xe3, 0x08, 0], zeros(36));
    expect(await indexOf(repeat(frame, 1_300_000))).toBe(null);
  });
});
