// The whole module, from addFile to readBytes, with real hashes; only the connections are make-believe.

import { describe, expect, it } from "vitest";
import { type Bytes, FileError, type FileId, fromUtf8, type UserId, utf8 } from "../lib/index.ts";
import { SeededRandom, VirtualClock } from "../lib/testing/index.ts";
import { MAX_OWN_FILES } from "../protocol/constants/transfer.gen.ts";
import { PageHome } from "./bulk/page-home.ts";
import type { SwarmEvent } from "./core/state.ts";
import type { NetworkHint } from "./net/network-hint.ts";
import { MemoryStore } from "./store/memory-store.ts";
import { OverflowStore } from "./store/overflow-store.ts";
import type { PieceStore } from "./store/store.ts";
import { Swarm } from "./swarm.ts";
import { FakeNetwork, settle } from "./testing/fake-connection.ts";
import { idOf } from "./testing/fake-swarm.ts";

const clock = new VirtualClock();

/** Members who say what they see; what a proof must hold against is in control/envelope.test.ts. */
const trusting = {
  proveLink: (_: UserId, own: string, theirs: string) => utf8(`${own} ${theirs}`),
  isLinkProven: (_: UserId, proof: Uint8Array, own: string, theirs: string) =>
    fromUtf8(proof) === `${theirs} ${own}`,
};

/** Gives out every piece with one bit wrong. */
class LyingStore extends MemoryStore {
  override async read(fileId: FileId, piece: number): Promise<Bytes> {
    const bytes = (await super.read(fileId, piece)).slice();
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    return bytes;
  }
}

/** A disc that the browser takes away while it is in use. */
class EvictedDisc extends MemoryStore {
  isGone = false;
  override open(...args: Parameters<MemoryStore["open"]>): Promise<void> {
    return this.isGone ? gone() : super.open(...args);
  }
  override write(...args: Parameters<MemoryStore["write"]>): Promise<void> {
    return this.isGone ? gone() : super.write(...args);
  }
  override read(...args: Parameters<MemoryStore["read"]>): Promise<Bytes> {
    return this.isGone ? gone() : super.read(...args);
  }
}
const gone = (): Promise<never> => Promise.reject(new FileError("file-unreadable", "NotFoundError"));

/** Everyone linked with everyone; a peer called liar lies, one called stranger proves nothing. */
function party(...guests: (string | PieceStore)[]): { swarms: Swarm[]; events: SwarmEvent[][] } {
  const names = guests.filter((guest) => typeof guest === "string");
  const kept = guests.find((guest) => typeof guest !== "string"); // of whoever is named last
  const network = new FakeNetwork();
  const swarmOf = new Map<UserId, Swarm>();
  const events: SwarmEvent[][] = [];
  for (const [index, name] of names.entries()) {
    const me = idOf(name);
    const swarm = new Swarm({
      clock,
      random: new SeededRandom(index),
      me,
      home: new PageHome(
        (name === names[names.length - 1] && kept) ||
          (name === "liar" ? new LyingStore() : new MemoryStore()),
        clock,
      ),
      prover: name === "stranger" ? { ...trusting, proveLink: () => utf8("I am a member") } : trusting,
      sendSignal: (to, signal) => queueMicrotask(() => swarmOf.get(to)?.receiveSignal(me, signal)),
      iceServers: () => [],
      createConnection: network.create,
    });
    const heard: SwarmEvent[] = [];
    swarm.onEvent((event) => heard.push(event));
    events.push(heard);
    swarmOf.set(me, swarm);
  }
  for (const [me, swarm] of swarmOf) {
    swarm.setMembers(
      [...swarmOf.keys()].filter((id) => id !== me).map((userId) => ({ userId, away: false })),
    );
  }
  return { swarms: [...swarmOf.values()], events };
}

/** Content that differs everywhere. */
const content = (sizeBytes: number, salt = 0): Uint8Array<ArrayBuffer> => {
  const random = new SeededRandom(salt);
  return Uint8Array.from({ length: sizeBytes }, () => random.fraction() * 256);
};
const blobOf = (bytes: Uint8Array<ArrayBuffer>): Blob => new Blob([bytes]);

/** Real hashing takes real turns of the event loop; virtual time passes meanwhile. */
async function until(isDone: () => boolean): Promise<void> {
  for (let turn = 0; turn < 20_000 && !isDone(); turn++) {
    clock.advance(20);
    await settle();
    await new Promise((resolve) => setTimeout(resolve));
  }
  expect(isDone()).toBe(true);
}

