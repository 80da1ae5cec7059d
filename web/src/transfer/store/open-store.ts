// The best store this browser has: OPFS, else IndexedDB, with memory behind them for what they refuse; else memory. The
// store of a session has a name that outlives a reload of its page and nothing else; what a crashed page left behind is wiped
// here, on the next start. Whether the page of a leftover still lives is told by a Web Lock it holds; where there are none
// (plain http), by a heartbeat in the database.

import { type Bytes, type Clock, every, type FileId, within as withinLimit } from "../../lib/index.ts";
import { MAX_FILE_BYTES } from "../../protocol/constants/transfer.gen.ts";
import { forgetSession, IndexedDbStore, listSessions } from "./indexeddb-store.ts";
import { within } from "./limit.ts";
import { MEMORY_CAPACITY_BYTES, MemoryStore } from "./memory-store.ts";
import { OPFS_ROOT, OpfsStore } from "./opfs-store.ts";
import { OverflowStore } from "./overflow-store.ts";
import type { FileLayout, PieceStore } from "./store.ts";

export type StoreKind = "opfs" | "indexeddb" | "memory";

export interface OpenStoreOptions {
  readonly clock: Clock;
  /** Names the session: the same after a reload, another in every tab. 1–64 characters of a-z, 0-9 and "-". */
  readonly session: string;
  /** Tried in this order; all when absent. */
  readonly kinds?: readonly StoreKind[];
  /** For tests; measured from the browser's quota when absent. */
  readonly capacityBytes?: number;
}

export interface OpenedStore {
  readonly kind: StoreKind;
  readonly store: PieceStore;
}

/** A browser may revoke what nobody persisted: half of what it offers leaves others and other tabs their room. */
const QUOTA_SHARE = 0.5;
/** Two files of the greatest size; a swarm rarely holds so much. */
const MAX_CAPACITY_BYTES = 2 * MAX_FILE_BYTES;
/** Where the browser does not tell (plain http): far below every browser's least quota. */
const UNKNOWN_CAPACITY_BYTES = 256 * 1024 ** 2;
/** A reloaded page meets the lock of the page it replaces for a moment; a duplicated tab for ever. */
const LOCK_PATIENCE_MS = 1_500;
const HEARTBEAT_PERIOD_MS = 15_000;
/** A page in a pocket may be frozen for minutes; its song must still be there when it wakes. */
const DEAD_AFTER_MS = 10 * 60_000;
const LOCK_PREFIX = "unisono-store/";

/** A kind of store that has not opened by now is passed over for the next. */
const OPEN_LIMIT_MS = 10_000;
/** A browser that does not say by now how much room there is counts as one that never does. */
const QUOTA_LIMIT_MS = 3_000;

export async function openBestStore(options: OpenStoreOptions): Promise<OpenedStore> {
  const { clock, kinds = ["opfs", "indexeddb", "memory"] } = options;
  if (!/^[a-z0-9-]{1,64}$/.test(options.session)) throw new RangeError("not a session");
  const taken = withinLimit(clock, OPEN_LIMIT_MS, takeLock(options.session, clock), (late) =>
    late?.release(),
  );
  const lock = await taken.catch(() => null);
  const session = lock?.session ?? options.session;
  // Other pages go by the locks, where there are any: they would wipe what is on disc without one.
  const mayUseDisc = lock !== null || !hasLocks();
  const own = (store: PieceStore): PieceStore => (lock ? new OwnedStore(store, lock.release) : store);
  for (const kind of kinds) {
    if (kind === "memory") return { kind, store: own(new MemoryStore(memoryBytes(options.capacityBytes))) };
    const store = mayUseDisc ? await openDisc(kind, session, options).catch(() => null) : null;
    // null: this browser says it can and cannot (private windows, disc errors). The next kind will do.
    if (store) return { kind, store: own(store) };
  }
  return { kind: "memory", store: own(new MemoryStore()) };
}

/** However small the quota: memory takes what the disc refuses, and no more than it would alone. */
const memoryBytes = (capacityBytes = MEMORY_CAPACITY_BYTES): number =>
  Math.min(MEMORY_CAPACITY_BYTES, capacityBytes);

/** With memory behind it. Rejects where it does not open in time, and then nothing of it stays open. */
async function openDisc(
  kind: "opfs" | "indexeddb",
  session: string,
  { clock, capacityBytes }: OpenStoreOptions,
): Promise<PieceStore> {
  const givingUp = new AbortController();
  let disc: OpenDisc | null = null;
  try {
    const capacityOf = async (heldBytes: number): Promise<number> =>
      capacityBytes ?? (await measureCapacity(clock, heldBytes));
    const opening =
      kind === "opfs"
        ? openOpfs(session, capacityOf, clock, givingUp.signal)
        : openIndexedDb(session, capacityOf, clock, givingUp.signal);
    disc = await withinLimit(clock, OPEN_LIMIT_MS, opening, (late) => late.release());
    const memory = new MemoryStore(memoryBytes(capacityBytes));
    const bothBytes = capacityBytes ?? Math.max(disc.store.capacityBytes, MEMORY_CAPACITY_BYTES);
    const joined = OverflowStore.open(disc.store, memory, bothBytes, clock);
    return await withinLimit(clock, OPEN_LIMIT_MS, joined);
  } catch (cause) {
    givingUp.abort();
    disc?.release();
    throw cause;
  }
}

interface OpenDisc {
  readonly store: PieceStore;
  /** Closes what is open and leaves on disc what is there: the next start takes it over, or wipes it. */
  release(): void;
}

type CapacityOf = (heldBytes: number) => Promise<number>;

