import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../../lib/testing/index.ts";
import { decodeIndex, encodeIndex, isIndexLike } from "./index-codec.ts";
import type { CodedRun, SoundIndex } from "./sound-index.ts";

const SIZE_BYTES = 60e6;

function runOf(over: Partial<CodedRun> = {}, points = 3_600): CodedRun {
  const random = new SeededRandom(3);
  const pointBytes = new Float64Array(points);
  for (let at = 1; at < points; at++)
    pointBytes[at] = (pointBytes[at - 1] as number) + 15_000 + Math.floor(1_500 * random.fraction());
  return {
    kind: "mp3",
    sampleRate: 44_100,
    channels: 2,
    prefix: new Uint8Array(0),
    pointBytes,
    pointFrames: Float64Array.from({ length: points }, (_, at) => at * 44_928),
    endByte: 59.9e6,
    codedFrames: points * 44_928,
    primingFrames: 1_105,
    lengthFrames: points * 44_928 - 2_000,
    packets: null,
    pcm: null,
    ...over,
  };
}

const INDEXES: Record<string, SoundIndex> = {
  "an hour of MP3": { runs: [runOf()] },
  "a WAV": {
    runs: [
      runOf({
        kind: "pcm",
        pcm: { encoding: "float", sampleBytes: 4, bits: 32, isLittleEndian: true, mask: 3 },
      }),
    ],
  },
  "two links of Ogg": {
    runs: [
      runOf({ kind: "ogg-opus", prefix: Uint8Array.of(79, 103, 103, 83), endByte: 5e6 }, 60),
      runOf({ kind: "ogg-vorbis", prefix: Uint8Array.of(1, 2, 3) }, 60),
    ],
  },
  "an M4A": {
    runs: [
      runOf(
        {
          kind: "adts",
          endByte: 2_000,
          pointBytes: Float64Array.of(0, 43, 86),
          packets: {
            startBytes: Float64Array.from(
              { length: 2_000 },
              (_, at) => 5_000 + at * 400 + (at % 9 === 8 ? -3_000 : 0),
            ),
            sizeBytes: Uint32Array.from({ length: 2_000 }, (_, at) => 300 + (at % 50)),
            config: Uint8Array.of(0x12, 0x10),
          },
        },
        3,
      ),
    ],
  },
};

describe("[P76] an index that is sent beside its file", () => {
  it.each(Object.entries(INDEXES))("comes out as it went in: %s", async (_, index) => {
    const bytes = await encodeIndex(index);
    expect(bytes && isIndexLike(bytes)).toBe(true);
    expect(bytes && (await decodeIndex(bytes, SIZE_BYTES))).toEqual(index);
  });

  it("is small: an hour in some kilobytes", async () => {
    const bytes = await encodeIndex(INDEXES["an hour of MP3"] as SoundIndex);
    expect(bytes?.length).toBeLessThan(10_000);
  });

  it("is refused where it speaks of more than the file has", async () => {
    const bytes = await encodeIndex(INDEXES["an hour of MP3"] as SoundIndex);
    expect(bytes && (await decodeIndex(bytes, 1_000))).toBeNull();
  });

  it("is refused where a slice of it would be half of the song, or each run would take another table", async () => {
    const points = { pointBytes: Float64Array.of(0, 9e6), pointFrames: Float64Array.of(0, 44_100 * 40) };
    const hostile = [
      { runs: [runOf({ ...points, codedFrames: 44_100 * 41, lengthFrames: 44_100 }, 2)] },
      { runs: Array.from({ length: 9 }, (_, at) => runOf({ sampleRate: 44_100 + at }, 60)) },
    ];
    for (const index of hostile) {
      const bytes = await encodeIndex(index);
      expect(bytes && (await decodeIndex(bytes, SIZE_BYTES))).toBeNull();
    }
  });

  it("is refused where it is damaged, cut off or nothing at all, and never throws", async () => {
    const random = new SeededRandom(9);
    for (const index of Object.values(INDEXES)) {
      const good = (await encodeIndex(index)) as Uint8Array<ArrayBuffer>;
      for (let round = 0; round < 150; round++) {
        const bytes = good.slice(
          0,
          round % 3 === 0 ? Math.floor(random.fraction() * good.length) : good.length,
        );
        for (let bad = 0; bad < 1 + (round % 4); bad++) {
          const at = Math.floor(random.fraction() * bytes.length);
          if (bytes.length > 0) bytes[at] = Math.floor(random.fraction() * 256);
        }
        const decoded = await decodeIndex(bytes, SIZE_BYTES);
        if (decoded) expect(decoded.runs.length).toBeGreaterThan(0);
      }
    }
    expect(await decodeIndex(new Uint8Array(0), 1)).toBeNull();
    expect(await decodeIndex(Uint8Array.of(2, 3, 4), 1)).toBeNull();
  });

  it("does not unfold to more than it may", async () => {
    const zeros = new Blob([new Uint8Array(64e6)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
    const folded = new Uint8Array(await new Response(zeros).arrayBuffer());
    const bomb = new Uint8Array([1, ...folded]);
    expect(await decodeIndex(bomb, SIZE_BYTES)).toBeNull();
  });
});
