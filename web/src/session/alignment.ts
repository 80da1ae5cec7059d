// Whether the open songs lie where the others have them: by their sound indexes, or where their owners' decodes have them. Matches each
// file's annotation, once for each, and remembers whether that succeeded, because "tight" is only true of a device that was lined
// up. Local ms. Knows neither plan nor loudspeaker.

import { decodeAnchor, type Player } from "../audio/index.ts";
import type { Bytes, FileId } from "../lib/index.ts";
import { ANNOTATION_GRACE_MS, MAX_ANCHOR_MATCHES } from "../protocol/constants/session.gen.ts";

export interface AlignmentOptions {
  readonly player: Pick<Player, "isLoaded" | "soundOf" | "align" | "setDecodeOffset">;
  /** The file's anchor as somebody published it; null until it is known. */
  readonly annotationOf: (fileId: FileId) => Bytes | null;
  readonly onChange: () => void;
}

/** Of a song that is open. */
interface Standing {
  annotation: Bytes | null;
  matches: number;
  isUnfound: boolean;
  /** Since when it has been open without an annotation. */
  withoutSinceMs: number | null;
}

export class Alignment {
  readonly #options: AlignmentOptions;
  /** What this device published of its own decode, which needs no match. */
  readonly #own = new Map<FileId, Bytes>();
  readonly #standings = new Map<FileId, Standing>();

  constructor(options: AlignmentOptions) {
    this.#options = options;
  }

  /** The annotation that this device made of its own decode. */
  publishes(fileId: FileId, annotation: Bytes): void {
    this.#own.set(fileId, annotation);
  }

  /** The file is decoded anew, or not open any more: nothing is known of it. */
  reset(fileId: FileId): void {
    this.#standings.delete(fileId);
  }

  /** Matches the file to its annotation where that has changed; call it as often as anything changes. */
  follow(fileId: FileId, localMs: number): void {
    const { player, annotationOf } = this.#options;
    if (!player.isLoaded(fileId)) return;
    const standing = this.#standingOf(fileId);
    const annotation = annotationOf(fileId);
    if (!annotation) {
      standing.withoutSinceMs ??= localMs;
      return;
    }
    standing.withoutSinceMs = null;
    if (annotation === standing.annotation) return;
    standing.annotation = annotation;
    if (isSame(annotation, this.#own.get(fileId))) {
      player.setDecodeOffset(fileId, 0);
      standing.isUnfound = false;
      return;
    }
    standing.matches += 1;
    if (standing.matches > MAX_ANCHOR_MATCHES) standing.isUnfound = true;
    else void this.#match(fileId, standing, annotation);
  }

  /**
   * P46: it sounds, and nobody knows whether in step with the others. A sound that counts by the file's index needs no annotation, as
   * its owner may have left before it was made; but one that is not found in it is told all the same.
   */
  isUnalignedAt(fileId: FileId, localMs: number): boolean {
    const standing = this.#standings.get(fileId);
    if (!standing) return false;
    const { isUnfound, withoutSinceMs } = standing;
    if (isUnfound) return true;
    if (withoutSinceMs === null || this.#options.player.soundOf(fileId)?.isByIndex) return false;
    return localMs - withoutSinceMs > ANNOTATION_GRACE_MS;
  }

  async #match(fileId: FileId, standing: Standing, annotation: Bytes): Promise<void> {
    const anchor = decodeAnchor(annotation);
    const match = anchor && (await this.#options.player.align(fileId, anchor));
    if (annotation !== standing.annotation || this.#standings.get(fileId) !== standing) return; // a newer one, or another decode
    standing.isUnfound = match?.isSteady !== true;
    this.#options.onChange();
  }

  #standingOf(fileId: FileId): Standing {
    const standing = this.#standings.get(fileId) ?? {
      annotation: null,
      matches: 0,
      isUnfound: false,
      withoutSinceMs: null,
    };
    this.#standings.set(fileId, standing);
    return standing;
  }
}

const isSame = (one: Bytes, other: Bytes | undefined): boolean =>
  other?.length === one.length && one.every((byte, at) => byte === other[at]);