function first<T>(list: readonly T[]): T {
  const [item] = list;
  if (item === undefined) throw new Error("empty");
  return item;
}

describe("a swarm", () => {
  it("gives cy, byte for byte, the song that ada added", async () => {
    const { swarms } = party("ada", "bo", "cy");
    const song = content(200_001);
    const fileId = await first(swarms).addFile({ name: "song.mp3", blob: blobOf(song) });
    await until(() => swarms.every((swarm) => swarm.files.value[0]?.seeded ?? false));
    for (const swarm of swarms) expect(await swarm.readBytes(fileId, 0, song.length)).toEqual(song);
    expect(swarms[2]?.totals.value).toMatchObject({
      receivedBytes: song.length,
      duplicateBytes: 0,
      links: 2,
    });
  });

  it.each(["reads", "gives"])(
    "[S66] asks others again for what the browser has taken away, once it %s it, and keeps what only it has",
    async (how) => {
      const disc = new EvictedDisc();
      const { swarms, events } = party(
        ...["ada", "bo", "cy"],
        new OverflowStore(disc, new MemoryStore(), 2 ** 28, clock),
      );
      const [ada, bo, cy] = swarms as [Swarm, Swarm, Swarm];
      const [song, own] = [content(200_001), content(70_000, 1)];
      const fileId = await ada.addFile({ name: "song.mp3", blob: blobOf(song) });
      bo.setMembers([]);
      await until(() => cy.files.value[0]?.seeded ?? false);
      cy.setMembers([]);
      const ownId = await cy.addFile({ name: "own.mp3", blob: blobOf(own) });
      disc.isGone = true;
      await expect(cy.readBytes(ownId, 0, own.length)).rejects.toBeInstanceOf(FileError);
      cy.setMembers(["ada", "bo"].map((name) => ({ userId: idOf(name), away: false })));
      if (how === "gives") bo.setMembers([{ userId: idOf("cy"), away: false }]);
      await until(() => {
        if (how === "reads") cy.readBytes(fileId, 0, song.length).catch(() => undefined);
        return cy.totals.value.receivedBytes >= 2 * song.length;
      });
      const read: Bytes[] = [];
      await until(() => {
        cy.readBytes(fileId, 0, song.length).then(
          (bytes) => read.push(bytes),
          () => undefined,
        );
        return read.length > 0;
      });
      expect(read[0]).toEqual(song);
      disc.isGone = false;
      await until(() => ada.files.value.some((file) => file.fileId === ownId && file.seeded));
      expect(await ada.readBytes(ownId, 0, own.length)).toEqual(own);
      expect(events.flat().filter(({ code }) => code === "bad-piece" || code === "peer-dropped")).toEqual([]);
    },
  );

  it("resolves equal content to the same file", async () => {
    const { swarms } = party("ada", "bo");
    const ids = await Promise.all(
      swarms.map((swarm, index) =>
        swarm.addFile({ name: `copy ${index}.mp3`, blob: blobOf(content(90_000)) }),
      ),
    );
    expect(ids[0]).toBe(ids[1]);
    await until(() => swarms.every((swarm) => swarm.files.value[0]?.offeredBy.length === 2));
    expect(swarms.map((swarm) => swarm.files.value.length)).toEqual([1, 1]);
  });

  it("[S30] tells nothing to a neighbour who cannot prove the link, says so, and tries again", async () => {
    const { swarms, events } = party("ada", "bo", "stranger");
    const song = content(1_000);
    await first(swarms).addFile({ name: "secret.mp3", blob: blobOf(song) });
    await until(() => swarms[1]?.files.value[0]?.seeded ?? false);
    const refusals = () =>
      events[0]?.filter((event) => event.code === "peer-dropped" && event.from === idOf("stranger")) ?? [];
    await until(() => refusals().length > 1);
    expect(refusals()[0]).toMatchObject({ reason: "unproven" });
    expect(swarms[2]?.files.value).toEqual([]);
  });

  it("refuses an empty file", async () => {
    const { swarms } = party("ada");
    await expect(first(swarms).addFile({ name: "empty.mp3", blob: new Blob([]) })).rejects.toMatchObject({
      code: "file-empty",
    });
  });

  it("refuses one file too many, and takes it once another is disabled", async () => {
    const ada = first(party("ada").swarms);
    const added = Array.from({ length: MAX_OWN_FILES }, (_, salt) =>
      ada.addFile({ name: `${salt}.mp3`, blob: blobOf(content(1_000, salt)) }),
    );
    const more = { name: "more.mp3", blob: blobOf(content(1_000, 99)) };
    await expect(ada.addFile(more)).rejects.toMatchObject({ code: "file-too-many" });
    ada.setEnabled(first(await Promise.all(added)), false);
    expect(await ada.addFile(more)).toMatch(/^[0-9a-f]{64}$/);
  });

  it("refuses a file that this device has no room for", async () => {
    const swarm = new Swarm({
      clock,
      random: new SeededRandom(1),
      me: idOf("ada"),
      home: new PageHome(new MemoryStore(50_000), clock),
      prover: trusting,
      sendSignal: () => undefined,
      iceServers: () => [],
    });
    const big = { name: "big.wav", blob: blobOf(content(60_000)) };
    await expect(swarm.addFile(big)).rejects.toMatchObject({ code: "storage-full" });
  });

  it("[S19] takes up after a reload what the store kept, and fetches anew what has changed there", async () => {
    const store = new MemoryStore();
    store.close = async () => undefined; // a page that is reloaded wipes nothing
    const song = content(400_000);
    const { swarms } = party("ada", "bo");
    const ada = first(swarms);
    const fileId = await ada.addFile({ name: "song.mp3", blob: blobOf(song) });
    await store.open(fileId, { sizeBytes: song.length, pieceLength: 65_536 });
    for (const piece of [0, 1, 2]) {
      await store.write(fileId, piece, song.slice(piece * 65_536, (piece + 1) * 65_536));
    }
    await store.write(fileId, 3, content(65_536, 9)); // not what it was
    const { swarms: again } = party("ada", "cy", store);
    const [adaAgain, cy] = again;
    await adaAgain?.addFile({ name: "song.mp3", blob: blobOf(song) });
    await until(() => cy?.files.value[0]?.seeded ?? false);
    expect(await cy?.readBytes(fileId, 0, song.length)).toEqual(song);
    expect(cy?.totals.value.receivedBytes).toBe(400_000 - 3 * 65_536);
  });

  it("[S22] is after a reload the owner of what it had added, though nobody else is there", async () => {
    const store = new MemoryStore();
    store.close = async () => undefined;
    const song = content(400_000);
    const [ada] = party("ada", store).swarms;
    const fileId = (await ada?.addFile({ name: "song.mp3", blob: blobOf(song) })) as FileId;
    ada?.setAnnotation(fileId, content(20, 3));
    ada?.setIndex(fileId, content(30, 4));
    const resumeState = ada?.resumeState() ?? "";
    await ada?.close();
    const [adaAgain] = party("ada", store).swarms;
    await adaAgain?.restore(resumeState);
    expect(adaAgain?.files.value).toMatchObject([
      { name: "song.mp3", seeded: true, offeredBy: [idOf("ada")] },
    ]);
    expect(adaAgain?.annotationOf(fileId)).toEqual(content(20, 3));
    expect(adaAgain?.indexOf(fileId)).toEqual(content(30, 4));
    expect(await adaAgain?.readBytes(fileId, 0, song.length)).toEqual(song);
  });

  it("[S22] gives after a reload what a holder had of another's song, but not what has changed in the store", async () => {
    const store = new MemoryStore();
    store.close = async () => undefined;
    const { swarms } = party("ada", "bo", store);
    const song = content(400_000);
    const fileId = await first(swarms).addFile({ name: "song.mp3", blob: blobOf(song) });
    await until(() => swarms[1]?.files.value[0]?.seeded ?? false);
    const resumeState = swarms[1]?.resumeState() ?? "";
    await store.write(fileId, 2, content(65_536, 9));
    const [boAgain] = party("bo", store).swarms;
    await boAgain?.restore(resumeState);
    const [file] = boAgain?.files.value ?? [];
    expect(file).toMatchObject({ name: "song.mp3", heldBytes: 400_000 - 65_536, offeredBy: [] });
  });

  it("[S22] leaves switched off what was off, and makes nothing of a resume state that is none", async () => {
    const store = new MemoryStore();
    store.close = async () => undefined;
    const [ada] = party("ada", store).swarms;
    const fileId = (await ada?.addFile({ name: "song.mp3", blob: blobOf(content(9_000)) })) as FileId;
    ada?.setEnabled(fileId, false);
    const resumeState = ada?.resumeState() ?? "";
    for (const [text, count] of [
      ["[{}]", 0],
      ["\0", 0],
      [resumeState, 1],
    ] as const) {
      const [again] = party("ada", store).swarms;
      await again?.restore(text);
      expect(again?.files.value.map(({ enabled }) => enabled)).toEqual(count ? [false] : []);
    }
  });

  it("[S48] hands out the bytes whose pieces it holds, and no others", async () => {
    const store = new MemoryStore();
    store.close = async () => undefined;
    const { swarms } = party("ada", "bo", store);
    const song = content(400_000);
    const fileId = await first(swarms).addFile({ name: "song.mp3", blob: blobOf(song) });
    await expect(swarms[1]?.readBytes(fileId, 0, 1)).rejects.toMatchObject({ code: "file-unreadable" });
    await until(() => swarms[1]?.files.value[0]?.seeded ?? false);
    const resumeState = swarms[1]?.resumeState() ?? "";
    await store.write(fileId, 2, content(65_536, 9)); // not what it was
    const [bo] = party("bo", store).swarms;
    if (!bo) throw new Error("one was invited");
    await bo.restore(resumeState);
    const third = 2 * 65_536;
    expect([bo.holds(fileId, 0, third), bo.holds(fileId, third - 1, third + 1)]).toEqual([true, false]);
    expect([bo.holds(fileId, third + 65_536, 400_000), bo.holds(fileId, 399_999, 400_001)]).toEqual([
      true,
      false,
    ]);
    expect(await bo.readBytes(fileId, 60_000, third)).toEqual(song.slice(60_000, third));
    await expect(bo.readBytes(fileId, 60_000, third + 1)).rejects.toMatchObject({ code: "file-unreadable" });
    await expect(bo.readBytes(fileId, 0, 400_001)).rejects.toThrow(RangeError);
    await store.drop(fileId);
    await expect(bo.readBytes(fileId, 0, 1)).rejects.toMatchObject({ code: "file-unreadable" });
  });

  it("refuses a piece with a single wrong bit and names its sender", async () => {
    const { swarms, events } = party("bo", "liar");
    const [bo, liar] = swarms;
    const song = { name: "song.mp3", blob: blobOf(content(70_000)) };
    const fileId = await liar?.addFile(song);
    await until(() => events[0]?.some(({ code }) => code === "bad-piece") ?? false);
    expect(events[0]?.[0]).toEqual({ code: "bad-piece", from: idOf("liar"), fileId, fileName: "song.mp3" });
    expect(bo?.files.value[0]).toMatchObject({ heldBytes: 0, seeded: false });
  });

  it("leaves nothing behind when it is closed, and may be closed twice", async () => {
    const { swarms } = party("ada", "bo");
    const [ada, bo] = swarms;
    if (!ada || !bo) throw new Error("two were invited");
    await until(() => bo.totals.value.links === 1);
    const fileId = await ada.addFile({ name: "song.mp3", blob: blobOf(content(1_000)) });
    await Promise.all([ada.close(), ada.close()]);
    await expect(ada.readBytes(fileId, 0, 1_000)).rejects.toMatchObject({ code: "file-unreadable" });
    await until(() => bo.totals.value.links === 0);
  });
});

