// What every PieceStore promises, as plain cases without a test runner: run over memory by Vitest, and over OPFS and
// IndexedDB in real browsers by store-page.ts.

import { type Bytes, FileError, type FileId } from "../../lib/index.ts";
import type { PieceStore } from "../store/store.ts";

const SONG = "a1".repeat(32) as FileId;
const OTHER = "b2".repeat(32) as FileId;
const LAYOUT = { sizeBytes: 150, pieceLength: 100 };

const bytesOf = (length: number, value: number): Bytes => new Uint8Array(length).fill(value);

export interface ContractCase {
  readonly name: string;
  readonly capacityBytes: number;
  /** More than a browser's memory is trusted with. */
  readonly needsDisc?: boolean;
  /** Throws when the promise is broken. */
  prove(store: PieceStore): Promise<void>;
}

export const PIECE_STORE_CONTRACT: readonly ContractCase[] = [
  {
    name: "gives back the pieces it was given, the short last one too",
    capacityBytes: 1000,
    async prove(store) {
      await store.open(SONG, LAYOUT);
      await store.write(SONG, 1, bytesOf(50, 2));
      await store.write(SONG, 0, bytesOf(100, 1));
      await expectPiece(store, SONG, 0, bytesOf(100, 1));
      await expectPiece(store, SONG, 1, bytesOf(50, 2));
    },
  },
  {
    name: "has the pieces of a file of 4 GiB at their places",
    capacityBytes: 2 ** 33,
    needsDisc: true,
    async prove(store) {
      await store.open(SONG, { sizeBytes: 2 ** 32, pieceLength: 2 ** 22 });
      for (const piece of [1023, 511, 512]) await store.write(SONG, piece, bytesOf(2 ** 22, piece & 255));
      for (const piece of [511, 512, 1023])
        await expectPiece(store, SONG, piece, bytesOf(2 ** 22, piece & 255));
      expectSame(await store.held(SONG), [511, 512, 1023]);
    },
  },
  {
    name: "knows which pieces and files it has",
    capacityBytes: 1000,
    async prove(store) {
      await store.open(SONG, LAYOUT);
      expectSame(await store.held(SONG), []);
      await store.write(SONG, 1, bytesOf(50, 2));
      expectSame(await store.held(SONG), [1]);
      await store.write(SONG, 0, bytesOf(100, 2));
      expectSame(await store.held(SONG), [0, 1]);
      expectSame(await store.held(OTHER), []);
      expectSame(await store.files(), [SONG]);
    },
  },
  {
    name: "refuses to read what it does not have",
    capacityBytes: 1000,
    async prove(store) {
      await store.open(SONG, LAYOUT);
      await expectError("file-unreadable", store.read(SONG, 0));
      await expectError("file-unreadable", store.read(OTHER, 0));
    },
  },
  {
    name: "refuses a file that was not opened",
    capacityBytes: 1000,
    async prove(store) {
      await expectError("file-unreadable", store.write(SONG, 0, bytesOf(100, 1)));
    },
  },
  {
    name: "keeps its pieces when a file is opened again",
    capacityBytes: 1000,
    async prove(store) {
      await store.open(SONG, LAYOUT);
      await store.write(SONG, 0, bytesOf(100, 1));
      await store.open(SONG, LAYOUT);
      expectSame(await store.held(SONG), [0]);
      await expectPiece(store, SONG, 0, bytesOf(100, 1));
    },
  },
  {
    name: "says that it is full instead of growing beyond its capacity",
    capacityBytes: 200,
    async prove(store) {
      await store.open(SONG, LAYOUT);
      await store.write(SONG, 0, bytesOf(100, 1));
      await store.open(OTHER, LAYOUT);
      await store.write(OTHER, 0, bytesOf(100, 3));
      await expectError("storage-full", store.write(OTHER, 1, bytesOf(50, 3)));
      await expectPiece(store, SONG, 0, bytesOf(100, 1));
      expectSame(await store.held(OTHER), [0]);
    },
  },
  {
    name: "refuses a file larger than its capacity at once",
    capacityBytes: 100,
    async prove(store) {
      await expectError("storage-full", store.open(SONG, LAYOUT));
    },
  },
  {
    name: "counts a piece that is written twice once",
    capacityBytes: 150,
    async prove(store) {
      await store.open(SONG, LAYOUT);
      await store.write(SONG, 0, bytesOf(100, 1));
      await store.write(SONG, 0, bytesOf(100, 1));
      await store.write(SONG, 1, bytesOf(50, 2));
      expectSame(await store.held(SONG), [0, 1]);
    },
  },
  {
    name: "frees the room of a file that is dropped while its pieces are written",
    capacityBytes: 200,
    async prove(store) {
      for (let round = 0; round < 4; round++) {
        await store.open(SONG, LAYOUT);
        const writing = store.write(SONG, 0, bytesOf(100, 1)).catch(() => undefined);
        await store.drop(SONG);
        await writing;
      }
      expectSame(await store.usedBytes(), 0);
      await store.open(SONG, LAYOUT);
      const twice = [1, 2].map(() => store.write(SONG, 0, bytesOf(100, 1)));
      await Promise.all([...twice, store.write(SONG, 1, bytesOf(50, 2))]);
      expectSame(await store.held(SONG), [0, 1]);
      expectSame(await store.usedBytes(), 150);
    },
  },
  {
    name: "frees the room of a dropped file and leaves the others alone",
    capacityBytes: 300,
    async prove(store) {
      await store.open(SONG, LAYOUT);
      await store.write(SONG, 0, bytesOf(100, 1));
      await store.open(OTHER, LAYOUT);
      await store.write(OTHER, 0, bytesOf(100, 2));
      await store.write(OTHER, 1, bytesOf(50, 2));
      await store.drop(SONG);
      expectSame(await store.held(SONG), []);
      expectSame(await store.held(OTHER), [0, 1]);
      await store.open(SONG, LAYOUT);
      await store.write(SONG, 0, bytesOf(100, 4));
      await store.write(SONG, 1, bytesOf(50, 4));
      await expectPiece(store, SONG, 0, bytesOf(100, 4));
    },
  },
  {
    name: "has the pieces of a file under its other id after it is renamed, and takes more",
    capacityBytes: 300,
    async prove(store) {
      await store.open(OTHER, LAYOUT);
      await store.write(OTHER, 1, bytesOf(50, 2));
      await store.rename(OTHER, SONG);
      await expectError("file-unreadable", store.read(OTHER, 1));
      await store.drop(OTHER);
      expectSame(await store.files(), [SONG]);
      await expectPiece(store, SONG, 1, bytesOf(50, 2));
      await store.open(SONG, LAYOUT);
      await store.write(SONG, 0, bytesOf(100, 1));
      expectSame([await store.held(SONG), await store.usedBytes()], [[0, 1], 150]);
      await expectPiece(store, SONG, 0, bytesOf(100, 1));
      await expectPiece(store, SONG, 1, bytesOf(50, 2));
      await store.open(OTHER, LAYOUT);
      await expectError("file-unreadable", store.rename(OTHER, SONG));
      await store.drop(SONG);
      expectSame([await store.held(SONG), await store.usedBytes()], [[], 0]);
      await expectError("file-unreadable", store.rename(SONG, OTHER));
    },
  },
  {
    name: "keeps a renamed file apart from another that is opened under its former id",
    capacityBytes: 300,
    async prove(store) {
      await store.open(OTHER, LAYOUT);
      await store.write(OTHER, 1, bytesOf(50, 2));
      await store.rename(OTHER, SONG);
      await store.open(OTHER, LAYOUT);
      expectSame(await store.held(OTHER), []);
      await store.write(OTHER, 1, bytesOf(50, 3));
      await expectPiece(store, SONG, 1, bytesOf(50, 2));
      await expectPiece(store, OTHER, 1, bytesOf(50, 3));
      await store.drop(OTHER);
      await expectPiece(store, SONG, 1, bytesOf(50, 2));
      expectSame([await store.files(), await store.usedBytes()], [[SONG], 50]);
    },
  },
  {
    name: "does nothing when it is to drop what it does not know",
    capacityBytes: 300,
    async prove(store) {
      await store.drop(OTHER);
      expectSame(await store.files(), []);
    },
  },
  {
    name: "is empty after a wipe and can be used again",
    capacityBytes: 1000,
    async prove(store) {
      await store.open(SONG, LAYOUT);
      await store.write(SONG, 0, bytesOf(100, 1));
      await store.wipe();
      expectSame(await store.files(), []);
      await expectError("file-unreadable", store.read(SONG, 0));
      await store.open(SONG, LAYOUT);
      await store.write(SONG, 0, bytesOf(100, 5));
      await expectPiece(store, SONG, 0, bytesOf(100, 5));
    },
  },
  {
    name: "may be closed twice",
    capacityBytes: 1000,
    async prove(store) {
      await store.open(SONG, LAYOUT);
      await store.write(SONG, 0, bytesOf(100, 1));
      await Promise.all([store.close(), store.close()]);
    },
  },
];

