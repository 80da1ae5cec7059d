// What the page's main thread and the bulk plane tell each other. Plain data, so that a Worker may lie between: no content crosses but
// what `readRange` asks for, and the messages of channels that cannot be handed over.

import type { Clock, FileErrorCode, FileId, UserId } from "../../lib/index.ts";
import type { ArrivedChunks, ExpectedPiece } from "../core/core.ts";
import type { Content } from "../store/content.ts";

/** Numbered by the main thread; a new session with a neighbour is a new link. */
export type BulkCall =
  /** `channel`: null where it stays with the main thread, which then brings its messages and events. */
  | {
      readonly op: "link";
      readonly link: number;
      readonly peer: UserId;
      readonly channel: RTCDataChannel | null;
    }
  | { readonly op: "unlink"; readonly link: number }
  | {
      readonly op: "expect";
      readonly link: number;
      readonly fileId: FileId;
      readonly epoch: number;
      readonly slot: number;
      readonly pieces: readonly ExpectedPiece[];
    }
  | {
      readonly op: "unexpect";
      readonly link: number;
      readonly fileId: FileId;
      readonly pieces: readonly number[];
    }
  /** Goes on with what was unexpected. */
  | { readonly op: "resume"; readonly link: number; readonly slot: number; readonly fileId: FileId }
  | { readonly op: "ignore"; readonly link: number }
  | { readonly op: "limit"; readonly link: number; readonly messageBytes: number }
  | {
      readonly op: "give";
      readonly link: number;
      readonly upload: number;
      readonly fileId: FileId;
      readonly slot: number;
      readonly piece: number;
    }
  /** For the pacer. Local ms of the main thread. */
  | { readonly op: "ping"; readonly path: string; readonly localMs: number }
  | { readonly op: "rtt"; readonly path: string; readonly rttMs: number; readonly localMs: number }
  | { readonly op: "forget-path"; readonly path: string }
  | { readonly op: "forget-network" }
  | { readonly op: "playing"; readonly isPlaying: boolean }
  | { readonly op: "generous"; readonly isGenerous: boolean }
  /** One at a time: a report `alarm` after so long, and no other. */
  | { readonly op: "alarm"; readonly number: number; readonly delayMs: number }
  /** From a channel that stayed with the main thread. */
  | { readonly op: "relayed"; readonly link: number; readonly event: RelayedEvent };

export type RelayedEvent =
  | { readonly type: "open" | "close" }
  | { readonly type: "message"; readonly data: unknown }
  /** It holds so much of what it was given, `takenBytes` in all. */
  | { readonly type: "drained"; readonly bufferedBytes: number; readonly takenBytes: number };

export type BulkReport =
  | { readonly type: "opened" | "closed" | "malformed"; readonly link: number }
  | ({ readonly type: "chunks"; readonly link: number } & ArrivedChunks)
  /** Nothing more is taken from the link until `resume`, `ignore` or `unlink`. */
  | { readonly type: "unexpected"; readonly link: number; readonly slot: number; readonly piece: number }
  | {
      readonly type: "checked";
      readonly outcome: "kept" | "bad" | "unstored" | "lost";
      readonly peer: UserId;
      readonly fileId: FileId;
      readonly piece: number;
      readonly epoch: number;
    }
  | { readonly type: "read"; readonly upload: number; readonly sizeBytes: number }
  | { readonly type: "sent" | "unreadable"; readonly upload: number }
  | { readonly type: "pace"; readonly bytesPerSec: number; readonly queueMs: number | null }
  | { readonly type: "alarm"; readonly number: number }
  /** For a channel that stayed with the main thread. */
  | {
      readonly type: "relay";
      readonly link: number;
      readonly frame: ArrayBuffer;
      readonly lowThresholdBytes: number;
    }
  /** The Worker is gone, and all links with it: none can be made until `renewed` (lasting-home.ts). */
  | { readonly type: "broken" }
  /** Another takes its place. `held`: the pieces that the store has, of every file that was open in it. */
  | { readonly type: "renewed"; readonly held: ReadonlyMap<FileId, readonly number[]> };

/** What of the store and of whole files is asked for from outside the plane. */
export const CONTENT_METHODS = [
  "open",
  "drop",
  "ingest",
  "adopt",
  "held",
  "isWhole",
  "dropUnclaimed",
  "readRange",
] as const;
export type ContentMethod = (typeof CONTENT_METHODS)[number];
export interface ContentCalls extends Pick<Content, Exclude<ContentMethod, "adopt">> {
  /**
   * As `Content.adopt`; what is coming of the draft is the file's from now on, too, in the opening that the core calls `epoch`. Of a draft
   * of one's own nothing comes.
   */
  adopt(draftId: FileId, fileId: FileId, pieces: readonly number[], epoch?: number): Promise<void>;
}

/** One swarm's use of the home of its bulk. */
export interface BulkLine {
  readonly content: ContentCalls;
  /** Takes a channel in `link` over: throws, with nothing changed, where it cannot be handed over. */
  tell(call: BulkCall, transfer?: Transferable[]): void;
  /** Ends it; the store stays. */
  close(): void;
}

/** Where a session's pieces are kept and its bulk is moved: in a Worker, or in the page. Outlives a swarm. */
export interface BulkHome {
  /** How many bytes of files this device is willing to keep. */
  readonly capacityBytes: number;
  /** One line at a time: opening another ends the former. */
  open(report: (reports: readonly BulkReport[]) => void): BulkLine;
  /** Forgets everything that is stored; idempotent, and the last call. */
  close(): Promise<void>;
}

export interface OpenHomeOptions {
  readonly clock: Clock;
  /** Names the session: the same after a reload, another in every tab. 1–64 characters of a-z, 0-9 and "-". */
  readonly session: string;
}

/** To the Worker and back. `line` counts openings, so that a report to a former swarm is told apart. */
export type WorkerRequest =
  | { readonly to: "home"; readonly session: string }
  | { readonly to: "open" | "end"; readonly line: number; readonly localMs: number }
  | { readonly to: "plane"; readonly calls: readonly BulkCall[]; readonly localMs: number }
  | {
      readonly to: "content";
      readonly id: number;
      readonly method: ContentMethod;
      readonly args: readonly unknown[];
    }
  /** Whoever asked for this reading of a file wants no more of it. */
  | { readonly to: "stop"; readonly id: number }
  /** Answered at once: a Worker that does not has gone, which no event tells. */
  | { readonly to: "alive" }
  | { readonly to: "close" };

export type WorkerReply =
  | { readonly from: "home"; readonly capacityBytes: number }
  | { readonly from: "plane"; readonly line: number; readonly reports: readonly BulkReport[] }
  /** Of a file that is being read: the hashes of these pieces and of those after it, as they come. */
  | { readonly from: "hashes"; readonly id: number; readonly hashes: readonly Uint8Array[] }
  | { readonly from: "content"; readonly id: number; readonly value: unknown }
  | {
      readonly from: "content";
      readonly id: number;
      readonly error: { readonly code: FileErrorCode | "range"; readonly detail: string };
    }
  | { readonly from: "alive" | "closed" };
