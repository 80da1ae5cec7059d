// File notes: one opaque byte string per file that travels beside its manifest and ends up the same on every peer. A note is
// a max-register: of two different ones the lexicographically smaller wins, whoever wrote it and in whatever order they
// come; who has the better one tells each neighbour that has a worse one or none. Local ms. Knows nothing of its meaning.
// Invariants: (1) notes of a file cross a link only while one of its two ends lists the file there, so both know it; (2) what
// is sent is paced well below what every receiver allows, so an honest peer never floods; (3) a neighbour's known note is
// either the very object kept here or a mere mark that it has a worse one, so telling whether it needs ours is a comparison of references.

import { type Bytes, type FileId, fromBase64Url, toBase64Url } from "../lib/index.ts";
import type { CoreState } from "./core.ts";
import type { DropReason } from "./ctl.ts";
import type { Neighbour } from "./neighbour.ts";

/** 8192 frames of sound at 16 bit and a few words about them, with room to spare. */
export const MAX_NOTE_BYTES = 20 * 1024;
export const MAX_NOTE_CHARS = Math.ceil((MAX_NOTE_BYTES * 4) / 3);
/** What a newcomer is told first at once (six files and their rivals), and then what still leaves the channel to others. */
export const NOTE_BURST = 8;
export const NOTES_PER_SEC = 4;
/** Receivers allow this much more: messages of several seconds may arrive together after a lost path came back. */
export const NOTE_LENIENCY = 8;

/** Stands for any note that is not the one kept here: a neighbour cannot make this device keep more than one a file. */
const WORSE: Bytes = new Uint8Array(0);

export class Notes {
  readonly #core: CoreState;
  readonly #accepts: (note: Bytes) => boolean;

  constructor(core: CoreState, accepts: (note: Bytes) => boolean) {
    this.#core = core;
    this.#accepts = accepts;
  }

  of(fileId: FileId): Bytes | null {
    return this.#core.shelf.get(fileId)?.note ?? null;
  }

  /** Offers a note of one's own. A better one stays; a file that nobody knows has none. */
  set(fileId: FileId, note: Bytes): void {
    if (note.length < 1 || note.length > MAX_NOTE_BYTES)
      throw new RangeError(`a note of ${note.length} bytes`);
    this.#merge(fileId, note.slice());
  }

  /** Takes a neighbour's note; returns why it must go, if so. */
  take(neighbour: Neighbour, fileId: FileId, text: string, localMs: number): DropReason | null {
    if (!neighbour.noteAllowance.take(localMs)) return "flood";
    const note = decodeNote(text);
    if (!note || !this.#accepts(note)) return "malformed";
    if (!this.#core.shelf.get(fileId)) return null; // withdrawn by everyone meanwhile
    this.#merge(fileId, note);
    const mine = this.of(fileId);
    neighbour.notes.set(fileId, mine && compareNotes(note, mine) === 0 ? mine : WORSE); // invariant 3
    return null;
  }

  /** Whether someone still waits for a note: the pace may not have allowed it yet. */
  get hasUntold(): boolean {
    for (const neighbour of this.#core.neighbours.values()) {
      if (!this.#untold(neighbour).next().done) return true;
    }
    return false;
  }

  /** Tells every neighbour what it does not have, as far as the pace allows. */
  send(localMs: number): void {
    for (const neighbour of this.#core.neighbours.values()) {
      for (const fileId of neighbour.notes.keys()) {
        if (!isAbout(neighbour, fileId)) neighbour.notes.delete(fileId); // it may forget the file, and the note with it
      }
      for (const { fileId, note } of this.#untold(neighbour)) {
        if (!neighbour.notePace.take(localMs)) break;
        neighbour.notes.set(fileId, note);
        const message = { type: "note", fileId, note: toBase64Url(note) } as const;
        this.#core.perform({ type: "send-ctl", peer: neighbour.userId, message });
      }
    }
  }

  *#untold(neighbour: Neighbour): Generator<{ fileId: FileId; note: Bytes }> {
    if (!neighbour.isGreeted) return;
    for (const { fileId, note } of this.#core.shelf.all()) {
      if (!note || !isAbout(neighbour, fileId)) continue; // invariant 1
      if (neighbour.notes.get(fileId) !== note) yield { fileId, note }; // invariant 3
    }
  }

  #merge(fileId: FileId, note: Bytes): void {
    const file = this.#core.shelf.get(fileId);
    if (!file || (file.note && compareNotes(note, file.note) >= 0)) return;
    file.note = note;
    this.#core.perform({ type: "tell", event: { code: "file-note", fileId } });
  }
}

const isAbout = (neighbour: Neighbour, fileId: FileId): boolean =>
  neighbour.told.has(fileId) || neighbour.listing.has(fileId);

/** Lexicographic; a prefix comes before what continues it. */
export function compareNotes(one: Uint8Array, other: Uint8Array): number {
  const shared = Math.min(one.length, other.length);
  for (let index = 0; index < shared; index++) {
    const difference = (one[index] ?? 0) - (other[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

function decodeNote(text: string): Bytes | null {
  try {
    const note = fromBase64Url(text);
    return note.length >= 1 && note.length <= MAX_NOTE_BYTES ? note : null;
  } catch {
    return null;
  }
}
