// Files into and out of the store, a piece at a time: of a file that is being read never more than a few pieces are in memory. Owns
// which files are open in the store, and how long the store, the hasher and a file are waited for. Knows no peers.

import { type Bytes, type Clock, FileError, type FileId } from "../../lib/index.ts";
import { type Manifest, makeManifest, pieceCountOf, pieceLengthOf, pieceSizeOf } from "../core/manifest.ts";
import { FinalIds } from "./final-ids.ts";
import type { Hashed, Hasher } from "./hash.ts";
import { within } from "./limit.ts";
import { NotWritten, type PieceStore } from "./store.ts";

/** Longer than a busy phone needs for one piece; less than the core waits (duty.ts), so that it hears why. */
const STORE_LIMIT_MS = 25_000;
const HASH_LIMIT_MS = 20_000;
/** A file of a cloud drive may have to come from afar first. */
const FILE_LIMIT_MS = 60_000;
/** One is read, one hashed, one written, and one is ready to be: more would only take memory, 4 MiB each at most. */
const PIECES_UNDER_WAY = 4;

export class Content {
  readonly #store: PieceStore;
  readonly #hasher: Hasher;
  readonly #opened = new Map<FileId, Promise<void>>();
  /** What drafts turned out to be, for what is read and written under their ids after that. */
  readonly #finals = new FinalIds();
  readonly #adopting = new Map<FileId, Promise<void>>();
  readonly #writing = new Map<FileId, Set<Promise<void>>>();
  readonly #clock: Clock;

  constructor(store: PieceStore, hasher: Hasher, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#hasher = hasher;
  }

