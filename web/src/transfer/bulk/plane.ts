// The bulk plane: everything that touches content on its way. Owns the bulk channels, cuts pieces into chunks and puts them together,
// has whole pieces checked and stored, and sends as fast as the pacer admits. It decides nothing: what is expected, given and
// ignored it is told, and what happened it reports, many things at once. Runs in a Worker, or in the page. Local ms.

import type { Clock, FileId, UserId } from "../../lib/index.ts";
import { LARGE_BULK_BYTES, MAX_BULK_BYTES } from "../../protocol/constants/transfer.gen.ts";
import { BULK_HEADER_BYTES, type Chunk, parseChunk } from "../core/frames.ts";
import { Pacer } from "../net/pacer.ts";
import { SendQueue } from "../net/send-queue.ts";
import { SendScheduler } from "../net/send-scheduler.ts";
import type { Content } from "../store/content.ts";
import { Incoming, type IncomingPiece } from "./incoming.ts";
import type { BulkCall, BulkReport, ContentMethod } from "./messages.ts";
import { RelayedChannel } from "./relayed-channel.ts";
import { Reports } from "./reports.ts";

/** What a link may bring while the main thread is asked whether it was asked for: as much as a phone asks for at once. */
const MAX_HELD_BACK_BYTES = 8 * 1024 * 1024;
/** What a chunk takes in memory beside its payload: many small ones are not free. */
const CHUNK_COST_BYTES = 256;

/** What a channel tells, whether it is here or relayed. */
type OpenChannel = RelayedChannel | RTCDataChannel;

interface PlaneLink {
  readonly number: number;
  readonly peer: UserId;
  readonly channel: OpenChannel;
  readonly sendQueue: SendQueue;
  /** What came while the main thread is asked about the first of them; null while nothing is unclear. */
  heldBack: Chunk[] | null;
  heldBackBytes: number;
  isIgnored: boolean;
}

export interface BulkPlaneOptions {
  readonly clock: Clock;
  readonly content: Content;
  /** What can be acted upon waits so long for more of the kind: each message to another thread wakes it. */
  readonly reportsApartMs: number;
  report(reports: readonly BulkReport[]): void;
}

export class BulkPlane {
  readonly #clock: Clock;
  readonly #content: Content;
  readonly #reports: Reports;
  readonly #pacer = new Pacer();
  readonly #scheduler: SendScheduler;
  readonly #incoming = new Incoming();
  readonly #links = new Map<number, PlaneLink>();
  #cancelAlarm: (() => void) | null = null;

  constructor({ clock, content, reportsApartMs, report }: BulkPlaneOptions) {
    this.#clock = clock;
    this.#content = content;
    this.#reports = new Reports(clock, reportsApartMs, report);
    this.#scheduler = new SendScheduler(this.#pacer, clock);
  }

