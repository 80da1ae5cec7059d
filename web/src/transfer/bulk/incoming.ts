// Pieces that are coming in: puts the chunks of each together, as they come over each link. Pure; knows no clock.
// Invariants: (1) memory is taken for a piece only once it was expected of that link and its first chunk has come; (2) all chunks of a
// piece come over one link, in order, so that a wrong hash names its sender; (3) of a piece that is being checked or is there no second
// copy is kept.

import type { Bytes, FileId } from "../../lib/index.ts";
import type { ExpectedPiece } from "../core/core.ts";
import type { Chunk } from "../core/frames.ts";
import { FinalIds } from "../store/final-ids.ts";

export interface IncomingPiece extends ExpectedPiece {
  /** Under which it was asked for, and goes by on its link. */
  readonly askedId: FileId;
  /** To which it belongs, if that was a draft's. */
  readonly fileId: FileId;
  readonly epoch: number;
}

interface Assembled extends IncomingPiece {
  fileId: FileId;
  epoch: number;
  /** Filled from the front; null before the first chunk. */
  bytes: Bytes | null;
  receivedBytes: number;
  /** The store has let go of the file since. */
  isUnwanted: boolean;
}

interface Link {
  readonly fileOfSlot: Map<number, FileId>;
  readonly pieces: Map<string, Assembled>;
}

/** What one chunk came to. */
export type Taken =
  | "unexpected"
  | "malformed"
  | {
      readonly piece: IncomingPiece;
      readonly wastedBytes: number;
      readonly isWhole: boolean;
      /** The whole piece, to be checked; null before that, and where another copy was first. */
      readonly bytes: Bytes | null;
    };

const keyOf = (fileId: FileId, piece: number): string => `${fileId}/${piece}`;

export class Incoming {
  readonly #links = new Map<number, Link>();
  /** Pieces that are being checked, or have been and are there. */
  readonly #settled = new Map<FileId, Set<number>>();
  /** What drafts turned out to be. */
  readonly #finals = new FinalIds();

  open(link: number): void {
    this.#links.set(link, { fileOfSlot: new Map(), pieces: new Map() });
  }

  close(link: number): void {
    this.#links.delete(link);
  }

  expect(link: number, slot: number, fileId: FileId, epoch: number, pieces: readonly ExpectedPiece[]): void {
    const expecting = this.#links.get(link);
    this.name(link, slot, fileId);
    for (const piece of pieces) {
      this.unsettle(fileId, piece.piece); // it is missing all the same, whatever became of a former copy
      const key = keyOf(fileId, piece.piece);
      expecting?.pieces.set(key, {
        ...piece,
        askedId: fileId,
        fileId,
        epoch,
        bytes: null,
        receivedBytes: 0,
        isUnwanted: false,
      });
    }
  }

  /** Under this number the other end of the link lists the file. */
  name(link: number, slot: number, fileId: FileId): void {
    this.#links.get(link)?.fileOfSlot.set(slot, fileId);
  }

  /** They will not come over this link. */
  forget(link: number, fileId: FileId, pieces: readonly number[]): void {
    for (const piece of pieces) this.#links.get(link)?.pieces.delete(keyOf(fileId, piece));
  }

  /** The draft has turned out to be this file: what is coming, checked or there of the one is of the other. */
  adopt(draftId: FileId, fileId: FileId, epoch: number): void {
    this.#finals.set(draftId, fileId);
    for (const piece of this.#settled.get(draftId) ?? []) this.#settle(fileId, piece);
    this.#settled.delete(draftId);
    for (const { pieces } of this.#links.values())
      for (const piece of pieces.values())
        if (piece.fileId === draftId) {
          piece.fileId = fileId;
          piece.epoch = epoch;
        }
  }

  /** The store lets go of the file: what is still on its way is thrown away. */
  dropFile(fileId: FileId): void {
    this.#settled.delete(fileId);
    this.#finals.forget(fileId);
    for (const { pieces } of this.#links.values())
      for (const piece of pieces.values())
        if (piece.fileId === fileId) {
          piece.isUnwanted = true;
          piece.bytes = null;
        }
  }

  /** It was not what it should be, or was not stored. */
  unsettle(fileId: FileId, piece: number): void {
    this.#settled.get(this.#finals.of(fileId))?.delete(piece);
  }

  take(link: number, { slot, piece, offsetBytes, payload }: Chunk): Taken {
    const expecting = this.#links.get(link);
    const askedId = expecting?.fileOfSlot.get(slot);
    const coming = askedId && expecting?.pieces.get(keyOf(askedId, piece));
    if (!expecting || !coming) return "unexpected";
    const isInPlace = offsetBytes === coming.receivedBytes;
    if (!isInPlace || offsetBytes + payload.length > coming.sizeBytes) return "malformed";
    coming.receivedBytes += payload.length;
    let wastedBytes = 0;
    const isUseless = coming.isUnwanted || (this.#settled.get(coming.fileId)?.has(piece) ?? false);
    // What was thrown away at first stays without its beginning.
    if (isUseless || (offsetBytes > 0 && !coming.bytes)) {
      wastedBytes = payload.length + (coming.bytes ? offsetBytes : 0);
      coming.bytes = null;
    } else {
      coming.bytes ??= new Uint8Array(coming.sizeBytes);
      coming.bytes.set(payload, offsetBytes);
    }
    const isWhole = coming.receivedBytes === coming.sizeBytes;
    const bytes = isWhole ? coming.bytes : null;
    if (isWhole) expecting.pieces.delete(keyOf(askedId, piece));
    if (bytes) this.#settle(coming.fileId, piece);
    return { piece: coming, wastedBytes, isWhole, bytes };
  }

  #settle(fileId: FileId, piece: number): void {
    const settled = this.#settled.get(fileId);
    if (settled) settled.add(piece);
    else this.#settled.set(fileId, new Set([piece]));
  }
}
