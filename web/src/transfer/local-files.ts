// Files that come from this device: those a person adds, and those a former page of the session left in the store. One after the
// other, so that never more than one is hashed and copied. Knows no peers.

import { FileError, type FileId } from "../lib/index.ts";
import { MAX_FILE_BYTES } from "../protocol/constants/transfer.gen.ts";
import type { ContentCalls } from "./bulk/messages.ts";
import type { TransferEvent } from "./core/core.ts";
import { fileIdOf } from "./core/manifest.ts";
import type { Transfer } from "./core/transfer.ts";
import { Restoring } from "./store/restoring.ts";

interface LocalFilesOptions {
  readonly transfer: Transfer;
  readonly content: ContentCalls;
  handle(event: TransferEvent): void;
  /** The swarm was left: nothing is added any more. */
  isClosed(): boolean;
}

export class LocalFiles {
  readonly #options: LocalFilesOptions;
  readonly #restoring: Restoring;
  #adding: Promise<unknown> = Promise.resolve();

  constructor(options: LocalFilesOptions) {
    this.#options = options;
    this.#restoring = new Restoring(options.content);
  }

  /** Rejects as `Swarm.addFile` does. */
  add(name: string, blob: Blob): Promise<FileId> {
    const added = this.#adding.then(() => this.#addBlob(name, blob));
    this.#adding = added.catch(() => undefined); // each caller hears of its own
    return added;
  }

  resumeState(): string {
    return this.#restoring.resumeState(this.#options.transfer.kept());
  }

  restore(resumeState: string): Promise<void> {
    this.#restoring.expect(resumeState);
    const restored = this.#adding.then(() => this.#restoreFiles());
    this.#adding = restored.catch(() => undefined);
    return this.settled();
  }

  /** Resolves once nothing is being added. */
  settled(): Promise<void> {
    return this.#adding.then(() => undefined);
  }

  async #addBlob(name: string, blob: Blob): Promise<FileId> {
    const { transfer, content, handle, isClosed } = this.#options;
    if (blob.size === 0) throw new FileError("file-empty", name);
    if (blob.size > MAX_FILE_BYTES) throw new FileError("file-too-large", `${blob.size} bytes`);
    const manifest = await content.manifestOf(blob);
    const fileId = fileIdOf(manifest);
    if (!transfer.canOffer(fileId)) throw new FileError("file-too-many", name);
    handle({ type: "room-wanted", fileId, sizeBytes: blob.size });
    if (!transfer.hasRoomFor(fileId, blob.size)) throw new FileError("storage-full", `${blob.size} bytes`);
    if (!transfer.isComplete(fileId)) {
      await content.copyIn(fileId, manifest, blob).catch(async (cause: unknown) => {
        if (!transfer.manifestOf(fileId)) await content.drop(fileId);
        throw cause;
      });
    }
    if (isClosed()) throw new FileError("file-unreadable", "the swarm was left meanwhile");
    handle({ type: "file-added", fileId, manifest, name });
    return fileId;
  }

  async #restoreFiles(): Promise<void> {
    const { transfer, content, handle, isClosed } = this.#options;
    for await (const { file, pieces } of this.#restoring.readBack()) {
      if (isClosed()) return;
      handle({ type: "file-restored", file, pieces });
      if (!transfer.manifestOf(file.fileId)) await content.drop(file.fileId);
    }
  }
}
