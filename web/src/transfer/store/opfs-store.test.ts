// The store in the origin-private file system, over a fake one; tests/browsers/test_piece_stores.py has the real ones.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Bytes, type FileId, realClock } from "../../lib/index.ts";
import { VirtualClock } from "../../lib/testing/index.ts";
import { FakeOpfs, type FullDisc, fakeOpfsWorkers } from "../testing/fake-opfs.ts";
import { outlast } from "../testing/outlast.ts";
import { PIECE_STORE_CONTRACT, RELOAD_CONTRACT } from "../testing/piece-store-contract.ts";
import { MemoryStore } from "./memory-store.ts";
import { OPFS_ROOT, OpfsStore } from "./opfs-store.ts";
import { OverflowStore } from "./overflow-store.ts";

const SONG = "a1".repeat(32) as FileId;
const OTHER = "b2".repeat(32) as FileId;
const DRAFT = "d0".repeat(32) as FileId;
const LAYOUT = { sizeBytes: 150, pieceLength: 100 };
/** What a file's marks take: how it is cut, and one byte a piece. */
const MARKS_BYTES = 18;
const bytesOf = (length: number, value: number): Bytes => new Uint8Array(length).fill(value);

let disc = new FakeOpfs();
const never = new AbortController().signal;
const opened = (capacityBytes = 1_000) => OpfsStore.open("ada", async () => capacityBytes, realClock, never);

async function reloaded(store: OpfsStore, capacityBytes?: number): Promise<OpfsStore> {
  store.release();
  return opened(capacityBytes);
}

