// Stores in trouble: a disc with a small quota, one that never answers, files and hashers that never do.

import { describe, expect, it } from "vitest";
import { type Bytes, FileError, type FileId, fromUtf8, type UserId, utf8 } from "../../lib/index.ts";
import { SeededRandom, VirtualClock } from "../../lib/testing/index.ts";
import { PageHome } from "../bulk/page-home.ts";
import { Swarm } from "../swarm.ts";
import { settle } from "../testing/fake-connection.ts";
import { idOf } from "../testing/fake-swarm.ts";
import { outlast } from "../testing/outlast.ts";
import { PIECE_STORE_CONTRACT } from "../testing/piece-store-contract.ts";
import { Content } from "./content.ts";
import { type Hasher, InlineHasher } from "./hash.ts";
import { MemoryStore } from "./memory-store.ts";
import { OverflowStore } from "./overflow-store.ts";
import { NotWritten } from "./store.ts";

const SONG = "a1".repeat(32) as FileId;
const OTHER = "b2".repeat(32) as FileId;
const LAYOUT = { sizeBytes: 250, pieceLength: 100 };
const bytesOf = (value: number, length = 100): Bytes => new Uint8Array(length).fill(value);
const never = new Promise<never>(() => undefined);

/** Takes files of any announced size, and refuses to grow beyond its quota; the bytes come back, or are lost with it. */
class SmallDisc extends MemoryStore {
  writes = 0;
  losesBytes = false;

  constructor(readonly quotaBytes: number) {
    super(2 ** 30);
  }

  override async write(fileId: FileId, piece: number, bytes: Bytes): Promise<void> {
    this.writes += 1;
    let heldBytes = bytes.length;
    for (const each of await this.files()) heldBytes += 100 * (await this.held(each)).length;
    if (heldBytes <= this.quotaBytes) return super.write(fileId, piece, bytes);
    throw new NotWritten("storage-full", "quota", this.losesBytes ? new Uint8Array(0) : bytes);
  }
}

/** Answers nothing any more from the moment it falls silent. */
class MuteDisc extends MemoryStore {
  isMute = true;
  trials = 0;
  override open(...args: Parameters<MemoryStore["open"]>): Promise<void> {
    if (/^0+$/.test(args[0])) this.trials += 1;
    return this.isMute ? never : super.open(...args);
  }
  override write(...args: Parameters<MemoryStore["write"]>): Promise<void> {
    return this.isMute ? never : super.write(...args);
  }
  override read(...args: Parameters<MemoryStore["read"]>): Promise<Bytes> {
    return this.isMute ? never : super.read(...args);
  }
  override drop(...args: Parameters<MemoryStore["drop"]>): Promise<void> {
    return this.isMute && !/^0+$/.test(args[0]) ? never : super.drop(...args);
  }
}

