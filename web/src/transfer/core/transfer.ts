// The pure core of the file swarm: it is told events and the local time (ms), and returns what to do. It owns the
// conversation with every neighbour: hellos, catalogs, manifests, who has what, uploads. Fetching is in fetching.ts.
// Rules: (F1) nothing but `hello` is accepted or sent before both hellos; (F2) only enabled files are listed, fetched and
// served; (F3) only verified pieces are served; (F4) bad input ends that one link, with a reason, and touches nobody else.

import type { Bytes, FileId, UserId } from "../../lib/index.ts";
import { CTL_VERSION, HELLO_PATIENCE_MS, LARGE_BULK_BYTES } from "../../protocol/constants/transfer.gen.ts";
import { Annotations } from "./annotations.ts";
import { Catalogs } from "./catalogs.ts";
import type { CoreState, Effect, TransferEvent, TransferOptions } from "./core.ts";
import type { CtlMessage, DropReason } from "./ctl.ts";
import { Drafts } from "./drafts.ts";
import { neglectedPieces } from "./duty.ts";
import { Fetching } from "./fetching.ts";
import { FileCatalog } from "./file-catalog.ts";
import { HaveAnnouncements } from "./have-announcements.ts";
import type { Manifest } from "./manifest.ts";
import { limited, type Needs, NO_NEEDS } from "./needs.ts";
import { Neighbour } from "./neighbour.ts";
import { pieceMapsOf } from "./piece-map.ts";
import { Pings, QUICK_PING_PERIOD_MS } from "./pings.ts";
import type { KeptFile } from "./resume-state.ts";
import { Seeding } from "./seeding.ts";
import { Serving } from "./serving.ts";
import type { FileState, Totals } from "./state.ts";
import { Urgency } from "./urgency.ts";

/** While something is owed or pending; also how late a timeout may be noticed. */
const BUSY_TICK_MS = 100;
const IDLE_TICK_MS = 1_000;
/** What was chosen so many songs ago is as good as never chosen. */
const MAX_CHOICES = 64;

export class Transfer {
  readonly #core: CoreState;
  readonly #fetching: Fetching;
  readonly #seeding: Seeding;
  readonly #serving: Serving;
  readonly #catalogs: Catalogs;
  readonly #drafts: Drafts;
  readonly #annotations: Annotations;
  readonly #indexes: Annotations;
  readonly #haveAnnouncements: HaveAnnouncements;
  readonly #pings: Pings;
  #effects: Effect[] = [];
  readonly pieceMaps = () => pieceMapsOf(this.#core);

  constructor(options: TransferOptions) {
    this.#core = {
      me: options.me,
      random: options.random,
      fileCatalog: new FileCatalog(options.me, options.capacityBytes),
      neighbours: new Map(),
      banned: new Set(),
      endedDrafts: new Set(),
      counts: { sentBytes: 0, receivedBytes: 0, duplicateBytes: 0, badPieces: 0 },
      preferred: null,
      choices: [],
      needs: NO_NEEDS,
      urgency: new Urgency(),
      isCatalogStale: false,
      isCatalogUrgent: false,
      perform: (effect) => this.#effects.push(effect),
    };
    this.#fetching = new Fetching(this.#core, options.isPhone ?? false);
    this.#seeding = new Seeding(this.#core);
    this.#serving = new Serving(this.#core, this.#seeding, options.paceBytesPerSec ?? (() => 0));
    this.#catalogs = new Catalogs(this.#core, this.#fetching, this.#seeding);
    this.#drafts = new Drafts(this.#core, this.#fetching, this.#seeding, this.#catalogs);
    this.#haveAnnouncements = new HaveAnnouncements(this.#core);
    this.#pings = new Pings(this.#core);
    this.#annotations = new Annotations(this.#core, "annotation", options.acceptsAnnotation ?? (() => true));
    this.#indexes = new Annotations(this.#core, "index", options.acceptsIndex ?? (() => true));
  }