  take(call: BulkCall): void {
    switch (call.op) {
      case "link":
        this.#open(call.link, call.peer, call.channel);
        return;
      case "unlink":
        this.#close(call.link);
        return;
      case "expect":
        this.#incoming.expect(call.link, call.slot, call.fileId, call.epoch, call.pieces);
        return;
      case "unexpect":
        this.#incoming.forget(call.link, call.fileId, call.pieces);
        return;
      case "resume":
        this.#resume(call.link, call.slot, call.fileId);
        return;
      case "ignore":
        this.#ignore(call.link);
        return;
      case "limit": {
        const link = this.#links.get(call.link);
        if (link) link.sendQueue.maxPayloadBytes = payloadOf(Math.min(LARGE_BULK_BYTES, call.messageBytes));
        return;
      }
      case "give":
        this.#give(call);
        return;
      case "ping":
        this.#pacer.recordPing(call.path, call.localMs);
        return;
      case "rtt":
        this.#pacer.recordRtt(call.path, call.rttMs, call.localMs);
        this.#tellPace();
        return;
      case "forget-path":
        this.#pacer.forgetPath(call.path);
        return;
      case "forget-network":
        this.#pacer.forgetNetwork();
        return;
      case "playing":
        this.#pacer.setPlaying(call.isPlaying);
        return;
      case "generous":
        this.#pacer.setGenerous(call.isGenerous);
        this.#tellPace(true);
        return;
      case "alarm":
        this.#cancelAlarm?.();
        this.#cancelAlarm = this.#clock.after(call.delayMs, () => {
          this.#reports.add({ type: "alarm", number: call.number });
          this.#reports.flush();
        });
        return;
      case "relayed": {
        const channel = this.#links.get(call.link)?.channel;
        if (channel instanceof RelayedChannel) channel.take(call.event);
        return;
      }
    }
  }

  /** What of the store is asked for from outside; `drop` and `adopt` are of the plane's concern, too. */
  ask(method: ContentMethod, args: readonly unknown[]): Promise<unknown> {
    if (method === "drop") this.#incoming.dropFile(args[0] as FileId);
    if (method === "adopt")
      this.#incoming.adopt(args[0] as FileId, args[1] as FileId, (args[3] as number | undefined) ?? 0);
    const content = this.#content as unknown as Record<
      ContentMethod,
      (...args: readonly unknown[]) => Promise<unknown>
    >;
    return content[method](...args);
  }

  /** Ends all links; idempotent. */
  close(): void {
    for (const number of [...this.#links.keys()]) this.#close(number);
    this.#cancelAlarm?.();
    this.#scheduler.close();
    this.#reports.close();
  }

  #open(number: number, peer: UserId, given: RTCDataChannel | null): void {
    this.#incoming.open(number);
    if (given) given.binaryType = "arraybuffer";
    const channel: OpenChannel =
      given ??
      new RelayedChannel((frame, lowThresholdBytes) => {
        this.#reports.add({ type: "relay", link: number, frame, lowThresholdBytes }, true);
      });
    const sendQueue = new SendQueue(channel, this.#clock, this.#scheduler, () => this.#lose(number));
    sendQueue.maxPayloadBytes = payloadOf(MAX_BULK_BYTES);
    const link: PlaneLink = {
      number,
      peer,
      channel,
      sendQueue,
      heldBack: null,
      heldBackBytes: 0,
      isIgnored: false,
    };
    this.#links.set(number, link);
    channel.onopen = () => this.#reports.add({ type: "opened", link: number }, true);
    channel.onclose = () => this.#lose(number);
    // Chromium's answerer gets messages before `open`: nothing is sent in answer to one here.
    channel.onmessage = ({ data }: { readonly data: unknown }) => this.#takeMessage(link, data);
    channel.onbufferedamountlow = () => sendQueue.drained();
    if (given?.readyState === "open") this.#reports.add({ type: "opened", link: number }, true);
  }

  #close(number: number): void {
    const link = this.#links.get(number);
    if (!link) return;
    this.#links.delete(number);
    this.#incoming.close(number);
    const { channel, sendQueue } = link;
    sendQueue.clear();
    channel.onopen = channel.onclose = channel.onmessage = channel.onbufferedamountlow = null;
  }

  #lose(number: number): void {
    if (!this.#links.has(number)) return;
    this.#close(number);
    this.#reports.add({ type: "closed", link: number }, true);
  }

  #takeMessage(link: PlaneLink, data: unknown): void {
    if (link.isIgnored) return;
    let chunk: Chunk;
    try {
      chunk = parseChunk(data);
    } catch {
      this.#refuse(link);
      return;
    }
    if (!link.heldBack) {
      this.#takeChunk(link, chunk);
      return;
    }
    this.#holdBack(link, link.heldBack, chunk);
  }

  #holdBack(link: PlaneLink, heldBack: Chunk[], chunk: Chunk): void {
    heldBack.push(chunk);
    link.heldBackBytes += chunk.payload.length + CHUNK_COST_BYTES;
    if (link.heldBackBytes > MAX_HELD_BACK_BYTES) this.#refuse(link);
  }

  #takeChunk(link: PlaneLink, chunk: Chunk): void {
    const taken = this.#incoming.take(link.number, chunk);
    if (taken === "malformed") {
      this.#refuse(link);
      return;
    }
    if (taken === "unexpected") {
      link.heldBack = [chunk];
      link.heldBackBytes = 0;
      const { slot, piece } = chunk;
      this.#reports.add({ type: "unexpected", link: link.number, slot, piece }, true);
      return;
    }
    const { piece, wastedBytes, isWhole, bytes } = taken;
    this.#reports.addChunks({
      link: link.number,
      askedId: piece.askedId,
      fileId: piece.fileId,
      piece: piece.piece,
      epoch: piece.epoch,
      payloadBytes: chunk.payload.length,
      wastedBytes,
      isWhole,
      isChecked: bytes !== null,
    });
    if (bytes) this.#check(link.peer, piece, bytes);
  }

  #check(
    peer: UserId,
    { fileId, piece, epoch, sha256 }: IncomingPiece,
    bytes: Uint8Array<ArrayBuffer>,
  ): void {
    const tell = (outcome: "kept" | "bad" | "unstored" | "lost"): void => {
      if (outcome !== "kept") this.#incoming.unsettle(fileId, piece);
      this.#reports.add({ type: "checked", outcome, peer, fileId, piece, epoch }, true);
    };
    this.#content.keep(fileId, piece, bytes, sha256).then(tell, () => tell("lost"));
  }

  /** What was unclear is of this file; what is unexpected all the same was answered already. */
  #resume(number: number, slot: number, fileId: FileId): void {
    const link = this.#links.get(number);
    const [first, ...later] = link?.heldBack ?? [];
    if (!link || !first) return;
    link.heldBack = null;
    this.#incoming.name(number, slot, fileId);
    this.#takeChunk(link, first);
    if (link.heldBack) this.#refuse(link);
    for (const chunk of later) {
      if (!this.#links.has(number)) return;
      if (link.heldBack) this.#holdBack(link, link.heldBack as Chunk[], chunk);
      else this.#takeChunk(link, chunk);
    }
  }

  #ignore(number: number): void {
    const link = this.#links.get(number);
    if (!link) return;
    link.isIgnored = true;
    link.heldBack = null;
    this.#incoming.close(number); // half of its pieces may be here
    this.#incoming.open(number);
  }

  #refuse({ number }: PlaneLink): void {
    this.#close(number);
    this.#reports.add({ type: "malformed", link: number }, true);
  }

  #give({ link: number, upload, fileId, slot, piece }: Extract<BulkCall, { op: "give" }>): void {
    this.#content.read(fileId, piece).then(
      (bytes) => {
        const link = this.#links.get(number);
        if (!link) return; // whoever asked has gone
        this.#reports.addAlong({ type: "read", upload, sizeBytes: bytes.length });
        link.sendQueue.add(slot, piece, bytes, () => this.#reports.add({ type: "sent", upload }, true));
      },
      () => this.#reports.add({ type: "unreadable", upload }, true),
    );
  }

  #tellPace(isUrgent = false): void {
    const { rateBytesPerSec } = this.#pacer;
    const queueMs = this.#pacer.queueMs(this.#clock.nowMs());
    this.#reports.addPace({ bytesPerSec: rateBytesPerSec, queueMs }, isUrgent);
  }
}

const payloadOf = (messageBytes: number): number => messageBytes - BULK_HEADER_BYTES;
