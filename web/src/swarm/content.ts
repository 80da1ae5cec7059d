// Whole files into and out of the store, a piece at a time: never more than one piece of a file is copied at once. Owns which
// files are open in the store. Knows no peers and no clock.

import { type Bytes, FileError, type FileId } from "../lib/index.ts";
import type { Hasher } from "./hash.ts";
import {
  hashOfPiece,
  type Manifest,
  makeManifest,
  pieceCountOf,
  pieceLengthOf,
  pieceSizeOf,
} from "./manifest.ts";
import type { PieceStore } from "./store.ts";

export class Content {
  readonly #store: PieceStore;
  readonly #hasher: Hasher;
  readonly #opened = new Map<FileId, Promise<void>>();

  constructor(store: PieceStore, hasher: Hasher) {
    this.#store = store;
    this.#hasher = hasher;
  }

  open(fileId: FileId, sizeBytes: number): Promise<void> {
    const opened =
      this.#opened.get(fileId) ??
      this.#store.open(fileId, { sizeBytes, pieceLength: pieceLengthOf(sizeBytes) });
    this.#opened.set(fileId, opened);
    return opened;
  }

  drop(fileId: FileId): Promise<void> {
    this.#opened.delete(fileId);
    return this.#store.drop(fileId);
  }

  async manifestOf(blob: Blob): Promise<Manifest> {
    const hashes: Uint8Array[] = [];
    for (let piece = 0; piece < pieceCountOf(blob.size); piece++) {
      const { hash } = await this.#hasher.digest(await readBlobPiece(blob, piece));
      hashes.push(hash);
    }
    return makeManifest(blob.size, hashes);
  }

  /** Reads the file a second time, so that never more than a piece of it is in memory; checks that it is still the same. */
  async copyIn(fileId: FileId, manifest: Manifest, blob: Blob): Promise<void> {
    await this.open(fileId, blob.size);
    for (let piece = 0; piece < pieceCountOf(blob.size); piece++) {
      const hashed = await this.#hasher.digest(await readBlobPiece(blob, piece));
      if (!isEqual(hashed.hash, hashOfPiece(manifest, piece))) {
        throw new FileError("file-unreadable", "the file changed while it was being read");
      }
      await this.#store.write(fileId, piece, hashed.bytes);
    }
  }

  /** What the store has of an open file, from before a reload too. */
  held(fileId: FileId): Promise<readonly number[]> {
    return this.#store.held(fileId);
  }

  /** Whether a stored piece is still what it was: a page may have died, or a disc failed, since it was written. */
  async isWhole(fileId: FileId, piece: number, sha256: Uint8Array): Promise<boolean> {
    const bytes = await this.#store.read(fileId, piece);
    const { hash } = await this.#hasher.digest(bytes.slice());
    return isEqual(hash, sha256);
  }

  /** Drops what a former page left and nobody has asked for since. */
  async dropUnclaimed(): Promise<void> {
    for (const fileId of await this.#store.files())
      if (!this.#opened.has(fileId)) await this.#store.drop(fileId);
  }

  /** Verifies a piece and stores it; takes the bytes over. Rejects when the hasher broke, and the bytes are lost. */
  async keep(
    fileId: FileId,
    piece: number,
    bytes: Bytes,
    sha256: Uint8Array,
  ): Promise<"kept" | "bad" | "unstored"> {
    const hashed = await this.#hasher.digest(bytes);
    if (!isEqual(hashed.hash, sha256)) return "bad";
    try {
      await this.#opened.get(fileId);
      await this.#store.write(fileId, piece, hashed.bytes);
      return "kept";
    } catch {
      return "unstored";
    }
  }

  /** The whole file in one buffer, and nothing beside it but the piece being copied. */
  async readWhole(fileId: FileId, manifest: Manifest): Promise<Bytes> {
    const whole = new Uint8Array(manifest.sizeBytes);
    for (let piece = 0; piece < pieceCountOf(manifest.sizeBytes); piece++) {
      whole.set(await this.#store.read(fileId, piece), piece * manifest.pieceLength);
    }
    return whole;
  }
}

async function readBlobPiece(blob: Blob, piece: number): Promise<Bytes> {
  const start = piece * pieceLengthOf(blob.size);
  try {
    return new Uint8Array(await blob.slice(start, start + pieceSizeOf(blob.size, piece)).arrayBuffer());
  } catch (cause) {
    throw new FileError("file-unreadable", `piece ${piece}`, { cause });
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