async function openOpfs(
  session: string,
  capacityOf: CapacityOf,
  clock: Clock,
  givenUp: AbortSignal,
): Promise<OpenDisc> {
  await sweepOpfs(session);
  givenUp.throwIfAborted();
  const store = await OpfsStore.open(session, capacityOf, clock, givenUp);
  return { store, release: () => store.release() };
}

async function openIndexedDb(
  session: string,
  capacityOf: CapacityOf,
  clock: Clock,
  givenUp: AbortSignal,
): Promise<OpenDisc> {
  await sweepIndexedDb(session, clock);
  givenUp.throwIfAborted();
  const store = await IndexedDbStore.open(session, capacityOf);
  try {
    await store.heartbeat(clock.wallMs());
  } catch (cause) {
    store.release();
    throw cause;
  }
  const heartbeat = (): void => {
    store.heartbeat(clock.wallMs()).catch(() => undefined); // the next one may succeed, and a lost song is fetched again
  };
  const stop = every(clock, HEARTBEAT_PERIOD_MS, heartbeat);
  const release = (): void => {
    stop();
    store.release();
  };
  return { store: new OwnedStore(store, stop), release };
}

/** A store and what must be let go of after it. */
class OwnedStore implements PieceStore {
  readonly #store: PieceStore;
  readonly #release: () => void;

  constructor(store: PieceStore, release: () => void) {
    this.#store = store;
    this.#release = release;
  }

  get capacityBytes(): number {
    return this.#store.capacityBytes;
  }

  open(fileId: FileId, layout: FileLayout): Promise<void> {
    return this.#store.open(fileId, layout);
  }

  write(fileId: FileId, piece: number, bytes: Bytes): Promise<void> {
    return this.#store.write(fileId, piece, bytes);
  }

  read(fileId: FileId, piece: number): Promise<Bytes> {
    return this.#store.read(fileId, piece);
  }

  held(fileId: FileId): Promise<readonly number[]> {
    return this.#store.held(fileId);
  }

  files(): Promise<readonly FileId[]> {
    return this.#store.files();
  }

  usedBytes(): Promise<number> {
    return this.#store.usedBytes();
  }

  rename(fileId: FileId, newId: FileId): Promise<void> {
    return this.#store.rename(fileId, newId);
  }

  drop(fileId: FileId): Promise<void> {
    return this.#store.drop(fileId);
  }

  wipe(): Promise<void> {
    return this.#store.wipe();
  }

  async close(): Promise<void> {
    try {
      await this.#store.close();
    } finally {
      this.#release();
    }
  }
}

interface Lock {
  readonly session: string;
  release(): void;
}

/**
 * Holds the lock of this session; of a duplicated tab, which has the same session, under a name of its own. null without locks.
 */
async function takeLock(session: string, clock: Clock): Promise<Lock | null> {
  if (!hasLocks()) return null;
  for (const name of [session, `${session.slice(0, 40)}-${crypto.randomUUID().slice(0, 18)}`]) {
    const release = await holdLock(LOCK_PREFIX + name, clock);
    if (release) return { session: name, release };
  }
  return null;
}

function holdLock(name: string, clock: Clock): Promise<(() => void) | null> {
  const patience = new AbortController();
  const cancel = clock.after(LOCK_PATIENCE_MS, () => patience.abort());
  return new Promise((resolve) => {
    navigator.locks
      .request(name, { signal: patience.signal }, () => {
        cancel();
        return new Promise<void>((release) => resolve(() => release()));
      })
      .catch(() => resolve(null));
  });
}

async function liveSessions(): Promise<Set<string> | null> {
  if (!hasLocks()) return null;
  const { held = [], pending = [] } = await navigator.locks.query();
  const names = [...held, ...pending].map(({ name }) => name ?? "");
  return new Set(
    names.filter((name) => name.startsWith(LOCK_PREFIX)).map((name) => name.slice(LOCK_PREFIX.length)),
  );
}

async function sweepOpfs(session: string): Promise<void> {
  const live = await liveSessions();
  if (!live) throw new TypeError("OPFS without locks: whose files are alive could not be told");
  const top = await navigator.storage.getDirectory();
  const root = (await top.getDirectoryHandle(OPFS_ROOT, { create: true })) as FileSystemDirectoryHandle & {
    keys(): AsyncIterableIterator<string>;
  };
  const names: string[] = [];
  for await (const name of root.keys()) names.push(name);
  for (const name of names) {
    if (name === session || live.has(name)) continue;
    // A handle that is just being closed by its dying worker: the next start tries again.
    await root.removeEntry(name, { recursive: true }).catch(() => undefined);
  }
}

async function sweepIndexedDb(session: string, clock: Clock): Promise<void> {
  const live = await liveSessions();
  for (const record of await listSessions()) {
    const isAlive = live ? live.has(record.session) : clock.wallMs() - record.heartbeatWallMs < DEAD_AFTER_MS;
    if (record.session !== session && !isAlive) await forgetSession(record.session);
  }
}

/** `heldBytes`: what a former page of this session left, which the browser counts as used. */
async function measureCapacity(clock: Clock, heldBytes: number): Promise<number> {
  const estimate = await within(clock, QUOTA_LIMIT_MS, estimateStorage(), "quota").catch(() => undefined);
  if (!estimate?.quota) return UNKNOWN_CAPACITY_BYTES;
  const freeBytes = Math.max(0, estimate.quota - (estimate.usage ?? 0));
  return Math.min(MAX_CAPACITY_BYTES, Math.floor(QUOTA_SHARE * (freeBytes + heldBytes)));
}

/** Where cookies are blocked a browser may refuse even to be asked. */
async function estimateStorage(): Promise<StorageEstimate | undefined> {
  return navigator.storage?.estimate?.();
}

function hasLocks(): boolean {
  try {
    return navigator.locks !== undefined;
  } catch {
    return false;
  }
}