export interface ReloadCase {
  readonly name: string;
  readonly capacityBytes: number;
  before(store: PieceStore): Promise<void>;
  /** With the store of the same session, opened by the page that replaced the first. */
  after(store: PieceStore): Promise<void>;
}

/** What stores on disc promise beside that. */
export const RELOAD_CONTRACT: readonly ReloadCase[] = [
  {
    name: "has after a reload what it had before",
    capacityBytes: 1000,
    async before(store) {
      await store.open(SONG, LAYOUT);
      await store.write(SONG, 1, bytesOf(50, 7));
    },
    async after(store) {
      expectSame(await store.files(), [SONG]);
      await store.open(SONG, LAYOUT);
      expectSame(await store.held(SONG), [1]);
      await expectPiece(store, SONG, 1, bytesOf(50, 7));
    },
  },
  {
    name: "counts what was there before a reload against its budget",
    capacityBytes: 200,
    async before(store) {
      await store.open(SONG, LAYOUT);
      await store.write(SONG, 0, bytesOf(100, 7));
      await store.write(SONG, 1, bytesOf(50, 7));
    },
    async after(store) {
      await store.open(OTHER, LAYOUT);
      await expectError("storage-full", store.write(OTHER, 0, bytesOf(100, 7)));
    },
  },
  {
    name: "has after a reload what it had of a renamed file, and can drop it",
    capacityBytes: 1000,
    async before(store) {
      await store.open(OTHER, LAYOUT);
      await store.write(OTHER, 1, bytesOf(50, 7));
      await store.rename(OTHER, SONG);
      await store.write(SONG, 0, bytesOf(100, 6));
    },
    async after(store) {
      expectSame(await store.files(), [SONG]);
      await store.open(SONG, LAYOUT);
      expectSame(await store.held(SONG), [0, 1]);
      await expectPiece(store, SONG, 0, bytesOf(100, 6));
      await expectPiece(store, SONG, 1, bytesOf(50, 7));
      await store.drop(SONG);
      expectSame([await store.files(), await store.usedBytes()], [[], 0]);
    },
  },
  {
    name: "has after a reload what it had of a renamed file and of another under its former id",
    capacityBytes: 1000,
    async before(store) {
      await store.open(OTHER, LAYOUT);
      await store.write(OTHER, 1, bytesOf(50, 7));
      await store.rename(OTHER, SONG);
      await store.open(OTHER, LAYOUT);
      await store.write(OTHER, 0, bytesOf(100, 8));
    },
    async after(store) {
      expectSame([...(await store.files())].sort(), [SONG, OTHER]);
      await store.open(SONG, LAYOUT);
      await store.open(OTHER, LAYOUT);
      expectSame([await store.held(SONG), await store.held(OTHER)], [[1], [0]]);
      await expectPiece(store, OTHER, 0, bytesOf(100, 8));
      await store.drop(OTHER);
      await expectPiece(store, SONG, 1, bytesOf(50, 7));
    },
  },
  {
    name: "leaves nothing behind when it is closed",
    capacityBytes: 1000,
    async before(store) {
      await store.open(SONG, LAYOUT);
      await store.write(SONG, 0, bytesOf(100, 7));
      await store.close();
    },
    async after(store) {
      expectSame(await store.files(), []);
    },
  },
];

async function expectPiece(store: PieceStore, fileId: FileId, piece: number, expected: Bytes): Promise<void> {
  expectSame([...(await store.read(fileId, piece))], [...expected]);
}

function expectSame(actual: unknown, expected: unknown): void {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== should) throw new Error(`${is} instead of ${should}`);
}

async function expectError(code: string, promise: Promise<unknown>): Promise<void> {
  const outcome = await promise.then(
    () => "success",
    (cause: unknown) => (cause instanceof FileError ? cause.code : String(cause)),
  );
  expectSame(outcome, code);
}
