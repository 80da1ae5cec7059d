import { describe, expect, it } from "vitest";
import { EventClock } from "../../../transfer/testing/event-clock.ts";
import { fileOf } from "../../testing/byte-source.ts";
import { readTags, type SongTags } from "./song-tags.ts";
import { packTags, type TagAnswer, type TagParcel, unpackTags } from "./tag-parcel.ts";
import { TAG_LIMIT_MS, TagReader } from "./tag-reader.ts";
import { box, id3v1, item, join, riffChunk, wav, zeros } from "./testing/tag-bytes.ts";

const NAMED: SongTags = { title: "Glass Harbour", artist: null, album: null, cover: null };
const song = () => fileOf(new Uint8Array(8));
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A Worker that answers when the test says so. */
class FakeWorker {
  onmessage: ((event: { data: TagAnswer }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly parcels: TagParcel[] = [];
  isEnded = false;

  postMessage(parcel: TagParcel): void {
    this.parcels.push(parcel);
  }

  terminate(): void {
    this.isEnded = true;
  }
}

function reading() {
  const clock = new EventClock(0);
  const workers: FakeWorker[] = [];
  const reader = new TagReader(() => {
    workers.push(new FakeWorker());
    return workers.at(-1) as unknown as Worker;
  }, clock);
  return { clock, workers, reader };
}

describe("[P61] the reader of tags", () => {
  it("has a Worker from the first song on, and hands it one song at a time", async () => {
    const { workers, reader } = reading();
    expect(workers).toEqual([]);
    const titles = Promise.all([reader.read(song()), reader.read(song())]);
    await settled();
    expect(workers.map(({ parcels }) => parcels.length)).toEqual([1]);
    workers[0]?.onmessage?.({ data: { tags: NAMED } });
    await settled();
    expect(workers.map(({ parcels }) => parcels.length)).toEqual([2]);
    workers[0]?.onmessage?.({ data: { tags: null } });
    expect(await titles).toEqual([NAMED, null]);
  });

  it("ends a Worker that a song keeps too long or breaks, and reads the next with another", async () => {
    const { clock, workers, reader } = reading();
    const [slow, breaking, good] = [reader.read(song()), reader.read(song()), reader.read(song())];
    await settled();
    clock.advance(TAG_LIMIT_MS);
    expect(await slow).toBeNull();
    await settled();
    workers[1]?.onerror?.();
    expect(await breaking).toBeNull();
    await settled();
    workers[2]?.onmessage?.({ data: { tags: NAMED } });
    expect(await good).toEqual(NAMED);
    expect(workers.map(({ isEnded }) => isEnded)).toEqual([true, true, false]);
  });

  it("answers all when it is closed, also twice, and where there is no Worker", async () => {
    const { workers, reader } = reading();
    const answers = Promise.all([reader.read(song()), reader.read(song())]);
    await settled();
    reader.close();
    reader.close();
    expect(await answers).toEqual([null, null]);
    expect(await reader.read(song())).toBeNull();
    expect(workers.map(({ isEnded }) => isEnded)).toEqual([true]);
    const none = new TagReader(() => {
      throw new ReferenceError("Worker is not defined");
    }, new EventClock(0));
    expect(await none.read(song())).toBeNull();
  });
});

describe("[P61] a file that cannot be read", () => {
  it("is shown without tags, and the next is read", async () => {
    const { workers, reader } = reading();
    const gone = { ...song(), read: () => Promise.reject(new Error("NotFoundError")) };
    const titles = Promise.all([reader.read(gone), reader.read(song())]);
    await settled();
    workers[0]?.onmessage?.({ data: { tags: NAMED } });
    expect(await titles).toEqual([null, NAMED]);
  });
});

describe("[P61] a parcel of a long song", () => {
  const hour = new Uint8Array(50 << 20);
  it.each<[string, Uint8Array]>([
    ["MP3", join([0xff, 0xfb], hour, id3v1("Glass Harbour"))],
    [
      "WAV",
      wav(riffChunk("data", hour), riffChunk("LIST", join("INFO", riffChunk("INAM", "Glass Harbour")))),
    ],
    [
      "M4A",
      join(
        box("ftyp", "M4A "),
        box("mdat", hour),
        box("moov", box("udta", box("meta", zeros(4), box("ilst", item("\xa9nam", "Glass Harbour"))))),
      ),
    ],
  ])("has both ends of %s, and its tags", async (_, bytes) => {
    const parcel = await packTags(fileOf(bytes));
    expect(parcel.head.length + parcel.tail.length).toBeLessThan(bytes.length);
    expect(readTags(unpackTags(parcel))?.title).toBe("Glass Harbour");
  });
});