beforeEach(async () => {
  disc = new FakeOpfs();
  vi.stubGlobal("navigator", { storage: { getDirectory: async () => disc.directory() } });
  vi.stubGlobal("Worker", await fakeOpfsWorkers(disc));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a store in the origin-private file system", () => {
  for (const { name, capacityBytes, needsDisc, prove } of PIECE_STORE_CONTRACT)
    if (!needsDisc)
      it(`[S18] ${name}`, async () => {
        const store = await opened(capacityBytes);
        await prove(store);
        await store.close();
        expect(disc.openHandles).toBe(0);
      });

  for (const { name, capacityBytes, before, after } of RELOAD_CONTRACT)
    it(`[S18] ${name}`, async () => {
      const store = await opened(capacityBytes);
      await before(store);
      await after(await reloaded(store, capacityBytes));
    });

  it.each(["impossible length", "short write", "throws"] satisfies FullDisc[])(
    "[S36] says that there is no room (%s), holds nothing open of it, and takes files and pieces once there is",
    async (fullDisc) => {
      disc.fullDisc = fullDisc;
      const store = await opened();
      disc.quotaBytes = MARKS_BYTES + 120;
      await store.open(SONG, LAYOUT);
      await store.write(SONG, 0, bytesOf(100, 1));
      await expect(store.write(SONG, 1, bytesOf(50, 1))).rejects.toMatchObject({ code: "storage-full" });
      disc.quotaBytes = disc.usedBytes() + 10;
      await expect(store.open(OTHER, LAYOUT)).rejects.toMatchObject({ code: "storage-full" });
      expect([disc.openHandles, await store.files()]).toEqual([2, [SONG]]);
      disc.quotaBytes = 1_000;
      await store.open(OTHER, LAYOUT);
      await store.write(SONG, 1, bytesOf(50, 1));
      const after = await reloaded(store);
      expect([await after.held(SONG), await after.files()]).toEqual([
        [0, 1],
        [SONG, OTHER],
      ]);
    },
  );

  it.each(["impossible length", "short write", "throws"] satisfies FullDisc[])(
    "[S36] does not count a piece as there whose mark found no room (%s)",
    async (fullDisc) => {
      disc.fullDisc = fullDisc;
      const store = await opened();
      await store.open(SONG, LAYOUT);
      disc.file(OPFS_ROOT, "ada", `${SONG}.marks`).bytes = new Uint8Array(0);
      disc.quotaBytes = 100;
      await expect(store.write(SONG, 0, bytesOf(100, 1))).rejects.toMatchObject({ code: "storage-full" });
      expect(await store.held(SONG)).toEqual([]);
    },
  );

  it("[S53] has a draft's pieces under the file's id although there is no room to write that down", async () => {
    const store = await opened();
    await store.open(DRAFT, LAYOUT);
    await store.write(DRAFT, 1, bytesOf(50, 2));
    disc.quotaBytes = disc.usedBytes();
    await store.rename(DRAFT, SONG);
    expect(await store.read(SONG, 1)).toEqual(bytesOf(50, 2));
    expect(await (await reloaded(store)).files()).toEqual([DRAFT]);
  });

  it.each([
    ["no marks at all", () => new Uint8Array(0)],
    ["a layout that is none", () => new Uint8Array(MARKS_BYTES)],
    ["the id of another file", (other: Uint8Array) => other.slice()],
  ])("[S19] closes and removes what a former page left with %s, and keeps the rest", async (_, spoil) => {
    const store = await opened();
    await store.open(DRAFT, LAYOUT);
    await store.write(DRAFT, 0, bytesOf(100, 1));
    await store.rename(DRAFT, OTHER);
    await store.open(SONG, LAYOUT);
    const [other, song] = [DRAFT, SONG].map((name) => disc.file(OPFS_ROOT, "ada", `${name}.marks`));
    if (other && song) song.bytes = spoil(other.bytes);
    const after = await reloaded(store);
    expect([await after.files(), disc.openHandles]).toEqual([[OTHER], 2]);
    expect(await after.read(OTHER, 0)).toEqual(bytesOf(100, 1));
    await after.open(SONG, LAYOUT);
    expect(await after.held(SONG)).toEqual([]);
  });

  it.each([
    ["for a moment", 1_000, [SONG, OTHER]],
    ["for ever", 60_000, [OTHER]],
  ])(
    "[S65] waits for a handle that a former page holds %s, and opens all the same",
    async (_, heldMs, kept) => {
      const store = await opened();
      for (const fileId of [SONG, OTHER]) {
        await store.open(fileId, LAYOUT);
        await store.write(fileId, 0, bytesOf(100, 1));
      }
      store.release();
      vi.useFakeTimers();
      const held = disc.file(OPFS_ROOT, "ada", SONG);
      held.isOpen = true;
      setTimeout(() => {
        held.isOpen = false;
      }, heldMs);
      const opening = opened();
      await vi.advanceTimersByTimeAsync(5_000);
      const after = await opening;
      expect(await after.files()).toEqual(kept);
      expect(await after.read(OTHER, 0)).toEqual(bytesOf(100, 1));
      await after.open(SONG, LAYOUT);
      await after.write(SONG, 1, bytesOf(50, 2));
      expect(await after.read(SONG, 1)).toEqual(bytesOf(50, 2));
    },
  );

  it("[S66] gives back what it cannot write, and reads nothing, where the browser has taken its directory away", async () => {
    const clock = new VirtualClock();
    const store = await OverflowStore.open(await opened(), new MemoryStore(1_000), 1_000, clock);
    await store.open(SONG, LAYOUT);
    await store.write(SONG, 0, bytesOf(100, 1));
    disc.isEvicted = true;
    await store.write(SONG, 1, bytesOf(50, 2));
    expect(await store.read(SONG, 1)).toEqual(bytesOf(50, 2));
    await expect(store.read(SONG, 0)).rejects.toMatchObject({ code: "file-unreadable" });
    await store.write(SONG, 0, bytesOf(100, 1)); // fetched again
    await store.open(OTHER, LAYOUT);
    await store.write(OTHER, 0, bytesOf(100, 3));
    for (const [fileId, value] of [[SONG, 1] as const, [OTHER, 3] as const])
      expect(await store.read(fileId, 0)).toEqual(bytesOf(100, value));
    await store.close().catch(() => undefined); // there is nothing to remove
    expect(disc.openHandles).toBe(0);
  });

  it("[S19] does not count a piece as there of which a crash has left the mark alone", async () => {
    const store = await opened();
    await store.open(SONG, LAYOUT);
    for (const piece of [0, 1]) await store.write(SONG, piece, bytesOf(piece === 0 ? 100 : 50, 1));
    const data = disc.file(OPFS_ROOT, "ada", SONG);
    data.bytes = data.bytes.slice(0, 130);
    expect(await (await reloaded(store)).held(SONG)).toEqual([0]);
  });

  it("[S19] keeps what it had when its budget has shrunk, and takes no more", async () => {
    const store = await opened();
    await store.open(SONG, LAYOUT);
    await store.write(SONG, 0, bytesOf(100, 1));
    const after = await reloaded(store, 120);
    expect([await after.held(SONG), await after.usedBytes()]).toEqual([[0], 100]);
    await expect(after.write(SONG, 1, bytesOf(50, 1))).rejects.toMatchObject({ code: "storage-full" });
  });

  it.each([
    ["no synchronous handles", { canOpenHandles: false }],
    ["no directory", { canOpenHandles: true }],
  ])(
    "[S36] does not open in a browser with %s, which another kind of store may serve",
    async (_, { canOpenHandles }) => {
      disc.canOpenHandles = canOpenHandles;
      const getDirectory = () => Promise.reject(new DOMException("private", "SecurityError"));
      if (canOpenHandles) vi.stubGlobal("navigator", { storage: { getDirectory } });
      await expect(opened()).rejects.toMatchObject({ code: "file-unreadable" });
      expect(disc.openHandles).toBe(0);
    },
  );

  it("[S32] ends its Worker when that does not close in time", async () => {
    const clock = new VirtualClock();
    const store = await OpfsStore.open("ada", async () => 1_000, clock, never);
    await store.open(SONG, LAYOUT);
    vi.stubGlobal("navigator", { storage: { getDirectory: () => new Promise(() => undefined) } });
    await outlast(clock, store.close());
    expect(disc.openHandles).toBe(0);
    await expect(store.read(SONG, 0)).rejects.toMatchObject({ code: "file-unreadable" });
  });
});
