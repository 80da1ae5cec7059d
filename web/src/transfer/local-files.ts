// Files that come from this device: those a person adds, and those a former page of the session left in the store. One after the
// other, so that never more than a few pieces are in memory. Knows no peers.

import { FileError, type FileId, type Random, type UserId } from "../lib/index.ts";
import { MAX_FILE_BYTES, MIN_DRAFT_BYTES } from "../protocol/constants/transfer.gen.ts";
import type { ContentCalls } from "./bulk/messages.ts";
import type { TransferEvent } from "./core/core.ts";
import { draftIdOf, draftNonce } from "./core/draft.ts";
import { fileIdOf, pieceCountOf } from "./core/manifest.ts";
import type { Transfer } from "./core/transfer.ts";
import { Restoring } from "./store/restoring.ts";

interface LocalFilesOptions {
  readonly transfer: Transfer;
  readonly content: ContentCalls;
  readonly me: UserId;
  readonly random: Random;
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
    const { transfer, handle, me, random } = this.#options;
    if (blob.size === 0) throw new FileError("file-empty", name);
    if (blob.size > MAX_FILE_BYTES) throw new FileError("file-too-large", `${blob.size} bytes`);
    const nonce = draftNonce(random);
    const draftId = draftIdOf(me, blob.size, nonce);
    this.#stopIfClosed();
    if (transfer.canOffer(draftId)) handle({ type: "room-wanted", fileId: draftId, sizeBytes: blob.size });
    // What cannot be taken as another file may be one that is here already.
    const mayTake = transfer.canOffer(draftId) && transfer.hasRoomFor(draftId, blob.size);
    return mayTake ? this.#takeOnce(draftId, nonce, name, blob) : this.#takeKnown(name, blob);
  }

  /** Reads the file once. What takes its time is listed as a draft meanwhile. */
  async #takeOnce(draftId: FileId, nonce: string, name: string, blob: Blob): Promise<FileId> {
    const { transfer, content, handle, isClosed } = this.#options;
    const isListed = blob.size >= MIN_DRAFT_BYTES;
    const lastPiece = pieceCountOf(blob.size) - 1;
    if (isListed) handle({ type: "draft-begun", draftId, nonce, name, sizeBytes: blob.size });
    try {
      const manifest = await content.ingest(draftId, blob, (piece, sha256) => {
        this.#stopIfClosed();
        // With the last hash everybody knows which file it is: that is told once the store has it under that id.
        if (isListed && piece < lastPiece) handle({ type: "draft-piece", draftId, piece, sha256 });
      });
      const fileId = fileIdOf(manifest);
      const isHere = transfer.isComplete(fileId);
      await content.adopt(draftId, fileId, isHere ? [] : [...Array(lastPiece + 1).keys()]);
      this.#stopIfClosed();
      handle({ type: "file-added", fileId, manifest, name, ...(isListed && { draftId }) });
      if (!isListed) await content.drop(draftId).catch(() => undefined); // nothing asks for it under that id
      return fileId;
    } catch (cause) {
      if (isListed && !isClosed()) handle({ type: "draft-ended", draftId });
      else await content.drop(draftId).catch(() => undefined);
      throw cause;
    }
  }

  /** Reads the file to see whether it is one that is here already, and once more where that makes room for it. */
  async #takeKnown(name: string, blob: Blob): Promise<FileId> {
    const { transfer, content, handle } = this.#options;
    const manifest = await content.ingest(null, blob, () => this.#stopIfClosed());
    const fileId = fileIdOf(manifest);
    if (!transfer.canOffer(fileId)) throw new FileError("file-too-many", name);
    handle({ type: "room-wanted", fileId, sizeBytes: blob.size });
    if (!transfer.hasRoomFor(fileId, blob.size)) throw new FileError("storage-full", `${blob.size} bytes`);
    if (!transfer.isComplete(fileId)) {
      try {
        const again = await content.ingest(fileId, blob, () => this.#stopIfClosed());
        if (fileIdOf(again) !== fileId)
          throw new FileError("file-unreadable", "it changed while it was read");
      } catch (cause) {
        if (!transfer.manifestOf(fileId)) await content.drop(fileId);
        throw cause;
      }
    }
    this.#stopIfClosed();
    handle({ type: "file-added", fileId, manifest, name });
    return fileId;
  }

  #stopIfClosed(): void {
    if (this.#options.isClosed()) throw new FileError("file-unreadable", "the swarm was left meanwhile");
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
