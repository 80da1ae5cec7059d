// Many transfer cores on a wire of make-believe, in virtual time: links with a delay, uplinks with a rate, pieces whose content
// is a pattern. Hashing is replaced by comparing with the pattern; the core and what puts chunks together are the real ones.

import type { Bytes, FileId, Random, UserId } from "../../lib/index.ts";
import { every } from "../../lib/index.ts";
import { SeededRandom } from "../../lib/testing/index.ts";
import { LARGE_PIECE_BYTES } from "../../protocol/constants/transfer.gen.ts";
import { Incoming } from "../bulk/incoming.ts";
import type { Effect, TransferEvent } from "../core/core.ts";
import type { CtlMessage } from "../core/ctl.ts";
import { draftIdOf, draftNonce } from "../core/draft.ts";
import type { Chunk } from "../core/frames.ts";
import { hashOfPiece, pieceCountOf, pieceSizeOf } from "../core/manifest.ts";
import type { FileState, SwarmEvent } from "../core/state.ts";
import { Transfer } from "../core/transfer.ts";
import type { Upload } from "../core/uploads.ts";
import { EventClock } from "./event-clock.ts";
import type { FakeFile } from "./fake-file.ts";

export { type FakeFile, fakeFile } from "./fake-file.ts";

const TICK_MS = 100;
const DELAY_MS = 10;
const CHUNK_BYTES = 32 * 1024;
/** 8 Mbit/s: one 64 KiB piece takes 66 ms. */
export const UPLINK_BYTES_PER_SEC = 1_000_000;

/** Peers called ada, bo, cy, … get ids that sort in this order. */
export const idOf = (name: string): UserId => {
  const hex = Array.from(name, (char) => (char.charCodeAt(0) & 255).toString(16).padStart(2, "0")).join("");
  return hex.padEnd(32, "0").slice(0, 32) as UserId;
};

interface Outgoing {
  readonly upload: Upload;
  readonly slot: number;
  readonly bytes: Bytes;
  sentBytes: number;
}

export class FakePeer {
  readonly id: UserId;
  readonly events: SwarmEvent[] = [];
  readonly transfer: Transfer;
  readonly links = new Set<FakePeer>();
  readonly sentBytesTo = new Map<FakePeer, number>();
  /** Flips a byte of every piece it sends. */
  isLying = false;
  /** Takes requests and never answers. */
  isMute = false;
  /** Outlives the peer: whoever joins with it is the same device after a reload. */
  readonly store: Map<string, Bytes>;
  readonly #answer: Answering;
  readonly #drops = new Map<FileId, number>();
  readonly #isWatched: boolean;
  readonly #outgoing = new Map<FakePeer, Outgoing[]>();
  readonly #stopTicking: () => void;
  readonly #incoming = new Incoming();
  readonly #numberOf = new Map<UserId, number>();
  readonly #ignored = new Set<number>();
  #numbers = 0;
  #isSending = false;

  constructor(
    readonly name: string,
    readonly swarm: FakeSwarm,
    public uplinkBytesPerSec: number,
    { uplinkBytesPerSec: _, ...options }: JoinOptions,
  ) {
    this.id = idOf(name);
    this.store = options.store ?? new Map();
    this.#answer = options.answer ?? ((task) => swarm.soon(task));
    this.#isWatched = options.isWatched ?? false;
    this.transfer = new Transfer({
      me: this.id,
      random: swarm.random,
      capacityBytes: 2 ** 30,
      paceBytesPerSec: () => this.uplinkBytesPerSec,
      ...options,
    });
    this.#stopTicking = every(swarm.clock, TICK_MS, () => this.handle({ type: "tick" }));
  }

  add(file: FakeFile): void {
    for (let piece = 0; piece < pieceCountOf(file.manifest.sizeBytes); piece++) {
      this.store.set(`${file.fileId}/${piece}`, this.swarm.contentOf(file.manifest.sizeBytes, piece));
    }
    this.handle({ type: "file-added", ...file });
  }

