// Where pieces are kept for as long as this session lasts. Only verified pieces are written. Every implementation
// (memory now; OPFS and IndexedDB) passes the contract in testing/piece-store-contract.ts.

import type { Bytes, FileId } from "../lib/index.ts";

export interface FileLayout {
  readonly sizeBytes: number;
  readonly pieceLength: number;
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
  has(fileId: FileId, piece: number): Promise<boolean>;
  /** Forgets a file. Of an unknown file it does nothing. */
  drop(fileId: FileId): Promise<void>;
  /** Forgets everything. */
  wipe(): Promise<void>;
}
