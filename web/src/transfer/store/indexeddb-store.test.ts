// The store in a database, over a fake one; tests/browsers/test_piece_stores.py has the real ones.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Bytes, FileError, type FileId } from "../../lib/index.ts";
import { VirtualClock } from "../../lib/testing/index.ts";
import { FakeIndexedDb, type Refusal } from "../testing/fake-indexeddb.ts";
import { PIECE_STORE_CONTRACT, RELOAD_CONTRACT } from "../testing/piece-store-contract.ts";
import { IndexedDbStore } from "./indexeddb-store.ts";
import { MemoryStore } from "./memory-store.ts";
import { OverflowStore } from "./overflow-store.ts";

const SONG = "a1".repeat(32) as FileId;
const DRAFT = "d0".repeat(32) as FileId;
const LAYOUT = { sizeBytes: 150, pieceLength: 100 };
const bytesOf = (length: number, value: number): Bytes => new Uint8Array(length).fill(value);

let browser = new FakeIndexedDb();
const opened = (capacityBytes = 1_000) => IndexedDbStore.open("ada", async () => capacityBytes);

beforeEach(() => {
  browser = new FakeIndexedDb();
  for (const [name, value] of Object.entries(browser.globals())) vi.stubGlobal(name, value);
});
afterEach(() => vi.unstubAllGlobals());

const named = (at: Refusal["at"], name: string): Refusal => ({ at, error: new DOMException("", name) });

describe("a store in a database", () => {
  for (const { name, capacityBytes, needsDisc, prove } of PIECE_STORE_CONTRACT)
    if (!needsDisc) it(`[S18] ${name}`, async () => prove(await opened(capacityBytes)));

  for (const { name, capacityBytes, before, after } of RELOAD_CONTRACT)
    it(`[S18] ${name}`, async () => {
      await before(await opened(capacityBytes));
      await after(await opened(capacityBytes));
    });

  it.each([
    ["Chromium", named("commit", "QuotaExceededError")],
    ["Chromium, large values", named("commit", "DataError")],
    ["Firefox", named("request", "QuotaExceededError")],
    ["WebKit, its quota", named("request", "QuotaExceededError")],
    ["WebKit, the disc", named("request", "UnknownError")],
  ])(
    "[S36] says that there is no room as %s does, and takes files and pieces once there is",
    async (_, refusal) => {
      const store = await opened();
      await store.open(SONG, LAYOUT);
      browser.refusal = refusal;
      await expect(store.write(SONG, 0, bytesOf(100, 1))).rejects.toMatchObject({ code: "storage-full" });
      await expect(store.open(DRAFT, LAYOUT)).rejects.toMatchObject({ code: "storage-full" });
      expect([await store.usedBytes(), await store.files()]).toEqual([0, [SONG]]);
      browser.refusal = null;
      await store.open(DRAFT, LAYOUT);
      await store.write(SONG, 0, bytesOf(100, 1));
      expect(await (await opened()).files()).toEqual([SONG, DRAFT]);
    },
  );

  it("[S53] has a draft's pieces under the file's id although there is no room to write that down", async () => {
    const store = await opened();
    await store.open(DRAFT, LAYOUT);
    await store.write(DRAFT, 1, bytesOf(50, 2));
    browser.refusal = named("commit", "QuotaExceededError");
    await store.rename(DRAFT, SONG);
    expect(await store.read(SONG, 1)).toEqual(bytesOf(50, 2));
    browser.refusal = null;
    await store.drop(SONG);
    expect([await (await opened()).files(), await (await opened()).usedBytes()]).toEqual([[], 0]);
  });

  it("[S19] keeps what it had when its budget has shrunk, and takes no more", async () => {
    const store = await opened();
    await store.open(SONG, LAYOUT);
    await store.write(SONG, 0, bytesOf(100, 1));
    const heard: number[] = [];
    const after = await IndexedDbStore.open("ada", async (heldBytes) => {
      heard.push(heldBytes);
      return 120;
    });
    expect([heard, await after.held(SONG), await after.read(SONG, 0)]).toEqual([[100], [0], bytesOf(100, 1)]);
    await expect(after.write(SONG, 1, bytesOf(50, 1))).rejects.toMatchObject({ code: "storage-full" });
  });

  it("[S32] fails in words where the browser has closed the database", async () => {
    const store = await opened();
    await store.open(SONG, LAYOUT);
    browser.isEvicted = true;
    for (const asked of [store.write(SONG, 0, bytesOf(100, 1)), store.heartbeat(1), store.drop(SONG)])
      await expect(asked).rejects.toBeInstanceOf(FileError);
  });

  it("[S64] lets go of the database for a page of a later version, and goes on in memory", async () => {
    const disc = await opened();
    const store = await OverflowStore.open(disc, new MemoryStore(1_000), 1_000, new VirtualClock());
    await store.open(SONG, LAYOUT);
    await store.write(SONG, 0, bytesOf(100, 1));
    browser.changeVersion();
    expect(browser.openDatabases).toBe(0);
    await store.write(SONG, 1, bytesOf(50, 2));
    await store.open(DRAFT, LAYOUT);
    await store.write(DRAFT, 0, bytesOf(100, 3));
    expect([await store.read(SONG, 1), await store.read(DRAFT, 0)]).toEqual([
      bytesOf(50, 2),
      bytesOf(100, 3),
    ]);
    await expect(store.read(SONG, 0)).rejects.toBeInstanceOf(FileError);
    await store.write(SONG, 0, bytesOf(100, 1)); // fetched again
    expect(await store.read(SONG, 0)).toEqual(bytesOf(100, 1));
  });

  it("has no database open that nobody has", async () => {
    const failing = IndexedDbStore.open("ada", async () => {
      throw new FileError("file-unreadable", "no quota");
    });
    await expect(failing).rejects.toBeInstanceOf(FileError);
    const store = await opened();
    expect(browser.openDatabases).toBe(1);
    await store.open(SONG, LAYOUT);
    browser.refusal = named("commit", "UnknownError");
    await expect(store.close()).rejects.toBeInstanceOf(FileError);
    expect(browser.openDatabases).toBe(0);
  });
});
