// The main thread's side of the bulk plane: which link is whose, what the core wants done there, and what it is told of it. Links
// are numbered, so that what comes late of a former link to a peer is told apart. Local ms.

import type { FileId, UserId } from "../../lib/index.ts";
import type { Effect, TransferEvent } from "../core/core.ts";
import type { Upload } from "../core/uploads.ts";
import type { BulkEnd, BulkEndEvents } from "../net/link.ts";
import type { BulkCall, BulkHome, BulkLine, BulkReport, ContentCalls } from "./messages.ts";
import { Relay } from "./relay.ts";

interface LinksOptions {
  readonly home: BulkHome;
  handle(event: TransferEvent): void;
  /** What came from it was no chunk, or not in its place. */
  onMalformed(peer: UserId): void;
  /** The home broke, all links ended, and now there is another: what is told once has to be told again. */
  onRenewed(held: ReadonlyMap<FileId, readonly number[]>): void;
}

interface End {
  readonly peer: UserId;
  readonly events: BulkEndEvents;
  readonly relay: Relay | null;
  isOpen: boolean;
}

/** Uploads whose end has not been told; the core has a few dozen at most. */
const MAX_UPLOADS = 4_096;

/** What the core wants done with content. */
export type BulkEffect = Extract<
  Effect,
  { type: "expect-pieces" | "unexpect-pieces" | "resume-bulk" | "ignore-bulk" | "limit-bulk" | "give-piece" }
>;

export class BulkLinks {
  readonly #options: LinksOptions;
  readonly #line: BulkLine;
  readonly #ends = new Map<number, End>();
  readonly #numberOf = new Map<UserId, number>();
  readonly #uploads = new Map<number, { readonly upload: Upload; readonly link: number }>();
  #numbers = 0;
  #alarm: { readonly number: number; readonly task: () => void } | null = null;
  #pace: { bytesPerSec: number; queueMs: number | null } = { bytesPerSec: 0, queueMs: null };