  open(fileId: FileId, sizeBytes: number): Promise<void> {
    const former = this.#opened.get(fileId);
    if (former) return former;
    const layout = { sizeBytes, pieceLength: pieceLengthOf(sizeBytes) };
    const opened = this.#stored(this.#store.open(fileId, layout)).catch((cause: unknown) => {
      if (this.#opened.get(fileId) === opened) this.#opened.delete(fileId); // there may be room another time
      throw cause;
    });
    this.#opened.set(fileId, opened);
    return opened;
  }

  drop(fileId: FileId): Promise<void> {
    this.#opened.delete(fileId);
    this.#finals.forget(fileId);
    return this.#stored(this.#store.drop(fileId));
  }

  /**
   * Reads, hashes and, where an id is given, stores a file, and tells each piece in order as soon as that is done. Ends, with what
   * `onPiece` throws, after the pieces that are under way. Rejects FileError file-unreadable, storage-full.
   */
  async ingest(
    fileId: FileId | null,
    blob: Blob,
    onPiece: (piece: number, sha256: Uint8Array) => void,
  ): Promise<Manifest> {
    if (fileId) await this.open(fileId, blob.size);
    const hashes: Uint8Array[] = [];
    const underWay: Promise<Uint8Array>[] = [];
    const pieceCount = pieceCountOf(blob.size);
    try {
      for (let next = 0; hashes.length < pieceCount; ) {
        while (next < pieceCount && underWay.length < PIECES_UNDER_WAY) {
          const ingesting = this.#ingestPiece(fileId, blob, next++);
          ingesting.catch(() => undefined); // it is heard of when its turn comes
          underWay.push(ingesting);
        }
        const hash = await underWay[0];
        underWay.shift();
        if (!hash) break; // never: there is one under way
        onPiece(hashes.length, hash);
        hashes.push(hash);
      }
    } finally {
      await Promise.allSettled(underWay);
    }
    return makeManifest(blob.size, hashes);
  }

  async #ingestPiece(fileId: FileId | null, blob: Blob, piece: number): Promise<Uint8Array> {
    const { hash, bytes } = await this.#digest(await this.#readBlobPiece(blob, piece));
    if (fileId) await this.#write(fileId, piece, bytes);
    return hash;
  }

  /**
   * What is stored under the draft's id belongs to the file from now on, also what is being stored. Of a file that is open already
   * these pieces alone are taken over. Reads of either wait for it. Rejects where that failed: then any of it may be lost.
   */
  adopt(draftId: FileId, fileId: FileId, pieces: readonly number[]): Promise<void> {
    const adopting = this.#adopt(draftId, fileId, pieces, this.#opened.get(fileId)).finally(() => {
      if (this.#adopting.get(fileId) === adopting) this.#adopting.delete(fileId);
    });
    adopting.catch(() => {
      if (this.#opened.get(fileId) === adopting) this.#opened.delete(fileId);
    });
    this.#finals.set(draftId, fileId);
    this.#adopting.set(fileId, adopting);
    this.#opened.set(fileId, adopting);
    return adopting;
  }

  async #adopt(
    draftId: FileId,
    fileId: FileId,
    pieces: readonly number[],
    opening: Promise<void> | undefined,
  ): Promise<void> {
    await Promise.allSettled(this.#writing.get(draftId) ?? []);
    await this.#opened.get(draftId);
    this.#opened.delete(draftId);
    const isOpen =
      opening &&
      (await opening.then(
        () => true,
        () => false,
      ));
    if (isOpen) {
      await this.#merge(draftId, fileId, pieces);
      return;
    }
    await this.#stored(this.#store.drop(fileId)); // of a former page, and checked by nobody
    await this.#stored(this.#store.rename(draftId, fileId));
  }

  async #merge(draftId: FileId, fileId: FileId, pieces: readonly number[]): Promise<void> {
    const held = new Set(await this.held(draftId));
    try {
      for (const piece of pieces) {
        if (!held.has(piece)) continue;
        const bytes = await this.#stored(this.#store.read(draftId, piece));
        await this.#stored(this.#store.write(fileId, piece, bytes.slice()));
      }
    } finally {
      await this.#stored(this.#store.drop(draftId));
    }
  }

  /** What the store has of an open file, from before a reload too. */
  held(fileId: FileId): Promise<readonly number[]> {
    return this.#stored(this.#store.held(fileId));
  }

  /** Whether a stored piece is still what it was: a page may have died, or a disc failed, since it was written. */
  async isWhole(fileId: FileId, piece: number, sha256: Uint8Array): Promise<boolean> {
    const bytes = await this.read(fileId, piece);
    const { hash } = await this.#digest(bytes.slice());
    return isEqual(hash, sha256);
  }

  /** Drops what a former page left and nobody has asked for since. What was listed as a draft's may be on its way to its file. */
  async dropUnclaimed(): Promise<void> {
    for (const fileId of await this.#stored(this.#store.files()))
      if (!this.#opened.has(fileId) && this.#finals.of(fileId) === fileId) await this.drop(fileId);
  }

  /** Verifies a piece and stores it; takes the bytes over. Rejects when the hasher broke, and the bytes are lost. */
  async keep(
    fileId: FileId,
    piece: number,
    bytes: Bytes,
    sha256: Uint8Array,
  ): Promise<"kept" | "bad" | "unstored" | "lost"> {
    const hashed = await this.#digest(bytes);
    if (!isEqual(hashed.hash, sha256)) return "bad";
    try {
      await this.#write(fileId, piece, hashed.bytes);
      return "kept";
    } catch (cause) {
      return cause instanceof NotWritten && cause.bytes.length === 0 ? "lost" : "unstored";
    }
  }

  /** A copy of these bytes, and nothing beside it but the piece being copied. Rejects RangeError beyond the file. */
  async readRange(fileId: FileId, manifest: Manifest, fromByte: number, toByte: number): Promise<Bytes> {
    const { pieceLength, sizeBytes } = manifest;
    if (!(fromByte >= 0 && fromByte <= toByte && toByte <= sizeBytes))
      throw new RangeError("beyond the file");
    const range = new Uint8Array(toByte - fromByte);
    for (let piece = Math.floor(fromByte / pieceLength); piece * pieceLength < toByte; piece++) {
      const start = piece * pieceLength;
      const from = Math.max(0, fromByte - start);
      const whole = await this.read(fileId, piece).catch((cause: unknown) => {
        throw new FileError("file-unreadable", `piece ${piece}`, { cause });
      });
      range.set(whole.subarray(from, toByte - start), start + from - fromByte);
    }
    return range;
  }

  async read(askedId: FileId, piece: number): Promise<Bytes> {
    const fileId = this.#finals.of(askedId);
    await this.#adopting.get(fileId);
    return this.#stored(this.#store.read(fileId, piece));
  }

  /** Where the file is open by then. Where a draft did not become it, that says nothing about the room there is. */
  async #write(askedId: FileId, piece: number, bytes: Bytes): Promise<void> {
    const fileId = this.#finals.of(askedId);
    const writing = (async () => {
      await this.#adopting.get(fileId)?.catch((cause: unknown) => {
        throw new NotWritten("file-unreadable", `with its draft: ${cause}`, new Uint8Array());
      });
      await this.#opened.get(fileId);
      await this.#stored(this.#store.write(fileId, piece, bytes));
    })();
    const others = this.#writing.get(fileId) ?? new Set();
    this.#writing.set(fileId, others.add(writing));
    try {
      await writing;
    } finally {
      others.delete(writing);
      if (others.size === 0) this.#writing.delete(fileId);
    }
  }

  async #readBlobPiece(blob: Blob, piece: number): Promise<Bytes> {
    const start = piece * pieceLengthOf(blob.size);
    const reading = blob.slice(start, start + pieceSizeOf(blob.size, piece)).arrayBuffer();
    try {
      return new Uint8Array(await within(this.#clock, FILE_LIMIT_MS, reading, "file"));
    } catch (cause) {
      throw new FileError("file-unreadable", `piece ${piece}`, { cause });
    }
  }

  #digest(bytes: Bytes): Promise<Hashed> {
    const hashing = this.#hasher.digest(bytes);
    return within(this.#clock, HASH_LIMIT_MS, hashing, "hash", () => this.#hasher.distrust?.());
  }

  #stored<T>(work: Promise<T>): Promise<T> {
    return within(this.#clock, STORE_LIMIT_MS, work, "store");
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