  /** Begins to read a file of its own, as a draft; returns its id. */
  begin(file: FakeFile): FileId {
    const nonce = draftNonce(this.swarm.random);
    const { sizeBytes } = file.manifest;
    const draftId = draftIdOf(this.id, sizeBytes, nonce);
    this.handle({ type: "draft-begun", draftId, nonce, name: file.name, sizeBytes });
    return draftId;
  }

  /** Has read this piece of it; with the last one the draft is the file. */
  read(draftId: FileId, file: FakeFile, piece: number): void {
    const { manifest, fileId, name } = file;
    this.store.set(`${draftId}/${piece}`, this.swarm.contentOf(manifest.sizeBytes, piece));
    if (piece < pieceCountOf(manifest.sizeBytes) - 1) {
      this.handle({ type: "draft-piece", draftId, piece, sha256: hashOfPiece(manifest, piece) });
      return;
    }
    this.#adopt(draftId, fileId);
    this.handle({ type: "file-added", fileId, manifest, name, draftId });
  }

  /** Reads a whole file as a draft, at this rate; returns the draft's id. */
  addReading(file: FakeFile, bytesPerSec: number): FileId {
    const draftId = this.begin(file);
    const { sizeBytes, pieceLength } = file.manifest;
    const readFrom = (piece: number): void => {
      if (piece >= pieceCountOf(sizeBytes)) return;
      this.swarm.clock.after((pieceLength / bytesPerSec) * 1000, () => {
        this.read(draftId, file, piece);
        readFrom(piece + 1);
      });
    };
    readFrom(0);
    return draftId;
  }

  file(file: FakeFile): FileState | undefined {
    return this.transfer.files().find(({ fileId }) => fileId === file.fileId);
  }

  heldPieces({ fileId, manifest }: FakeFile): number[] {
    const all = Array.from({ length: pieceCountOf(manifest.sizeBytes) }, (_, piece) => piece);
    return all.filter((piece) => this.store.has(`${fileId}/${piece}`));
  }

  hasAllOf(file: FakeFile): boolean {
    return this.transfer.isComplete(file.fileId);
  }