describe("a disc with memory behind it", () => {
  const overflow = (
    disc: MemoryStore,
    memoryBytes: number,
    capacityBytes: number,
    clock = new VirtualClock(),
  ) => new OverflowStore(disc, new MemoryStore(memoryBytes), capacityBytes, clock);

  for (const { name, capacityBytes, prove } of PIECE_STORE_CONTRACT) {
    it(`[S18] ${name}`, () => prove(overflow(new MemoryStore(capacityBytes), capacityBytes, capacityBytes)));
    it(`[S18] ${name}, all of it in memory`, () =>
      prove(overflow(new SmallDisc(0), capacityBytes, capacityBytes)));
  }

  it("[S36] keeps in memory what the quota refuses, and gives all of it back", async () => {
    const store = overflow(new SmallDisc(100), 1_000, 1_000);
    await store.open(SONG, LAYOUT);
    for (const piece of [0, 1]) await store.write(SONG, piece, bytesOf(piece));
    expect(await store.held(SONG)).toEqual([0, 1]);
    for (const piece of [0, 1]) expect(await store.read(SONG, piece)).toEqual(bytesOf(piece));
  });

  it("[S36] takes a file the disc would not even open, and asks a full disc again once something is dropped", async () => {
    const disc = new SmallDisc(100);
    const store = overflow(disc, 1_000, 1_000);
    await store.open(SONG, LAYOUT);
    for (const piece of [0, 1]) await store.write(SONG, piece, bytesOf(piece));
    const writes = disc.writes;
    await store.write(SONG, 2, bytesOf(2, 50));
    expect(disc.writes).toBe(writes);
    await store.drop(SONG);
    await store.open(OTHER, LAYOUT);
    await store.write(OTHER, 0, bytesOf(7));
    expect(await disc.held(OTHER)).toEqual([0]);
    const tiny = overflow(new MemoryStore(10), 1_000, 1_000);
    await tiny.open(SONG, LAYOUT);
    await tiny.write(SONG, 0, bytesOf(1));
    expect(await tiny.read(SONG, 0)).toEqual(bytesOf(1));
  });

  it("[S36] loses no more than the one piece that went down with the disc, and says so", async () => {
    const disc = new SmallDisc(0);
    disc.losesBytes = true;
    const clock = new VirtualClock();
    const content = new Content(overflow(disc, 1_000, 1_000, clock), new InlineHasher(), clock);
    await content.open(SONG, 100);
    const { hash } = await new InlineHasher().digest(bytesOf(1));
    expect(await content.keep(SONG, 0, bytesOf(1), hash)).toBe("lost");
    expect(await content.keep(SONG, 0, bytesOf(1), hash)).toBe("kept");
  });

  it("[S32] does not wait for a disc that falls silent", async () => {
    const clock = new VirtualClock();
    const disc = new MuteDisc();
    disc.isMute = false;
    const store = overflow(disc, 1_000, 1_000, clock);
    await store.open(SONG, LAYOUT);
    await store.write(SONG, 0, bytesOf(1));
    disc.isMute = true;
    await outlast(clock, store.write(SONG, 1, bytesOf(2)));
    expect(await store.read(SONG, 1)).toEqual(bytesOf(2));
    await expect(store.read(SONG, 0)).rejects.toMatchObject({ code: "file-unreadable" });
    await store.open(OTHER, LAYOUT);
    await store.write(OTHER, 0, bytesOf(3));
    expect(await store.read(OTHER, 0)).toEqual(bytesOf(3));
  });

  it("[S63] tries a silent disc again after a while, with nothing of worth, and uses it when it answers", async () => {
    const clock = new VirtualClock();
    const disc = new MuteDisc();
    disc.isMute = false;
    const store = overflow(disc, 200, 1_000, clock);
    const GONE = "c3".repeat(32) as FileId;
    for (const fileId of [SONG, GONE]) await store.open(fileId, LAYOUT);
    await store.write(SONG, 0, bytesOf(1));
    await store.write(GONE, 0, bytesOf(9));
    disc.isMute = true;
    await outlast(clock, store.write(SONG, 1, bytesOf(2)));
    await store.drop(GONE);
    await store.open(OTHER, { sizeBytes: 150, pieceLength: 100 });
    await store.write(OTHER, 0, bytesOf(3));
    const look = async (): Promise<void> => {
      await store.read(SONG, 0).catch(() => undefined);
      await settle();
    };
    for (let minute = 0; minute < 60; minute++) {
      clock.advance(60_000);
      await look();
    }
    expect(disc.trials).toBeGreaterThan(5);
    expect(disc.trials).toBeLessThan(13);
    for (const [fileId, piece, value] of [
      [SONG, 1, 2],
      [OTHER, 0, 3],
    ] as const)
      expect(await store.read(fileId, piece)).toEqual(bytesOf(value));
    disc.isMute = false;
    clock.advance(8 * 60_000);
    await look();
    expect(await store.read(SONG, 0)).toEqual(bytesOf(1));
    await store.write(OTHER, 1, bytesOf(4, 50)); // memory is full
    expect([await disc.held(OTHER), await disc.files()]).toEqual([[1], [SONG, OTHER]]);
    expect(await store.held(OTHER)).toEqual([0, 1]);
    expect(await store.read(OTHER, 1)).toEqual(bytesOf(4, 50));
  });
});

describe("adding a file", () => {
  const prover = {
    proveLink: (_: UserId, own: string, theirs: string) => utf8(`${own} ${theirs}`),
    isLinkProven: (_: UserId, proof: Uint8Array, own: string, theirs: string) =>
      fromUtf8(proof) === `${theirs} ${own}`,
  };
  const swarmWith = (clock: VirtualClock, store: MemoryStore, hasher: Hasher = new InlineHasher()) =>
    new Swarm({
      clock,
      random: new SeededRandom(1),
      me: idOf("ada"),
      home: new PageHome(store, clock, hasher),
      prover,
      sendSignal: () => undefined,
      iceServers: () => [],
    });
  const good = { name: "good.mp3", blob: new Blob([bytesOf(1)]) };

  it("[S32] that cannot be read ends in an error, and the next one is added", async () => {
    const clock = new VirtualClock();
    const ada = swarmWith(clock, new MemoryStore());
    const blob = new Blob([bytesOf(2)]);
    blob.slice = () => Object.assign(new Blob([]), { arrayBuffer: () => never });
    const stuck = ada.addFile({ name: "stuck.mp3", blob });
    const next = ada.addFile(good);
    await expect(outlast(clock, stuck)).rejects.toMatchObject({ code: "file-unreadable" });
    expect(await outlast(clock, next)).toMatch(/^[0-9a-f]{64}$/);
    await outlast(clock, ada.close());
  });

  it("[S32] into a store that does not answer ends in an error, and into one that does again succeeds", async () => {
    const clock = new VirtualClock();
    const store = new MuteDisc();
    const ada = swarmWith(clock, store);
    await expect(outlast(clock, ada.addFile(good))).rejects.toBeInstanceOf(FileError);
    store.isMute = false;
    expect(await outlast(clock, ada.addFile(good))).toMatch(/^[0-9a-f]{64}$/);
  });

  it("[S32] with a hasher that does not answer ends in an error, and the hasher is told", async () => {
    const clock = new VirtualClock();
    let isDistrusted = false;
    const inline = new InlineHasher();
    const hasher = {
      digest: (bytes: Bytes) => (isDistrusted ? inline.digest(bytes) : never),
      distrust: () => {
        isDistrusted = true;
      },
    };
    const ada = swarmWith(clock, new MemoryStore(), hasher);
    await expect(outlast(clock, ada.addFile(good))).rejects.toBeInstanceOf(FileError);
    expect(await outlast(clock, ada.addFile(good))).toMatch(/^[0-9a-f]{64}$/);
  });
});
