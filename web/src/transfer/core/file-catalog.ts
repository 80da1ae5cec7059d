// All files this device knows of, and what it decides about them: enabled or not, within the budget or not, in what order to
// fetch. A file is known while a neighbour lists it or this device holds a piece of it. Knows no clock.

import { type FileId, rememberOf, type UserId } from "../../lib/index.ts";
import { MAX_CATALOG_CHARS, MAX_LISTED_FILES, MAX_OWN_FILES } from "../../protocol/constants/transfer.gen.ts";
import type { ListedFile } from "./ctl.ts";
import type { Draft } from "./draft.ts";
import { cleanFileName } from "./file-name.ts";
import { KnownFile } from "./known-file.ts";
import { HASH_BYTES, type Manifest } from "./manifest.ts";
import { needRankOf, playedRankOf } from "./needs.ts";
import type { Neighbour } from "./neighbour.ts";
import type { KeptFile } from "./resume-state.ts";
import { Room, type RoomContext } from "./room-budget.ts";
import type { FileState } from "./state.ts";

/** As many as one catalog may list: what is held must fit into one's own. */
export const MAX_KNOWN_FILES = MAX_LISTED_FILES;
/** Slots are 16 bits on the wire. */
const SLOTS = 0x10000;

export class FileCatalog {
  readonly #files = new Map<FileId, KnownFile>();
  /** Kept beyond the file's own life: what was switched off stays off when it comes back. */
  readonly #disabled = new Set<FileId>();
  /** Only what this device lists has a slot. The one unused for longest is next, so late data of a former file finds it free. */
  nextSlot = 0;
  /** What drafts turned out to be, beyond their own lives: a person may have tapped on one. */
  readonly #finals = new Map<FileId, FileId>();
  #epochs = 0;
  readonly room: Room;

