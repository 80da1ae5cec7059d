// Whole files into and out of the store, a piece at a time: never more than one piece of a file is copied at once. Owns which
// files are open in the store, and how long the store, the hasher and a file are waited for. Knows no peers.

import { type Bytes, type Clock, FileError, type FileId } from "../../lib/index.ts";
import {
  hashOfPiece,
  type Manifest,
  makeManifest,
  pieceCountOf,
  pieceLengthOf,
  pieceSizeOf,
} from "../core/manifest.ts";
import type { Hashed, Hasher } from "./hash.ts";
import { within } from "./limit.ts";
import { NotWritten, type PieceStore } from "./store.ts";

/** Longer than a busy phone needs for one piece; less than the core waits (duty.ts), so that it hears why. */
const STORE_LIMIT_MS = 25_000;
const HASH_LIMIT_MS = 20_000;
/** A file of a cloud drive may have to come from afar first. */
const FILE_LIMIT_MS = 60_000;

export class Content {
  readonly #store: PieceStore;
  readonly #hasher: Hasher;
  readonly #opened = new Map<FileId, Promise<void>>();

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
    return this.#stored(this.#store.drop(fileId));
  }

  async manifestOf(blob: Blob): Promise<Manifest> {
    const hashes: Uint8Array[] = [];
    for (let piece = 0; piece < pieceCountOf(blob.size); piece++) {
      const { hash } = await this.#digest(await this.#readBlobPiece(blob, piece));
      hashes.push(hash);
    }
    return makeManifest(blob.size, hashes);
  }

  /** Reads the file a second time, so that never more than a piece of it is in memory; checks that it is still the same. */
  async copyIn(fileId: FileId, manifest: Manifest, blob: Blob): Promise<void> {
    await this.open(fileId, blob.size);
    for (let piece = 0; piece < pieceCountOf(blob.size); piece++) {
      const hashed = await this.#digest(await this.#readBlobPiece(blob, piece));
      if (!isEqual(hashed.hash, hashOfPiece(manifest, piece))) {
        throw new FileError("file-unreadable", "the file changed while it was being read");
      }
      await this.#stored(this.#store.write(fileId, piece, hashed.bytes));
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

  /** Drops what a former page left and nobody has asked for since. */
  async dropUnclaimed(): Promise<void> {
    for (const fileId of await this.#stored(this.#store.files()))
      if (!this.#opened.has(fileId)) await this.drop(fileId);
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
      await this.#opened.get(fileId);
      await this.#stored(this.#store.write(fileId, piece, hashed.bytes));
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

  read(fileId: FileId, piece: number): Promise<Bytes> {
    return this.#stored(this.#store.read(fileId, piece));
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
