import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../../lib/testing/index.ts";
import { INDEX_VERSION, MAX_INDEX_BYTES } from "../../../protocol/constants/transfer.gen.ts";
import { decodeIndex, encodeIndex, isIndexLike, isSameIndex } from "./index-codec.ts";
import { MAX_POINTS } from "./limits.ts";
import { packetStretches } from "./packet-stretches.ts";
import { rangesOfSlice, readSlice } from "./slice-bytes.ts";
import {
  type CodedRun,
  faultOf,
  type Packets,
  type SoundIndex,
  sliceCountOf,
  sliceOf,
} from "./sound-index.ts";

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
  "an M4A": { runs: [m4a(120)] },
};

/** Random sizes: they deflate worse than any song's. */
function m4a(seconds: number, isApart: (packet: number) => boolean = () => false): CodedRun {
  const random = new SeededRandom(4);
  const count = Math.round((seconds * 44_100) / 1_024);
  const places = { starts: [] as number[], sizes: [] as number[], sizeBytes: [] as number[], widthBytes: 4 };
  let at = 3e6;
  for (let packet = 0; packet < count; packet++) {
    if (isApart(packet)) at += Math.floor(20_000 * random.fraction());
    places.starts.push(at);
    places.sizes.push(200 + Math.floor(300 * random.fraction()));
    places.sizeBytes.push(5_000 + 4 * packet);
    at += places.sizes[packet] as number;
  }
  const gathered = packetStretches(places, count, 44_100, Uint8Array.of(0x12, 0x10));
  if (!gathered) throw new Error("packets of no size");
  const codedFrames = count * 1_024;
  return runOf({
    kind: "adts",
    ...gathered,
    codedFrames,
    primingFrames: 2_112,
    lengthFrames: codedFrames - 3_000,
  });
}

/** Its first slices stay within the file, whatever that holds; a file of zeros holds no packets. */
async function expectReadable({ runs }: SoundIndex): Promise<void> {
  for (const run of runs.slice(0, 3)) {
    for (let number = 0; number < Math.min(3, sliceCountOf(run)); number++) {
      const slice = sliceOf(run, number);
      for (const { fromByte, toByte } of rangesOfSlice(slice))
        expect(0 <= fromByte && fromByte < toByte && toByte <= SIZE_BYTES).toBe(true);
      if (!run.packets) continue;
      const read = async (fromByte: number, toByte: number) =>
        new Uint8Array(Math.min(1e6, toByte - fromByte));
      await readSlice(slice, { sizeBytes: SIZE_BYTES, read }).catch((error: unknown) => {
        expect(error).toBeInstanceOf(RangeError);
      });
    }
  }
}

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

  it.each<[string, () => SoundIndex]>([
    ["a day of M4A", () => ({ runs: [m4a(86_400)] })],
    ["three hours of M4A", () => ({ runs: [m4a(3 * 3_600)] })],
    [
      "an hour of a film, its sound between its pictures",
      () => ({ runs: [m4a(3_600, (at) => at % 22 === 0)] }),
    ],
    ["three hours in fragments of a second", () => ({ runs: [m4a(3 * 3_600, (at) => at % 46 === 0)] })],
    ["as many points as there may be of MP3", () => ({ runs: [runOf({ endByte: 228e6 }, MAX_POINTS)] })],
  ])("[S44] fits a message to a neighbour: %s", async (_, make) => {
    const index = make();
    const bytes = await encodeIndex(index);
    expect(bytes?.length).toBeLessThan(MAX_INDEX_BYTES);
    const decoded = bytes && (await decodeIndex(bytes, 2 ** 32));
    expect(decoded && isSameIndex(decoded, index)).toBe(true);
  });

  it("is refused where its packets, or the sizes of them, cannot be where they are said to be", async () => {
    const run = m4a(60);
    const packets = run.packets as Packets;
    const first = <Column extends Float64Array | Uint32Array | Uint8Array>(column: Column, value: number) => {
      const changed = column.slice() as Column;
      changed[0] = value;
      return changed;
    };
    const hostile: Partial<Packets>[] = [
      { counts: first(packets.counts, 2 ** 32 - 1) },
      { counts: first(packets.counts, 1) }, // of more bytes than a packet has
      { counts: first(packets.counts, 0) },
      { endBytes: first(packets.endBytes, SIZE_BYTES + 1) },
      { endBytes: first(packets.endBytes, 3e6) },
      { tableBytes: first(packets.tableBytes, SIZE_BYTES - 3) },
      { tableSteps: first(packets.tableSteps, 2) },
      { tableSteps: first(packets.tableSteps, 99) },
      { widthBytes: 3 },
    ];
    for (const change of hostile) {
      const index = { runs: [{ ...run, packets: { ...packets, ...change } }] };
      expect(faultOf(index, SIZE_BYTES)).not.toBeNull();
      const bytes = await encodeIndex(index);
      expect(bytes && (await decodeIndex(bytes, SIZE_BYTES))).toBeNull();
    }
    expect(faultOf({ runs: [run] }, SIZE_BYTES)).toBeNull();
  });

  it("is the same whichever browser deflated it", () => {
    const index = INDEXES["an hour of MP3"] as SoundIndex;
    expect(isSameIndex(index, structuredClone(index))).toBe(true);
    expect(isSameIndex(index, { runs: [runOf({ primingFrames: 1_106 })] })).toBe(false);
    expect(isSameIndex(index, { runs: [...index.runs, ...index.runs] })).toBe(false);
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
        if (decoded) await expectReadable(decoded);
      }
    }
    expect(await decodeIndex(new Uint8Array(0), 1)).toBeNull();
    expect(await decodeIndex(Uint8Array.of(INDEX_VERSION, 3, 4), 1)).toBeNull();
    expect(await decodeIndex(Uint8Array.of(INDEX_VERSION - 1, 3, 4), 1)).toBeNull();
  });

  it("does not unfold to more than it may", async () => {
    const zeros = new Blob([new Uint8Array(64e6)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
    const folded = new Uint8Array(await new Response(zeros).arrayBuffer());
    const bomb = new Uint8Array([INDEX_VERSION, ...folded]);
    expect(await decodeIndex(bomb, SIZE_BYTES)).toBeNull();
  });
});
