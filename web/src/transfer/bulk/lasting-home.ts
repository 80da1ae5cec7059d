// A home of bulk that outlives the Worker it is in: where that breaks in use, another takes its place. All links end at the break and are
// made anew; what is stored is opened again before anything else is asked of the new home; what was asked of the broken one and not
// answered is asked once more. Who uses it hears `broken`, and `renewed` when it goes on. Local ms.
// States: at home (a line, where a swarm has opened one) → between homes (none) → at home; closed ends it.

import { type Clock, FileError, type FileId } from "../../lib/index.ts";
import {
  type BulkCall,
  type BulkHome,
  type BulkLine,
  type BulkReport,
  CONTENT_METHODS,
  type ContentCalls,
} from "./messages.ts";

/** Opens the home after so many breaks; `onBroken` is called once, when it breaks in use. */
export type OpenHome = (breaks: number, onBroken: () => void) => Promise<BulkHome>;

/** A script that cannot be fetched now may come later. */
const REOPEN_PAUSE_MS = 5_000;

/** A draft that is becoming a file. */
interface Adoption {
  readonly draftId: FileId;
  readonly fileId: FileId;
  readonly pieces: readonly number[];
  readonly epoch: number | undefined;
  readonly sizeBytes: number;
  /** The file was open before, with pieces of its own. */
  readonly wasOpen: boolean;
  /** How it went in the home after the break. */
  outcome: Promise<void> | null;
}

export class LastingHome implements BulkHome {
  readonly #clock: Clock;
  readonly #openHome: OpenHome;
  #home: BulkHome | null = null;
  #capacityBytes = 0;
  #line: BulkLine | null = null;
  /** What the swarm hears with; null while none has a line. */
  #report: ((reports: readonly BulkReport[]) => void) | null = null;
  #openings = 0;
  #breaks = 0;
  #renewed: Promise<void> = Promise.resolve();
  #closing: Promise<void> | null = null;
  /** Of every file that is open in the store. */
  readonly #sizeBytes = new Map<FileId, number>();
  readonly #adoptions = new Set<Adoption>();
  #alarm: { readonly number: number; readonly dueLocalMs: number } | null = null;

  private constructor(clock: Clock, openHome: OpenHome) {
    this.#clock = clock;
    this.#openHome = openHome;
  }

  /** Rejects where the first home cannot be opened. */
  static async open(clock: Clock, openHome: OpenHome): Promise<LastingHome> {
    const lasting = new LastingHome(clock, openHome);
    lasting.#home = await openHome(0, () => lasting.#break(0));
    lasting.#capacityBytes = lasting.#home.capacityBytes;
    return lasting;
  }

  get capacityBytes(): number {
    return this.#capacityBytes;
  }