  constructor(
    readonly me: UserId,
    capacityBytes: number,
  ) {
    this.room = new Room(this.#files, capacityBytes);
  }

  get isFull(): boolean {
    let settled = 0;
    for (const file of this.#files.values()) if (file.isSettled) settled += 1;
    return this.#files.size - settled >= MAX_KNOWN_FILES;
  }

  /** The file that a draft turned out to be; the id itself where it is no draft, or one that is still being read. */
  finalOf(fileId: FileId): FileId {
    return this.#finals.get(fileId) ?? fileId;
  }

  recordFinal(draftId: FileId, fileId: FileId): void {
    rememberOf(this.#finals, draftId, fileId, MAX_KNOWN_FILES);
  }

  /** A file that is still being read: by me, or by the neighbour `draft.owner`. */
  addDraft(draftId: FileId, sizeBytes: number, name: string, draft: Draft): KnownFile {
    const isMine = draft.owner === this.me;
    const file = this.#learn(draftId, sizeBytes, cleanFileName(name), isMine ? null : draft.owner);
    file.draft = draft;
    const hashes = new Uint8Array(file.pieceCount * HASH_BYTES);
    file.adopt({ v: 1, sizeBytes, pieceLength: file.pieceLength, sha256: hashes });
    if (!isMine) return file;
    file.isMine = true;
    file.myName = cleanFileName(name);
    this.commit(file, null);
    return file;
  }

  /** The file that a draft turned out to be, with what the draft's row showed. */
  addFinal(fileId: FileId, draft: KnownFile, manifest: Manifest): KnownFile {
    const known = this.#files.get(fileId);
    const file = this.#learn(fileId, manifest.sizeBytes, known ? "" : draft.lastName, draft.sponsor);
    file.adopt(manifest);
    if (!known) file.draftId = draft.fileId;
    if (!draft.isEnabled) this.setEnabled(file, false);
    return file;
  }

  remove(file: KnownFile): void {
    this.#files.delete(file.fileId);
  }

  /** The budget counts the file from now on, and answers of the store to anything before are void. */
  commit(file: KnownFile, openingSinceLocalMs: number | null): void {
    file.isCommitted = true;
    file.lacksRoom = false;
    file.isOpen = openingSinceLocalMs === null;
    file.openingSinceLocalMs = openingSinceLocalMs;
    file.epoch = ++this.#epochs;
  }

  get(fileId: FileId): KnownFile | undefined {
    return this.#files.get(fileId);
  }

  all(): IterableIterator<KnownFile> {
    return this.#files.values();
  }

  /** Whether one more file of my own may be offered; a file already offered by me always may. */
  canOffer(fileId: FileId): boolean {
    let others = 0;
    for (const file of this.#files.values()) {
      if (file.isMine && file.isEnabled && file.fileId !== fileId && !file.isSettled) others += 1;
    }
    return others < MAX_OWN_FILES;
  }

  addMine(fileId: FileId, manifest: Manifest, name: string): KnownFile {
    const file = this.#learn(fileId, manifest.sizeBytes, cleanFileName(name));
    file.adopt(manifest);
    file.isMine = true;
    this.commit(file, null);
    file.myName = cleanFileName(name);
    this.setEnabled(file, true);
    for (let piece = 0; piece < file.pieceCount; piece++) file.markHeld(piece);
    return file;
  }

  /** Takes up a file of the page before this one. Of what is switched off and not held only that is remembered. */
  restore(kept: KeptFile, pieces: readonly number[]): KnownFile | null {
    const { fileId, manifest, name, isMine, isEnabled } = kept;
    const known = this.#files.get(fileId);
    if (!isEnabled) this.#switchOff(fileId);
    if (known && !isEnabled) known.isEnabled = false;
    if (pieces.length === 0 || (!known && this.isFull)) return null;
    const file = this.#learn(fileId, manifest.sizeBytes, name);
    file.adopt(manifest);
    // A neighbour may have listed it meanwhile, and the store may still be asked about it: those answers stay good.
    if (!file.isCommitted) this.commit(file, null);
    for (const piece of pieces) file.markHeld(piece);
    file.isMine = isMine && file.isComplete;
    if (file.isMine) file.myName = name;
    return file;
  }

  /** What `restore` needs of every file of which something is held, or which is switched off. */
  kept(neighbours: ReadonlyMap<UserId, Neighbour>): KeptFile[] {
    return [...this.#files.values()].flatMap((file) => {
      const { fileId, manifest, isMine, isEnabled, annotations, draft } = file;
      if (!manifest || draft || (isEnabled && file.held.setCount === 0)) return [];
      return [{ fileId, manifest, name: this.nameOf(file, neighbours), isMine, isEnabled, ...annotations }];
    });
  }

  learnFrom(entry: ListedFile, sponsor: UserId): KnownFile {
    return this.#learn(entry.fileId, entry.sizeBytes, cleanFileName(entry.name), sponsor);
  }

  setEnabled(file: KnownFile, isEnabled: boolean): void {
    file.isEnabled = isEnabled;
    file.retryLocalMs = null;
    if (isEnabled) this.#disabled.delete(file.fileId);
    else this.#switchOff(file.fileId);
    if (!isEnabled && file.held.setCount === 0 && file.checking.size === 0) file.letGo();
  }

  /**
   * Drops files that nobody lists and of which nothing is held. Returns them. Whoever lists a draft lists what it turned out to be: its
   * owner's next catalog is on its way, and so are pieces.
   */
  prune(neighbours: Iterable<Neighbour>): KnownFile[] {
    const lists = [...neighbours].map((neighbour) => neighbour.listing);
    const finals = new Set(lists.flatMap((listing) => [...listing.keys()].map((id) => this.finalOf(id))));
    const gone: KnownFile[] = [];
    for (const file of this.#files.values()) {
      const entries = lists.flatMap((listing) => listing.get(file.fileId) ?? []);
      // Without a manifest the size is only a claim: when who made it is gone, another's claim counts.
      if (!file.manifest && entries[0] && !entries.some((entry) => entry.sizeBytes === file.sizeBytes)) {
        file.resize(entries[0].sizeBytes);
      }
      const isListed = entries.length > 0 || finals.has(file.fileId);
      if (isListed || file.held.setCount > 0 || file.checking.size > 0) continue;
      if (file.draft && file.isMine) continue; // its first piece is being read
      this.#files.delete(file.fileId);
      gone.push(file);
    }
    return gone;
  }

  /** What this device offers: every enabled file of which it holds a piece, as far as one message goes. */
  catalog(): ListedFile[] {
    const offered = [...this.#files.values()].filter(
      (file) =>
        file.isEnabled && !file.isSettled && (file.held.setCount > 0 || (file.isMine && file.isGrowing)),
    );
    offered.sort((a, b) => Number(b.isMine) - Number(a.isMine));
    const listed: ListedFile[] = [];
    let chars = 0;
    for (const file of offered.slice(0, MAX_LISTED_FILES)) {
      const entry = {
        slot: this.#slotOf(file),
        fileId: file.fileId,
        name: file.myName ?? file.lastName,
        sizeBytes: file.sizeBytes,
        pieceLength: file.pieceLength,
        isOwn: file.isMine,
        isWhole: file.isComplete,
        ...(file.draft && { draft: file.draft.nonce }),
      };
      chars += JSON.stringify(entry).length + 1;
      if (chars > MAX_CATALOG_CHARS) break;
      listed.push(entry);
    }
    return listed;
  }

  /**
   * Enabled files that are incomplete: the preferred one, those that are needed in their order, those chosen before, the latest
   * choice first, then in the order they became known; what has played comes last where it is known what comes next.
   */
  toFetch({ preferred, needs, choices }: Pick<RoomContext, "preferred" | "needs" | "choices">): KnownFile[] {
    const wanted = [...this.#files.values()].filter(
      (file) => file.isEnabled && !file.isComplete && !file.isSettled && !(file.isMine && file.isGrowing),
    );
    const rankOf = ({ fileId }: KnownFile): number => {
      if (fileId === preferred) return -1;
      const need = needRankOf(fileId, needs);
      if (need !== Number.POSITIVE_INFINITY) return need;
      if (needs.needed.length > 0 && playedRankOf(fileId, needs) >= 0) return 1e6;
      const choice = choices.indexOf(fileId);
      return 1e3 + (choice < 0 ? choices.length : choice);
    };
    const ranked = wanted.map((file) => ({ file, rank: rankOf(file) }));
    return ranked.sort((a, b) => a.rank - b.rank).map(({ file }) => file);
  }

  /** The files for people, by name, the same order on every device. */
  states(context: RoomContext): FileState[] {
    const shown = [...this.#files.values()].filter((file) => !file.isSettled);
    const states = shown.map((file) => this.#stateOf(file, context));
    return states.sort((a, b) => compareText(a.name, b.name) || compareText(a.fileId, b.fileId));
  }

  #stateOf(file: KnownFile, context: RoomContext): FileState {
    const { neighbours } = context;
    const owners = this.#ownersOf(file, neighbours);
    const sources = new Set<UserId>();
    for (const { sources: asked } of file.inFlight.values()) for (const peer of asked) sources.add(peer);
    let rateBytesPerSec = 0;
    for (const peer of sources) rateBytesPerSec += neighbours.get(peer)?.source.rateBytesPerSec ?? 0;
    const draftId = file.isGrowing ? file.fileId : file.draftId;
    const missingBytes = file.sizeBytes - file.heldBytes;
    const isWholeSomewhere = file.isComplete || isWholeAtOneOf(file, neighbours.values());
    if (isWholeSomewhere) file.wasWholeSomewhere = true;
    return {
      fileId: file.fileId,
      ...(draftId && { draftId }),
      name: this.nameOf(file, neighbours),
      sizeBytes: file.sizeBytes,
      heldBytes: file.heldBytes,
      seeded: file.isComplete,
      isWholeSomewhere,
      hasLostWhole: file.wasWholeSomewhere && !isWholeSomewhere,
      enabled: file.isEnabled,
      offeredBy: owners,
      sources: [...sources].sort(),
      remainingSec: sources.size > 0 && rateBytesPerSec > 0 ? missingBytes / rateBytesPerSec : null,
      isOverBudget:
        file.isEnabled &&
        !file.isComplete &&
        (file.isUnstorable || file.lacksRoom || !this.#fits(file, context)),
    };
  }

  /** Whether it has room, or what is needed less makes way for it. */
  #fits({ fileId, sizeBytes, isCommitted }: KnownFile, context: RoomContext): boolean {
    return (
      this.room.hasRoomFor(fileId, sizeBytes) ||
      (!isCommitted && this.room.whatMakesWay(fileId, sizeBytes, context) !== null)
    );
  }

  /** The name its first owner (lowest user id) gave it, so that all devices show the same; else the last one heard. */
  nameOf(file: KnownFile, neighbours: ReadonlyMap<UserId, Neighbour>): string {
    const [first] = this.#ownersOf(file, neighbours);
    const ownName = first === this.me ? file.myName : null;
    const theirName = first && neighbours.get(first)?.listing.get(file.fileId)?.name;
    const name = ownName || (theirName && cleanFileName(theirName)) || file.myName || file.lastName;
    return name || file.fileId.slice(0, 8);
  }

  #ownersOf(file: KnownFile, neighbours: ReadonlyMap<UserId, Neighbour>): UserId[] {
    const owners = file.isMine && file.isEnabled ? [this.me] : [];
    for (const neighbour of neighbours.values()) {
      if (neighbour.listing.get(file.fileId)?.isOwn) owners.push(neighbour.userId);
    }
    return owners.sort();
  }

  #slotOf(file: KnownFile): number {
    if (file.slot === null) {
      const taken = new Set([...this.#files.values()].map(({ slot }) => slot));
      while (taken.has(this.nextSlot)) this.nextSlot = (this.nextSlot + 1) % SLOTS;
      file.slot = this.nextSlot;
      this.nextSlot = (this.nextSlot + 1) % SLOTS;
    }
    return file.slot;
  }

  #switchOff(fileId: FileId): void {
    this.#disabled.delete(fileId);
    this.#disabled.add(fileId);
    if (this.#disabled.size <= 2 * MAX_KNOWN_FILES) return;
    for (const oldest of this.#disabled) {
      if (this.#files.has(oldest)) continue;
      this.#disabled.delete(oldest);
      return;
    }
  }

  #learn(fileId: FileId, sizeBytes: number, name: string, sponsor: UserId | null = null): KnownFile {
    let file = this.#files.get(fileId);
    if (!file) {
      file = new KnownFile(fileId, sizeBytes, name, sponsor);
      file.isEnabled = !this.#disabled.has(fileId);
      this.#files.set(fileId, file);
    }
    if (name) file.lastName = name;
    return file;
  }
}

function isWholeAtOneOf({ fileId }: KnownFile, neighbours: Iterable<Neighbour>): boolean {
  for (const { listing } of neighbours) if (listing.get(fileId)?.isWhole) return true;
  return false;
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
