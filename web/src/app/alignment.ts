// Whether the loaded song lies where its owner's decode has it: matches the file's note, once for each, and remembers whether that
// succeeded, because "tight" is only true of a device that was lined up. Local ms. Knows neither plan nor loudspeaker.

import type { Bytes, FileId } from "../lib/index.ts";
import { decodeAnchor, type Player } from "../playback/index.ts";

export interface AlignmentOptions {
  readonly player: Pick<Player, "loadedId" | "align" | "setDecodeOffset">;
  /** The file's anchor as somebody published it; null until it is known. */
  readonly noteOf: (fileId: FileId) => Bytes | null;
  readonly onChange: () => void;
}

/** The owner decodes the song for its note while others fetch it; a song of ten minutes takes a slow phone this long. */
const NOTE_GRACE_MS = 10_000;
/**
 * As many of one song as its honest owners may publish one after the other, each smaller than the last. A member who goes
 * on beyond that would keep the Worker that renders the sound busy.
 */
const MAX_MATCHES = 8;

export class Alignment {
  readonly #options: AlignmentOptions;
  /** What this device published of its own decode, which needs no match. */
  readonly #own = new Map<FileId, Bytes>();
  #note: Bytes | null = null;
  #matches = 0;
  #isUnfound = false;
  #noteless: { readonly fileId: FileId; readonly sinceMs: number } | null = null;

  constructor(options: AlignmentOptions) {
    this.#options = options;
  }

  /** The note that this device made of its own decode. */
  publishes(fileId: FileId, note: Bytes): void {
    this.#own.set(fileId, note);
  }

  /** Another decode was loaded, or the same anew: nothing is known of it. */
  reset(): void {
    this.#note = null;
    this.#matches = 0;
    this.#isUnfound = false;
    this.#noteless = null;
  }

  /** Matches the file to its note where that has changed; call it as often as anything changes. */
  follow(fileId: FileId, localMs: number): void {
    const { player, noteOf } = this.#options;
    if (player.loadedId !== fileId) return;
    const note = noteOf(fileId);
    if (!note) {
      if (this.#noteless?.fileId !== fileId) this.#noteless = { fileId, sinceMs: localMs };
      return;
    }
    this.#noteless = null;
    if (note === this.#note) return;
    this.#note = note;
    if (isSame(note, this.#own.get(fileId))) {
      player.setDecodeOffset(fileId, 0);
      this.#isUnfound = false;
      return;
    }
    this.#matches += 1;
    if (this.#matches > MAX_MATCHES) this.#isUnfound = true;
    else void this.#match(fileId, note);
  }

  /** P46: it sounds, and nobody knows whether in step with the others. */
  isUnalignedAt(localMs: number): boolean {
    return this.#isUnfound || (this.#noteless !== null && localMs - this.#noteless.sinceMs > NOTE_GRACE_MS);
  }

  async #match(fileId: FileId, note: Bytes): Promise<void> {
    const anchor = decodeAnchor(note);
    const match = anchor && (await this.#options.player.align(fileId, anchor));
    if (note !== this.#note) return; // a newer one, or another song
    this.#isUnfound = match?.isSteady !== true;
    this.#options.onChange();
  }
}

const isSame = (one: Bytes, other: Bytes | undefined): boolean =>
  other?.length === one.length && one.every((byte, at) => byte === other[at]);
