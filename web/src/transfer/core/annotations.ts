// File annotations: one opaque byte string per file that travels beside its manifest and ends up the same on every peer. An
// annotation is a max-register: of two different ones the lexicographically smaller wins, whoever wrote it and in whatever
// order they come; who has the better one tells each neighbour that has a worse one or none. Local ms. Knows nothing of its
// meaning. Invariants: (1) annotations of a file cross a link only while one of its two ends lists the file there, so both know
// it; (2) what is sent is paced well below what every receiver allows, so an honest peer never floods; (3) a neighbour's known
// annotation is either the very object kept here or a mere mark that it has a worse one, so telling whether it needs ours is a
// comparison of references.

import { type Bytes, type FileId, fromBase64Url, toBase64Url } from "../../lib/index.ts";
import { MAX_ANNOTATION_BYTES } from "../../protocol/constants/transfer.gen.ts";
import type { CoreState } from "./core.ts";
import type { DropReason } from "./ctl.ts";
import type { Neighbour } from "./neighbour.ts";

/** Stands for any annotation that is not the one kept here: a neighbour cannot make this device keep more than one a file. */
const WORSE: Bytes = new Uint8Array(0);

export class Annotations {
  readonly #core: CoreState;
  readonly #accepts: (annotation: Bytes) => boolean;

  constructor(core: CoreState, accepts: (annotation: Bytes) => boolean) {
    this.#core = core;
    this.#accepts = accepts;
  }

  of(fileId: FileId): Bytes | null {
    return this.#core.fileCatalog.get(fileId)?.annotation ?? null;
  }

  /** Offers an annotation of one's own. A better one stays; a file that nobody knows has none. */
  set(fileId: FileId, annotation: Bytes): void {
    if (annotation.length < 1 || annotation.length > MAX_ANNOTATION_BYTES)
      throw new RangeError(`an annotation of ${annotation.length} bytes`);
    this.#merge(fileId, annotation.slice());
  }

  /** Takes a neighbour's annotation; returns why it must go, if so. */
  take(neighbour: Neighbour, fileId: FileId, text: string, localMs: number): DropReason | null {
    if (!neighbour.annotationAllowance.take(localMs)) return "flood";
    const annotation = decodeAnnotation(text);
    if (!annotation || !this.#accepts(annotation)) return "malformed";
    if (!this.#core.fileCatalog.get(fileId)) return null; // withdrawn by everyone meanwhile
    this.#merge(fileId, annotation);
    const mine = this.of(fileId);
    neighbour.annotations.set(fileId, mine && compareAnnotations(annotation, mine) === 0 ? mine : WORSE); // invariant 3
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
      for (const fileId of neighbour.annotations.keys()) {
        if (!isAbout(neighbour, fileId)) neighbour.annotations.delete(fileId); // it may forget the file, and the annotation with it
      }
      for (const { fileId, annotation } of this.#pending(neighbour)) {
        if (!neighbour.annotationPace.take(localMs)) break;
        neighbour.annotations.set(fileId, annotation);
        const message = { type: "annotation", fileId, annotation: toBase64Url(annotation) } as const;
        this.#core.perform({ type: "send-ctl", peer: neighbour.userId, message });
      }
    }
  }

  *#pending(neighbour: Neighbour): Generator<{ fileId: FileId; annotation: Bytes }> {
    if (!neighbour.hasSaidHello) return;
    for (const { fileId, annotation } of this.#core.fileCatalog.all()) {
      if (!annotation || !isAbout(neighbour, fileId)) continue; // invariant 1
      if (neighbour.annotations.get(fileId) !== annotation) yield { fileId, annotation }; // invariant 3
    }
  }

  #merge(fileId: FileId, annotation: Bytes): void {
    const file = this.#core.fileCatalog.get(fileId);
    if (!file || (file.annotation && compareAnnotations(annotation, file.annotation) >= 0)) return;
    file.annotation = annotation;
    this.#core.perform({ type: "tell", event: { code: "file-annotation", fileId } });
  }
}

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

function decodeAnnotation(text: string): Bytes | null {
  try {
    const annotation = fromBase64Url(text);
    return annotation.length >= 1 && annotation.length <= MAX_ANNOTATION_BYTES ? annotation : null;
  } catch {
    return null;
  }
}