  handle(event: TransferEvent): void {
    for (const effect of this.transfer.handle(event, this.swarm.clock.nowMs())) this.#perform(effect);
    if (!this.#isWatched) return;
    const [neglected] = this.transfer.neglected(this.swarm.clock.nowMs());
    if (neglected) throw new Error(`${this.name} neglects piece ${neglected.piece} after ${event.type}`);
  }

  /** What the page after a reload finds in the store, and tells the core of sooner or later. */
  restore(file: FakeFile): void {
    const kept = { ...file, isMine: false, isEnabled: true, annotation: null, index: null };
    this.handle({ type: "file-restored", file: kept, pieces: this.heldPieces(file) });
  }

  /** Puts a message on the wire that the core would not send. */
  say(to: FakePeer, message: CtlMessage): void {
    this.swarm.sendCtl(this, to, () => to.handle({ type: "ctl", peer: this.id, message }));
  }

  stop(): void {
    this.#stopTicking();
  }

  openBulk(from: FakePeer): void {
    const number = this.#numbers++;
    this.#numberOf.set(from.id, number);
    this.#incoming.open(number);
  }

  closeBulk(from: FakePeer): void {
    this.#incoming.close(this.#numberOf.get(from.id) ?? -1);
  }

  takeChunk(from: FakePeer, chunk: Chunk): void {
    const number = this.#numberOf.get(from.id) ?? -1;
    if (this.#ignored.has(number)) return;
    const taken = this.#incoming.take(number, chunk);
    if (taken === "malformed") throw new Error(`${from.name} sent what has no place`);
    if (taken === "unexpected") {
      const { slot, piece } = chunk;
      this.handle({ type: "chunk-unexpected", peer: from.id, slot, piece });
      return;
    }
    const { piece, wastedBytes, isWhole, bytes } = taken;
    this.handle({
      type: "chunks",
      peer: from.id,
      askedId: piece.askedId,
      fileId: piece.fileId,
      piece: piece.piece,
      epoch: piece.epoch,
      payloadBytes: chunk.payload.length,
      wastedBytes,
      isWhole,
      isChecked: bytes !== null,
    });
    if (bytes) this.#check(from.id, piece.fileId, piece.piece, piece.epoch, bytes);
  }

  forgetOutgoing(to: FakePeer): void {
    this.#outgoing.delete(to);
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "send-ctl":
        this.say(this.swarm.peer(effect.peer), effect.message);
        return;
      case "expect-pieces": {
        const { peer, slot, fileId, epoch, pieces } = effect;
        this.#incoming.expect(this.#numberOf.get(peer) ?? -1, slot, fileId, epoch, pieces);
        return;
      }
      case "unexpect-pieces":
        this.#incoming.forget(this.#numberOf.get(effect.peer) ?? -1, effect.fileId, effect.pieces);
        return;
      case "ignore-bulk":
        this.#ignored.add(this.#numberOf.get(effect.peer) ?? -1);
        return;
      case "resume-bulk":
        throw new Error(`${this.name} knows of a piece that nobody expects`);
      case "give-piece": {
        const bytes = this.store.get(`${this.transfer.finalOf(effect.upload.fileId)}/${effect.upload.piece}`);
        if (!bytes) throw new Error(`${this.name} was to read a piece it does not hold`);
        const { peer, upload, slot } = effect;
        const number = this.#numberOf.get(peer);
        this.#answer(
          () => {
            if (number !== this.#numberOf.get(peer)) return; // whoever asked has gone
            this.handle({ type: "piece-read", peer, upload, sizeBytes: bytes.length });
            this.#enqueue(this.swarm.peer(peer), { upload, slot, bytes });
          },
          () => this.handle({ type: "piece-unreadable", peer, upload }),
        );
        return;
      }
      case "drop-peer":
        this.swarm.unlink(this, this.swarm.peer(effect.peer));
        return;
      case "tell":
        this.events.push(effect.event);
        return;
      case "open-file": {
        const { fileId, epoch } = effect;
        const pieces = [...this.store.keys()].flatMap((key) => {
          const [name, piece] = key.split("/");
          return name === fileId ? [Number(piece)] : [];
        });
        this.#answer(() => {
          this.handle({ type: "file-opened", fileId, pieces, epoch });
          for (const piece of pieces) {
            this.#answer(
              () => this.handle({ type: "piece-kept", fileId, piece, epoch }),
              () => this.handle({ type: "piece-lost", fileId, piece, epoch }),
            );
          }
        });
        return;
      }
      case "adopt-pieces":
        this.#incoming.adopt(effect.draftId, effect.fileId, effect.epoch);
        this.#adopt(effect.draftId, effect.fileId);
        return;
      case "forget-file":
        this.#incoming.dropFile(effect.fileId);
        this.#drops.set(effect.fileId, (this.#drops.get(effect.fileId) ?? 0) + 1);
        for (const key of this.store.keys()) if (key.startsWith(effect.fileId)) this.store.delete(key);
        return;
      case "record-ping":
      case "record-rtt":
      case "limit-bulk":
        return;
    }
  }

  #adopt(draftId: FileId, fileId: FileId): void {
    for (const [key, bytes] of [...this.store]) {
      if (!key.startsWith(draftId)) continue;
      this.store.delete(key);
      this.store.set(key.replace(draftId, fileId), bytes);
    }
  }

  #check(peer: UserId, fileId: FileId, piece: number, epoch: number, bytes: Bytes): void {
    const expected = this.swarm.contentOf(this.transfer.manifestOf(fileId)?.sizeBytes ?? 0, piece);
    const isGood = bytes[0] === expected[0] && bytes[bytes.length - 1] === expected[expected.length - 1];
    if (!isGood) {
      this.swarm.soon(() => {
        this.#incoming.unsettle(fileId, piece);
        this.handle({ type: "piece-bad", peer, fileId, piece, epoch });
      });
      return;
    }
    const drops = this.#drops.get(fileId);
    this.#answer(
      () => {
        // What is written to a file that was dropped meanwhile is not there.
        const keptId = this.transfer.finalOf(fileId);
        if (drops === this.#drops.get(fileId)) this.store.set(`${keptId}/${piece}`, expected);
        this.handle({ type: "piece-kept", fileId, piece, epoch });
      },
      () => {
        this.#incoming.unsettle(fileId, piece);
        this.handle({ type: "piece-lost", fileId, piece, epoch });
      },
    );
  }

  #enqueue(to: FakePeer, { upload, slot, bytes }: Omit<Outgoing, "sentBytes">): void {
    if (this.isMute || !this.links.has(to)) return;
    const sent = this.isLying ? bytes.map((byte, index) => (index === 0 ? byte ^ 0xff : byte)) : bytes;
    const queue = this.#outgoing.get(to) ?? [];
    this.#outgoing.set(to, queue);
    queue.push({ upload, slot, bytes: sent, sentBytes: 0 });
    if (!this.#isSending) this.#sendNext();
  }

  /** One chunk at a time over the whole uplink, the links taking turns. */
  #sendNext(): void {
    const [turn] = this.#outgoing;
    this.#isSending = turn !== undefined;
    if (!turn) return;
    const [to, queue] = turn;
    this.#outgoing.delete(to);
    const [item] = queue;
    if (!item) {
      this.#sendNext();
      return;
    }
    this.#outgoing.set(to, queue);
    const offsetBytes = item.sentBytes;
    const payload = item.bytes.subarray(offsetBytes, offsetBytes + CHUNK_BYTES);
    item.sentBytes += payload.length;
    const chunk = { slot: item.slot, piece: item.upload.piece, offsetBytes, payload };
    const send = this.swarm.channel(this, to);
    this.swarm.clock.after((payload.length / this.uplinkBytesPerSec) * 1000, () => {
      const isStillLinked = send(() => to.takeChunk(this, chunk));
      if (isStillLinked) this.sentBytesTo.set(to, (this.sentBytesTo.get(to) ?? 0) + payload.length);
      if (item.sentBytes === item.bytes.length && this.#outgoing.get(to) === queue) {
        queue.shift();
        this.handle({ type: "piece-sent", peer: to.id, upload: item.upload });
      }
      this.#sendNext();
    });
  }
}

