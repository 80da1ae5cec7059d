// A draft is a file whose owner is still reading it: the hashes of its pieces become known one after the other, and the file id
// only with the last. Until then it goes by an id of its own, made of its owner, its size and a random nonce, so that nobody
// else can say to be the owner of that draft. Local ms.

import { sha256 } from "@noble/hashes/sha2.js";
import {
  type FileId,
  fromBase64Url,
  type Random,
  toBase64Url,
  toHex,
  type UserId,
  utf8,
} from "../../lib/index.ts";

const NONCE_BYTES = 16;

export interface Draft {
  readonly owner: UserId;
  /** base64url. */
  readonly nonce: string;
  /** So many hashes are known, from the first piece on. */
  hashCount: number;
  /** When the last of them came, or the draft was first heard of. */
  grownLocalMs: number;
  /** Since when nobody linked lists it as its own. */
  orphanedLocalMs: number | null;
  /** The file that it turned out to be; what is owed under the draft's id is still given and taken for a while. */
  final: { readonly fileId: FileId; readonly sinceLocalMs: number } | null;
}

export function newDraft(owner: UserId, nonce: string, localMs: number): Draft {
  return { owner, nonce, hashCount: 0, grownLocalMs: localMs, orphanedLocalMs: null, final: null };
}

export const draftNonce = (random: Random): string => toBase64Url(random.bytes(NONCE_BYTES));

export function draftIdOf(owner: UserId, sizeBytes: number, nonce: string): FileId {
  return toHex(sha256(utf8(JSON.stringify({ draft: 1, owner, size: sizeBytes, nonce })))) as FileId;
}

/** Whether `owner` may list this draft as its own. */
export function isDraftOf(owner: UserId, draftId: FileId, sizeBytes: number, nonce: string): boolean {
  return isNonce(nonce) && draftIdOf(owner, sizeBytes, nonce) === draftId;
}

function isNonce(nonce: string): boolean {
  try {
    return fromBase64Url(nonce).length === NONCE_BYTES;
  } catch {
    return false;
  }
}
