// The file swarm of one stay: the shell around the pure core. Owns the mesh, the hasher and the store, runs what the core
// wants done, and shows its state as signals. Local ms. Does not know what a file means, only its size and content.

import { type Signal as Cell, type ReadonlySignal, signal } from "@preact/signals-core";
import { type Bytes, type Clock, FileError, type FileId, type Random, type UserId } from "../lib/index.ts";
import type { Effect, TransferEvent } from "./core.ts";
import { CtlInbox, encodeCtl } from "./ctl.ts";
import { parseChunk } from "./frames.ts";
import { type Hasher, openHasher } from "./hash.ts";
import {
  fileIdOf,
  MAX_FILE_BYTES,
  type Manifest,
  makeManifest,
  pieceCountOf,
  pieceLengthOf,
  pieceSizeOf,
} from "./manifest.ts";
import { Mesh } from "./mesh.ts";
import type { Signal } from "./signal.ts";
import type { FileState, LinkState, SwarmEvent, Totals } from "./state.ts";
import type { PieceStore } from "./store.ts";
import { neighboursOf } from "./topology.ts";
import { Transfer } from "./transfer.ts";
import type { Upload } from "./uploads.ts";

export interface SwarmOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly me: UserId;
  readonly store: PieceStore;
  /** Brings a signal to another peer, sealed, in order. */
  sendSignal(to: UserId, signal: Signal): void;
  /** Asked anew for every connection: credentials expire. */
  iceServers: () => RTCIceServer[];
  readonly isPhone?: boolean;
  /** Whether a file note makes sense: who sends one that does not is dropped. The same on every peer. */
  acceptsNote?(note: Bytes): boolean;
  /** For tests; the browser's own when absent. */
  createConnection?(configuration: RTCConfiguration): RTCPeerConnection;
  /** For tests; a Worker when absent. */
  readonly hasher?: Hasher;
}

/** What a `File` has that matters here. */
export interface NamedBlob {
  readonly name: string;
  readonly blob: Blob;
}

/** State is shown at most this often: a screen that paints every chunk starves the sound on a cheap phone. */
const SHOW_PERIOD_MS = 100;

/** What belongs to one open link: its numbering starts anew with each. */
interface Conversation {
  readonly inbox: CtlInbox;
  nextSeq: number;
}

export class Swarm {
  readonly #options: SwarmOptions;
  readonly #transfer: Transfer;
  readonly #mesh: Mesh;
  readonly #hasher: Hasher;
  readonly #conversations = new Map<UserId, Conversation>();
  readonly #opened = new Map<FileId, Promise<void>>();
  readonly #listeners = new Set<(event: SwarmEvent) => void>();
  readonly #files: Cell<readonly FileState[]> = signal([]);
  readonly #links: Cell<ReadonlyMap<UserId, LinkState>> = signal(new Map());
  readonly #totals: Cell<Totals>;
  readonly #pending: TransferEvent[] = [];
  #isRunning = false;
  #adding: Promise<unknown> = Promise.resolve();
  #tick: { readonly dueLocalMs: number; readonly cancel: () => void } | null = null;
  #cancelShow: (() => void) | null = null;
  #shownLocalMs = Number.NEGATIVE_INFINITY;
  #closing: Promise<void> | null = null;

