// The length of Ogg by its pages is that which its sound index states, wherever the stream begins by its own count. Pages built by hand.

import { describe, expect, it } from "vitest";
import { oggIndex } from "../sound-index/ogg.ts";
import { indexOfBytes } from "../sound-index/testing/hostile.ts";
import {
  flacHead,
  flacPacket,
  many,
  opusHead,
  opusPacket,
  opusTags,
  page,
  stream,
  vorbisComment,
  vorbisHead,
  vorbisPacket,
  vorbisSetup,
} from "../sound-index/testing/ogg-bytes.ts";
import { join, zeros } from "../tags/testing/tag-bytes.ts";
import { readSoundLength } from "./sound-length.ts";

type Pages = [Uint8Array[], object][];

const heads: Record<string, Pages> = {
  Opus: [
    [[opusHead()], { flags: 2 }],
    [[opusTags()], {}],
  ],
  Vorbis: [
    [[vorbisHead()], { flags: 2 }],
    [[vorbisComment, vorbisSetup()], {}],
  ],
  FLAC: [
    [[flacHead(1)], { flags: 2 }],
    [[join([0x84, 0, 0, 8], zeros(8))], {}],
  ],
};

/** Three pages of fifty packets, whose sound begins at a granule of `from`; a recording begins within a packet. */
function pages(codec: string, from: number, isRecording = false): Pages {
  const packet = { Opus: opusPacket(), Vorbis: vorbisPacket(true), FLAC: flacPacket() }[codec] as Uint8Array;
  const frames = { Opus: 960, Vorbis: 1_024, FLAC: 4_608 }[codec] ?? 0;
  const begun = codec === "Vorbis" ? 1 : 0; // the first packet gives no sound
  const rest: Pages = isRecording ? [[[packet, packet], { flags: 1, granule: from }]] : [];
  return [
    ...(heads[codec] ?? []),
    ...rest,
    [many(50 + begun, packet), { granule: from + 50 * frames }],
    [many(50, packet), { granule: from + 100 * frames }],
    [many(50, packet), { granule: from + 150 * frames - 24, flags: 4 }],
  ];
}

const lengthSec = (file: Uint8Array): number | undefined => readSoundLength(file)?.durationSec;

async function indexedSec(file: Uint8Array): Promise<number | undefined> {
  const runs = (await indexOfBytes(oggIndex, file))?.runs;
  return runs?.reduce((sum, run) => sum + run.lengthFrames / run.sampleRate, 0);
}

describe("the length of Ogg", () => {
  const starts = [0, 100, 48_000, 1_500_000, 90_000_000];
  const cases = Object.keys(heads).flatMap((codec) => starts.map((from) => [codec, from] as const));

  it.each(cases)("[P18] of %s that begins at frame %i is that of its sound index", async (codec, from) => {
    for (const isRecording of [false, true]) {
      const file = stream(pages(codec, from, isRecording));
      expect(lengthSec(file)).toBeCloseTo((await indexedSec(file)) ?? Number.NaN, 9);
      expect(lengthSec(file)).toBeLessThan(16);
    }
  });

  it.each(Object.keys(heads))("[P18] of %s that can have no index is the same", async (codec) => {
    const [first, ...others] = pages(codec, 1_500_000).map(([packets, fields], sequence) =>
      page(packets, { sequence, ...fields }),
    );
    const strange = page([join("fishead", zeros(50))], { serial: 9, flags: 2 });
    const late = page([join(zeros(60))], { serial: 9, granule: 5_000_000 });
    const beside = join(first as Uint8Array, strange, ...others.slice(0, 2), late, ...others.slice(2));
    expect(await indexedSec(beside)).toBeUndefined();
    expect(lengthSec(beside)).toBe(lengthSec(stream(pages(codec, 1_500_000))));
  });

  it("[P18] is that of all songs of a chain, each from where it begins", () => {
    const [one, other] = [stream(pages("Opus", 1_500_000)), stream(pages("Vorbis", 300_000), 8)];
    expect(lengthSec(join(one, other))).toBeCloseTo((lengthSec(one) ?? 0) + (lengthSec(other) ?? 0), 9);
  });

  it("[P18] of Vorbis whose beginning is to be thrown away is what is left of it", async () => {
    const file = stream([
      ...(heads.Vorbis ?? []),
      [many(51, vorbisPacket(true)), { granule: 50_000 }],
      [many(50, vorbisPacket(true)), { granule: 101_200, flags: 4 }],
    ]);
    expect(lengthSec(file)).toBeCloseTo(101_200 / 44_100, 9);
    expect(lengthSec(file)).toBeCloseTo((await indexedSec(file)) ?? Number.NaN, 9);
  });
});
