// Reads back what a former page of this session left in the store: which of its files' pieces are whole still. Knows no clock.

import type { FileId } from "../../lib/index.ts";
import { hashOfPiece } from "../core/manifest.ts";
import { decodeResumeState, encodeResumeState, type KeptFile } from "../core/resume-state.ts";
import type { Content } from "./content.ts";

export interface RestoredFile {
  readonly file: KeptFile;
  /** Those that are in the store, hashed again. */
  readonly pieces: readonly number[];
}

export class Restoring {
  readonly #content: Pick<Content, "open" | "held" | "isWhole">;
  /** What is still to be read back: a page that is reloaded once more before that must not forget it. */
  readonly #awaited = new Map<FileId, KeptFile>();

  constructor(content: Pick<Content, "open" | "held" | "isWhole">) {
    this.#content = content;
  }

  /** Text for `expect` in the page after a reload; `known`: what this page has of files. */
  resumeState(known: readonly KeptFile[]): string {
    const kept = new Map(this.#awaited);
    for (const file of known) kept.set(file.fileId, file);
    return encodeResumeState([...kept.values()]);
  }

  /** A resume state that makes no sense counts as none. */
  expect(resumeState: string): void {
    try {
      for (const file of decodeResumeState(resumeState)) this.#awaited.set(file.fileId, file);
    } catch {
      // Another version of the page wrote it: its files are listed again once somebody else lists them.
    }
  }

  /** One file after the other; one that cannot be read back is fetched again, and keeps no other from being read. */
  async *readBack(): AsyncGenerator<RestoredFile> {
    for (const file of [...this.#awaited.values()]) {
      const pieces = await this.#wholePieces(file).catch(() => null);
      if (pieces) yield { file, pieces };
      this.#awaited.delete(file.fileId);
    }
  }

  async #wholePieces({ fileId, manifest }: KeptFile): Promise<number[]> {
    await this.#content.open(fileId, manifest.sizeBytes);
    const whole: number[] = [];
    for (const piece of await this.#content.held(fileId)) {
      const isWhole = this.#content.isWhole(fileId, piece, hashOfPiece(manifest, piece));
      if (await isWhole.catch(() => false)) whole.push(piece);
    }
    return whole;
  }
}
