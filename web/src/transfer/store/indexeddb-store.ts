// Pieces in IndexedDB: slower than OPFS, but on disc and also there on plain http:// addresses. One database for all sessions;
// every key begins with the session, so that a session is one key range. Keeps the table of what is there in memory.

import { type Bytes, FileError, type FileId } from "../../lib/index.ts";
import { PieceTable } from "./piece-table.ts";
import { refusalOf } from "./refusal.ts";
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

  private constructor(database: IDBDatabase, session: string) {
    this.#database = database;
    this.#session = session;
    this.#table = new PieceTable(0);
  }

  get capacityBytes(): number {
    return this.#table.capacityBytes;
  }

  /**
   * Opens the records of this session, with what a former page of it left; `capacityOf` is told how much that is. Rejects FileError where
   * there is no IndexedDB, and then has nothing open.
   */
  static async open(
    session: string,
    capacityOf: (heldBytes: number) => Promise<number>,
  ): Promise<IndexedDbStore> {
    const store = new IndexedDbStore(await openDatabase(), session);
    try {
      await store.#load();
      store.#table.capacityBytes = await capacityOf(store.#table.usedBytes);
      return store;
    } catch (cause) {
      store.release();
      throw cause;
    }
  }

  async open(fileId: FileId, layout: FileLayout): Promise<void> {
    const isNew = !this.#table.has(fileId);
    this.#table.open(fileId, layout);
    if (!isNew) return;
    let storedAs = fileId;
    // Under this id the pieces of another may be, which was renamed.
    while ([...this.#storedAs.values()].includes(storedAs)) storedAs = `${storedAs}-` as FileId;
    if (storedAs !== fileId) this.#storedAs.set(fileId, storedAs);
    const record: FileRecord = { ...layout, ...(storedAs !== fileId && { storedAs }) };
    try {
      await this.#change("files", (files) => files.put(record, [this.#session, fileId]));
    } catch (cause) {
      this.#table.drop(fileId); // or it would count as open the next time
      this.#storedAs.delete(fileId);
      throw cause;
    }
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
    const renamed = this.#change("files", (files) => {
      files.put(record, [this.#session, newId]);
      return files.delete([this.#session, fileId]);
    });
    // This page has it under the new id either way. A disc too full for the record costs a reload these pieces, and nothing now.
    await renamed.catch(() => undefined);
  }

  async drop(fileId: FileId): Promise<void> {
    // What lies under this id may be another file's by now, which was renamed.
    if (!this.#table.has(fileId)) return;
    this.#table.drop(fileId);
    const storedAs = this.#storedAs.get(fileId) ?? fileId;
    this.#storedAs.delete(fileId);
    const range = IDBKeyRange.bound([this.#session, storedAs], [this.#session, storedAs, []]);
    await change(this.#database, ["pieces", "files"], (transaction) => {
      transaction.objectStore("pieces").delete(range);
      for (const id of new Set([fileId, storedAs]))
        if (!this.#table.has(id)) transaction.objectStore("files").delete([this.#session, id]);
    });
  }

  async wipe(): Promise<void> {
    this.#table.clear();
    await wipeSession(this.#database, this.#session);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#table.clear();
    const wiped = wipeSession(this.#database, this.#session, ["pieces", "files", "sessions"]);
    this.release(); // once the wipe is through: a database that never answers is not held open by it
    await wiped;
  }

  /** Closes the database, and leaves in it what is there. */
  release(): void {
    this.#isClosed = true;
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
      this.#table.restore(key[1], { sizeBytes, pieceLength }, []);
      if (storedAs) this.#storedAs.set(key[1], storedAs);
    }
    const idOf = new Map([...this.#storedAs].map(([fileId, storedAs]) => [storedAs, fileId]));
    const pieceKeys = await this.#ask("pieces", (pieces) => pieces.getAllKeys(rangeOf(this.#session)));
    for (const [, storedAs, piece] of pieceKeys as [string, FileId, number][]) {
      const fileId = idOf.get(storedAs) ?? storedAs;
      if (this.#table.has(fileId)) this.#table.restore(fileId, this.#table.layoutOf(fileId), [piece]);
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
    await wipeSession(database, session, ["pieces", "files", "sessions"]);
  } finally {
    database.close();
  }
}

function wipeSession(
  database: IDBDatabase,
  session: string,
  names: readonly StoreName[] = ["pieces", "files"],
): Promise<void> {
  return change(database, names, (transaction) => {
    for (const name of names)
      transaction.objectStore(name).delete(name === "sessions" ? session : rangeOf(session));
  });
}

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    if (typeof indexedDB === "undefined") throw new FileError("file-unreadable", "no IndexedDB");
    const request = indexedDB.open(DATABASE, VERSION);
    request.onupgradeneeded = () => {
      for (const name of ["pieces", "files", "sessions"]) request.result.createObjectStore(name);
    };
    request.onsuccess = () => {
      const database = request.result;
      // A page of a later version wants to open it, and waits for all others. Here it goes on in memory, as when the browser closes it.
      database.onversionchange = () => database.close();
      resolve(database);
    };
    request.onerror = () => reject(refusalOf(request.error));
  });
}

function ask<T>(
  database: IDBDatabase,
  name: StoreName,
  act: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    try {
      const request = act(database.transaction(name, "readonly").objectStore(name));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(refusalOf(request.error));
    } catch (cause) {
      reject(refusalOf(cause)); // the browser has closed the database, which it may where it needs the room
    }
  });
}

/** Resolves when the change is committed: only then does it survive the page. */
function change(
  database: IDBDatabase,
  names: readonly StoreName[],
  act: (transaction: IDBTransaction) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    try {
      // Relaxed: a song is not worth waiting for the disc's own cache.
      const transaction = database.transaction([...names], "readwrite", { durability: "relaxed" });
      transaction.oncomplete = () => resolve();
      // Not at `error`, which comes before it: the transaction knows its error only once it has ended, and a full disc may end it with
      // no `error` at all.
      transaction.onabort = () =>
        reject(refusalOf(transaction.error ?? new DOMException("", "AbortError"), true));
      act(transaction);
    } catch (cause) {
      reject(refusalOf(cause));
    }
  });
}
