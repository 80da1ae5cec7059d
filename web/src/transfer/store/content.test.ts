import { describe, expect, it } from "vitest";
import { type Bytes, FileError, type FileId, sha256Of } from "../../lib/index.ts";
import { VirtualClock } from "../../lib/testing/index.ts";
import { fileIdOf, pieceLengthOf } from "../core/manifest.ts";
import { Content } from "./content.ts";
import { FinalIds, MAX_FINAL_IDS } from "./final-ids.ts";
import { InlineHasher } from "./hash.ts";
import { MemoryStore } from "./memory-store.ts";

const DRAFT = "d0".repeat(32) as FileId;
const SONG = "a1".repeat(32) as FileId;
const PIECE = 65_536;
const SIZE = 6 * PIECE - 100;
const bytesOf = (length: number, value: number): Bytes => new Uint8Array(length).fill(value);

/** Each piece with a value of its own; counts what is read, and how much of it at a time. */
class CountingBlob extends Blob {
  readBytes = 0;
  reading = 0;
  mostReading = 0;

  constructor(readonly failsAt = Number.POSITIVE_INFINITY) {
    super([Uint8Array.from({ length: SIZE }, (_, at) => Math.floor(at / PIECE) + 1)]);
  }

  override slice(from = 0, to = 0): Blob {
    const part = super.slice(from, to);
    part.arrayBuffer = async () => {
      this.readBytes += to - from;
      this.reading += 1;
      this.mostReading = Math.max(this.mostReading, this.reading);
      await new Promise((resolve) => setTimeout(resolve));
      this.reading -= 1;
      if (from >= this.failsAt) throw new DOMException("changed", "NotReadableError");
      return Blob.prototype.arrayBuffer.call(part);
    };
    return part;
  }
}

const contentOf = (store: MemoryStore) => new Content(store, new InlineHasher(), new VirtualClock());

describe("reading a file", () => {
  it("[S52] reads it once, a few pieces at a time, and tells each in order when it is stored", async () => {
    const store = new MemoryStore();
    const content = contentOf(store);
    const blob = new CountingBlob();
    const told: number[] = [];
    const hashes: Uint8Array[] = [];
    const manifest = await content.ingest(DRAFT, blob, (piece, sha256) => {
      told.push(piece);
      hashes.push(sha256);
    });
    expect([told, blob.readBytes, pieceLengthOf(SIZE)]).toEqual([[0, 1, 2, 3, 4, 5], SIZE, PIECE]);
    expect(blob.mostReading).toBeGreaterThan(1);
    expect(blob.mostReading).toBeLessThanOrEqual(4);
    expect(hashes[5]).toEqual(await sha256Of(bytesOf(PIECE - 100, 6)));
    expect(await store.held(DRAFT)).toEqual(told);
    expect(fileIdOf(await content.ingest(null, new Blob([blob]), () => undefined))).toBe(fileIdOf(manifest));
  });

  it("[S54] ends with what went wrong, and with nothing under way", async () => {
    const content = contentOf(new MemoryStore());
    const changed = new CountingBlob(3 * PIECE);
    const told: number[] = [];
    const read = content.ingest(DRAFT, changed, (piece) => told.push(piece));
    await expect(read).rejects.toMatchObject({ code: "file-unreadable" });
    expect([told, changed.reading]).toEqual([[0, 1, 2], 0]);
    const full = contentOf(new MemoryStore(SIZE - 1)).ingest(DRAFT, new CountingBlob(), () => undefined);
    await expect(full).rejects.toMatchObject({ code: "storage-full" });
  });
});