  constructor(options: SwarmOptions) {
    const { clock, random, me, store, iceServers, createConnection } = options;
    this.#options = options;
    this.#hasher = options.hasher ?? openHasher();
    this.#transfer = new Transfer({
      me,
      random,
      capacityBytes: store.capacityBytes,
      isPhone: options.isPhone ?? false,
      acceptsNote: (note) => options.acceptsNote?.(note) ?? true,
    });
    this.#totals = signal(this.#transfer.totals());
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
        this.#handle({ type: "link-closed", peer });
      },
      onCtl: (peer, data) => this.#takeCtl(peer, data),
      onBulk: (peer, data) => this.#takeBulk(peer, data),
      onChange: () => this.#showSoon(),
      ...(createConnection && { createConnection }),
    });
  }

  /** All known files, by name; the same order on every device. */
  get files(): ReadonlySignal<readonly FileState[]> {
    return this.#files;
  }

  get links(): ReadonlySignal<ReadonlyMap<UserId, LinkState>> {
    return this.#links;
  }

  get totals(): ReadonlySignal<Totals> {
    return this.#totals;
  }

  /** Returns the function that ends it. */
  onEvent(listener: (event: SwarmEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Offers a file: hashes it, keeps a copy of it in the store, lists it to everyone. Equal content has one id, whoever adds
   * it. Rejects FileError file-empty, file-too-large, file-too-many (a fourth enabled file of mine), storage-full,
   * file-unreadable (it changed or vanished while being read).
   */
  addFile(file: File | NamedBlob): Promise<FileId> {
    const blob = "blob" in file ? file.blob : file;
    const added = this.#adding.then(() => this.#addBlob(file.name, blob));
    this.#adding = added.catch(() => undefined); // one after the other; each caller hears of its own
    return added;
  }

  setEnabled(fileId: FileId, isEnabled: boolean): void {
    this.#handle({ type: "enabled-set", fileId, isEnabled });
  }

  /** The playing or prepared file goes before all others, in fetching and in serving. */
  prioritize(fileId: FileId | null): void {
    this.#handle({ type: "prioritized", fileId });
  }

  /**
   * Proposes an opaque note for a file, 1 byte to 20 KiB (RangeError otherwise). All peers end up with the lexicographically
   * smallest one anyone proposed, so the note that stays may be another's: ask `noteOf` after each event `file-note`.
   */
  setNote(fileId: FileId, note: Bytes): void {
    this.#handle({ type: "note-set", fileId, note });
  }

  /** Not to be altered; null while none is known. */
  noteOf(fileId: FileId): Bytes | null {
    return this.#transfer.noteOf(fileId);
  }

  /** The whole content. Rejects FileError file-unreadable while it is not fully held. */
  async readFile(fileId: FileId): Promise<Bytes> {
    const manifest = this.#transfer.manifestOf(fileId);
    if (!manifest || !this.#transfer.isComplete(fileId))
      throw new FileError("file-unreadable", "not fully held");
    const whole = new Uint8Array(manifest.sizeBytes);
    for (let piece = 0; piece < pieceCountOf(manifest.sizeBytes); piece++) {
      whole.set(await this.#options.store.read(fileId, piece), piece * manifest.pieceLength);
    }
    return whole;
  }

  /** The links follow this list. The connection to an away member is kept, but none is made. */
  setMembers(members: readonly { readonly userId: UserId; readonly away: boolean }[]): void {
    const awayOf = new Map(members.map(({ userId, away }) => [userId, away]));
    const neighbours = neighboursOf(this.#options.me, awayOf.keys());
    this.#mesh.setNeighbours(
      new Map([...neighbours].map((userId) => [userId, { isAway: awayOf.get(userId) ?? false }])),
    );
  }

  receiveSignal(from: UserId, received: Signal): void {
    this.#mesh.receive(from, received);
  }

  /** Closes all links and wipes the store; idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const peer of this.#conversations.keys()) this.#sendCtl(peer, { type: "bye", reason: "left" });
    this.#mesh.close();
    this.#tick?.cancel();
    this.#cancelShow?.();
    this.#hasher.close();
    this.#listeners.clear();
    await this.#adding;
    await this.#options.store.wipe();
  }

  async #addBlob(name: string, blob: Blob): Promise<FileId> {
    if (blob.size === 0) throw new FileError("file-empty", name);
    if (blob.size > MAX_FILE_BYTES) throw new FileError("file-too-large", `${blob.size} bytes`);
    const manifest = await this.#manifestOf(blob);
    const fileId = fileIdOf(manifest);
    if (!this.#transfer.canOffer(fileId)) throw new FileError("file-too-many", name);
    if (!this.#transfer.hasRoomFor(fileId, blob.size))
      throw new FileError("storage-full", `${blob.size} bytes`);
    if (!this.#transfer.isComplete(fileId)) {
      await this.#copyToStore(fileId, manifest, blob).catch(async (cause: unknown) => {
        if (!this.#transfer.manifestOf(fileId)) await this.#dropFromStore(fileId);
        throw cause;
      });
    }
    if (this.#closing) throw new FileError("file-unreadable", "the swarm was left meanwhile");
    this.#handle({ type: "file-added", fileId, manifest, name });
    this.#show();
    return fileId;
  }

  async #manifestOf(blob: Blob): Promise<Manifest> {
    const hashes: Uint8Array[] = [];
    for (let piece = 0; piece < pieceCountOf(blob.size); piece++) {
      const { hash } = await this.#hasher.digest(await readPiece(blob, piece));
      hashes.push(hash);
    }
    return makeManifest(blob.size, hashes);
  }

  /** Reads the file a second time, so that never more than a piece of it is in memory; checks that it is still the same. */
  async #copyToStore(fileId: FileId, manifest: Manifest, blob: Blob): Promise<void> {
    await this.#openInStore(fileId, blob.size);
    for (let piece = 0; piece < pieceCountOf(blob.size); piece++) {
      const { hash, bytes } = await this.#hasher.digest(await readPiece(blob, piece));
      if (!isEqual(hash, manifest.sha256.subarray(piece * hash.length, (piece + 1) * hash.length))) {
        throw new FileError("file-unreadable", "the file changed while it was being read");
      }
      await this.#options.store.write(fileId, piece, bytes);
    }
  }

  #openInStore(fileId: FileId, sizeBytes: number): Promise<void> {
    const opened =
      this.#opened.get(fileId) ??
      this.#options.store.open(fileId, { sizeBytes, pieceLength: pieceLengthOf(sizeBytes) });
    this.#opened.set(fileId, opened);
    return opened;
  }

  #dropFromStore(fileId: FileId): Promise<void> {
    this.#opened.delete(fileId);
    return this.#options.store.drop(fileId);
  }

  #takeCtl(peer: UserId, data: unknown): void {
    const messages = this.#conversations.get(peer)?.inbox.take(data, this.#options.clock.nowMs()) ?? [];
    if (typeof messages === "string") this.#dropPeer(peer, messages);
    else for (const message of messages) this.#handle({ type: "ctl", peer, message });
  }

  #takeBulk(peer: UserId, data: unknown): void {
    let chunk: ReturnType<typeof parseChunk>;
    try {
      chunk = parseChunk(data);
    } catch {
      this.#dropPeer(peer, "malformed");
      return;
    }
    this.#handle({ type: "chunk", peer, chunk });
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
    this.#showSoon();
  }

  #perform(effect: Effect): void {
    const { store } = this.#options;
    switch (effect.type) {
      case "send-ctl":
        this.#sendCtl(effect.peer, effect.message);
        return;
      case "read-piece": {
        const { peer, upload } = effect;
        store.read(upload.fileId, upload.piece).then(
          (bytes) => this.#handle({ type: "piece-read", peer, upload, bytes }),
          () => this.#handle({ type: "piece-unreadable", peer, upload }),
        );
        return;
      }
      case "send-piece": {
        const { peer, upload, slot, bytes } = effect;
        const conversation = this.#conversations.get(peer);
        this.#mesh.sendPiece(peer, slot, upload.piece, bytes, () => this.#sent(peer, upload, conversation));
        return;
      }
      case "open-file":
        this.#openInStore(effect.fileId, effect.sizeBytes).catch(() => undefined); // the first write will say so
        return;
      case "keep":
        this.#keep(effect).catch(() => {
          this.#handle({ type: "piece-lost", fileId: effect.fileId, piece: effect.piece });
        });
        return;
      case "forget-file":
        this.#dropFromStore(effect.fileId).catch(() => undefined); // what stays is wiped on leave
        return;
      case "drop-peer":
        this.#sendCtl(effect.peer, { type: "bye", reason: effect.reason });
        this.#mesh.drop(effect.peer, effect.isForGood);
        return;
      case "tell":
        this.#tell(effect.event);
        return;
    }
  }

  #sent(peer: UserId, upload: Upload, conversation: Conversation | undefined): void {
    if (this.#conversations.get(peer) === conversation) this.#handle({ type: "piece-sent", peer, upload });
  }

  async #keep({ peer, fileId, piece, bytes, sha256 }: Extract<Effect, { type: "keep" }>): Promise<void> {
    const hashed = await this.#hasher.digest(bytes);
    if (!isEqual(hashed.hash, sha256)) {
      this.#handle({ type: "piece-bad", peer, fileId, piece });
      return;
    }
    try {
      await this.#opened.get(fileId);
      await this.#options.store.write(fileId, piece, hashed.bytes);
    } catch {
      this.#handle({ type: "piece-unstored", fileId, piece });
      return;
    }
    this.#handle({ type: "piece-kept", fileId, piece });
  }

  #sendCtl(peer: UserId, message: Parameters<typeof encodeCtl>[0]): void {
    const conversation = this.#conversations.get(peer);
    if (conversation) this.#mesh.sendCtl(peer, encodeCtl(message, conversation.nextSeq++));
  }

  /** One tick at a time, and sooner when the core has become busy since. */
  #scheduleTick(): void {
    const { tickInMs } = this.#transfer;
    if (tickInMs === null || this.#closing) return;
    const dueLocalMs = this.#options.clock.nowMs() + tickInMs;
    if (this.#tick && this.#tick.dueLocalMs <= dueLocalMs) return;
    this.#tick?.cancel();
    const cancel = this.#options.clock.after(tickInMs, () => {
      this.#tick = null;
      this.#handle({ type: "tick" });
    });
    this.#tick = { dueLocalMs, cancel };
  }

  #tell(event: SwarmEvent): void {
    // Who hears of a finished file asks for its state at once.
    this.#show();
    for (const listener of this.#listeners) listener(event);
  }

  #showSoon(): void {
    if (this.#cancelShow || this.#closing) return;
    const waitMs = this.#shownLocalMs + SHOW_PERIOD_MS - this.#options.clock.nowMs();
    this.#cancelShow = this.#options.clock.after(Math.max(0, waitMs), () => this.#show());
  }

  #show(): void {
    this.#cancelShow?.();
    this.#cancelShow = null;
    this.#shownLocalMs = this.#options.clock.nowMs();
    // Only what changed is shown as changed: every new value makes someone paint.
    const files = this.#transfer.files();
    if (!isSamePlain(files, this.#files.value)) this.#files.value = files;
    const links = this.#mesh.states((peer) => this.#transfer.rttMsOf(peer));
    if (!isSamePlain([...links.values()], [...this.#links.value.values()])) this.#links.value = links;
    const totals = this.#transfer.totals();
    if (!isSamePlain(totals, this.#totals.value)) this.#totals.value = totals;
  }
}

async function readPiece(blob: Blob, piece: number): Promise<Bytes> {
  const start = piece * pieceLengthOf(blob.size);
  try {
    return new Uint8Array(await blob.slice(start, start + pieceSizeOf(blob.size, piece)).arrayBuffer());
  } catch (cause) {
    throw new FileError("file-unreadable", `piece ${piece}`, { cause });
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** For plain data with the same order of keys. */
const isSamePlain = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
