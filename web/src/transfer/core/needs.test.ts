// An evening of many songs on devices that hold a few of them, in virtual time: what is needed is there, what has played goes, and
// nothing is lost while somebody has it.

import { describe, expect, it } from "vitest";
import type { FileId, UserId } from "../../lib/index.ts";
import { type FakeFile, type FakePeer, FakeSwarm, fakeFile } from "../testing/fake-swarm.ts";
import { keeperRank } from "./needs.ts";

const PIECE = 65_536;
const SONG_BYTES = 8 * PIECE;
const SONG_SEC = 20;
/** Three songs, and a little. */
const PHONE_BYTES = 3 * SONG_BYTES + PIECE;
const songs = Array.from({ length: 10 }, (_, at) => fakeFile(SONG_BYTES, `${at}.mp3`, at + 1));
const idsOf = (files: readonly FakeFile[]) => files.map(({ fileId }) => fileId);

/** The queue stands at a song: it plays, those behind it are needed, those before it have played. */
function playAt(peers: readonly FakePeer[], queue: readonly FakeFile[], at: number): void {
  for (const peer of peers) {
    peer.handle({ type: "prioritized", fileId: queue[at]?.fileId ?? null });
    const [needed, played] = [queue.slice(at + 1), queue.slice(0, at)];
    peer.handle({ type: "needs-set", needed: idsOf(needed), played: idsOf(played) });
  }
}

const storedBytes = (peer: FakePeer): number =>
  [...peer.store.values()].reduce((sum, { length }) => sum + length, 0);

/** Lets a song play; nobody ever has more than its budget. */
function listen(swarm: FakeSwarm, phones: readonly FakePeer[], sec = SONG_SEC): void {
  for (let tick = 0; tick < 10 * sec; tick++) {
    swarm.clock.advance(100);
    for (const phone of phones) expect(storedBytes(phone)).toBeLessThanOrEqual(PHONE_BYTES);
  }
}

const wholeAt = (peers: readonly FakePeer[], song: FakeFile): string[] =>
  peers.filter((peer) => peer.hasAllOf(song)).map(({ name }) => name);

/** Four owners with room for all, and phones that hold three songs, all linked. */
function party(seed: number, phoneNames: readonly string[]): [FakeSwarm, FakePeer[], FakePeer[]] {
  const swarm = new FakeSwarm(seed);
  const owners = ["ada", "bo", "cy", "dee"].map((name) => swarm.join(name, { isWatched: true }));
  const phones = phoneNames.map((name) => swarm.join(name, { capacityBytes: PHONE_BYTES, isWatched: true }));
  const everybody = [...owners, ...phones];
  for (const [at, peer] of everybody.entries())
    for (const other of everybody.slice(at + 1)) swarm.link(peer, other);
  for (const [at, song] of songs.entries()) owners[at % owners.length]?.add(song);
  swarm.clock.advance(200);
  return [swarm, owners, phones];
}

describe("[S50] an evening of ten songs on a phone whose budget holds three", () => {
  it.each([1, 2, 3])("has each song before it plays, and drops those that have played (seed %i)", (seed) => {
    const [swarm, owners, phones] = party(seed, ["pip"]);
    const [pip] = phones;
    if (!pip) throw new Error("one was asked for");
    for (let at = 0; at < songs.length; at++) {
      const song = songs[at] as FakeFile;
      playAt([...owners, pip], songs, at);
      if (at > 0) expect(pip.hasAllOf(song), `song ${at} as it begins`).toBe(true);
      expect(pip.file(song)).toMatchObject({ isOverBudget: false });
      listen(swarm, phones);
      const held = songs.filter((each) => pip.hasAllOf(each));
      expect(held).toEqual(songs.slice(Math.min(at, 7), Math.min(at, 7) + 3));
    }
    for (const song of songs) expect(wholeAt(owners, song)).toHaveLength(owners.length);
    const again = [...songs.slice(8), songs[2], songs[0]] as FakeFile[];
    playAt([...owners, pip], again, 1);
    swarm.runUntil(() => pip.hasAllOf(again[2] as FakeFile) && pip.hasAllOf(again[3] as FakeFile), 10);
    expect(pip.hasAllOf(songs[9] as FakeFile)).toBe(true);
  });

  it("fetches what is needed first before what became known first", () => {
    const [swarm, , phones] = party(4, ["pip"]);
    const order = [5, 3, 8].map((at) => songs[at] as FakeFile);
    playAt(phones, order, 0);
    swarm.runUntil(() => order.every((song) => phones[0]?.hasAllOf(song)), 20);
  });

  it("does not fetch what has played again and again where there is no room to spare", () => {
    const [swarm, owners, phones] = party(5, ["pip"]);
    for (let at = 0; at < songs.length; at++) {
      playAt([...owners, ...phones], songs, at);
      listen(swarm, phones);
    }
    const receivedBytes = phones[0]?.transfer.totals().receivedBytes ?? 0;
    // Each once, and no more than one that was on its way when another was needed.
    expect(receivedBytes).toBeLessThanOrEqual((songs.length + 1) * SONG_BYTES);
  });
});

