// What one peer asked of us and has not got yet. Few pieces are being read or sent at a time: enough that the channel never runs dry,
// few enough that a cancel still helps and a change of priority is felt. Local ms.

import type { FileId } from "../../lib/index.ts";
import { MAX_QUEUED_UPLOADS } from "../../protocol/constants/transfer.gen.ts";

export interface Upload {
  readonly fileId: FileId;
  readonly piece: number;
  /** Its receiver says that its sound comes next. */
  readonly isDue?: boolean;
}

interface InPipe {
  readonly begunLocalMs: number;
  /** The store has given it, and the channel has it. */
  isRead: boolean;
}

export class UploadQueue {
  #waiting: Upload[] = [];
  readonly #inPipe = new Map<Upload, InPipe>();
  #turn = 0;

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#inPipe.size === 0;
  }

  get count(): number {
    return this.#waiting.length + this.#inPipe.size;
  }

  canBegin(pipelined: number): boolean {
    return this.#waiting.length > 0 && this.#inPipe.size < pipelined;
  }

  /** When it was last served: lower is longer ago. */
  get turn(): number {
    return this.#turn;
  }

  isWaitingFor(isMeant: (fileId: FileId) => boolean): boolean {
    return this.#waiting.some(({ fileId }) => isMeant(fileId));
  }

  /** Whether anything of this file waits or is on its way. */
  owes(fileId: FileId): boolean {
    return [...this.#waiting, ...this.#inPipe.keys()].some((upload) => upload.fileId === fileId);
  }

  /** Returns false when the peer asks for more than anyone may. A piece already waiting or on its way is not sent twice. */
  add(upload: Upload): boolean {
    if (this.#waiting.some(isSame(upload)) || [...this.#inPipe.keys()].some(isSame(upload))) return true;
    if (this.#waiting.length >= MAX_QUEUED_UPLOADS) return false;
    this.#waiting.push(upload);
    return true;
  }

  /** What waits is due by now: its place among the others changes, and nothing is sent twice. */
  hasten({ fileId, piece }: Upload): void {
    const at = this.#waiting.findIndex(isSame({ fileId, piece }));
    if (at >= 0) this.#waiting[at] = { fileId, piece, isDue: true };
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

  /** The most urgent piece (lowest number, then first asked) moves into the pipe; null when there is none or no room. */
  begin(
    localMs: number,
    turn: number,
    pipelined: number,
    urgencyOf: (upload: Upload) => number,
  ): Upload | null {
    if (!this.canBegin(pipelined)) return null;
    let best = 0;
    let bestUrgency = Number.POSITIVE_INFINITY;
    for (const [at, upload] of this.#waiting.entries()) {
      const urgency = urgencyOf(upload);
      if (urgency >= bestUrgency) continue;
      best = at;
      bestUrgency = urgency;
    }
    const [upload] = this.#waiting.splice(best, 1);
    if (!upload) return null;
    this.#inPipe.set(upload, { begunLocalMs: localMs, isRead: false });
    this.#turn = turn;
    return upload;
  }

  /** What is being read or sent, and since when, local ms. */
  get inPipe(): Iterable<[Upload, Readonly<InPipe>]> {
    return this.#inPipe;
  }

  /** Whether this very upload waits for the store: an answer that comes twice finds it read. */
  isReading(upload: Upload): boolean {
    return this.#inPipe.get(upload)?.isRead === false;
  }

  recordRead(upload: Upload): void {
    const inPipe = this.#inPipe.get(upload);
    if (inPipe) inPipe.isRead = true;
  }

  /** The piece has been handed to the channel, or could not be read. Returns since when it was in the pipe, if it was. */
  done(upload: Upload): number | undefined {
    const begunLocalMs = this.#inPipe.get(upload)?.begunLocalMs;
    this.#inPipe.delete(upload);
    return begunLocalMs;
  }
}

const isSame =
  (one: Upload) =>
  (other: Upload): boolean =>
    other.fileId === one.fileId && other.piece === one.piece;
