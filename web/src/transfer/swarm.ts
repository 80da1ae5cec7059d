// The file swarm of one session: the shell around the pure core. Owns the mesh, runs what the core wants done, and shows its state
// as signals. Content it never touches: that is the bulk plane's (bulk/plane.ts). Local ms. Does not know what a file means.

import { type Signal as Cell, type ReadonlySignal, signal } from "@preact/signals-core";
import { type Bytes, FileError, type FileId, type UserId } from "../lib/index.ts";
import { BulkLinks } from "./bulk/links.ts";
import type { ContentCalls } from "./bulk/messages.ts";
import type { Effect, TransferEvent } from "./core/core.ts";
import { CtlInbox, type CtlMessage, encodeCtl } from "./core/ctl.ts";
import { hashOfPiece } from "./core/manifest.ts";
import type { Needs } from "./core/needs.ts";
import type { PieceMap } from "./core/piece-map.ts";
import type { FileState, LinkState, SwarmEvent, Totals } from "./core/state.ts";
import { neighboursOf } from "./core/topology.ts";
import { Transfer } from "./core/transfer.ts";
import { LocalFiles } from "./local-files.ts";
import { LinkProofs } from "./net/link-proofs.ts";
import { Mesh } from "./net/mesh.ts";
import { isUnmetered } from "./net/network-hint.ts";
import type { Signal } from "./net/signal.ts";
import { within } from "./store/limit.ts";
import type { Member, NamedBlob, SwarmOptions } from "./swarm-options.ts";
import { SwarmSignals } from "./swarm-signals.ts";

/** What was there before a reload is kept this long for neighbours to list it again. */
const UNCLAIMED_AFTER_MS = 60_000;
/** Leaving waits no longer for the store. */
const CLOSE_LIMIT_MS = 15_000;
/** Links beyond those of the rings, and how often it is looked whether they are still of use. */
const MAX_KEPT_LINKS = 2;
const KEPT_LINK_REVIEW_MS = 5_000;

/** What belongs to one open link: its numbering starts anew with each. */
interface Conversation {
  readonly inbox: CtlInbox;
  nextSeq: number;
}

export class Swarm {
  readonly #options: SwarmOptions;
  readonly #transfer: Transfer;
  readonly #mesh: Mesh;
  readonly #bulk: BulkLinks;
  readonly #proofs: LinkProofs;
  readonly #content: ContentCalls;
  readonly #localFiles: LocalFiles;
  readonly #conversations = new Map<UserId, Conversation>();
  readonly #listeners = new Set<(event: SwarmEvent) => void>();
  readonly #signals: SwarmSignals;
  readonly #isGenerous: Cell<boolean>;
  readonly #followNetwork = () => this.#setGenerous(isUnmetered(this.#options.network));
  readonly #pending: TransferEvent[] = [];
  #isRunning = false;
  #isPlaying = false;
  #prioritized: FileId | null = null;
  #tickDueLocalMs: number | null = null;
  #closing: Promise<void> | null = null;
  #cancelReview: (() => void) | null = null;
  readonly #cancelSweep: () => void;

