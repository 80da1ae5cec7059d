// Where pieces are kept for as long as a session in a swarm lasts, reloads of the page included. Only verified pieces are
// written. Every implementation (opfs-store, indexeddb-store, memory-store) passes transfer/testing/piece-store-contract.ts.

import { type Bytes, FileError, type FileErrorCode, type FileId } from "../../lib/index.ts";

export interface FileLayout {
  readonly sizeBytes: number;
  readonly pieceLength: number;
}

/** A piece could not be written, and here are its bytes again; empty where they are lost. */
export class NotWritten extends FileError {
  constructor(
    code: FileErrorCode,
    detail: string,
    readonly bytes: Bytes,
  ) {
    super(code, detail);
  }
}

export interface PieceStore {
  /** How many bytes of files this device is willing to keep. */
  readonly capacityBytes: number;
  /** Makes room for a file; again for the same file does nothing. Rejects FileError storage-full. */
  open(fileId: FileId, layout: FileLayout): Promise<void>;
  /** Keeps one piece and takes the bytes over: the caller must not touch them again. Rejects FileError storage-full. */
  write(fileId: FileId, piece: number, bytes: Bytes): Promise<void>;
  /** The piece as written; to be read, never altered or transferred. Rejects FileError file-unreadable when absent. */
  read(fileId: FileId, piece: number): Promise<Bytes>;
  /** The pieces of an open file that are there, also those from before a reload; in ascending order. */
  held(fileId: FileId): Promise<readonly number[]>;
  /** All files of which something is there, also those from before a reload. */
  files(): Promise<readonly FileId[]>;
  /** Of all pieces that are there, also those from before a reload. */
  usedBytes(): Promise<number>;
  /**
   * Gives an open file another id, with all its pieces, none of which may be being written meanwhile. Rejects FileError
   * file-unreadable where the file is not open, or the other is.
   */
  rename(fileId: FileId, newId: FileId): Promise<void>;
  /** Forgets a file. Of an unknown file it does nothing. */
  drop(fileId: FileId): Promise<void>;
  /** Forgets everything. */
  wipe(): Promise<void>;
  /** Forgets everything and lets go of the browser's resources; idempotent, and the last call. */
  close(): Promise<void>;
}