describe("a draft that turned out to be a file", () => {
  it("[S53] has its pieces under the file's id, also those that are written and read meanwhile", async () => {
    const store = new MemoryStore();
    const content = contentOf(store);
    await content.open(DRAFT, SIZE);
    const hash = await sha256Of(bytesOf(PIECE, 1));
    const keep = (piece: number) => content.keep(DRAFT, piece, bytesOf(PIECE, 1), hash);
    expect(await keep(0)).toBe("kept");
    const outcomes = [keep(1)];
    const adopted = content.adopt(DRAFT, SONG, [0, 1]);
    const reads = [content.read(SONG, 0), content.read(DRAFT, 0)];
    outcomes.push(keep(2));
    await adopted;
    expect(await Promise.all(outcomes)).toEqual(["kept", "kept"]);
    for (const read of await Promise.all(reads)) expect(read).toEqual(bytesOf(PIECE, 1));
    expect([await store.files(), await store.held(SONG)]).toEqual([[SONG], [0, 1, 2]]);
    await content.drop(DRAFT); // its id is forgotten
    await expect(content.read(DRAFT, 0)).rejects.toMatchObject({ code: "file-unreadable" });
    expect(await content.read(SONG, 2)).toEqual(bytesOf(PIECE, 1));
  });

  it("[S53] joins what is held of the file already, which stays", async () => {
    const store = new MemoryStore();
    const content = contentOf(store);
    for (const [fileId, value] of [
      [SONG, 1],
      [DRAFT, 2],
    ] as const) {
      await content.open(fileId, SIZE);
      for (const piece of value === 1 ? [0, 1] : [1, 2])
        await store.write(fileId, piece, bytesOf(PIECE, value));
    }
    await content.adopt(DRAFT, SONG, [2]);
    expect(await store.files()).toEqual([SONG]);
    expect(
      (await Promise.all([0, 1, 2].map((piece) => content.read(SONG, piece)))).map(([first]) => first),
    ).toEqual([1, 1, 2]);
  });

  it("[S19] takes the place of what a former page left of the file unchecked", async () => {
    const store = new MemoryStore();
    const content = contentOf(store);
    await store.open(SONG, { sizeBytes: SIZE, pieceLength: PIECE });
    await store.write(SONG, 4, bytesOf(PIECE, 9));
    await content.ingest(DRAFT, new CountingBlob(), () => undefined);
    await content.adopt(DRAFT, SONG, [0, 1, 2, 3, 4, 5]);
    expect((await content.read(SONG, 4))[0]).toBe(5);
  });

  it("[S53] rejects where the store fails, and the file can be opened again", async () => {
    const store = new MemoryStore();
    const content = contentOf(store);
    await content.open(DRAFT, SIZE);
    await store.drop(DRAFT);
    const adopted = content.adopt(DRAFT, SONG, []);
    const read = content.read(SONG, 0);
    await expect(adopted).rejects.toMatchObject({ code: "file-unreadable" });
    await expect(read).rejects.toMatchObject({ code: "file-unreadable" });
    await content.open(SONG, SIZE);
    expect(await store.files()).toEqual([SONG]);
  });

  it("[S31] loses what was to be written to it where the store fails, which says nothing about room", async () => {
    const store = new MemoryStore();
    const hash = bytesOf(32, 7);
    const content = new Content(store, { digest: async (bytes) => ({ hash, bytes }) }, new VirtualClock());
    await content.open(DRAFT, SIZE);
    store.rename = async () => {
      for (let turn = 0; turn < 50; turn++) await null; // the piece is hashed by then, and waits
      throw new FileError("file-unreadable", "a broken disc");
    };
    const adopted = content.adopt(DRAFT, SONG, []);
    const kept = content.keep(DRAFT, 0, bytesOf(PIECE, 1), hash);
    await expect(adopted).rejects.toMatchObject({ code: "file-unreadable" });
    expect(await kept).toBe("lost");
  });

  it("[S53] is not taken for what a former page left while it is becoming its file", async () => {
    const store = new MemoryStore();
    const content = contentOf(store);
    await content.ingest(DRAFT, new CountingBlob(), () => undefined);
    const rename = store.rename.bind(store);
    // The sweep has seen the draft in the store, and comes between.
    store.rename = async (fileId, newId) => {
      await content.dropUnclaimed();
      return rename(fileId, newId);
    };
    await content.adopt(DRAFT, SONG, [0, 1, 2, 3, 4, 5]);
    expect(await store.held(SONG)).toHaveLength(6);
  });

  it("[S53] goes on by the draft's id for the latest, however many came before, and always by its own", async () => {
    const store = new MemoryStore();
    const content = contentOf(store);
    const idOf = (kind: string, at: number) => (kind + String(at).padStart(63, "0")) as FileId;
    const count = MAX_FINAL_IDS + 2;
    for (let at = 0; at < count; at++) {
      await content.open(idOf("d", at), 10);
      await store.write(idOf("d", at), 0, bytesOf(10, at % 256));
      await content.adopt(idOf("d", at), idOf("f", at), [0]);
    }
    for (const at of [0, 1, count - 1])
      expect(await content.read(idOf("f", at), 0)).toEqual(bytesOf(10, at % 256));
    for (const at of [2, count - 1])
      expect(await content.read(idOf("d", at), 0)).toEqual(bytesOf(10, at % 256));
    for (const at of [0, 1])
      await expect(content.read(idOf("d", at), 0)).rejects.toMatchObject({ code: "file-unreadable" });
  });

  it("[S53] is no more than its draft's id once it is dropped", () => {
    const finals = new FinalIds();
    finals.set(DRAFT, SONG);
    finals.forget(SONG);
    expect(finals.of(DRAFT)).toBe(DRAFT);
  });
});
