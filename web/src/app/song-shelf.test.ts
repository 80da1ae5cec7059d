import { describe, expect, it } from "vitest";
import type { FileId } from "../lib/index.ts";
import { SongShelf } from "./song-shelf.ts";

const [song, other] = ["5".repeat(64) as FileId, "6".repeat(64) as FileId];

const big = (value: number): number[] => [24, 16, 8, 0].map((shift) => (value >> shift) & 255);
const utf8 = (text: string): number[] => [...new TextEncoder().encode(text)];

/** An MP3 with a title and, where asked, a front cover in JPEG. */
function mp3(title: string, hasCover: boolean): Uint8Array<ArrayBuffer> {
  const frame = (name: string, content: number[]) => [
    ...utf8(name),
    ...big(content.length),
    0,
    0,
    ...content,
  ];
  const cover = [0, ...utf8("image/jpeg"), 0, 3, 0, 0xff, 0xd8, 0xff, 0xe0];
  const body = [...frame("TIT2", [0, ...utf8(title)]), ...(hasCover ? frame("APIC", cover) : [])];
  return Uint8Array.from([...utf8("ID3"), 3, 0, 0, 0, 0, body.length >> 7, body.length & 127, ...body]);
}

function shelf(decode: () => Promise<{ width: number; height: number; close(): void }>) {
  const open = new Set<string>();
  let made = 0;
  let changes = 0;
  const songs = new SongShelf(() => changes++, {
    decode,
    makeUrl: () => {
      const url = `blob:${++made}`;
      open.add(url);
      return url;
    },
    dropUrl: (url) => open.delete(url),
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { songs, open, settled, changes: () => changes };
}

const picture = (width: number) => async () => ({ width, height: width, close: () => undefined });

describe("what songs are called", () => {
  it("is read from their bytes, and the cover shown once it was decoded", async () => {
    const { songs, settled, changes } = shelf(picture(600));
    expect(songs.wordsOf(song)).toBeNull();
    songs.note(song, mp3("Glass Harbour", true));
    expect(songs.wordsOf(song)).toMatchObject({ title: "Glass Harbour", artist: null, coverUrl: null });
    await settled();
    expect(songs.wordsOf(song)?.coverUrl).toBe("blob:1");
    expect(changes()).toBe(1);
  });

  it("comes without a cover that no browser can draw, or that is far too large", async () => {
    const damaged = () => Promise.reject(new Error("InvalidStateError"));
    for (const decode of [damaged, picture(9_000)]) {
      const { songs, open, settled } = shelf(decode);
      songs.note(song, mp3("Glass Harbour", true));
      await settled();
      expect(songs.wordsOf(song)).toMatchObject({ title: "Glass Harbour", coverUrl: null });
      expect(open.size).toBe(0);
    }
  });

  it("keeps twelve covers, and none after closing", async () => {
    const { songs, open, settled } = shelf(picture(600));
    const ids = Array.from({ length: 13 }, (_, n) => n.toString(16).padStart(64, "0") as FileId);
    for (const [index, fileId] of ids.entries()) {
      songs.note(fileId, mp3(`Song ${index}`, true));
      await settled();
    }
    expect(open.size).toBe(12);
    expect(songs.wordsOf(ids[0] as FileId)).toMatchObject({ title: "Song 0", coverUrl: null });
    expect(songs.wordsOf(ids[12] as FileId)?.coverUrl).toBe("blob:13");
    songs.note(other, mp3("Late", true));
    songs.close();
    await settled();
    expect(open.size).toBe(0);
  });

  it("are read one by one where this device holds them, and none that is too large for that", async () => {
    const { songs, settled } = shelf(picture(600));
    const held = { seeded: true, sizeBytes: 1e6 };
    const large = { ...held, fileId: "7".repeat(64) as FileId, sizeBytes: 65e6 };
    const files = [
      { ...held, fileId: song, seeded: false },
      large,
      { ...held, fileId: other },
      { ...held, fileId: "8".repeat(64) as FileId },
    ];
    const read: FileId[] = [];
    const readFile = async (fileId: FileId) => {
      read.push(fileId);
      if (fileId !== other) throw new Error("the store is gone");
      return mp3("Two", false);
    };
    for (let look = 0; look < 4; look++) {
      songs.readOne(files, readFile);
      songs.readOne(files, readFile);
      await settled();
    }
    expect(read).toEqual([other, "8".repeat(64)]);
    expect(songs.wordsOf(other)?.title).toBe("Two");
    expect(songs.wordsOf(large.fileId)).toBeNull();
  });
});
