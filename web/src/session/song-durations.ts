// How long songs are, by the indexes that their owners published: exact, and the same on every device. µs.

import { decodeIndex, durationSecOf } from "../audio/index.ts";
import { type Bytes, type FileId, rememberOf } from "../lib/index.ts";
import { MAX_FILE_TROUBLES } from "../protocol/constants/session.gen.ts";
import type { FileState } from "../transfer/index.ts";

export interface SongDurationsOptions {
  readonly files: () => readonly Pick<FileState, "fileId" | "sizeBytes">[];
  readonly indexOf: (fileId: FileId) => Bytes | null;
  /** One became known. */
  readonly onChange: () => void;
}

export class SongDurations {
  readonly #options: SongDurationsOptions;
  /** Null: its index is being read, or is none. */
  readonly #known = new Map<FileId, number | null>();

  constructor(options: SongDurationsOptions) {
    this.#options = options;
  }

  /** Null while no index is known and read. */
  usOf(fileId: FileId): number | null {
    const known = this.#known.get(fileId);
    if (known === undefined) this.#read(fileId);
    return known ?? null;
  }

  #read(fileId: FileId): void {
    const { files, indexOf, onChange } = this.#options;
    const bytes = indexOf(fileId);
    const file = bytes && files().find((candidate) => candidate.fileId === fileId);
    if (!file) return;
    rememberOf(this.#known, fileId, null, MAX_FILE_TROUBLES);
    void decodeIndex(bytes, file.sizeBytes).then((index) => {
      if (!index) return;
      rememberOf(this.#known, fileId, durationSecOf(index) * 1e6, MAX_FILE_TROUBLES);
      onChange();
    });
  }
}
