// File annotations: opaque byte strings, one for each slot of a file (annotation-slots.ts), that travel beside its manifest and
// end up the same on every peer. An annotation is a max-register: of two different ones the lexicographically smaller wins,
// whoever wrote it and in whatever order they come; who has the better one tells each neighbour that has a worse one or none.
// Local ms. Knows nothing of its meaning. Invariants: (1) annotations of a file cross a link only while one of its two ends
// lists the file there, so both know it; (2) what is sent is paced well below what every receiver allows, so an honest peer
// never floods; (3) a neighbour's known annotation is either the very object kept here or a mere mark that it has a worse one,
// so telling whether it needs ours is a comparison of references.

import { type Bytes, type FileId, fromBase64Url, toBase64Url } from "../../lib/index.ts";
import { ANNOTATION_SLOTS, type AnnotationSlot, type SlotName } from "./annotation-slots.ts";
import type { CoreState } from "./core.ts";
import type { CtlMessage, DropReason } from "./ctl.ts";
import type { KnownFile } from "./known-file.ts";
import type { Neighbour } from "./neighbour.ts";

/** Stands for any annotation that is not the one kept here: a neighbour cannot make this device keep more than one a file. */
const WORSE: Bytes = new Uint8Array(0);

/** All that a device keeps, says and hears in one slot. */
export class Annotations {
  readonly #core: CoreState;
  readonly #slot: AnnotationSlot;
  readonly #accepts: (annotation: Bytes) => boolean;

  constructor(core: CoreState, slot: SlotName, accepts: (annotation: Bytes) => boolean) {
    this.#core = core;
    this.#slot = ANNOTATION_SLOTS[slot];
    this.#accepts = accepts;
  }

  of(fileId: FileId): Bytes | null {
    return this.#core.fileCatalog.get(fileId)?.annotations[this.#slot.name] ?? null;
  }

  /** Offers an annotation of one's own. A better one stays; a file that nobody knows has none. */
  set(fileId: FileId, annotation: Bytes): void {
    const { name, maxBytes } = this.#slot;
    if (annotation.length < 1 || annotation.length > maxBytes)
      throw new RangeError(`${name} of ${annotation.length} bytes`);
    this.#merge(fileId, annotation.slice());
  }

  /** Takes a neighbour's annotation; returns why it must go, if so. */
  take(neighbour: Neighbour, fileId: FileId, text: string, localMs: number): DropReason | null {
    const { best, allowance } = neighbour.annotations[this.#slot.name];
    if (!allowance.take(localMs)) return "flood";
    const annotation = decodeAnnotation(text, this.#slot.maxBytes);
    if (!annotation || !this.#accepts(annotation)) return "malformed";
    if (!this.#core.fileCatalog.get(fileId)) return null; // withdrawn by everyone meanwhile
    this.#merge(fileId, annotation);
    const mine = this.of(fileId);
    best.set(fileId, mine && compareAnnotations(annotation, mine) === 0 ? mine : WORSE); // invariant 3
    return null;
  }

  /** Whether someone still waits for an annotation: the pace may not have allowed it yet. */
  get hasPending(): boolean {
    for (const neighbour of this.#core.neighbours.values()) {
      if (!this.#pending(neighbour).next().done) return true;
    }
    return false;
  }

  /** Tells every neighbour what it does not have, as far as the pace allows. */
  send(localMs: number): void {
    for (const neighbour of this.#core.neighbours.values()) {
      const { best, pace } = neighbour.annotations[this.#slot.name];
      for (const fileId of best.keys()) {
        if (!isAbout(neighbour, fileId)) best.delete(fileId); // it may forget the file, and the annotation with it
      }
      for (const { fileId, annotation } of this.#pending(neighbour)) {
        if (!pace.take(localMs)) break;
        best.set(fileId, annotation);
        const message = messageOf(this.#slot.name, fileId, toBase64Url(annotation));
        this.#core.perform({ type: "send-ctl", peer: neighbour.userId, message });
      }
    }
  }

  /** The playing or prepared file's goes first: a newcomer is waiting for it. */
  *#pending(neighbour: Neighbour): Generator<{ fileId: FileId; annotation: Bytes }> {
    if (!neighbour.hasSaidHello) return;
    const { fileCatalog, preferred } = this.#core;
    const first = preferred === null ? undefined : fileCatalog.get(preferred);
    if (first) yield* this.#pendingOf(neighbour, first);
    for (const file of fileCatalog.all()) if (file !== first) yield* this.#pendingOf(neighbour, file);
  }

  *#pendingOf(neighbour: Neighbour, { fileId, annotations }: KnownFile) {
    const { name } = this.#slot;
    const annotation = annotations[name];
    if (!annotation || !isAbout(neighbour, fileId)) return; // invariant 1
    if (neighbour.annotations[name].best.get(fileId) !== annotation) yield { fileId, annotation }; // invariant 3
  }

  #merge(fileId: FileId, annotation: Bytes): void {
    const { name } = this.#slot;
    const file = this.#core.fileCatalog.get(fileId);
    const former = file?.annotations[name];
    if (!file || (former && compareAnnotations(annotation, former) >= 0)) return;
    file.annotations[name] = annotation;
    this.#core.perform({ type: "tell", event: { code: `file-${name}`, fileId } });
  }
}

const messageOf = (name: SlotName, fileId: FileId, text: string): CtlMessage =>
  name === "index"
    ? { type: "index", fileId, index: text }
    : { type: "annotation", fileId, annotation: text };

const isAbout = (neighbour: Neighbour, fileId: FileId): boolean =>
  neighbour.advertised.has(fileId) || neighbour.listing.has(fileId);

/** Lexicographic; a prefix comes before what continues it. */
export function compareAnnotations(one: Uint8Array, other: Uint8Array): number {
  const shared = Math.min(one.length, other.length);
  for (let index = 0; index < shared; index++) {
    const difference = (one[index] ?? 0) - (other[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

function decodeAnnotation(text: string, maxBytes: number): Bytes | null {
  try {
    const annotation = fromBase64Url(text);
    return annotation.length >= 1 && annotation.length <= maxBytes ? annotation : null;
  } catch {
    return null;
  }
}