describe("a phone on a paid connection", () => {
  const phone = (network: NetworkHint): Swarm =>
    new Swarm({
      clock,
      random: new SeededRandom(1),
      me: idOf("ada"),
      home: new PageHome(new MemoryStore(), clock),
      prover: trusting,
      sendSignal: () => undefined,
      iceServers: () => [],
      network,
    });

  it.each([
    ["Save-Data", { saveData: true }, false],
    ["a cellular network", { type: "cellular" }, false],
    ["Wi-Fi", { type: "wifi", saveData: false }, true],
    ["a browser that does not tell", {}, true],
  ])("[S17] with %s gives little or much by itself", (_, network, isGenerous) => {
    const swarm = phone(network);
    expect(swarm.isGenerous.value).toBe(isGenerous);
    expect(swarm.pace.bytesPerSec > 64_000).toBe(isGenerous);
  });

  it("[S17] follows the network until a person chooses", () => {
    let type = "wifi";
    let changed = (): void => undefined;
    const swarm = phone({
      get type() {
        return type;
      },
      addEventListener: (_, listener) => {
        changed = listener;
      },
      removeEventListener: () => {
        changed = () => undefined;
      },
    });
    type = "cellular";
    changed();
    expect(swarm.isGenerous.value).toBe(false);
    swarm.setGenerous(true);
    changed();
    expect(swarm.isGenerous.value).toBe(true);
  });
});
