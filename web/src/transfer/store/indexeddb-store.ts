// Pieces in IndexedDB: slower than OPFS, but on disc and also there on plain http:// addresses. One database for all sessions;
// every key begins with the session, so that a session is one key range. Keeps the table of what is there in memory.

import { type Bytes, FileError, type FileId } from "../../lib/index.ts";
import { PieceTable } from "./piece-table.ts";
import type { FileLayout, PieceStore } from "./store.ts";

const DATABASE = "unisono-pieces";
const VERSION = 1;
type StoreName = "pieces" | "files" | "sessions";

export interface SessionRecord {
  readonly session: string;
  /** When its page last showed that it lives, ms since 1970. */
  readonly heartbeatWallMs: number;
}

/** What is known of a file beside its pieces. */
interface FileRecord extends FileLayout {
  /** Its pieces are kept under the id that it had first. */
  readonly storedAs?: FileId;
}

/** Of all records of one session; an array sorts after every string and number. */
const rangeOf = (session: string): IDBKeyRange => IDBKeyRange.bound([session], [session, []]);

export class IndexedDbStore implements PieceStore {
  readonly #database: IDBDatabase;
  readonly #session: string;
  readonly #table: PieceTable;
  /** Under which ids the pieces of renamed files are kept: to give them other keys would be to write them anew. */
  readonly #storedAs = new Map<FileId, FileId>();
  #isClosed = false;

  private constructor(database: IDBDatabase, session: string, capacityBytes: number) {
    this.#database = database;
    this.#session = session;
    this.#table = new PieceTable(capacityBytes);
  }

  get capacityBytes(): number {
    return this.#table.capacityBytes;
  }

  /** Opens the records of this session, with what a former page of it left. Rejects FileError where there is no IndexedDB. */
  static async open(session: string, capacityBytes: number): Promise<IndexedDbStore> {
    const store = new IndexedDbStore(await openDatabase(), session, capacityBytes);
    await store.#load();
    return store;
  }

  async open(fileId: FileId, layout: FileLayout): Promise<void> {
    const isNew = !this.#table.has(fileId);
    this.#table.open(fileId, layout);
    if (isNew) await this.#change("files", (files) => files.put(layout, [this.#session, fileId]));
  }

  async write(fileId: FileId, piece: number, bytes: Bytes): Promise<void> {
    this.#table.reserve(fileId, piece, bytes.length);
    try {
      await this.#change("pieces", (pieces) => pieces.put(bytes, this.#keyOf(fileId, piece)));
      this.#table.markHeld(fileId, piece);
    } catch (cause) {
      this.#table.release(fileId, piece);
      throw cause;
    }
  }

  async read(fileId: FileId, piece: number): Promise<Bytes> {
    const { sizeBytes } = this.#table.locate(fileId, piece);
    const key = this.#keyOf(fileId, piece);
    const bytes = await this.#ask("pieces", (pieces) => pieces.get(key) as IDBRequest<Bytes | undefined>);
    if (bytes?.length !== sizeBytes) throw new FileError("file-unreadable", `piece ${piece} has gone`);
    return bytes;
  }

  async held(fileId: FileId): Promise<readonly number[]> {
    return this.#table.held(fileId);
  }

  async files(): Promise<readonly FileId[]> {
    return this.#table.files();
  }

  async usedBytes(): Promise<number> {
    return this.#table.usedBytes;
  }