  /** Comparing: a start is being prepared, or clocks disagree, and they are compared more often. */
  setPlaying(isPlaying: boolean, isComparing: boolean): void {
    Object.assign(this.#pings, { isPlaying, isComparing });
  }

  files(): FileState[] {
    return this.#core.fileCatalog.states(this.#core);
  }

  totals(): Totals {
    return { ...this.#core.counts, links: this.#core.neighbours.size };
  }

  rttMsOf(peer: UserId): number | null {
    return this.#core.neighbours.get(peer)?.source.rttMs ?? null;
  }

  /** Whether pieces go to or come from this peer right now. */
  isFlowing(peer: UserId): boolean {
    const neighbour = this.#core.neighbours.get(peer);
    return neighbour !== undefined && (neighbour.source.liveCount > 0 || !neighbour.uploads.isEmpty);
  }

  canOffer(fileId: FileId): boolean {
    return this.#core.fileCatalog.canOffer(fileId);
  }

  /** The file that a draft turned out to be; the id itself where there is no other, or none yet. */
  finalOf(fileId: FileId): FileId {
    return this.#core.fileCatalog.finalOf(fileId);
  }

  hasRoomFor(fileId: FileId, sizeBytes: number): boolean {
    return this.#core.fileCatalog.room.hasRoomFor(fileId, sizeBytes);
  }

  isComplete(fileId: FileId): boolean {
    return this.#core.fileCatalog.get(fileId)?.isComplete ?? false;
  }

  manifestOf(fileId: FileId): Manifest | null {
    return this.#core.fileCatalog.get(fileId)?.manifest ?? null;
  }

  /** For the page that a reload brings: an event `file-restored` for each. */
  kept(): KeptFile[] {
    return this.#core.fileCatalog.kept(this.#core.neighbours);
  }

  /** For tests: what nobody works on although somebody could (duty.ts). */
  neglected(localMs: number): { fileId: FileId; piece: number }[] {
    return neglectedPieces(this.#core, localMs);
  }

  /** For tests: how many things this device keeps because neighbours said them. */
  get keptCount(): number {
    let count = this.#core.banned.size + [...this.#core.fileCatalog.all()].length;
    for (const neighbour of this.#core.neighbours.values()) count += neighbour.keptCount;
    return count;
  }

  /** For tests: as if so many files had been listed. */
  startSlotsAt(slot: number): void {
    this.#core.fileCatalog.nextSlot = slot;
  }

  annotationOf(fileId: FileId): Bytes | null {
    return this.#annotations.of(fileId);
  }

  indexOf(fileId: FileId): Bytes | null {
    return this.#indexes.of(fileId);
  }

  /** Whether these bytes of a file are held, one at least. */
  holds(fileId: FileId, fromByte: number, toByte: number): boolean {
    return this.#core.fileCatalog.get(fileId)?.holds(fromByte, toByte) ?? false;
  }

  /** How long until the next tick is worth having, ms; null while alone with nothing that ends by itself. */
  get tickInMs(): number | null {
    const neighbours = [...this.#core.neighbours.values()];
    if (neighbours.length === 0) return this.#drafts.areEnding ? IDLE_TICK_MS : null;
    const isGiving = neighbours.some(({ uploads }) => !uploads.isEmpty);
    if (isGiving && this.#pings.isQuick) return QUICK_PING_PERIOD_MS;
    const isBusy =
      isGiving ||
      this.#fetching.isWaiting ||
      this.#annotations.hasPending ||
      this.#indexes.hasPending ||
      neighbours.some(({ pendingHaves }) => pendingHaves.size > 0) ||
      this.#core.isCatalogStale ||
      this.#core.isCatalogUrgent ||
      this.#drafts.hasPending;
    return isBusy ? BUSY_TICK_MS : IDLE_TICK_MS;
  }

  handle(event: TransferEvent, localMs: number): readonly Effect[] {
    this.#effects = [];
    this.#take(event, localMs);
    this.#catalogs.sendStale(localMs);
    this.#drafts.send(localMs);
    this.#haveAnnouncements.send(localMs);
    this.#annotations.send(localMs);
    this.#indexes.send(localMs);
    return this.#effects;
  }

  #take(event: TransferEvent, localMs: number): void {
    const { neighbours } = this.#core;
    switch (event.type) {
      case "link-opened":
        this.#closeLink(event.peer, localMs); // one that was never reported closed owes nothing any more
        neighbours.set(event.peer, new Neighbour(event.peer, localMs, this.#core.banned.has(event.peer)));
        this.#send(event.peer, { type: "hello", v: CTL_VERSION, proof: "", bulkBytes: LARGE_BULK_BYTES });
        return;
      case "link-closed":
        this.#closeLink(event.peer, localMs);
        return;
      case "ctl": {
        const neighbour = neighbours.get(event.peer);
        const reason = neighbour && this.#takeCtl(neighbour, event.message, localMs);
        if (neighbour && reason) this.#drop(neighbour, reason, localMs);
        return;
      }
      case "chunks":
        this.#fetching.takeChunks(event.peer, this.#drafts.follow(event), localMs);
        return;
      case "chunk-unexpected": {
        const neighbour = neighbours.get(event.peer);
        const reason = neighbour && this.#fetching.takeUnexpected(neighbour, event.slot, event.piece);
        if (neighbour && reason) this.#drop(neighbour, reason, localMs);
        return;
      }
      case "piece-sent":
        this.#serving.takeSent(event.peer, event.upload, localMs);
        return;
      case "piece-read":
        this.#serving.takeRead(event.peer, event.upload, event.sizeBytes);
        return;
      case "piece-unreadable":
        this.#serving.takeUnreadable(event.peer, event.upload, localMs);
        return;
      case "piece-kept":
      case "piece-bad":
      case "piece-unstored":
      case "piece-lost":
        this.#fetching.takeOutcome(this.#drafts.follow(event), localMs);
        return;
      case "file-opened":
        this.#fetching.takeOpened(event.fileId, event.pieces, event.epoch, localMs);
        return;
      case "file-unopened":
        this.#fetching.takeUnstored(event.fileId, -1, event.epoch, localMs);
        return;
      case "room-wanted":
        this.#fetching.makeRoom(event.fileId, event.sizeBytes);
        return;
      case "file-added":
        this.#drafts.addMine(event.fileId, event.manifest, event.name, event.draftId ?? null, localMs);
        return;
      case "draft-begun":
        this.#drafts.begin(event.draftId, event.nonce, event.name, event.sizeBytes, localMs);
        return;
      case "draft-piece":
        this.#drafts.addPiece(event.draftId, event.piece, event.sha256, localMs);
        return;
      case "draft-ended":
        this.#drafts.end(event.draftId);
        return;
      case "file-unadopted":
        this.#fetching.takeUnadopted(event.fileId, event.epoch);
        return;
      case "store-renewed":
        this.#fetching.takeRenewed(event.held, localMs);
        return;
      case "file-restored":
        this.#restore(event.file, event.pieces, localMs);
        return;
      case "enabled-set":
        this.#setEnabled(event.fileId, event.isEnabled, localMs);
        return;
      case "annotation-set":
        this.#annotations.set(event.fileId, event.annotation);
        return;
      case "index-set":
        this.#indexes.set(event.fileId, event.index);
        return;
      case "urgent-set":
        if (this.#core.urgency.set(event.fileId, event.pieces)) this.#fetching.schedule(localMs);
        return;
      case "prioritized":
        this.#prioritize(event.fileId, localMs);
        return;
      case "needs-set":
        this.#setNeeds(event, localMs);
        return;
      case "generous-set":
        this.#serving.setGenerous(event.isGenerous, localMs);
        return;
      case "tick":
        this.#tick(localMs);
        return;
      default:
        event satisfies never;
    }
  }

  #takeCtl(neighbour: Neighbour, message: CtlMessage, localMs: number): DropReason | null {
    if (message.type === "hello") return this.#greet(neighbour, message, localMs);
    if (!neighbour.hasSaidHello) return "before-hello"; // F1
    switch (message.type) {
      case "catalog": {
        const reason = this.#catalogs.take(neighbour, message.files, localMs);
        if (!reason) this.#drafts.takeCatalog(neighbour);
        return reason;
      }
      case "manifest-request":
        this.#serving.giveManifest(neighbour, message.fileId);
        return null;
      case "manifest": {
        const { fileId, sizeBytes, sha256 } = message;
        const reason = this.#fetching.takeManifest(neighbour, fileId, sizeBytes, sha256, localMs);
        return reason ?? this.#dropContradictors(fileId, localMs);
      }
      case "draft": {
        const { fileId, fromPiece, sha256 } = message;
        const reason = this.#drafts.takeHashes(neighbour, fileId, fromPiece, sha256, localMs);
        return reason ?? this.#dropContradictors(this.finalOf(fileId), localMs);
      }
      case "annotation":
        return this.#annotations.take(neighbour, message.fileId, message.annotation, localMs);
      case "index":
        return this.#indexes.take(neighbour, message.fileId, message.index, localMs);
      case "bitfield":
        if (!neighbour.takeBitfield(message.fileId, message.pieces)) return "malformed";
        this.#fetching.recount();
        this.#seeding.advance(message.fileId);
        this.#fetching.schedule(localMs);
        return null;
      case "have":
        return this.#takeHave(neighbour, message.fileId, message.pieces, localMs);
      case "request": {
        const { fileId, pieces, isDue = false } = message;
        return this.#serving.takeRequest(neighbour, fileId, pieces, isDue, localMs);
      }
      case "due":
        for (const piece of message.pieces) neighbour.uploads.hasten({ fileId: message.fileId, piece });
        return null;
      case "cancel":
        this.#serving.takeCancel(neighbour, message.fileId, message.pieces);
        return null;
      case "reject":
        this.#fetching.takeReject(neighbour, message.fileId, message.pieces, localMs);
        return null;
      case "ping":
        this.#send(neighbour.userId, { type: "pong", id: message.id });
        return null;
      case "pong":
        this.#pings.take(neighbour, message.id, message.time, localMs);
        return null;
      case "bye":
        return null; // its side closes the connection
      default:
        message satisfies never;
        return null;
    }
  }

  #greet(neighbour: Neighbour, hello: CtlMessage & { type: "hello" }, localMs: number): DropReason | null {
    if (neighbour.hasSaidHello) return "malformed";
    if (hello.v !== CTL_VERSION) return "version";
    neighbour.hasSaidHello = true;
    const { bulkBytes: messageBytes } = hello;
    if (messageBytes) this.#core.perform({ type: "limit-bulk", peer: neighbour.userId, messageBytes });
    this.#pings.ping(neighbour, localMs);
    this.#catalogs.sendTo(neighbour, this.#core.fileCatalog.catalog());
    return null;
  }

  /** Who listed another size than the proven manifest has told an untruth. */
  #dropContradictors(fileId: FileId, localMs: number): null {
    const file = this.#core.fileCatalog.get(fileId);
    for (const neighbour of [...this.#core.neighbours.values()]) {
      const entry = neighbour.listing.get(fileId);
      const isContradicting = file?.manifest && entry && entry.sizeBytes !== file.sizeBytes;
      if (isContradicting) this.#drop(neighbour, "contradiction", localMs);
    }
    return null;
  }

  #takeHave(
    neighbour: Neighbour,
    fileId: FileId,
    pieces: readonly number[],
    localMs: number,
  ): DropReason | null {
    const holding = neighbour.holdings.get(fileId);
    if (!holding) return null; // withdrawn meanwhile, or refused
    const file = this.#core.fileCatalog.get(fileId);
    for (const piece of pieces) {
      if (piece >= holding.length) return "malformed";
      if (!holding.set(piece) || !file || neighbour.isBanned || holding.length !== file.pieceCount) continue;
      file.availability[piece] = (file.availability[piece] ?? 0) + 1;
    }
    this.#seeding.advance(fileId);
    this.#fetching.scheduleFrom(neighbour, localMs);
    return null;
  }

  #restore(kept: KeptFile, pieces: readonly number[], localMs: number): void {
    const file = this.#core.fileCatalog.restore(kept, pieces);
    if (!file) return;
    if (kept.annotation) this.#annotations.set(kept.fileId, kept.annotation);
    if (kept.index) this.#indexes.set(kept.fileId, kept.index);
    this.#fetching.tellAnew(kept.fileId);
    this.#fetching.recount();
    this.#fetching.schedule(localMs);
    if (file.isComplete)
      this.#core.perform({ type: "tell", event: { code: "file-complete", fileId: kept.fileId } });
  }

  #prioritize(fileId: FileId | null, localMs: number): void {
    const { choices } = this.#core;
    this.#core.preferred = fileId;
    const chosen = fileId && this.#core.fileCatalog.get(fileId);
    if (chosen) chosen.retryLocalMs = null; // room may be made for it
    if (fileId)
      this.#core.choices = [fileId, ...choices.filter((other) => other !== fileId)].slice(0, MAX_CHOICES);
    if (fileId) this.#catalogs.learn(fileId);
    this.#fetching.schedule(localMs);
  }

  #setNeeds(needs: Needs, localMs: number): void {
    this.#core.needs = limited(needs);
    for (const fileId of this.#core.needs.needed) this.#catalogs.learn(fileId);
    this.#fetching.schedule(localMs);
  }

  #setEnabled(fileId: FileId, isEnabled: boolean, localMs: number): void {
    const { fileCatalog, neighbours, me } = this.#core;
    const file = fileCatalog.get(fileId);
    if (!file || file.isEnabled === isEnabled) return;
    if (isEnabled && file.isMine && !fileCatalog.canOffer(fileId)) {
      const fileName = fileCatalog.nameOf(file, neighbours);
      this.#core.perform({
        type: "tell",
        event: { code: "file-refused", from: me, error: "file-too-many", fileName },
      });
      return;
    }
    fileCatalog.setEnabled(file, isEnabled);
    this.#fetching.tellAnew(fileId); // off and on again within one catalog: whom it refused may ask again
    if (isEnabled) {
      this.#fetching.schedule(localMs);
      return;
    }
    this.#fetching.cancelFile(file);
    this.#serving.cancelFile(fileId);
    // Its room is for what the store had none for.
    for (const other of fileCatalog.all()) other.retryLocalMs = null;
    this.#fetching.schedule(localMs);
  }