  open(report: (reports: readonly BulkReport[]) => void): BulkLine {
    const opening = ++this.#openings;
    const isCurrent = (): boolean => opening === this.#openings;
    this.#report = report;
    this.#sizeBytes.clear();
    this.#adoptions.clear();
    this.#alarm = null;
    this.#line = this.#home?.open(report) ?? null;
    return {
      content: this.#content(),
      tell: (call, transfer) => {
        if (isCurrent()) this.#tell(call, transfer);
      },
      close: () => {
        if (!isCurrent()) return;
        this.#report = null;
        this.#line?.close();
      },
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#home ? this.#home.close() : this.#renewed.then(() => this.#home?.close());
    return this.#closing;
  }

  #content(): ContentCalls {
    const calls = Object.fromEntries(
      CONTENT_METHODS.map((method) => [
        method,
        (...args: never[]) =>
          this.#lasting(({ content }) => (content[method] as (..._: never[]) => Promise<unknown>)(...args)),
      ]),
    ) as unknown as ContentCalls;
    return {
      ...calls,
      open: (fileId, sizeBytes) => {
        this.#sizeBytes.set(fileId, sizeBytes);
        return calls.open(fileId, sizeBytes);
      },
      drop: (fileId) => {
        this.#sizeBytes.delete(fileId);
        return calls.drop(fileId);
      },
      ingest: (fileId, blob, onPiece) => {
        if (fileId) this.#sizeBytes.set(fileId, blob.size);
        let toldPieces = 0; // read from the beginning again after a break, and each piece is told once
        return this.#lasting(({ content }) =>
          content.ingest(fileId, blob, (piece, sha256) => {
            if (piece < toldPieces) return;
            toldPieces = piece + 1;
            onPiece(piece, sha256);
          }),
        );
      },
      adopt: (...adopted) => this.#adopt(...adopted),
    };
  }

  /** Asks the home there is, and the next one where it breaks before it has answered. In order, and at once while there is one. */
  #lasting<T>(ask: (line: BulkLine) => Promise<T>, again = ask): Promise<T> {
    const line = this.#line;
    if (!line && (this.#home || this.#closing))
      return Promise.reject(new FileError("file-unreadable", "the swarm was left"));
    if (!line) return this.#renewed.then(() => this.#lasting(again));
    return ask(line).catch((cause: unknown) => {
      if (line === this.#line || this.#closing) throw cause;
      return this.#lasting(again);
    });
  }

  async #adopt(
    draftId: FileId,
    fileId: FileId,
    pieces: readonly number[],
    epoch: number | undefined,
  ): Promise<void> {
    const sizeBytes = this.#sizeBytes.get(draftId) ?? this.#sizeBytes.get(fileId) ?? 0;
    const wasOpen = this.#sizeBytes.has(fileId);
    const adoption: Adoption = { draftId, fileId, pieces, epoch, sizeBytes, wasOpen, outcome: null };
    this.#adoptions.add(adoption);
    this.#sizeBytes.delete(draftId);
    this.#sizeBytes.set(fileId, sizeBytes);
    const first = ({ content }: BulkLine): Promise<void> => content.adopt(draftId, fileId, pieces, epoch);
    const again = (line: BulkLine): Promise<void> => adoption.outcome ?? first(line);
    try {
      await this.#lasting(first, again);
    } finally {
      this.#adoptions.delete(adoption);
    }
  }

  #tell(call: BulkCall, transfer?: Transferable[]): void {
    if (call.op === "alarm")
      this.#alarm = { number: call.number, dueLocalMs: this.#clock.nowMs() + call.delayMs };
    if (this.#line) {
      this.#line.tell(call, transfer);
      return;
    }
    // Nothing is here to take a channel: the neighbour is tried again, at once after `renewed`.
    if (call.op === "link") queueMicrotask(() => this.#report?.([{ type: "closed", link: call.link }]));
    if (call.op === "alarm") this.#ringHere();
  }

  /** The core's next tick does not wait for the next home. */
  #ringHere(): void {
    const alarm = this.#alarm;
    if (!alarm) return;
    this.#clock.after(Math.max(0, alarm.dueLocalMs - this.#clock.nowMs()), () => {
      this.#report?.([{ type: "alarm", number: alarm.number }]);
    });
  }

  #break(breaks: number): void {
    if (breaks !== this.#breaks || this.#closing) return;
    this.#breaks += 1;
    this.#home = null;
    this.#line = null;
    this.#renewed = this.#renew(this.#breaks);
    this.#ringHere();
    this.#report?.([{ type: "broken" }]);
  }

  async #renew(breaks: number): Promise<void> {
    const home = await this.#openNext(breaks);
    for (;;) {
      const openings = this.#openings;
      const line = home && this.#report && !this.#closing ? home.open(this.#report) : null;
      const held = line ? await this.#openFiles(line) : new Map<FileId, readonly number[]>();
      if (breaks !== this.#breaks) return this.#renewed;
      if (openings !== this.#openings) continue; // another swarm has come meanwhile, which knows nothing of the break
      this.#home = home;
      this.#line = line;
      if (home) this.#capacityBytes = home.capacityBytes;
      if (line) this.#report?.([{ type: "renewed", held }]);
      return;
    }
  }

  /** null where none is wanted any more. */
  async #openNext(breaks: number): Promise<BulkHome | null> {
    for (;;) {
      try {
        return await this.#openHome(breaks, () => this.#break(breaks));
      } catch {
        await new Promise<void>((resolve) => this.#clock.after(REOPEN_PAUSE_MS, resolve));
        if (this.#closing) return null;
      }
    }
  }

  /** Has every file open again that was; tells what the store has of each. */
  async #openFiles({ content }: BulkLine): Promise<Map<FileId, readonly number[]>> {
    const held = new Map<FileId, readonly number[]>();
    for (const adoption of this.#adoptions) {
      adoption.outcome = adoptAgain(content, adoption);
      await adoption.outcome.catch(() => undefined); // whoever asked for it hears of it
    }
    for (const [fileId, sizeBytes] of this.#sizeBytes) {
      const opened = content.open(fileId, sizeBytes).then(() => content.held(fileId));
      held.set(fileId, await opened.catch(() => []));
    }
    return held;
  }
}

/** The break may have come before the store renamed the draft, or after. */
async function adoptAgain(content: ContentCalls, adoption: Adoption): Promise<void> {
  const { draftId, fileId, pieces, epoch, sizeBytes, wasOpen } = adoption;
  await content.open(draftId, sizeBytes);
  const isDraft = (await content.held(draftId)).length > 0;
  if (wasOpen || !isDraft) await content.open(fileId, sizeBytes);
  if (isDraft) await content.adopt(draftId, fileId, pieces, epoch);
  else await content.drop(draftId);
}