  constructor(options: LinksOptions) {
    this.#options = options;
    this.#line = options.home.open((reports) => {
      for (const report of reports) this.#take(report);
    });
  }

  get content(): ContentCalls {
    return this.#line.content;
  }

  /** What bulk may take of the uplink now, and how much waits before it. */
  get pace(): { readonly bytesPerSec: number; readonly queueMs: number | null } {
    return this.#pace;
  }

  /** Hands a channel over, in the task that has made it: no later one may. */
  attach(peer: UserId, channel: RTCDataChannel, events: BulkEndEvents): BulkEnd {
    const number = this.#numbers++;
    let relay: Relay | null = null;
    try {
      this.#line.tell({ op: "link", link: number, peer, channel }, [channel as unknown as Transferable]);
    } catch {
      // This browser keeps its channels in the page.
      this.#line.tell({ op: "link", link: number, peer, channel: null });
      relay = new Relay(channel, (event, transfer) => {
        this.#line.tell({ op: "relayed", link: number, event }, transfer);
      });
    }
    const end: End = { peer, events, relay, isOpen: false };
    this.#ends.set(number, end);
    this.#numberOf.set(peer, number);
    return {
      get isOpen() {
        return end.isOpen;
      },
      close: () => this.#close(number),
    };
  }

  perform(effect: BulkEffect): void {
    const link = this.#numberOf.get(effect.peer);
    if (link === undefined) return; // the link has just ended, and the core is about to hear of it
    switch (effect.type) {
      case "expect-pieces": {
        const { fileId, epoch, slot, pieces } = effect;
        this.#line.tell({ op: "expect", link, fileId, epoch, slot, pieces });
        return;
      }
      case "unexpect-pieces":
        this.#line.tell({ op: "unexpect", link, fileId: effect.fileId, pieces: effect.pieces });
        return;
      case "resume-bulk":
        this.#line.tell({ op: "resume", link, slot: effect.slot, fileId: effect.fileId });
        return;
      case "ignore-bulk":
        this.#line.tell({ op: "ignore", link });
        return;
      case "limit-bulk":
        this.#line.tell({ op: "limit", link, messageBytes: effect.messageBytes });
        return;
      case "give-piece": {
        const { upload, slot } = effect;
        const number = this.#numbers++;
        if (this.#uploads.size >= MAX_UPLOADS) this.#uploads.clear();
        this.#uploads.set(number, { upload, link });
        const { fileId, piece } = upload;
        this.#line.tell({ op: "give", link, upload: number, fileId, slot, piece });
        return;
      }
    }
  }

  /** For the pacer. */
  tell(call: Extract<BulkCall, { op: PacerOp }>): void {
    this.#line.tell(call);
  }

  /** Calls `task` after `delayMs`, also in a hidden page, whose own timers are held back; instead of the one before. */
  wakeAfter(delayMs: number, task: () => void): void {
    const number = this.#numbers++;
    this.#alarm = { number, task };
    this.#line.tell({ op: "alarm", number, delayMs });
  }

  close(): void {
    this.#alarm = null;
    this.#line.close();
  }

  #close(number: number): void {
    const end = this.#ends.get(number);
    if (!end) return;
    this.#ends.delete(number);
    end.relay?.close();
    if (this.#numberOf.get(end.peer) === number) this.#numberOf.delete(end.peer);
    for (const [key, { link }] of this.#uploads) if (link === number) this.#uploads.delete(key);
    this.#line.tell({ op: "unlink", link: number });
  }

  #take(report: BulkReport): void {
    const { handle, onMalformed } = this.#options;
    switch (report.type) {
      case "opened": {
        const end = this.#ends.get(report.link);
        if (!end) return;
        end.isOpen = true;
        end.events.onOpen();
        return;
      }
      case "closed": {
        const end = this.#ends.get(report.link);
        if (end) lose(end);
        return;
      }
      case "broken":
        for (const end of [...this.#ends.values()]) lose(end);
        return;
      case "renewed":
        this.#options.onRenewed(report.held);
        return;
      case "malformed": {
        const end = this.#ends.get(report.link);
        if (end) onMalformed(end.peer);
        return;
      }
      case "chunks": {
        const end = this.#ends.get(report.link);
        if (end) handle({ ...report, peer: end.peer });
        return;
      }
      case "unexpected": {
        const end = this.#ends.get(report.link);
        const { slot, piece } = report;
        if (end) handle({ type: "chunk-unexpected", peer: end.peer, slot, piece });
        return;
      }
      case "checked": {
        const { outcome, peer, fileId, piece, epoch } = report;
        handle({ type: `piece-${outcome}`, peer, fileId, piece, epoch });
        return;
      }
      case "read":
      case "sent":
      case "unreadable":
        this.#takeUpload(report);
        return;
      case "pace":
        this.#pace = { bytesPerSec: report.bytesPerSec, queueMs: report.queueMs };
        return;
      case "alarm": {
        const alarm = this.#alarm;
        if (alarm?.number !== report.number) return;
        this.#alarm = null;
        alarm.task();
        return;
      }
      case "relay":
        this.#ends.get(report.link)?.relay?.send(report.frame, report.lowThresholdBytes);
        return;
    }
  }

  #takeUpload(report: Extract<BulkReport, { upload: number }>): void {
    const found = this.#uploads.get(report.upload);
    const end = found && this.#ends.get(found.link);
    if (!found || !end) return;
    const { peer } = end;
    const { upload } = found;
    if (report.type !== "read") this.#uploads.delete(report.upload);
    if (report.type === "read")
      this.#options.handle({ type: "piece-read", peer, upload, sizeBytes: report.sizeBytes });
    else this.#options.handle({ type: `piece-${report.type}`, peer, upload });
  }
}

function lose(end: End): void {
  end.isOpen = false;
  end.events.onClosed();
}

type PacerOp = "ping" | "rtt" | "forget-path" | "forget-network" | "playing" | "generous";
