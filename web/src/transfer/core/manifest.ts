// What a file is: its size and the SHA-256 of each of its pieces. The file id is SHA-256 of the manifest's canonical bytes,
// so equal content has one id whoever adds it, and whoever has the id can check every piece on its own.
// Canonical bytes: UTF-8 of `{"v":1,"size":…,"pieceLength":…,"sha256":["<hex>",…]}`, in this order, without white space.
// Knows no names: a name is not content.

import { sha256 } from "@noble/hashes/sha2.js";
import {
  type Bytes,
  type FileId,
  fromBase64Url,
  toBase64Url,
  toHex,
  utf8,
  WireError,
} from "../../lib/index.ts";
import {
  AIMED_PIECES,
  LARGE_PIECE_BYTES,
  MAX_FILE_BYTES,
  MAX_PIECES,
  MIN_PIECE_BYTES,
} from "../../protocol/constants/transfer.gen.ts";

export interface Manifest {
  readonly v: 1;
  readonly sizeBytes: number;
  readonly pieceLength: number;
  /** One SHA-256 of 32 bytes per piece, one after the other. */
  readonly sha256: Uint8Array;
}

export const HASH_BYTES = 32;

/** The only piece length a file of this size can have, bytes: two people who add one song must cut it alike. A power of two. */
export function pieceLengthOf(sizeBytes: number): number {
  const power = 2 ** Math.floor(Math.log2(Math.max(1, sizeBytes / AIMED_PIECES)));
  let length = Math.min(LARGE_PIECE_BYTES, Math.max(MIN_PIECE_BYTES, power));
  while (length * MAX_PIECES < Math.min(sizeBytes, MAX_FILE_BYTES)) length *= 2;
  return length;
}

export function pieceCountOf(sizeBytes: number): number {
  return Math.ceil(sizeBytes / pieceLengthOf(sizeBytes));
}

/** Size of one piece, bytes; only the last may be short. */
export function pieceSizeOf(sizeBytes: number, piece: number): number {
  const pieceLength = pieceLengthOf(sizeBytes);
  return Math.min(pieceLength, sizeBytes - piece * pieceLength);
}

export function makeManifest(sizeBytes: number, hashes: readonly Uint8Array[]): Manifest {
  const joined = new Uint8Array(hashes.length * HASH_BYTES);
  for (const [piece, hash] of hashes.entries()) joined.set(hash, piece * HASH_BYTES);
  return { v: 1, sizeBytes, pieceLength: pieceLengthOf(sizeBytes), sha256: joined };
}

export function hashOfPiece(manifest: Manifest, piece: number): Uint8Array {
  return manifest.sha256.subarray(piece * HASH_BYTES, (piece + 1) * HASH_BYTES);
}

export function canonicalBytes(manifest: Manifest): Bytes {
  const hashes: string[] = [];
  for (let piece = 0; piece < pieceCountOf(manifest.sizeBytes); piece++) {
    hashes.push(toHex(hashOfPiece(manifest, piece)));
  }
  const { v, sizeBytes: size, pieceLength } = manifest;
  return utf8(JSON.stringify({ v, size, pieceLength, sha256: hashes }));
}

export function fileIdOf(manifest: Manifest): FileId {
  return toHex(sha256(canonicalBytes(manifest))) as FileId;
}

/** The hashes as they travel. */
export function encodeHashes(manifest: Manifest): string {
  return toBase64Url(manifest.sha256);
}

/** Rebuilds a received manifest. Throws WireError when it is absurd or is not the manifest of `fileId`. */
export function parseManifest(fileId: FileId, sizeBytes: number, encodedHashes: string): Manifest {
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 1)
    throw new WireError("wire-malformed", "manifest size");
  if (sizeBytes > MAX_FILE_BYTES) throw new WireError("wire-too-large", "manifest size");
  const hashes = decodeHashes(encodedHashes);
  if (hashes.length !== pieceCountOf(sizeBytes) * HASH_BYTES) {
    throw new WireError("wire-malformed", "manifest has the wrong number of hashes");
  }
  const manifest: Manifest = { v: 1, sizeBytes, pieceLength: pieceLengthOf(sizeBytes), sha256: hashes };
  if (fileIdOf(manifest) !== fileId) throw new WireError("wire-malformed", "manifest of another file");
  return manifest;
}

export function decodeHashes(encoded: string): Uint8Array {
  try {
    return fromBase64Url(encoded);
  } catch (cause) {
    throw new WireError("wire-malformed", "manifest hashes", { cause });
  }
}
