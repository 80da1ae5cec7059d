// Packets whose sizes stand in a table of their file: what of it is read, and files that do not hold what their index says.

import { describe, expect, it } from "vitest";
import type { Bytes } from "../../../lib/index.ts";
import { rangesOfSlice, readSlice } from "./slice-bytes.ts";
import type { PacketStretch, Slice } from "./sound-index.ts";

const SIZES = [3, 1, 4];
/** Sizes of two bytes at byte 10, six bytes apart; packets at byte 40. */
function fileOf(sizes: readonly number[] = SIZES): Bytes {
  const file = Uint8Array.from({ length: 60 }, (_, at) => 100 + at);
  sizes.forEach((size, packet) => {
    file.set([size >> 8, size & 255], 10 + 6 * packet);
  });
  return file;
}

const STRETCH: PacketStretch = {
  ...{ fromByte: 40, toByte: 48, count: 3 },
  ...{ tableByte: 10, tableStep: 6, widthBytes: 2 },
  config: Uint8Array.of(0x12, 0x10),
};
const sliceOf = (change: Partial<PacketStretch> = {}): Slice => ({
  parts: [{ packets: { ...STRETCH, ...change } }],
  ...{ leadInFrame: 0, fromFrame: 0, toFrame: 3_072 },
});
const bytesOf = (slice: Slice, file = fileOf()): Promise<Bytes> =>
  readSlice(slice, {
    sizeBytes: file.length,
    read: async (fromByte, toByte) => new Uint8Array(file.slice(fromByte, toByte)),
  });
/** What stands behind each header. */
function packetsIn(bytes: Bytes): number[][] {
  const packets: number[][] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = ((bytes[at + 4] ?? 0) << 3) | ((bytes[at + 5] ?? 0) >> 5);
    packets.push([...bytes.slice(at + 7, at + size)]);
    at += size;
  }
  return packets;
}

describe("a slice of packets", () => {
  it("is read with its part of the table, and needs both", async () => {
    expect(packetsIn(await bytesOf(sliceOf()))).toEqual([[140, 141, 142], [143], [144, 145, 146, 147]]);
    expect(rangesOfSlice(sliceOf())).toEqual([
      { fromByte: 10, toByte: 24 },
      { fromByte: 40, toByte: 48 },
    ]);
  });

  it("of one size is read without any", async () => {
    const slice = sliceOf({ count: 4, tableStep: 0 });
    expect(packetsIn(await bytesOf(slice)).map(({ length }) => length)).toEqual([2, 2, 2, 2]);
    expect(rangesOfSlice(slice)).toEqual([{ fromByte: 40, toByte: 48 }]);
  });

  it.each([
    ["an empty packet", [4, 0, 4]],
    ["a packet that no header has room for", [3, 9_000, 4]],
    ["more than there is", [3, 3, 4]],
    ["less than there is", [3, 1, 3]],
  ])("is none where the table tells of %s", async (_, sizes) => {
    await expect(bytesOf(sliceOf(), fileOf(sizes))).rejects.toBeInstanceOf(RangeError);
  });
});
