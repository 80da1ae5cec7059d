// The vocabulary of the pure core: what it is told (events) and what it wants done (effects), and the state its parts share.

import type { Bytes, FileId, Random, UserId } from "../../lib/index.ts";
import type { CtlMessage, DropReason, PeerTime } from "./ctl.ts";
import type { FileCatalog } from "./file-catalog.ts";
import type { Manifest } from "./manifest.ts";
import type { Needs } from "./needs.ts";
import type { Neighbour } from "./neighbour.ts";
import type { KeptFile } from "./resume-state.ts";
import type { SwarmEvent } from "./state.ts";
import type { Upload } from "./uploads.ts";
import type { Urgency } from "./urgency.ts";

export interface TransferOptions {
  readonly me: UserId;
  readonly random: Random;
  readonly capacityBytes: number;
  readonly isPhone?: boolean;
  /** What bulk may take of the uplink now, bytes a second; 0 while unknown. */
  paceBytesPerSec?(): number;
  /** Whether a file annotation makes sense. The same on every peer, or annotations would not become the same. */
  acceptsAnnotation?(annotation: Bytes): boolean;
  /** Whether a sound index makes sense. The same on every peer, too. */
  acceptsIndex?(index: Bytes): boolean;
}

export type TransferEvent =
  | { readonly type: "link-opened"; readonly peer: UserId }
  | { readonly type: "link-closed"; readonly peer: UserId }
  | { readonly type: "ctl"; readonly peer: UserId; readonly message: CtlMessage }
  /** More of an expected piece has come. */
  | ({ readonly type: "chunks"; readonly peer: UserId } & ArrivedChunks)
  /** A chunk of a piece that was not expected of this peer: ends its link, or `resume-bulk` says that it was asked for. */
  | {
      readonly type: "chunk-unexpected";
      readonly peer: UserId;
      readonly slot: number;
      readonly piece: number;
    }
  /** The last chunk of a `give-piece` has been handed to the channel. */
  | { readonly type: "piece-sent"; readonly peer: UserId; readonly upload: Upload }
  | {
      readonly type: "piece-read";
      readonly peer: UserId;
      readonly upload: Upload;
      readonly sizeBytes: number;
    }
  | { readonly type: "piece-unreadable"; readonly peer: UserId; readonly upload: Upload }
  /** What became of an expected piece: verified and stored; not what the manifest promises; no room; lost before it was checked. */
  | { readonly type: "piece-kept"; readonly fileId: FileId; readonly piece: number; readonly epoch: number }
  | {
      readonly type: "piece-bad";
      readonly peer: UserId;
      readonly fileId: FileId;
      readonly piece: number;
      readonly epoch: number;
    }
  | {
      readonly type: "piece-unstored";
      readonly fileId: FileId;
      readonly piece: number;
      readonly epoch: number;
    }
  | {
      readonly type: "piece-lost";
      readonly fileId: FileId;
      readonly piece: number;
      /** null: it was held, and cannot be read any more. */
      readonly epoch: number | null;
    }
  /** The answer to `open-file`: what is there from before a reload is checked piece by piece, each ending as kept or lost. */
  | {
      readonly type: "file-opened";
      readonly fileId: FileId;
      readonly pieces: readonly number[];
      readonly epoch: number;
    }
  | { readonly type: "file-unopened"; readonly fileId: FileId; readonly epoch: number }
  /** I am about to add a file of this size: what is switched off and not mine makes room for it. */
  | { readonly type: "room-wanted"; readonly fileId: FileId; readonly sizeBytes: number }
  /** I begin to read a file of mine; its pieces, each read, hashed and stored, in order; it could not be read to its end. */
  | {
      readonly type: "draft-begun";
      readonly draftId: FileId;
      readonly nonce: string;
      readonly name: string;
      readonly sizeBytes: number;
    }
  | {
      readonly type: "draft-piece";
      readonly draftId: FileId;
      readonly piece: number;
      readonly sha256: Uint8Array;
    }
  | { readonly type: "draft-ended"; readonly draftId: FileId }
  /** I added a file; all its pieces are in the store. `draftId`: under which it was listed until now. */
  | {
      readonly type: "file-added";
      readonly fileId: FileId;
      readonly manifest: Manifest;
      readonly name: string;
      readonly draftId?: FileId;
    }
  /** Whoever stored was replaced, and this is what is in the store, of every file that was open there. All links have ended. */
  | { readonly type: "store-renewed"; readonly held: ReadonlyMap<FileId, readonly number[]> }
  /** The outcome of `adopt-pieces` where it failed: nothing of the file is there. */
  | { readonly type: "file-unadopted"; readonly fileId: FileId; readonly epoch: number }
  /** A former page of this session knew the file; these of its pieces are in the store, checked. */
  | { readonly type: "file-restored"; readonly file: KeptFile; readonly pieces: readonly number[] }
  | { readonly type: "enabled-set"; readonly fileId: FileId; readonly isEnabled: boolean }
  | { readonly type: "annotation-set"; readonly fileId: FileId; readonly annotation: Bytes }
  | { readonly type: "index-set"; readonly fileId: FileId; readonly index: Bytes }
  /** The pieces whose sound is due next, in this order; those of before are forgotten. */
  | { readonly type: "urgent-set"; readonly fileId: FileId; readonly pieces: readonly number[] }
  | { readonly type: "prioritized"; readonly fileId: FileId | null }
  /** Which files are needed after the preferred one, in that order, and which have played, the oldest first. */
  | ({ readonly type: "needs-set" } & Needs)
  | { readonly type: "generous-set"; readonly isGenerous: boolean }
  | { readonly type: "tick" };

