// What the outside sees of the file swarm: plain values for the app and the screen. Sizes in bytes, no names of people.

import type { FileErrorCode, FileId, UserId } from "../../lib/index.ts";

export interface FileState {
  /** While its owner reads it, that of a draft: `Swarm.finalOf` knows the other as soon as it is known. */
  readonly fileId: FileId;
  /** The id under which it was shown first, as a draft; the same as `fileId` while it is one. */
  readonly draftId?: FileId;
  readonly name: string;
  readonly sizeBytes: number;
  readonly heldBytes: number;
  /** This device holds all of it. */
  readonly seeded: boolean;
  /** This device or a neighbour holds all of it; else it is complete only if the pieces around still make a whole. */
  readonly isWholeSomewhere?: boolean;
  /** A neighbour held all of it, and the last who did has gone. */
  readonly hasLostWhole?: boolean;
  /** This device offers and fetches it. */
  readonly enabled: boolean;
  /** Who added it, this peer included while it is enabled here. */
  readonly offeredBy: readonly UserId[];
  /** Who it is being fetched from right now. */
  readonly sources: readonly UserId[];
  /** null when unknown or not fetching. */
  readonly remainingSec: number | null;
  /** Enabled and incomplete, but this device has no room for it. */
  readonly isOverBudget: boolean;
}

export interface LinkState {
  readonly userId: UserId;
  readonly state: "connecting" | "open" | "failed";
  /** Through a TURN relay; null until known. */
  readonly isRelayed: boolean | null;
  readonly rttMs: number | null;
}

export interface Totals {
  /** Content only: chunks handed to channels. */
  readonly sentBytes: number;
  /** Content only, duplicates included. */
  readonly receivedBytes: number;
  readonly duplicateBytes: number;
  readonly badPieces: number;
  readonly links: number;
}

export type SwarmEvent =
  | { readonly code: "bad-piece"; readonly from: UserId; readonly fileId: FileId; readonly fileName: string }
  | {
      readonly code: "file-refused";
      readonly from: UserId;
      readonly error: FileErrorCode;
      readonly fileName: string;
    }
  | { readonly code: "file-complete"; readonly fileId: FileId }
  /** The file's annotation is another than before: `Swarm.annotationOf` has it. */
  | { readonly code: "file-annotation"; readonly fileId: FileId }
  /** The file's sound index is another than before: `Swarm.indexOf` has it. */
  | { readonly code: "file-index"; readonly fileId: FileId }
  | { readonly code: "storage-full"; readonly fileId: FileId; readonly fileName: string }
  /** It owes pieces of the file, others have them too, and it has been silent for long. */
  | {
      readonly code: "source-silent";
      readonly from: UserId;
      readonly fileId: FileId;
      readonly fileName: string;
    }
  | { readonly code: "peer-dropped"; readonly from: UserId; readonly reason: string };