describe("[S50] where room is short", () => {
  it("what was on its way into a song that made way does not pass for a full disc", () => {
    const swarm = new FakeSwarm(9);
    const [first, second] = songs as [FakeFile, FakeFile];
    const [ada, bo] = [swarm.join("ada"), swarm.join("bo", { capacityBytes: SONG_BYTES })];
    for (const song of [first, second]) ada.add(song);
    let keptEpoch = -1;
    const { handle } = bo.transfer;
    bo.transfer.handle = (event, localMs) => {
      const effects = handle.call(bo.transfer, event, localMs);
      for (const effect of effects) if (effect.type === "expect-pieces") keptEpoch = effect.epoch;
      return effects;
    };
    bo.handle({ type: "prioritized", fileId: first.fileId });
    swarm.link(ada, bo);
    swarm.runUntil(() => (bo.file(first)?.heldBytes ?? 0) > 0);
    bo.handle({ type: "prioritized", fileId: second.fileId });
    bo.handle({ type: "piece-unstored", fileId: first.fileId, piece: 7, epoch: keptEpoch });
    swarm.runUntil(() => bo.hasAllOf(second));
    expect(bo.store.size).toBe(8);
    expect(bo.events.filter(({ code }) => code === "storage-full")).toEqual([]);
    bo.handle({ type: "prioritized", fileId: first.fileId });
    swarm.runUntil(() => bo.hasAllOf(first), 5);
  });

  const [first, second, third, fourth] = songs as [FakeFile, FakeFile, FakeFile, FakeFile];

  it("a song that somebody adds takes the room of one that has played, not of one that is needed", () => {
    const [swarm, , phones] = party(6, ["pip"]);
    const [pip] = phones as [FakePeer];
    const own = fakeFile(SONG_BYTES, "own.mp3", 99);
    playAt(phones, [first, second, third], 0);
    swarm.runUntil(() => [first, second, third].every((song) => pip.hasAllOf(song)));
    playAt(phones, [first, second, third], 1);
    pip.handle({ type: "room-wanted", fileId: own.fileId, sizeBytes: SONG_BYTES });
    expect(pip.transfer.hasRoomFor(own.fileId, SONG_BYTES)).toBe(true);
    pip.add(own);
    expect([first, second, third, own].map((song) => pip.hasAllOf(song))).toEqual([false, true, true, true]);
    const more = fakeFile(SONG_BYTES, "more.mp3", 98);
    pip.handle({ type: "room-wanted", fileId: more.fileId, sizeBytes: SONG_BYTES });
    expect(pip.transfer.hasRoomFor(more.fileId, SONG_BYTES)).toBe(false);
  });

  it("an own song and the one that plays never make way, whatever is needed", () => {
    const [swarm, , phones] = party(7, ["pip"]);
    const [pip] = phones as [FakePeer];
    const own = [97, 98].map((salt) => fakeFile(SONG_BYTES, "own.mp3", salt));
    for (const file of own) pip.add(file);
    pip.handle({ type: "prioritized", fileId: first.fileId });
    swarm.runUntil(() => pip.hasAllOf(first));
    const played = idsOf([...own, first]);
    pip.handle({ type: "needs-set", needed: idsOf([second, third]), played });
    swarm.clock.advance(10_000);
    expect([...own, first].every((song) => pip.hasAllOf(song))).toBe(true);
    expect(pip.file(second)).toMatchObject({ heldBytes: 0, isOverBudget: true });
  });

  it("what is needed later makes way for what is needed sooner, and comes back", () => {
    const [swarm, , phones] = party(8, ["pip"]);
    const [pip] = phones as [FakePeer];
    playAt(phones, [first, second, third], 0);
    swarm.runUntil(() => pip.hasAllOf(third));
    playAt(phones, [first, fourth, second, third], 0);
    swarm.runUntil(() => pip.hasAllOf(fourth));
    expect([first, second, third].map((song) => pip.hasAllOf(song))).toEqual([true, true, false]);
    playAt(phones, [first, fourth, second, third], 1);
    swarm.runUntil(() => pip.hasAllOf(third));
  });
});