  async rename(fileId: FileId, newId: FileId): Promise<void> {
    this.#table.rename(fileId, newId);
    const storedAs = this.#storedAs.get(fileId) ?? fileId;
    this.#storedAs.set(newId, storedAs);
    this.#storedAs.delete(fileId);
    const record: FileRecord = { ...this.#table.layoutOf(newId), storedAs };
    await this.#change("files", (files) => {
      files.put(record, [this.#session, newId]);
      return files.delete([this.#session, fileId]);
    });
  }

  async drop(fileId: FileId): Promise<void> {
    // What lies under this id may be another file's by now, which was renamed.
    if (!this.#table.has(fileId)) return;
    this.#table.drop(fileId);
    const storedAs = this.#storedAs.get(fileId) ?? fileId;
    this.#storedAs.delete(fileId);
    const range = IDBKeyRange.bound([this.#session, storedAs], [this.#session, storedAs, []]);
    await this.#change("pieces", (pieces) => pieces.delete(range));
    await this.#change("files", (files) => files.delete([this.#session, fileId]));
  }

  async wipe(): Promise<void> {
    this.#table.clear();
    await wipeSession(this.#database, this.#session);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#table.clear();
    await wipeSession(this.#database, this.#session);
    await this.#change("sessions", (sessions) => sessions.delete(this.#session));
    this.#database.close();
  }

  /** Says that this session lives, for where no lock can. */
  async heartbeat(heartbeatWallMs: number): Promise<void> {
    if (this.#isClosed) return;
    const record: SessionRecord = { session: this.#session, heartbeatWallMs };
    await this.#change("sessions", (sessions) => sessions.put(record, this.#session));
  }

  async #load(): Promise<void> {
    const fileKeys = await this.#ask("files", (files) => files.getAllKeys(rangeOf(this.#session)));
    for (const key of fileKeys as [string, FileId][]) {
      const record = await this.#ask("files", (files) => files.get(key) as IDBRequest<FileRecord>);
      const { sizeBytes, pieceLength, storedAs } = record;
      this.#table.open(key[1], { sizeBytes, pieceLength });
      if (storedAs) this.#storedAs.set(key[1], storedAs);
    }
    const idOf = new Map([...this.#storedAs].map(([fileId, storedAs]) => [storedAs, fileId]));
    const pieceKeys = await this.#ask("pieces", (pieces) => pieces.getAllKeys(rangeOf(this.#session)));
    for (const [, storedAs, piece] of pieceKeys as [string, FileId, number][]) {
      const fileId = idOf.get(storedAs) ?? storedAs;
      if (!this.#table.has(fileId)) continue;
      const { sizeBytes, pieceLength } = this.#table.layoutOf(fileId);
      this.#table.reserve(fileId, piece, Math.min(pieceLength, sizeBytes - piece * pieceLength));
      this.#table.markHeld(fileId, piece);
    }
  }

  #keyOf(fileId: FileId, piece: number): IDBValidKey {
    return [this.#session, this.#storedAs.get(fileId) ?? fileId, piece];
  }

  #ask<T>(name: StoreName, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    return ask(this.#database, name, act);
  }

  #change(name: StoreName, act: (store: IDBObjectStore) => IDBRequest): Promise<void> {
    return change(this.#database, [name], (transaction) => act(transaction.objectStore(name)));
  }
}

/** Every session of which there is a record, and when it last lived; 0 when it never said. */
export async function listSessions(): Promise<SessionRecord[]> {
  const database = await openDatabase();
  try {
    const heartbeats = await ask(
      database,
      "sessions",
      (store) => store.getAll() as IDBRequest<SessionRecord[]>,
    );
    const fileKeys = await ask(database, "files", (store) => store.getAllKeys());
    const known = new Map(heartbeats.map((record) => [record.session, record]));
    for (const [session] of fileKeys as [string][]) {
      if (!known.has(session)) known.set(session, { session, heartbeatWallMs: 0 });
    }
    return [...known.values()];
  } finally {
    database.close();
  }
}

export async function forgetSession(session: string): Promise<void> {
  const database = await openDatabase();
  try {
    await wipeSession(database, session);
    await change(database, ["sessions"], (transaction) =>
      transaction.objectStore("sessions").delete(session),
    );
  } finally {
    database.close();
  }
}

function wipeSession(database: IDBDatabase, session: string): Promise<void> {
  return change(database, ["pieces", "files"], (transaction) => {
    transaction.objectStore("pieces").delete(rangeOf(session));
    transaction.objectStore("files").delete(rangeOf(session));
  });
}

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    if (typeof indexedDB === "undefined") throw new FileError("file-unreadable", "no IndexedDB");
    const request = indexedDB.open(DATABASE, VERSION);
    request.onupgradeneeded = () => {
      for (const name of ["pieces", "files", "sessions"]) request.result.createObjectStore(name);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(errorFor(request.error));
  });
}

function ask<T>(
  database: IDBDatabase,
  name: StoreName,
  act: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = act(database.transaction(name, "readonly").objectStore(name));
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(errorFor(request.error));
  });
}

/** Resolves when the change is committed: only then does it survive the page. */
function change(
  database: IDBDatabase,
  names: readonly StoreName[],
  act: (transaction: IDBTransaction) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    // Relaxed: a song is not worth waiting for the disc's own cache.
    const transaction = database.transaction([...names], "readwrite", { durability: "relaxed" });
    transaction.oncomplete = () => resolve();
    transaction.onabort = transaction.onerror = () => reject(errorFor(transaction.error));
    act(transaction);
  });
}

function errorFor(cause: DOMException | null): FileError {
  const isFull = cause?.name === "QuotaExceededError";
  return new FileError(isFull ? "storage-full" : "file-unreadable", cause?.message ?? "IndexedDB", { cause });
}
