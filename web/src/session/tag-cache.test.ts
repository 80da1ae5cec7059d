import { describe, expect, it } from "vitest";
import type { ByteSource, Cover, SongTags, SoundFile } from "../audio/index.ts";
import { fileOf } from "../audio/testing/byte-source.ts";
import type { FileId } from "../lib/index.ts";
import { TagCache } from "./tag-cache.ts";

const [song, other] = ["5".repeat(64) as FileId, "6".repeat(64) as FileId];

const COVER: Cover = { type: "image/jpeg", widthPx: 600, heightPx: 600, bytes: Uint8Array.of(0xff, 0xd8) };
/** A "file" of its title, with an exclamation mark where it has a cover. */
const mp3 = (title: string, hasCover: boolean): SoundFile =>
  fileOf(new TextEncoder().encode(hasCover ? `${title}!` : title));
const reader = {
  read: async (file: ByteSource): Promise<SongTags | null> => {
    const text = new TextDecoder().decode(await file.read(0, file.sizeBytes));
    return {
      title: text.replace("!", ""),
      artist: null,
      album: null,
      cover: text.endsWith("!") ? COVER : null,
    };
  },
  close: () => undefined,
};

function cacheOf(decode: () => Promise<{ width: number; height: number; close(): void }>) {
  const open = new Set<string>();
  let made = 0;
  let changes = 0;
  const platform = {
    decode,
    makeUrl: () => {
      const url = `blob:${++made}`;
      open.add(url);
      return url;
    },
    dropUrl: (url: string) => open.delete(url),
  };
  const songs = new TagCache(() => changes++, platform, reader);
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { songs, open, settled, changes: () => changes };
}

const picture = (width: number) => async () => ({ width, height: width, close: () => undefined });

describe("what songs are called", () => {
  it("is read from their bytes, and the cover shown once it was decoded", async () => {
    const { songs, settled, changes } = cacheOf(picture(600));
    expect(songs.wordsOf(song)).toBeNull();
    songs.remember(song, mp3("Glass Harbour", true));
    await settled();
    expect(songs.wordsOf(song)).toMatchObject({ title: "Glass Harbour", artist: null, coverUrl: "blob:1" });
    expect(changes()).toBe(2);
  });

  it("[P61] is read of a few songs at a time, and of the others while nothing plays", async () => {
    const { songs, settled } = cacheOf(picture(600));
    const ids = Array.from({ length: 5 }, (_, n) => n.toString(16).padStart(64, "0") as FileId);
    for (const fileId of ids) songs.remember(fileId, mp3("Song", false));
    for (const fileId of ids) songs.remember(fileId, mp3("Song", false));
    await settled();
    expect(ids.filter((fileId) => songs.wordsOf(fileId))).toEqual(ids.slice(0, 3));
    const files = ids.map((fileId) => ({ fileId, seeded: true }));
    for (let look = 0; look < 2; look++) {
      songs.readOne(files, () => mp3("Later", false));
      await settled();
    }
    expect(ids.map((fileId) => songs.wordsOf(fileId)?.title)).toEqual([
      "Song",
      "Song",
      "Song",
      "Later",
      "Later",
    ]);
  });

  it("comes without a cover that no browser can draw, or that is far too large", async () => {
    const damaged = () => Promise.reject(new Error("InvalidStateError"));
    for (const decode of [damaged, picture(9_000)]) {
      const { songs, open, settled } = cacheOf(decode);
      songs.remember(song, mp3("Glass Harbour", true));
      await settled();
      expect(songs.wordsOf(song)).toMatchObject({ title: "Glass Harbour", coverUrl: null });
      expect(open.size).toBe(0);
    }
  });

  it("keeps twelve covers, and none after closing", async () => {
    const { songs, open, settled } = cacheOf(picture(600));
    const ids = Array.from({ length: 13 }, (_, n) => n.toString(16).padStart(64, "0") as FileId);
    for (const [index, fileId] of ids.entries()) {
      songs.remember(fileId, mp3(`Song ${index}`, true));
      await settled();
    }
    expect(open.size).toBe(12);
    expect(songs.wordsOf(ids[0] as FileId)).toMatchObject({ title: "Song 0", coverUrl: null });
    expect(songs.wordsOf(ids[12] as FileId)?.coverUrl).toBe("blob:13");
    songs.remember(other, mp3("Late", true));
    songs.close();
    await settled();
    expect(open.size).toBe(0);
  });

  it("are read one by one where this device holds them", async () => {
    const { songs, settled } = cacheOf(picture(600));
    const third = "8".repeat(64) as FileId;
    const files = [
      { fileId: song, seeded: false },
      { fileId: other, seeded: true },
      { fileId: third, seeded: true },
    ];
    const read: FileId[] = [];
    const open = (fileId: FileId) => {
      read.push(fileId);
      return mp3(fileId === other ? "Two" : "Three", false);
    };
    for (let look = 0; look < 4; look++) {
      songs.readOne(files, open);
      songs.readOne(files, open);
      await settled();
    }
    expect(read).toEqual([other, third]);
    expect([songs.wordsOf(other)?.title, songs.wordsOf(third)?.title]).toEqual(["Two", "Three"]);
  });
});