describe("[S51] a song whose owner has gone", () => {
  it.each([11, 12, 13, 14, 15])(
    "stays with one of those who have it while all drop it, and comes back (seed %i)",
    (seed) => {
      const names = ["pip", "quin", "ray", "sue", "tom"];
      const [swarm, owners, phones] = party(seed, names);
      const [first] = songs as [FakeFile];
      playAt([...owners, ...phones], songs, 0);
      swarm.runUntil(() => wholeAt(phones, first).length === names.length);
      for (const owner of owners) if (owner.hasAllOf(first)) swarm.leave(owner);
      const others = songs.slice(1).filter((_, at) => (at + 1) % owners.length !== 0);
      for (const owner of owners) if (!owner.links.size) owners.splice(owners.indexOf(owner), 1);
      for (let at = 1; at < 7; at++) {
        playAt([...owners, ...phones], [first, ...others], at);
        listen(swarm, phones, 5);
        expect(wholeAt([...owners, ...phones], first).length).toBeGreaterThan(0);
      }
      playAt(phones, [...others, first], others.length);
      swarm.runUntil(() => wholeAt(phones, first).length === names.length, 60);
    },
  );
});

describe("[S51] the keeper of a file", () => {
  it("is the same for a headless peer (tests/peer/test_needs.py)", () => {
    const rankOf = (file: string, user: string) =>
      keeperRank(file.repeat(32) as FileId, user.repeat(32) as UserId);
    expect([rankOf("ab", "0"), rankOf("cd", "f")]).toEqual([1_845_028_485, 1_659_684_165]);
  });
});

describe("[S50] needs that change like the weather", () => {
  it.each(Array.from({ length: 12 }, (_, seed) => seed))(
    "leave nobody beyond its budget, or waiting for nothing (seed %i)",
    (seed) => {
      const [swarm, owners, phones] = party(100 + seed, ["pip", "quin", "ray"]);
      const { random } = swarm;
      const some = (): FakeFile[] => songs.filter(() => random.fraction() < 0.4);
      for (let round = 0; round < 25; round++) {
        for (const peer of [...owners, ...phones]) {
          const chosen = songs[Math.floor(random.fraction() * songs.length)] as FakeFile;
          if (random.fraction() < 0.3) peer.handle({ type: "prioritized", fileId: chosen.fileId });
          const needs = { needed: idsOf(some()), played: idsOf(some()) };
          if (random.fraction() < 0.6) peer.handle({ type: "needs-set", ...needs });
          const isEnabled = random.fraction() < 0.8;
          if (random.fraction() < 0.1) peer.handle({ type: "enabled-set", fileId: chosen.fileId, isEnabled });
        }
        listen(swarm, phones, 1);
      }
      for (const peer of [...owners, ...phones])
        for (const { fileId } of songs) peer.handle({ type: "enabled-set", fileId, isEnabled: true });
      playAt([...owners, ...phones], songs, 4);
      swarm.runUntil(() => wholeAt(phones, songs[4] as FakeFile).length === phones.length, 60);
      expect(
        [...owners, ...phones].flatMap(({ events }) => events).filter(({ code }) => code === "peer-dropped"),
      ).toEqual([]);
    },
  );
});
