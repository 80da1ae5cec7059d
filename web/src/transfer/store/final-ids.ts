// Which file each draft turned out to be, for what was asked for, is being checked or is written under the draft's id. Pure.

import type { FileId } from "../../lib/index.ts";

/**
 * A draft's id is needed for as long as what was begun under it takes: seconds. A full swarm lists 640 files, so that even if each became a
 * file within such a time none would be missed; without a bound a swarm of hours would grow by 200 bytes with every song.
 */
export const MAX_FINAL_IDS = 1_024;

export class FinalIds {
  readonly #finals = new Map<FileId, FileId>();

  set(draftId: FileId, fileId: FileId): void {
    this.#finals.delete(draftId); // the latest are last
    this.#finals.set(draftId, fileId);
    for (const oldest of this.#finals.keys()) {
      if (this.#finals.size <= MAX_FINAL_IDS) return;
      this.#finals.delete(oldest);
    }
  }

  /** Of anything but a draft that has become a file: the same id. */
  of(askedId: FileId): FileId {
    return this.#finals.get(askedId) ?? askedId;
  }

  /** Forgets a draft's id; of a file, which drafts it was. */
  forget(fileId: FileId): void {
    this.#finals.delete(fileId);
    for (const [draftId, finalId] of this.#finals) if (finalId === fileId) this.#finals.delete(draftId);
  }
}
