// What one peer asked of us and has not got yet. At most PIPELINED pieces are being read or sent at a time: enough that the
// channel never runs dry, few enough that a cancel still helps and a change of priority is felt.

import type { FileId } from "../lib/index.ts";

export interface Upload {
  readonly fileId: FileId;
  readonly piece: number;
}

const PIPELINED = 2;
/** Twice what an honest peer has outstanding (16 credits and a few duplicates). */
export const MAX_QUEUED_UPLOADS = 40;

export class UploadQueue {
  #waiting: Upload[] = [];
  readonly #inPipe: Upload[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#inPipe.length === 0;
  }

  /** Returns false when the peer asks for more than anyone may. A piece already waiting or on its way is not sent twice. */
  add(upload: Upload): boolean {
    if (this.#waiting.some(isSame(upload)) || this.#inPipe.some(isSame(upload))) return true;
    if (this.#waiting.length >= MAX_QUEUED_UPLOADS) return false;
    this.#waiting.push(upload);
    return true;
  }

  /** Takes back what has not begun; returns false when it is too late, or was never asked. */
  cancel(upload: Upload): boolean {
    const at = this.#waiting.findIndex(isSame(upload));
    if (at >= 0) this.#waiting.splice(at, 1);
    return at >= 0;
  }

  /** Takes back a whole file that has not begun; returns its pieces. */
  cancelFile(fileId: FileId): number[] {
    const pieces = this.#waiting.filter((upload) => upload.fileId === fileId).map((upload) => upload.piece);
    this.#waiting = this.#waiting.filter((upload) => upload.fileId !== fileId);
    return pieces;
  }

  /** The next piece to read, if the pipe has room; the preferred file goes first. */
  next(preferred: FileId | null): Upload | null {
    if (this.#inPipe.length >= PIPELINED) return null;
    const preferredAt = this.#waiting.findIndex((upload) => upload.fileId === preferred);
    const [upload] = this.#waiting.splice(Math.max(0, preferredAt), 1);
    if (!upload) return null;
    this.#inPipe.push(upload);
    return upload;
  }

  /** Whether this very upload is still being read or sent: one that belonged to a former link is not. */
  isInPipe(upload: Upload): boolean {
    return this.#inPipe.includes(upload);
  }

  /** The piece has been handed to the channel, or could not be read. */
  done(upload: Upload): void {
    const at = this.#inPipe.indexOf(upload);
    if (at >= 0) this.#inPipe.splice(at, 1);
  }
}

const isSame =
  (one: Upload) =>
  (other: Upload): boolean =>
    other.fileId === one.fileId && other.piece === one.piece;
