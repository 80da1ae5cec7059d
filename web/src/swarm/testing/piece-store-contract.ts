// What every PieceStore promises, as tests: run it over each implementation, in every browser it is meant for.

import { describe, expect, it } from "vitest";
import type { Bytes, FileId } from "../../lib/index.ts";
import type { PieceStore } from "../store.ts";

const SONG = "a1".repeat(32) as FileId;
const OTHER = "b2".repeat(32) as FileId;
const LAYOUT = { sizeBytes: 150, pieceLength: 100 };

const bytesOf = (length: number, value: number): Bytes => new Uint8Array(length).fill(value);

/** `make` opens an empty store with the given capacity. */
export function pieceStoreContract(make: (capacityBytes: number) => Promise<PieceStore>): void {
  describe("a piece store", () => {
    it("gives back the pieces it was given, the short last one too", async () => {
      const store = await make(1000);
      await store.open(SONG, LAYOUT);
      await store.write(SONG, 1, bytesOf(50, 2));
      await store.write(SONG, 0, bytesOf(100, 1));
      expect(await store.read(SONG, 0)).toEqual(bytesOf(100, 1));
      expect(await store.read(SONG, 1)).toEqual(bytesOf(50, 2));
      await store.wipe();
    });

    it("knows which pieces it has", async () => {
      const store = await make(1000);
      await store.open(SONG, LAYOUT);
      await store.write(SONG, 1, bytesOf(50, 2));
      expect([await store.has(SONG, 0), await store.has(SONG, 1), await store.has(OTHER, 0)]).toEqual([
        false,
        true,
        false,
      ]);
      await store.wipe();
    });

    it("refuses to read what it does not have", async () => {
      const store = await make(1000);
      await store.open(SONG, LAYOUT);
      await expect(store.read(SONG, 0)).rejects.toMatchObject({ code: "file-unreadable" });
      await expect(store.read(OTHER, 0)).rejects.toMatchObject({ code: "file-unreadable" });
      await store.wipe();
    });

    it("refuses a file that was not opened", async () => {
      const store = await make(1000);
      await expect(store.write(SONG, 0, bytesOf(100, 1))).rejects.toMatchObject({ code: "file-unreadable" });
    });

    it("keeps its pieces when a file is opened again", async () => {
      const store = await make(1000);
      await store.open(SONG, LAYOUT);
      await store.write(SONG, 0, bytesOf(100, 1));
      await store.open(SONG, LAYOUT);
      expect(await store.has(SONG, 0)).toBe(true);
      await store.wipe();
    });

    it("says that it is full instead of growing beyond its capacity", async () => {
      const store = await make(200);
      await store.open(SONG, LAYOUT);
      await store.write(SONG, 0, bytesOf(100, 1));
      await store.open(OTHER, LAYOUT).catch(() => undefined);
      await expect(
        (async () => {
          await store.open(OTHER, LAYOUT);
          await store.write(OTHER, 0, bytesOf(100, 3));
          await store.write(OTHER, 1, bytesOf(50, 3));
        })(),
      ).rejects.toMatchObject({ code: "storage-full" });
      expect(await store.read(SONG, 0)).toEqual(bytesOf(100, 1));
      await store.wipe();
    });

    it("frees the room of a dropped file and leaves the others alone", async () => {
      const store = await make(300);
      await store.open(SONG, LAYOUT);
      await store.write(SONG, 0, bytesOf(100, 1));
      await store.open(OTHER, LAYOUT);
      await store.write(OTHER, 0, bytesOf(100, 2));
      await store.drop(SONG);
      expect(await store.has(SONG, 0)).toBe(false);
      expect(await store.has(OTHER, 0)).toBe(true);
      await store.open(SONG, LAYOUT);
      await store.write(SONG, 0, bytesOf(100, 4));
      expect(await store.read(SONG, 0)).toEqual(bytesOf(100, 4));
      await store.wipe();
    });

    it("is empty after a wipe and can be used again", async () => {
      const store = await make(1000);
      await store.open(SONG, LAYOUT);
      await store.write(SONG, 0, bytesOf(100, 1));
      await store.wipe();
      expect(await store.has(SONG, 0)).toBe(false);
      await store.open(SONG, LAYOUT);
      await store.write(SONG, 0, bytesOf(100, 5));
      expect(await store.read(SONG, 0)).toEqual(bytesOf(100, 5));
      await store.wipe();
    });
  });
}