  #tick(localMs: number): void {
    for (const neighbour of [...this.#core.neighbours.values()]) {
      const isMute = !neighbour.hasSaidHello && localMs - neighbour.openedLocalMs > HELLO_PATIENCE_MS;
      if (isMute) this.#drop(neighbour, "no-hello", localMs);
    }
    this.#pings.tick(localMs);
    this.#recover(localMs);
    this.#fetching.schedule(localMs);
    this.#serving.pump(localMs);
  }

  /** Whatever has lasted too long ends here, so that nothing is waited for in vain. */
  #recover(localMs: number): void {
    this.#fetching.checkSilence(localMs);
    this.#fetching.recover(localMs);
    this.#seeding.recover(localMs);
    this.#drafts.recover(localMs);
    const broken = new Set(this.#serving.recover(localMs));
    for (const neighbour of this.#core.neighbours.values())
      if (neighbour.source.isDead(localMs)) broken.add(neighbour);
    for (const neighbour of broken) this.#drop(neighbour, "silent", localMs);
  }

  #closeLink(peer: UserId, localMs: number): void {
    const neighbour = this.#core.neighbours.get(peer);
    if (!neighbour) return;
    this.#core.neighbours.delete(peer);
    this.#fetching.release(neighbour);
    this.#catalogs.prune();
    this.#fetching.recount();
    for (const { fileId } of this.#core.fileCatalog.all()) this.#seeding.advance(fileId);
    this.#fetching.schedule(localMs);
    this.#serving.pump(localMs);
  }

  /** F4. A mere silence may be tried again; an offence may not. */
  #drop(neighbour: Neighbour, reason: DropReason, localMs: number): void {
    const isForGood = reason !== "no-hello" && reason !== "silent";
    this.#core.perform({ type: "drop-peer", peer: neighbour.userId, reason, isForGood });
    if (isForGood) {
      this.#core.perform({ type: "tell", event: { code: "peer-dropped", from: neighbour.userId, reason } });
    }
    this.#closeLink(neighbour.userId, localMs);
  }

  #send(peer: UserId, message: CtlMessage): void {
    this.#core.perform({ type: "send-ctl", peer, message });
  }
}