export class FakeSwarm {
  readonly clock = new EventClock();
  readonly random: SeededRandom;
  readonly #peers = new Map<UserId, FakePeer>();
  /** Counts every making of a link, so that what was sent over a former one is lost with it. */
  readonly #linkOf = new Map<string, number>();
  readonly #contents = new Map<string, Bytes>();
  readonly #ctlTakenMs = new Map<string, number>();
  #links = 0;

  /** `lateMs`: by how much a page is late to take a message, as busy ones are; those of one link stay in order. */
  constructor(
    seed: number,
    readonly lateMs: (random: Random) => number = () => 0,
  ) {
    this.random = new SeededRandom(seed);
  }

  join(name: string, options: JoinOptions = {}): FakePeer {
    const peer = new FakePeer(name, this, options.uplinkBytesPerSec ?? UPLINK_BYTES_PER_SEC, options);
    this.#peers.set(peer.id, peer);
    return peer;
  }

  /** Peers by name, all linked with all. */
  mesh(...names: string[]): FakePeer[] {
    const peers = names.map((name) => this.join(name));
    for (const [index, peer] of peers.entries())
      for (const other of peers.slice(index + 1)) this.link(peer, other);
    return peers;
  }

  peer(id: UserId): FakePeer {
    const peer = this.#peers.get(id);
    if (!peer) throw new Error(`nobody is ${id}`);
    return peer;
  }