  constructor(options: SwarmOptions) {
    const { clock, random, me, home, iceServers, createConnection } = options;
    this.#options = options;
    this.#bulk = new BulkLinks({
      home,
      handle: (event) => {
        this.#handle(event);
        if (event.type === "piece-unreadable") void this.#checkHeld(event.upload.fileId, event.upload.piece);
      },
      onMalformed: (peer) => this.#dropPeer(peer, "malformed"),
      onRenewed: (held) => {
        this.#bulk.tell({ op: "playing", isPlaying: this.#isPlaying });
        this.#bulk.tell({ op: "generous", isGenerous: this.#isGenerous.value });
        this.#handle({ type: "store-renewed", held });
        this.#mesh.wake();
      },
    });
    this.#content = this.#bulk.content;
    this.#transfer = new Transfer({
      me,
      random,
      capacityBytes: home.capacityBytes,
      isPhone: options.isPhone ?? false,
      paceBytesPerSec: () => this.#bulk.pace.bytesPerSec,
      acceptsAnnotation: (annotation) => options.acceptsAnnotation?.(annotation) ?? true,
      acceptsIndex: (index) => options.acceptsIndex?.(index) ?? true,
    });
    this.#localFiles = new LocalFiles({
      transfer: this.#transfer,
      content: this.#content,
      me,
      random,
      handle: (event) => {
        this.#handle(event);
        if (event.type !== "draft-piece") this.#signals.show();
      },
      isClosed: () => this.#closing !== null,
    });
    this.#signals = new SwarmSignals(clock, {
      files: () => this.#transfer.files(),
      links: () => this.#mesh.states((peer) => this.#transfer.rttMsOf(peer)),
      totals: () => this.#transfer.totals(),
    });
    this.#cancelSweep = clock.after(UNCLAIMED_AFTER_MS, () => {
      this.#content.dropUnclaimed().catch(() => undefined); // what stays is wiped on leave
    });
    this.#isGenerous = signal(true);
    this.#followNetwork();
    options.network?.addEventListener?.("change", this.#followNetwork);
    this.#proofs = new LinkProofs(options.prover, (peer) => this.#mesh.fingerprintsOf(peer));
    this.#mesh = new Mesh({
      clock,
      random,
      me,
      iceServers,
      sendSignal: (to, sent) => options.sendSignal(to, sent),
      onOpen: (peer) => {
        this.#conversations.set(peer, { inbox: new CtlInbox(), nextSeq: 0 });
        this.#handle({ type: "link-opened", peer });
      },
      onClosed: (peer) => {
        this.#conversations.delete(peer);
        this.#bulk.tell({ op: "forget-path", path: peer });
        this.#handle({ type: "link-closed", peer });
      },
      onCtl: (peer, data) => this.#takeCtl(peer, data),
      attachBulk: (peer, channel, events) => this.#bulk.attach(peer, channel, events),
      onChange: () => this.#signals.showSoon(),
      onRenewed: () => this.#bulk.tell({ op: "forget-network" }),
      ...(createConnection && { createConnection }),
    });
  }

  /** All known files, by name; the same order on every device. */
  get files(): ReadonlySignal<readonly FileState[]> {
    return this.#signals.files;
  }

  get pieceMaps(): readonly PieceMap[] {
    return this.#transfer.pieceMaps();
  }

  get links(): ReadonlySignal<ReadonlyMap<UserId, LinkState>> {
    return this.#signals.links;
  }

  get totals(): ReadonlySignal<Totals> {
    return this.#signals.totals;
  }

  /** Whether this device gives what its uplink has, or little of it. */
  get isGenerous(): ReadonlySignal<boolean> {
    return this.#isGenerous;
  }

  /** A person's choice; from then on the kind of network changes nothing. */
  setGenerous(isGenerous: boolean): void {
    this.#options.network?.removeEventListener?.("change", this.#followNetwork);
    this.#setGenerous(isGenerous);
  }

  /** While music plays, less may queue before the uplink; clocks are compared more often when that matters. */
  setPlaying(isPlaying: boolean, isComparing = false): void {
    this.#transfer.setPlaying(isPlaying, isComparing);
    if (isPlaying !== this.#isPlaying) this.#bulk.tell({ op: "playing", isPlaying });
    this.#isPlaying = isPlaying;
  }

  /** A round trip of the clock's probes, ms: the path whose queue is only this device's own. */
  reportRtt(rttMs: number): void {
    this.#bulk.tell({ op: "rtt", path: "clock", rttMs, localMs: this.#options.clock.nowMs() });
  }

  /** What bulk may take of the uplink now, and how much waits before it; for diagnostics. */
  get pace(): { readonly bytesPerSec: number; readonly queueMs: number | null } {
    return this.#bulk.pace;
  }

  /** Returns the function that ends it. */
  onEvent(listener: (event: SwarmEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Offers a file: lists it to everyone, as a draft while it is read, hashed and stored. Resolves with its final id: equal content
   * has one id, whoever adds it. Rejects FileError file-empty, file-too-large, file-too-many (more enabled files of mine than a member may
   * offer), storage-full, file-unreadable (it changed or vanished while being read).
   */
  addFile(file: File | NamedBlob): Promise<FileId> {
    const blob = "blob" in file ? file.blob : file;
    return this.#localFiles.add(file.name, blob);
  }

  /** The file that a draft turned out to be; the id itself while that is not known, and where it is no draft's. */
  finalOf(fileId: FileId): FileId {
    return this.#transfer.finalOf(fileId);
  }

  setEnabled(fileId: FileId, isEnabled: boolean): void {
    this.#handle({ type: "enabled-set", fileId: this.finalOf(fileId), isEnabled });
  }

  /** What the page after a reload needs beside the store to be what this one is: text for its `restore`. */
  resumeState(): string {
    return this.#localFiles.resumeState();
  }

  /**
   * Takes up what a former page of this session left: its own files are its own again, also when nobody else lists them. Every piece
   * found in the store is hashed again. Files added meanwhile wait. A resume state that makes no sense counts as none.
   */
  restore(resumeState: string): Promise<void> {
    return this.#localFiles.restore(resumeState);
  }

  /** The network may be another, or the device slept: links that wait for another attempt are tried at once. */
  wake(isNewNetwork: boolean): void {
    if (isNewNetwork) this.#bulk.tell({ op: "forget-network" });
    this.#mesh.wake();
  }

  /** The playing or prepared file goes before all others, in fetching and in serving. */
  prioritize(fileId: FileId | null): void {
    if (fileId === this.#prioritized) return;
    this.#prioritized = fileId;
    this.#handle({ type: "prioritized", fileId });
  }

  /** In what order files are fetched after the prioritized one, and make way where room is short (core/needs.ts). */
  setNeeds(needs: Needs): void {
    this.#handle({ type: "needs-set", ...needs });
  }

  /**
   * Proposes an opaque annotation for a file, 1 byte to 20 KiB (RangeError otherwise). All peers end up with the lexicographically
   * smallest one anyone proposed, so the annotation that stays may be another's: ask `annotationOf` after each event `file-annotation`.
   */
  setAnnotation(fileId: FileId, annotation: Bytes): void {
    this.#handle({ type: "annotation-set", fileId, annotation });
  }

  /** Not to be altered; null while none is known. */
  annotationOf(fileId: FileId): Bytes | null {
    return this.#transfer.annotationOf(fileId);
  }

  /** Like `setAnnotation`, for a file's sound index: 1 byte to 48,000; each change is told by an event `file-index`. */
  setIndex(fileId: FileId, index: Bytes): void {
    this.#handle({ type: "index-set", fileId, index });
  }

  /** Not to be altered; null while none is known. */
  indexOf(fileId: FileId): Bytes | null {
    return this.#transfer.indexOf(fileId);
  }

  /**
   * Pieces whose sound is due next, in this order: fetched before all others, whatever the file. Of a file that is not known yet
   * they wait for it. The first 64 count; each call replaces the one before for the file, and none ends it.
   */
  setUrgent(fileId: FileId, pieces: readonly number[]): void {
    this.#handle({ type: "urgent-set", fileId, pieces });
  }

  /** Whether `readBytes` has these bytes; false beyond the file. */
  holds(fileId: FileId, fromByte: number, toByte: number): boolean {
    return this.#transfer.holds(fileId, fromByte, toByte);
  }

  /**
   * A copy of these bytes of a file. Rejects FileError file-unreadable while not all of them are held, or when they cannot be read;
   * RangeError beyond the file.
   */
  async readBytes(fileId: FileId, fromByte: number, toByte: number): Promise<Bytes> {
    const manifest = this.#transfer.manifestOf(fileId);
    if (!manifest || (toByte <= manifest.sizeBytes && !this.#transfer.holds(fileId, fromByte, toByte)))
      throw new FileError("file-unreadable", `bytes ${fromByte} to ${toByte} are not held`);
    const reading = this.#content.readRange(fileId, manifest, fromByte, toByte);
    reading.catch(() => {
      const { pieceLength, sizeBytes } = manifest;
      if (toByte > sizeBytes) return;
      for (let piece = Math.floor(fromByte / pieceLength); piece * pieceLength < toByte; piece++)
        void this.#checkHeld(fileId, piece);
    });
    return reading;
  }

  /** The links follow this list. The connection to an away member is kept, but none is made. */
  setMembers(members: readonly Member[]): void {
    const byId = new Map(members.map((member) => [member.userId, member]));
    const { me, isPhone = false } = this.#options;
    const wanted = neighboursOf(me, byId.keys(), (id) =>
      id === me ? isPhone : (byId.get(id)?.isPhone ?? false),
    );
    // A link that still carries pieces is kept beyond its place in the rings: breaking it would only lose what is on its way.
    const serving = [...this.#conversations.keys()].filter(
      (id) => byId.has(id) && this.#transfer.isFlowing(id),
    );
    const kept = serving.filter((id) => !wanted.has(id)).slice(0, MAX_KEPT_LINKS);
    this.#mesh.setNeighbours(
      new Map([...wanted, ...kept].map((userId) => [userId, { isAway: byId.get(userId)?.away ?? false }])),
    );
    this.#cancelReview?.();
    const review = (): void => this.setMembers(members);
    this.#cancelReview = kept.length > 0 ? this.#options.clock.after(KEPT_LINK_REVIEW_MS, review) : null;
  }

  receiveSignal(from: UserId, received: Signal): void {
    this.#mesh.receive(from, received);
  }

  /** Closes all links, and wipes the store unless another swarm goes on with it; idempotent. */
  close(keepsStore = false): Promise<void> {
    this.#closing ??= this.#close(keepsStore);
    return this.#closing;
  }

  async #close(keepsStore: boolean): Promise<void> {
    for (const peer of this.#conversations.keys()) this.#sendCtl(peer, { type: "bye", reason: "left" });
    this.#cancelReview?.();
    this.#cancelSweep();
    this.#mesh.close();
    this.#options.network?.removeEventListener?.("change", this.#followNetwork);
    this.#signals.close();
    this.#listeners.clear();
    await this.#localFiles.settled();
    this.#bulk.close();
    if (keepsStore) return;
    const { home, clock } = this.#options;
    await within(clock, CLOSE_LIMIT_MS, home.close(), "store").catch(() => undefined); // the next start wipes it
  }

  #setGenerous(isGenerous: boolean): void {
    this.#isGenerous.value = isGenerous;
    this.#bulk.tell({ op: "generous", isGenerous });
    this.#handle({ type: "generous-set", isGenerous });
  }

  #takeCtl(peer: UserId, data: unknown): void {
    const messages = this.#conversations.get(peer)?.inbox.take(data, this.#options.clock.nowMs()) ?? [];
    if (typeof messages === "string") {
      this.#dropPeer(peer, messages);
      return;
    }
    for (const message of messages) {
      if (message.type === "hello" && !this.#proofs.isProven(peer, message.proof)) {
        // Not for good: whoever sat in between may be gone when the next connection is made.
        this.#tell({ code: "peer-dropped", from: peer, reason: "unproven" });
        this.#mesh.drop(peer, false);
        return;
      }
      this.#handle({ type: "ctl", peer, message });
    }
  }

  #dropPeer(peer: UserId, reason: string): void {
    this.#tell({ code: "peer-dropped", from: peer, reason });
    this.#mesh.drop(peer, true);
  }

  /** Events may be caused by effects of events: they wait their turn. */
  #handle(event: TransferEvent): void {
    this.#pending.push(event);
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let next = this.#pending.shift(); next; next = this.#pending.shift()) {
        for (const effect of this.#transfer.handle(next, this.#options.clock.nowMs())) this.#perform(effect);
      }
    } finally {
      this.#isRunning = false;
    }
    this.#scheduleTick();
    this.#signals.showSoon();
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "send-ctl":
        this.#sendCtl(effect.peer, effect.message);
        return;
      case "expect-pieces":
      case "unexpect-pieces":
      case "resume-bulk":
      case "ignore-bulk":
      case "limit-bulk":
      case "give-piece":
        this.#bulk.perform(effect);
        return;
      case "open-file":
        this.#openFile(effect).catch(() => {
          this.#handle({ type: "file-unopened", fileId: effect.fileId, epoch: effect.epoch });
        });
        return;
      case "record-ping":
        this.#bulk.tell({ op: "ping", path: effect.peer, localMs: this.#options.clock.nowMs() });
        return;
      case "record-rtt": {
        const { peer, rttMs, time } = effect;
        const localMs = this.#options.clock.nowMs();
        this.#bulk.tell({ op: "rtt", path: peer, rttMs, localMs });
        if (time) this.#options.onPeerTime?.(peer, time, localMs - rttMs, localMs);
        return;
      }
      case "adopt-pieces": {
        const { draftId, fileId, pieces, epoch } = effect;
        const adopting = this.#content.adopt(draftId, fileId, pieces, epoch);
        adopting.catch(() => this.#handle({ type: "file-unadopted", fileId, epoch }));
        return;
      }
      case "forget-file":
        this.#content.drop(effect.fileId).catch(() => undefined); // what stays is wiped on leave
        return;
      case "drop-peer":
        this.#sendCtl(effect.peer, { type: "bye", reason: effect.reason });
        this.#mesh.drop(effect.peer, effect.isForGood);
        return;
      case "show":
        this.#signals.show();
        return;
      case "tell":
        this.#tell(effect.event);
        return;
    }
  }

  async #openFile({ fileId, sizeBytes, epoch }: Extract<Effect, { type: "open-file" }>): Promise<void> {
    await this.#content.open(fileId, sizeBytes);
    const pieces = await this.#content.held(fileId);
    this.#handle({ type: "file-opened", fileId, pieces, epoch });
    for (const piece of pieces) {
      const isKept = await this.#isWhole(fileId, piece);
      this.#handle({ type: isKept ? "piece-kept" : "piece-lost", fileId, piece, epoch });
    }
  }

  async #isWhole(fileId: FileId, piece: number): Promise<boolean> {
    const manifest = this.#transfer.manifestOf(fileId);
    if (!manifest) return false;
    return this.#content.isWhole(fileId, piece, hashOfPiece(manifest, piece)).catch(() => false);
  }

  /** It could not be read: the browser may have taken the disc away. */
  async #checkHeld(fileId: FileId, piece: number): Promise<void> {
    if (!(await this.#isWhole(fileId, piece)) && !this.#closing)
      this.#handle({ type: "piece-lost", fileId, piece, epoch: null });
  }

  #sendCtl(peer: UserId, message: CtlMessage): void {
    const conversation = this.#conversations.get(peer);
    if (!conversation) return;
    this.#mesh.sendCtl(peer, encodeCtl(this.#complete(message, peer), conversation.nextSeq++));
  }

  /** With what only this side of the core knows. */
  #complete(message: CtlMessage, peer: UserId): CtlMessage {
    if (message.type === "hello") return { ...message, proof: this.#proofs.proofFor(peer) };
    if (message.type !== "pong") return message;
    const time = this.#options.timeAt?.(this.#options.clock.nowMs());
    return time ? { ...message, time } : message;
  }

  /** One tick at a time, and sooner when the core has become busy since. */
  #scheduleTick(): void {
    const { tickInMs } = this.#transfer;
    if (tickInMs === null || this.#closing) return;
    const dueLocalMs = this.#options.clock.nowMs() + tickInMs;
    if (this.#tickDueLocalMs !== null && this.#tickDueLocalMs <= dueLocalMs) return;
    this.#tickDueLocalMs = dueLocalMs;
    this.#bulk.wakeAfter(tickInMs, () => {
      this.#tickDueLocalMs = null;
      this.#handle({ type: "tick" });
    });
  }

  #tell(event: SwarmEvent): void {
    // Who hears of a finished file asks for its state at once.
    this.#signals.show();
    for (const listener of this.#listeners) listener(event);
  }
}
