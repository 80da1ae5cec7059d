// Whether the loaded song lies where its owner's decode has it: matches the file's annotation, once for each, and remembers
// whether that succeeded, because "tight" is only true of a device that was lined up. Local ms. Knows neither plan nor
// loudspeaker.

import { decodeAnchor, type Player } from "../audio/index.ts";
import type { Bytes, FileId } from "../lib/index.ts";
import { ANNOTATION_GRACE_MS, MAX_ANCHOR_MATCHES } from "../protocol/constants/session.gen.ts";

export interface AlignmentOptions {
  readonly player: Pick<Player, "loadedId" | "align" | "setDecodeOffset">;
  /** The file's anchor as somebody published it; null until it is known. */
  readonly annotationOf: (fileId: FileId) => Bytes | null;
  readonly onChange: () => void;
}

export class Alignment {
  readonly #options: AlignmentOptions;
  /** What this device published of its own decode, which needs no match. */
  readonly #own = new Map<FileId, Bytes>();
  #annotation: Bytes | null = null;
  #matches = 0;
  #isUnfound = false;
  #withoutAnnotation: { readonly fileId: FileId; readonly sinceMs: number } | null = null;

  constructor(options: AlignmentOptions) {
    this.#options = options;
  }

  /** The annotation that this device made of its own decode. */
  publishes(fileId: FileId, annotation: Bytes): void {
    this.#own.set(fileId, annotation);
  }

  /** Another decode was loaded, or the same anew: nothing is known of it. */
  reset(): void {
    this.#annotation = null;
    this.#matches = 0;
    this.#isUnfound = false;
    this.#withoutAnnotation = null;
  }

  /** Matches the file to its annotation where that has changed; call it as often as anything changes. */
  follow(fileId: FileId, localMs: number): void {
    const { player, annotationOf } = this.#options;
    if (player.loadedId !== fileId) return;
    const annotation = annotationOf(fileId);
    if (!annotation) {
      if (this.#withoutAnnotation?.fileId !== fileId) this.#withoutAnnotation = { fileId, sinceMs: localMs };
      return;
    }
    this.#withoutAnnotation = null;
    if (annotation === this.#annotation) return;
    this.#annotation = annotation;
    if (isSame(annotation, this.#own.get(fileId))) {
      player.setDecodeOffset(fileId, 0);
      this.#isUnfound = false;
      return;
    }
    this.#matches += 1;
    if (this.#matches > MAX_ANCHOR_MATCHES) this.#isUnfound = true;
    else void this.#match(fileId, annotation);
  }

  /** P46: it sounds, and nobody knows whether in step with the others. */
  isUnalignedAt(localMs: number): boolean {
    return (
      this.#isUnfound ||
      (this.#withoutAnnotation !== null && localMs - this.#withoutAnnotation.sinceMs > ANNOTATION_GRACE_MS)
    );
  }

  async #match(fileId: FileId, annotation: Bytes): Promise<void> {
    const anchor = decodeAnchor(annotation);
    const match = anchor && (await this.#options.player.align(fileId, anchor));
    if (annotation !== this.#annotation) return; // a newer one, or another song
    this.#isUnfound = match?.isSteady !== true;
    this.#options.onChange();
  }
}

const isSame = (one: Bytes, other: Bytes | undefined): boolean =>
  other?.length === one.length && one.every((byte, at) => byte === other[at]);