  link(a: FakePeer, b: FakePeer): void {
    if (a.links.has(b)) return;
    a.links.add(b);
    b.links.add(a);
    this.#linkOf.set(pairOf(a, b), this.#links++);
    a.openBulk(b);
    b.openBulk(a);
    a.handle({ type: "link-opened", peer: b.id });
    b.handle({ type: "link-opened", peer: a.id });
  }

  unlink(a: FakePeer, b: FakePeer): void {
    if (!a.links.delete(b)) return;
    b.links.delete(a);
    this.#linkOf.delete(pairOf(a, b));
    a.forgetOutgoing(b);
    b.forgetOutgoing(a);
    a.closeBulk(b);
    b.closeBulk(a);
    a.handle({ type: "link-closed", peer: b.id });
    b.handle({ type: "link-closed", peer: a.id });
  }

  leave(peer: FakePeer): void {
    for (const other of [...peer.links]) this.unlink(peer, other);
    peer.stop();
  }

  /** The pattern that stands for a piece's content; made once, whoever holds it. Large files have few patterns, or none would fit. */
  contentOf(sizeBytes: number, piece: number): Bytes {
    const pattern = pieceSizeOf(sizeBytes, piece) > LARGE_PIECE_BYTES ? piece & 3 : piece;
    const key = `${pieceSizeOf(sizeBytes, piece)}/${pattern}`;
    const content =
      this.#contents.get(key) ?? new Uint8Array(pieceSizeOf(sizeBytes, piece)).fill((pattern * 7 + 13) & 255);
    this.#contents.set(key, content);
    return content;
  }

  soon(task: () => void): void {
    this.clock.after(0, task);
  }

  /** The link as it is now: what it sends is lost once that link is gone. Returns whether it still was there. */
  channel(from: FakePeer, to: FakePeer): (arrive: () => void) => boolean {
    const pair = pairOf(from, to);
    const link = this.#linkOf.get(pair);
    const isUp = (): boolean => link !== undefined && this.#linkOf.get(pair) === link;
    return (arrive) => {
      if (isUp()) this.clock.after(DELAY_MS, () => isUp() && arrive());
      return isUp();
    };
  }

  sendCtl(from: FakePeer, to: FakePeer, take: () => void): void {
    const link = `${from.id}/${to.id}`;
    this.channel(
      from,
      to,
    )(() => {
      const nowMs = this.clock.nowMs();
      const takenMs = Math.max(this.#ctlTakenMs.get(link) ?? 0, nowMs + this.lateMs(this.random));
      if (takenMs <= nowMs) {
        take();
        return;
      }
      this.#ctlTakenMs.set(link, takenMs);
      const number = this.#linkOf.get(pairOf(from, to));
      this.clock.after(takenMs - nowMs, () => {
        if (number === this.#linkOf.get(pairOf(from, to))) take();
      });
    });
  }

  /** Lets time pass until `isDone`; throws after `limitSec` of virtual time. Returns how long it took, seconds. */
  runUntil(isDone: () => boolean, limitSec = 300): number {
    const startMs = this.clock.nowMs();
    while (!isDone()) {
      if (this.clock.nowMs() - startMs > limitSec * 1000) throw new Error(`not done after ${limitSec} s`);
      this.clock.advance(50);
    }
    return (this.clock.nowMs() - startMs) / 1000;
  }
}

/** How a store answers: by `succeed`, or where it can by `fail`; soon, late, twice or never. */
export type Answering = (succeed: () => void, fail?: () => void) => void;

export interface JoinOptions {
  readonly answer?: Answering;
  /** Throws when, after any event, nobody works on a piece although somebody could (duty.ts). */
  readonly isWatched?: boolean;
  readonly uplinkBytesPerSec?: number;
  readonly capacityBytes?: number;
  readonly isPhone?: boolean;
  acceptsAnnotation?(annotation: Bytes): boolean;
  acceptsIndex?(index: Bytes): boolean;
  readonly store?: Map<string, Bytes>;
}

const pairOf = (a: FakePeer, b: FakePeer): string => [a.id, b.id].sort().join();
