// What the songs held here are called, and their covers as addresses that an <img> can show. A Worker reads the tags; a cover is
// shown only after the browser has decoded it whole. Owns the blob: addresses it has given out. Songs that nobody has played
// yet are read one by one while nothing plays.

import { type ByteSource, type Cover, type SongTags, TagReader } from "../audio/index.ts";
import type { FileId } from "../lib/index.ts";

export interface CoverPlatform {
  /** Rejects what is no picture. */
  readonly decode: (picture: Blob) => Promise<{ width: number; height: number; close(): void }>;
  readonly makeUrl: (picture: Blob) => string;
  readonly dropUrl: (url: string) => void;
}

const browserCovers: CoverPlatform = {
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

/** A cover is a MB at most: no more than a small photo album. The one shown longest ago goes first. */
const MAX_COVERS = 12;
/** Songs whose tags wait for the Worker; those added in between are read when nothing plays. */
const MAX_WAITING = 3;
/** Of so many songs that nobody offers any more the words are kept: most of them come back with whoever left. */
const MAX_GONE = 100;

interface Held {
  readonly fileId: FileId;
  readonly seeded: boolean;
}

export class TagCache {
  readonly #platform: CoverPlatform;
  readonly #reader: Pick<TagReader, "read" | "close">;
  readonly #onChange: () => void;
  readonly #tags = new Map<FileId, Omit<SongTags, "cover"> | null>();
  readonly #coverUrls = new Map<FileId, string>();
  readonly #waiting = new Set<FileId>();
  #isReading = false;
  #isClosed = false;

  constructor(
    onChange: () => void,
    platform = browserCovers,
    reader: Pick<TagReader, "read" | "close"> = new TagReader(),
  ) {
    this.#onChange = onChange;
    this.#platform = platform;
    this.#reader = reader;
  }

  /** Has the tags of a song read that was opened. */
  remember(fileId: FileId, file: ByteSource): void {
    const isKnown = this.#tags.has(fileId) || this.#waiting.has(fileId);
    if (!isKnown && this.#waiting.size < MAX_WAITING) void this.#read(fileId, file);
  }

  /** Call it now and then while nothing plays: reads one of the songs that were not read yet. */
  readOne(files: readonly Held[], fileOf: (fileId: FileId) => ByteSource | null): void {
    if (this.#tags.size > files.length + MAX_GONE) {
      const listed = new Set(files.map(({ fileId }) => fileId));
      for (const fileId of this.#tags.keys()) if (!listed.has(fileId)) this.#tags.delete(fileId);
    }
    const next = files.find(
      ({ fileId, seeded }) => seeded && !this.#tags.has(fileId) && !this.#waiting.has(fileId),
    );
    const file = next && !this.#isReading ? fileOf(next.fileId) : null;
    if (!next || !file) return;
    this.#isReading = true;
    void this.#read(next.fileId, file).finally(() => {
      this.#isReading = false;
    });
  }

  /** Null while the song was not read, or says nothing of itself. */
  wordsOf(fileId: FileId): SongWords | null {
    const tags = this.#tags.get(fileId);
    return tags ? { ...tags, coverUrl: this.#coverUrls.get(fileId) ?? null } : null;
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#reader.close();
    for (const fileId of this.#coverUrls.keys()) this.#drop(fileId);
  }

  async #read(fileId: FileId, file: ByteSource): Promise<void> {
    this.#waiting.add(fileId);
    const tags = await this.#reader.read(file);
    this.#waiting.delete(fileId);
    if (this.#isClosed) return;
    this.#tags.set(fileId, tags && { title: tags.title, artist: tags.artist, album: tags.album });
    if (tags?.cover) void this.#show(fileId, tags.cover);
    this.#onChange();
  }

  async #show(fileId: FileId, { type, bytes }: Cover): Promise<void> {
    const picture = new Blob([bytes], { type });
    try {
      const drawn = await this.#platform.decode(picture);
      const pixels = drawn.width * drawn.height;
      drawn.close();
      if (pixels > MAX_COVER_PIXELS) return;
    } catch {
      return; // damaged, or no picture at all: the song plays without one
    }
    if (this.#isClosed) return;
    this.#coverUrls.set(fileId, this.#platform.makeUrl(picture));
    const [oldest] = this.#coverUrls.keys();
    if (this.#coverUrls.size > MAX_COVERS && oldest) this.#drop(oldest);
    this.#onChange();
  }

  #drop(fileId: FileId): void {
    const url = this.#coverUrls.get(fileId);
    if (url !== undefined) this.#platform.dropUrl(url);
    this.#coverUrls.delete(fileId);
  }
}
