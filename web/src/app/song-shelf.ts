// What the songs held here are called, and the cover of the chosen one as an address that an <img> can show. A cover is
// shown only after the browser has decoded it whole. Owns the one blob: address it has given out.

import type { FileId } from "../lib/index.ts";
import { type Cover, readTags, type SongTags } from "../playback/index.ts";

export interface CoverGround {
  /** Rejects what is no picture. */
  readonly decode: (picture: Blob) => Promise<{ width: number; height: number; close(): void }>;
  readonly makeUrl: (picture: Blob) => string;
  readonly dropUrl: (url: string) => void;
}

export const browserCovers: CoverGround = {
  decode: (picture) => createImageBitmap(picture),
  makeUrl: (picture) => URL.createObjectURL(picture),
  dropUrl: (url) => URL.revokeObjectURL(url),
};

export interface SongWords {
  readonly title: string | null;
  readonly artist: string | null;
  readonly album: string | null;
  /** A blob: address; null while there is no cover that can be drawn. */
  readonly coverUrl: string | null;
}

/** 16 million pixels are 64 MB in memory: more than a cover needs and a phone should spend on one. */
const MAX_COVER_PIXELS = 16e6;

export class SongShelf {
  readonly #ground: CoverGround;
  readonly #onChange: () => void;
  readonly #tags = new Map<FileId, Omit<SongTags, "cover"> | null>();
  #cover: { readonly fileId: FileId; readonly url: string } | null = null;
  /** Whose cover is being decoded, or was last: only the latest is shown. */
  #latest: FileId | null = null;
  #isClosed = false;

  constructor(onChange: () => void, ground = browserCovers) {
    this.#onChange = onChange;
    this.#ground = ground;
  }

  /** Reads the tags of a song whose bytes pass by, and shows its cover from now on. Hands the bytes on as they are. */
  note(fileId: FileId, bytes: Uint8Array<ArrayBuffer>): ArrayBuffer {
    const tags = readTags(bytes);
    this.#tags.set(fileId, tags && { title: tags.title, artist: tags.artist, album: tags.album });
    this.#latest = fileId;
    if (this.#cover?.fileId !== fileId) {
      this.#drop();
      if (tags?.cover) void this.#show(fileId, tags.cover);
    }
    return bytes.buffer;
  }

  /** Null while the song was not read, or says nothing of itself. */
  wordsOf(fileId: FileId): SongWords | null {
    const tags = this.#tags.get(fileId);
    const coverUrl = this.#cover?.fileId === fileId ? this.#cover.url : null;
    return tags ? { ...tags, coverUrl } : null;
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  async #show(fileId: FileId, { type, bytes }: Cover): Promise<void> {
    const picture = new Blob([bytes], { type });
    try {
      const drawn = await this.#ground.decode(picture);
      const pixels = drawn.width * drawn.height;
      drawn.close();
      if (pixels > MAX_COVER_PIXELS) return;
    } catch {
      return; // damaged, or no picture at all: the song plays without one
    }
    if (this.#isClosed || this.#latest !== fileId || this.#cover) return;
    this.#cover = { fileId, url: this.#ground.makeUrl(picture) };
    this.#onChange();
  }

  #drop(): void {
    if (this.#cover) this.#ground.dropUrl(this.#cover.url);
    this.#cover = null;
  }
}