export type Effect =
  | { readonly type: "send-ctl"; readonly peer: UserId; readonly message: CtlMessage }
  /** Read a held piece and send it; answer by piece-read and piece-sent, or by piece-unreadable. */
  | {
      readonly type: "give-piece";
      readonly peer: UserId;
      readonly upload: Upload;
      readonly slot: number;
    }
  /** Make room in the store; answer, with the same `epoch`, by file-opened or file-unopened. */
  | {
      readonly type: "open-file";
      readonly fileId: FileId;
      readonly sizeBytes: number;
      readonly pieceLength: number;
      readonly epoch: number;
    }
  /**
   * These pieces are about to be asked of the peer: put their chunks together, verify each whole piece against `sha256`, and store it.
   * Of a piece that is being checked, or is there, no second copy is. Answer, with the same `epoch`, by chunks, then by piece-kept,
   * -bad, -unstored or -lost.
   */
  | {
      readonly type: "expect-pieces";
      readonly peer: UserId;
      readonly fileId: FileId;
      readonly epoch: number;
      /** Under which the peer lists the file. */
      readonly slot: number;
      readonly pieces: readonly ExpectedPiece[];
    }
  /**
   * What was stored under the draft's id belongs to the file from now on, also what is being stored or comes; what the file has
   * stays. It counts as done at once: whoever reads from the file waits for it.
   */
  | {
      readonly type: "adopt-pieces";
      readonly draftId: FileId;
      readonly fileId: FileId;
      /** Those that the file did not have. */
      readonly pieces: readonly number[];
      readonly epoch: number;
    }
  /** The peer will not send these. */
  | {
      readonly type: "unexpect-pieces";
      readonly peer: UserId;
      readonly fileId: FileId;
      readonly pieces: readonly number[];
    }
  /** Answers `chunk-unexpected`: of this file. */
  | {
      readonly type: "resume-bulk";
      readonly peer: UserId;
      readonly slot: number;
      readonly fileId: FileId;
    }
  /** Whatever comes from this peer is thrown away from now on. */
  | { readonly type: "ignore-bulk"; readonly peer: UserId }
  /** The largest bulk message the peer takes, bytes. */
  | { readonly type: "limit-bulk"; readonly peer: UserId; readonly messageBytes: number }
  /** A round trip over a neighbour's control channel, for the pacer. */
  | { readonly type: "record-ping"; readonly peer: UserId }
  | {
      readonly type: "record-rtt";
      readonly peer: UserId;
      readonly rttMs: number;
      /** When the answer was given, by the answerer's global time. */
      readonly time: PeerTime | undefined;
    }
  | { readonly type: "forget-file"; readonly fileId: FileId }
  /** End the connection; answer with link-closed. `isForGood`: this session never connects to that peer again. */
  | {
      readonly type: "drop-peer";
      readonly peer: UserId;
      readonly reason: DropReason;
      readonly isForGood: boolean;
    }
  /** The first piece of a file is held: people should see that at once. */
  | { readonly type: "show" }
  | { readonly type: "tell"; readonly event: SwarmEvent };

/** The core sees no content: of what has come it is told how much, and what was made of it. */
export interface ArrivedChunks {
  /** Under which the piece was asked for. */
  readonly askedId: FileId;
  /** To which it belongs by now; the answer may have left before a draft turned out to be another file. */
  readonly fileId: FileId;
  readonly piece: number;
  readonly epoch: number;
  readonly payloadBytes: number;
  /** Of these, and of what came before, thrown away as another copy was there first. */
  readonly wastedBytes: number;
  /** All of the piece has come, and it is being checked or was thrown away. */
  readonly isWhole: boolean;
  readonly isChecked: boolean;
}

export interface ExpectedPiece {
  readonly piece: number;
  readonly sizeBytes: number;
  readonly sha256: Uint8Array;
}

/** What the parts of the core share while one event is handled. */
export interface CoreState {
  readonly me: UserId;
  readonly random: Random;
  readonly fileCatalog: FileCatalog;
  readonly neighbours: Map<UserId, Neighbour>;
  /** Who sent a bad piece: not asked for data again in this session, however often it reconnects. */
  readonly banned: Set<UserId>;
  /** Drafts that nothing came of for too long: not taken up again, however long their owners list them. */
  readonly endedDrafts: Set<FileId>;
  readonly counts: { sentBytes: number; receivedBytes: number; duplicateBytes: number; badPieces: number };
  /** The playing or prepared file. */
  preferred: FileId | null;
  /** All that were preferred at any time, the latest first: the order in which files are fetched. */
  choices: readonly FileId[];
  needs: Needs;
  readonly urgency: Urgency;
  /** The list of files this device offers has changed since it was last sent. */
  isCatalogStale: boolean;
  /** It is stale, and somebody waits for it. */
  isCatalogUrgent: boolean;
  perform(effect: Effect): void;
}
