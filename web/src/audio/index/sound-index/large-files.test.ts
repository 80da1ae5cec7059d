// Files of gigabytes that are there only as far as they are read: places beyond 2 and 4 GiB survive indexing, coding and slicing.

import { describe, expect, it } from "vitest";
import { MAX_FILE_BYTES, MAX_INDEX_BYTES } from "../../../protocol/constants/transfer.gen.ts";
import { big, box, join, little } from "../tags/testing/tag-bytes.ts";
import type { ByteSource } from "./file-reader.ts";
import { decodeIndex, encodeIndex } from "./index-codec.ts";
import { makeSoundIndex } from "./make-index.ts";
import { durationSecOf, pointOf, type SoundIndex, sliceCountOf, sliceOf } from "./sound-index.ts";

/** Zeros, but for what stands at some places. Counts what is read. */
function sparse(sizeBytes: number, parts: readonly (readonly [number, Uint8Array])[]) {
  const source = {
    sizeBytes,
    readBytes: 0,
    longestBytes: 0,
    read: async (fromByte: number, toByte: number) => {
      const bytes = new Uint8Array(toByte - fromByte);
      source.readBytes += bytes.length;
      source.longestBytes = Math.max(source.longestBytes, bytes.length);
      for (const [at, part] of parts) {
        const from = Math.max(at, fromByte);
        const to = Math.min(at + part.length, toByte);
        if (from < to) bytes.set(part.subarray(from - at, to - at), from - fromByte);
      }
      return bytes;
    },
  };
  return source;
}

async function throughTheWire(source: ByteSource): Promise<{ index: SoundIndex; codedBytes: number }> {
  const made = await makeSoundIndex(source);
  const coded = made && (await encodeIndex(made));
  const index = coded && (await decodeIndex(coded, source.sizeBytes));
  if (!made || !coded || !index) throw new Error("no index");
  expect(index).toEqual(made);
  return { index, codedBytes: coded.length };
}

/** A WAV of 24 bits at 96 kHz in stereo that fills a file. */
const wavHead = (fileBytes: number, name = "RIFF", told = fileBytes - 44, before: Uint8Array = join()) =>
  join(
    ...[name, little(Math.min(fileBytes - 8, 2 ** 32 - 1), 4), "WAVE", before, "fmt ", little(16, 4)],
    ...[little(1, 2), little(2, 2), little(96_000, 4), little(576_000, 4), little(6, 2), little(24, 2)],
    ...["data", little(told, 4)],
  );

describe("the index of a file of gigabytes", () => {
  it.each([2 ** 31 - 2, 2 ** 31 + 44, 3 * 2 ** 30, MAX_FILE_BYTES - 4])(
    "[S49] finds the sound of a WAV of %i bytes to its last sample, without reading it",
    async (sizeBytes) => {
      const source = sparse(sizeBytes, [[0, wavHead(sizeBytes)]]);
      const { index, codedBytes } = await throughTheWire(source);
      const [run] = index.runs;
      if (!run) throw new Error("no run");
      const frames = Math.floor((sizeBytes - 44) / 6);
      expect(run).toMatchObject({ kind: "pcm", sampleRate: 96_000, lengthFrames: frames });
      const { parts } = sliceOf(run, sliceCountOf(run) - 1);
      expect(parts.at(-1)).toMatchObject({ toByte: 44 + 6 * frames });
      expect(pointOf(run, run.pointBytes.length - 1).fromFrame).toBe(96_000 * (run.pointBytes.length - 1));
      expect(durationSecOf(index)).toBeCloseTo(frames / 96_000, 6);
      expect(source.readBytes).toBeLessThan(8 * 2 ** 20);
      expect(codedBytes).toBeLessThanOrEqual(MAX_INDEX_BYTES);
    },
  );

  it("[S49] takes the sizes of an RF64 from its 64 bits", async () => {
    const sizeBytes = MAX_FILE_BYTES;
    const ds64 = join(
      "ds64",
      little(28, 4),
      little64(sizeBytes - 8),
      little64(sizeBytes - 80),
      little64(0),
      little(0, 4),
    );
    const head = wavHead(sizeBytes, "RF64", 2 ** 32 - 1, ds64);
    const { index } = await throughTheWire(sparse(sizeBytes, [[0, head]]));
    expect(index.runs[0]).toMatchObject({ lengthFrames: Math.floor((sizeBytes - 80) / 6) });
  });

  it("[S49] finds packets of a film beyond 4 GiB less a little, by offsets of 32 and of 64 bits", async () => {
    const sizeBytes = MAX_FILE_BYTES;
    const chunks = [2 ** 31 - 50_000, 2 ** 31 + 50_000, sizeBytes - 100_000];
    for (const [name, width] of [
      ["stco", 4],
      ["co64", 8],
    ] as const) {
      const table = box(name, big(0, 4), big(3, 4), ...chunks.map((at) => big(at, width)));
      const head = join(box("ftyp", "M4A ", big(0, 8)), film(table));
      const mdat = join(big(1, 4), "mdat", big(sizeBytes - head.length, 8));
      const { index } = await throughTheWire(sparse(sizeBytes, [[0, join(head, mdat)]]));
      const [run] = index.runs;
      expect([...(run?.packets?.startBytes ?? [])]).toEqual(chunks);
    }
  });
});

const little64 = (value: number): number[] => [
  ...little(value % 2 ** 32, 4),
  ...little(Math.floor(value / 2 ** 32), 4),
];

/** AAC-LC at 44.1 kHz: 120 packets of 200 bytes in three chunks. */
function film(chunkTable: Uint8Array): Uint8Array {
  const zeros = (count: number) => new Uint8Array(count);
  const descriptor = (tag: number, ...parts: Parameters<typeof join>) => {
    const content = join(...parts);
    return join([tag, 0x80, 0x80, content.length], content);
  };
  const config = descriptor(4, [0x40], zeros(12), descriptor(5, [0x12, 0x10]));
  const esds = box("esds", zeros(4), descriptor(3, [0, 1, 0], config));
  const mp4a = box("mp4a", zeros(6), big(1, 2), big(0, 2), zeros(18), esds);
  const tables = [
    box("stsz", zeros(4), big(200, 4), big(120, 4)),
    box("stsc", zeros(4), big(1, 4), ...[1, 40, 1].map((value) => big(value, 4))),
    chunkTable,
  ];
  const stbl = box("stbl", box("stsd", zeros(4), big(1, 4), mp4a), ...tables);
  const media = box(
    "mdia",
    box("mdhd", zeros(12), big(44_100, 4), big(0, 4), zeros(4)),
    box("hdlr", zeros(8), "soun", zeros(12)),
    box("minf", stbl),
  );
  const trak = box("trak", box("tkhd", zeros(12), big(7, 4), zeros(60)), media);
  return box("moov", box("mvhd", zeros(8), zeros(4), big(1_000, 4), zeros(80)), trak);
}
