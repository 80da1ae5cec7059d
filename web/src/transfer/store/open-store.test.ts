// Which store a page gets, and what becomes of one that opens too late.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FileId } from "../../lib/index.ts";
import { VirtualClock } from "../../lib/testing/index.ts";
import { settle } from "../testing/fake-connection.ts";
import { FakeIndexedDb } from "../testing/fake-indexeddb.ts";
import { FakeOpfs, fakeOpfsWorkers } from "../testing/fake-opfs.ts";
import { outlast } from "../testing/outlast.ts";
import { MEMORY_CAPACITY_BYTES } from "./memory-store.ts";
import { type OpenedStore, openBestStore, type StoreKind } from "./open-store.ts";

const SONG = "a1".repeat(32) as FileId;
const MIB = 1024 ** 2;
const never = new Promise<never>(() => undefined);

let clock = new VirtualClock();
let disc = new FakeOpfs();
let databases = new FakeIndexedDb();
let worker: Awaited<ReturnType<typeof fakeOpfsWorkers>>;
let estimate = { quota: 2_000 * MIB, usage: 0 };

/** Grants every lock at once and holds it until it is let go. */
class FakeLocks {
  readonly held = new Set<string>();
  async request(name: string, _: unknown, hold: () => Promise<void>): Promise<void> {
    this.held.add(name);
    await hold();
    this.held.delete(name);
  }
  async query() {
    return { held: [...this.held].map((name) => ({ name })), pending: [] };
  }
}
let locks = new FakeLocks();

beforeEach(async () => {
  clock = new VirtualClock();
  disc = new FakeOpfs();
  databases = new FakeIndexedDb();
  worker = await fakeOpfsWorkers(disc);
  locks = new FakeLocks();
  estimate = { quota: 2_000 * MIB, usage: 0 };
  inBrowserWith(async () => disc.directory());
  vi.stubGlobal("Worker", worker);
  for (const [name, value] of Object.entries(databases.globals())) vi.stubGlobal(name, value);
});
afterEach(() => vi.unstubAllGlobals());

function inBrowserWith(getDirectory: () => Promise<unknown>, hasLocks = true): void {
  const storage = { getDirectory, estimate: async () => estimate };
  vi.stubGlobal("navigator", { storage, ...(hasLocks && { locks }) });
}

const opened = (kinds: readonly StoreKind[] = ["opfs", "indexeddb", "memory"]): Promise<OpenedStore> =>
  outlast(clock, openBestStore({ clock, session: "ada", kinds }));

/** The page goes, and another of the same session comes. */
function reload(): void {
  locks.held.clear();
  disc.closeAll();
}

describe("the best store", () => {
  it("is the first that opens, and lets its lock go when it is closed", async () => {
    for (const kind of ["opfs", "indexeddb", "memory"] as const) {
      const { kind: found, store } = await opened([kind]);
      expect([found, locks.held.size]).toEqual([kind, 1]);
      await store.close();
      expect([locks.held.size, disc.openHandles, databases.openDatabases]).toEqual([0, 0, 0]);
    }
  });

  it("[S32] passes a file system over that does not answer, and leaves no Worker behind", async () => {
    let isSwept = false;
    inBrowserWith(async () => {
      if (isSwept) return never;
      isSwept = true;
      return disc.directory();
    });
    expect((await opened()).kind).toBe("indexeddb");
    expect(worker.ended).toBe(1);
  });

  it("[S32] starts no Worker for a file system that answers too late", async () => {
    let answer: (directory: unknown) => void = () => undefined;
    inBrowserWith(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    expect((await opened()).kind).toBe("indexeddb");
    answer(disc.directory());
    await settle();
    expect([disc.openHandles, worker.ended]).toEqual([0, 0]);
  });

  it("[S32] closes a database that opens too late, and leaves in it what is there", async () => {
    inBrowserWith(() => Promise.reject(new DOMException("private", "SecurityError")));
    const before = (await opened()).store;
    await before.open(SONG, { sizeBytes: 10, pieceLength: 10 });
    await before.write(SONG, 0, new Uint8Array(10));
    reload();
    let open: () => void = () => undefined;
    databases.opens = new Promise((resolve) => {
      open = resolve;
    });
    const openBefore = databases.openDatabases;
    expect((await opened()).kind).toBe("memory");
    open();
    await vi.waitFor(() => expect(databases.openDatabases).toBe(openBefore));
    const after = (await opened()).store;
    expect(await after.files()).toEqual([SONG]);
  });

  it("leaves no database open that takes no record of the session", async () => {
    inBrowserWith(() => Promise.reject(new DOMException("private", "SecurityError")));
    databases.refusal = { at: "commit", error: new DOMException("full", "QuotaExceededError") };
    expect((await opened()).kind).toBe("memory");
    expect(databases.openDatabases).toBe(0);
  });

  it("is memory where no lock is to be had and others go by them", async () => {
    locks.request = () => Promise.reject(new DOMException("blocked", "SecurityError"));
    expect((await opened()).kind).toBe("memory");
    inBrowserWith(async () => disc.directory(), false);
    expect((await opened()).kind).toBe("indexeddb");
  });

  it.each(["opfs", "indexeddb"] as const)(
    "[S19] has after a reload the room it had before (%s)",
    async (kind) => {
      const songBytes = 800 * MIB;
      const before = (await opened([kind])).store;
      const { capacityBytes } = before;
      expect(capacityBytes).toBe(1_000 * MIB);
      const pieceLength = 4 * MIB;
      await before.open(SONG, { sizeBytes: songBytes, pieceLength });
      await before.write(SONG, 0, new Uint8Array(pieceLength));
      estimate.usage = pieceLength;
      reload();
      for (const file of disc.root.values()) if (file instanceof Map) disc.openHandles = 0;
      const after = (await opened([kind])).store;
      expect(after.capacityBytes).toBe(capacityBytes);
      expect(after.capacityBytes).toBeGreaterThan(MEMORY_CAPACITY_BYTES);
      expect(await after.held(SONG)).toEqual([0]);
    },
  );
});
