// What members can make this device keep, by legal messages alone: it ends somewhere, and an honest song still comes after it.

import { describe, expect, it, vi } from "vitest";
import { remember } from "../../lib/index.ts";
import {
  CATALOG_PERIOD_MS,
  MAX_BANNED,
  MAX_CTL_CHARS,
  MAX_LISTED_FILES,
} from "../../protocol/constants/transfer.gen.ts";
import { type FakeFile, FakePeer, FakeSwarm, fakeFile } from "../testing/fake-swarm.ts";
import { Bitfield } from "./bitfield.ts";
import type { CtlMessage, ListedFile } from "./ctl.ts";
import { CtlInbox, encodeCtl } from "./ctl.ts";
import { MAX_KNOWN_FILES } from "./file-catalog.ts";

const PIECE = 65_536;
const song = fakeFile(8 * PIECE);

const listed = ({ fileId, manifest, name }: FakeFile, slot: number, isOwn = false): ListedFile => ({
  slot,
  fileId,
  name,
  sizeBytes: manifest.sizeBytes,
  pieceLength: manifest.pieceLength,
  isOwn,
  isWhole: true,
});

/** Files that nobody has, as many as a catalog may list; the same for the same salt. */
const madeUp = (count: number, salt: number): ListedFile[] =>
  Array.from({ length: count }, (_, slot) => {
    const fileId = (salt * 1000 + slot).toString(16).padStart(64, "0") as FakeFile["fileId"];
    return { ...listed(song, slot), fileId };
  });

/** A peer that is not built like ours: says what it likes. */
function stranger(swarm: FakeSwarm, victim: FakePeer, name: string): (message: CtlMessage) => void {
  const other = swarm.join(name, { acceptsAnnotation: () => true });
  swarm.link(victim, other);
  swarm.clock.advance(100);
  return (message) => victim.handle({ type: "ctl", peer: other.id, message });
}

function holdSmallFiles(peer: FakePeer, count: number, names: readonly string[], salt = 0): void {
  for (let at = 0; at < count; at++) {
    const { fileId, manifest } = fakeFile(40, "", 10 + salt + at);
    peer.store.set(`${fileId}/0`, peer.swarm.contentOf(manifest.sizeBytes, 0));
    const name = names[at % names.length] ?? "";
    const file = { fileId, manifest, name, isMine: false, isEnabled: true, annotation: null, index: null };
    peer.handle({ type: "file-restored", file, pieces: [0] });
  }
}

const heldOf = (peer: FakePeer, file: FakeFile): number => peer.file(file)?.heldBytes ?? 0;

describe("a catalog", () => {
  it("[S34] fits one message, whatever the files are called, and begins with one's own", () => {
    const swarm = new FakeSwarm(6);
    const ada = swarm.join("ada");
    const bo = swarm.join("bo");
    const said = vi.spyOn(ada, "say");
    const names = ['"'.repeat(120), "\\".repeat(120), "😀".repeat(120)];
    holdSmallFiles(ada, MAX_LISTED_FILES - 1, names);
    ada.add(song);
    swarm.link(ada, bo);
    swarm.runUntil(() => bo.hasAllOf(song));
    const catalogs = said.mock.calls.flatMap(([, message]) => (message.type === "catalog" ? [message] : []));
    for (const catalog of catalogs) {
      expect(catalog.files[0]?.fileId).toBe(song.fileId);
      expect(catalog.files.length).toBeGreaterThan(100);
      expect(encodeCtl(catalog, 0xffffffff).length).toBeLessThanOrEqual(MAX_CTL_CHARS);
    }
    expect(catalogs.length).toBeGreaterThan(0);
    expect([...ada.events, ...bo.events].filter(({ code }) => code === "peer-dropped")).toEqual([]);
  });

  it("[S34] is not sent for every one of many small files, so nobody takes it for a flood", () => {
    const swarm = new FakeSwarm(8);
    const bo = swarm.join("bo");
    const givers = ["ada", "cy", "dee", "eve", "fay", "gus"].map((name) => swarm.join(name));
    for (const [at, giver] of givers.entries()) holdSmallFiles(giver, 32, ["x".repeat(120)], 32 * at);
    const ada = givers[0];
    const inbox = new CtlInbox();
    vi.spyOn(bo, "say").mockImplementation((to, message) => {
      FakePeer.prototype.say.call(bo, to, message);
      if (to !== ada) return;
      const taken = inbox.take(encodeCtl(message, seq++), swarm.clock.nowMs());
      if (typeof taken === "string") drops.push(taken);
      if (message.type === "catalog") counts.push(message.files.length);
    });
    let seq = 0;
    const drops: string[] = [];
    const counts: number[] = [];
    for (const giver of givers) swarm.link(giver, bo);
    const heldCount = (): number => bo.transfer.files().filter(({ seeded }) => seeded).length;
    const tookSec = swarm.runUntil(() => heldCount() === MAX_LISTED_FILES);
    swarm.clock.advance(2 * CATALOG_PERIOD_MS);
    expect(drops).toEqual([]);
    expect(counts.length).toBeLessThanOrEqual(3 + tookSec / (CATALOG_PERIOD_MS / 1000));
    expect(counts.at(-1)).toBe(heldCount());
  });
});

describe("who is asked for nothing any more", () => {
  it("is remembered among the latest thousand, and the next one still is", () => {
    const banned = new Set<number>();
    for (let who = 0; who < 5_000; who++) remember(banned, who, MAX_BANNED);
    remember(banned, 4_000, MAX_BANNED);
    remember(banned, 5_000, MAX_BANNED);
    expect(banned.size).toBe(MAX_BANNED);
    expect([3_976, 3_977, 4_000, 5_000].map((who) => banned.has(who))).toEqual([false, true, true, true]);
  });
});

describe("[S31] who lists a file and does not give its manifest", () => {
  const asksOf = (victim: FakePeer): (() => number) => {
    const said = vi.spyOn(victim, "say");
    return () => said.mock.calls.filter(([, message]) => message.type === "manifest-request").length;
  };

  it.each([
    ["refuses", 1],
    ["refuses", 2],
    ["refuses", 5],
    ["is silent", 1],
    ["is silent", 2],
  ])("and %s is asked again after pauses that grow, not in circles (%i of them)", (how, count) => {
    const swarm = new FakeSwarm(4);
    const ada = swarm.join("ada");
    const asks = asksOf(ada);
    const strangers = Array.from({ length: count }, (_, who) => stranger(swarm, ada, `mallory${who}`));
    if (how === "is silent") vi.mocked(ada.say).mockImplementation(() => undefined);
    for (const say of strangers) say({ type: "catalog", files: madeUp(1, 1) });
    swarm.clock.advance(60_000);
    expect(asks()).toBeGreaterThan(count);
    expect(asks()).toBeLessThan(count * 8);
  });

  it("keeps nobody from asking another at once", () => {
    const swarm = new FakeSwarm(5);
    const ada = swarm.join("ada");
    const bo = swarm.join("bo");
    bo.add(song);
    for (const name of ["mallory", "trudy", "oscar"])
      stranger(swarm, ada, name)({ type: "catalog", files: [listed(song, 0)] });
    swarm.clock.advance(1_000);
    swarm.link(ada, bo);
    swarm.runUntil(() => ada.hasAllOf(song), 1);
  });
});

describe("[S33] slots", () => {
  it("are not taken by what is learned: after thousands of made-up files there is one for a song", () => {
    const swarm = new FakeSwarm(1);
    const [ada, bo] = swarm.mesh("ada", "bo");
    if (!ada || !bo) throw new Error("two were asked for");
    const say = stranger(swarm, ada, "mallory");
    ada.transfer.startSlotsAt(0xffff - 1_000);
    for (let round = 0; round < 12; round++) say({ type: "catalog", files: madeUp(MAX_LISTED_FILES, round) });
    expect(ada.transfer.files().length).toBeLessThanOrEqual(MAX_KNOWN_FILES);
    ada.add(song);
    swarm.runUntil(() => bo.hasAllOf(song));
    expect([...ada.events, ...bo.events].filter(({ code }) => code === "peer-dropped")).toEqual([]);
  });

  it("begin anew after the last one, and an honest neighbour takes that", () => {
    const swarm = new FakeSwarm(2);
    const [ada, bo] = swarm.mesh("ada", "bo");
    if (!ada || !bo) throw new Error("two were asked for");
    ada.transfer.startSlotsAt(0xffff);
    const other = fakeFile(2 * PIECE, "other.mp3", 2);
    for (const file of [song, other]) ada.add(file);
    swarm.runUntil(() => bo.hasAllOf(song) && bo.hasAllOf(other));
    expect(bo.events.some(({ code }) => code === "peer-dropped")).toBe(false);
  });

  it("may name another file once the former is listed no more, never two of one catalog", () => {
    const swarm = new FakeSwarm(3);
    const ada = swarm.join("ada");
    const say = stranger(swarm, ada, "mallory");
    const [one, other] = madeUp(2, 1) as [ListedFile, ListedFile];
    const again = { ...other, slot: one.slot };
    for (const files of [[one], [], [again]]) say({ type: "catalog", files });
    expect(ada.events).toEqual([]);
    say({ type: "catalog", files: [one, again] });
    expect(ada.events).toMatchObject([{ code: "peer-dropped", reason: "malformed" }]);
  });
});

describe("[S35] room", () => {
  /** Ada gives; bo has room for two songs of 8 pieces. */
  function small(seed: number, ...files: FakeFile[]): [FakeSwarm, FakePeer, FakePeer] {
    const swarm = new FakeSwarm(seed);
    const ada = swarm.join("ada");
    const bo = swarm.join("bo", { capacityBytes: 17 * PIECE });
    swarm.link(ada, bo);
    for (const file of files) ada.add(file);
    return [swarm, ada, bo];
  }
  const [first, second, third] = [1, 2, 3].map((salt) => fakeFile(8 * PIECE, `${salt}.mp3`, salt)) as [
    FakeFile,
    FakeFile,
    FakeFile,
  ];

  it("is free again when a song is switched off, and it comes back when there is room", () => {
    const [swarm, , bo] = small(10, first, second, third);
    swarm.runUntil(() => bo.hasAllOf(first) && bo.hasAllOf(second));
    expect(bo.file(third)).toMatchObject({ heldBytes: 0, isOverBudget: true });
    bo.handle({ type: "enabled-set", fileId: first.fileId, isEnabled: false });
    swarm.runUntil(() => bo.hasAllOf(third));
    expect(bo.file(first)).toMatchObject({ enabled: false, heldBytes: 0, seeded: false });
    expect(bo.heldPieces(first)).toEqual([]);
    bo.handle({ type: "enabled-set", fileId: first.fileId, isEnabled: true });
    expect(bo.file(first)).toMatchObject({ isOverBudget: true });
    bo.handle({ type: "enabled-set", fileId: second.fileId, isEnabled: false });
    swarm.runUntil(() => bo.hasAllOf(first));
  });

  it("is made for the song that is chosen, and what made way is withdrawn, and comes again when it is chosen", () => {
    const [swarm, ada, bo] = small(11, first, second, third);
    swarm.runUntil(() => bo.hasAllOf(first) && bo.hasAllOf(second));
    bo.handle({ type: "prioritized", fileId: second.fileId });
    bo.handle({ type: "prioritized", fileId: third.fileId });
    swarm.runUntil(() => bo.hasAllOf(third));
    expect(bo.file(first)).toMatchObject({ heldBytes: 0, isOverBudget: true });
    expect(bo.hasAllOf(second)).toBe(true); // chosen once, so it is needed more
    swarm.clock.advance(1_000);
    const [map] = ada.transfer.pieceMaps().filter(({ fileId }) => fileId === first.fileId);
    expect(map?.holders.map(({ userId }) => userId)).toEqual([ada.id]);
    bo.handle({ type: "prioritized", fileId: first.fileId });
    swarm.runUntil(() => bo.hasAllOf(first));
    expect(bo.hasAllOf(second)).toBe(false);
  });

  /** Bo's disc takes so much, whatever the budget says. Counts how often it is asked to open a file. */
  function limitDisc(swarm: FakeSwarm, bo: FakePeer, disc: { bytes: number; opens: number }): void {
    const { handle } = bo.transfer;
    bo.transfer.handle = (event, localMs) =>
      handle.call(bo.transfer, event, localMs).filter((effect) => {
        if (effect.type !== "open-file") return true;
        const { fileId, epoch, sizeBytes } = effect;
        disc.opens += 1;
        swarm.soon(() => {
          const usedBytes = [...bo.store.values()].reduce((sum, { length }) => sum + length, 0);
          if (usedBytes + sizeBytes > disc.bytes) bo.handle({ type: "file-unopened", fileId, epoch });
          else bo.handle({ type: "file-opened", fileId, epoch, pieces: [] });
        });
        return false;
      });
  }
  const fullDisc = (peer: FakePeer) => peer.events.filter(({ code }) => code === "storage-full").length;

  it("on a disc fuller than the budget is what is switched off: the song that did not fit is tried at once", () => {
    const [swarm, ada, bo] = small(14, first);
    const disc = { bytes: 12 * PIECE, opens: 0 };
    limitDisc(swarm, bo, disc);
    swarm.runUntil(() => bo.hasAllOf(first));
    ada.add(second);
    swarm.clock.advance(1_000);
    expect(bo.file(second)).toMatchObject({ heldBytes: 0, isOverBudget: true });
    bo.handle({ type: "enabled-set", fileId: first.fileId, isEnabled: false });
    swarm.runUntil(() => bo.hasAllOf(second), 5);
    expect(bo.file(second)).toMatchObject({ isOverBudget: false });
    expect(fullDisc(bo)).toBe(1);
  });

  it("on a full disc is looked for once a minute and at each choice, and people are told once", () => {
    const [swarm, , bo] = small(15, first);
    const disc = { bytes: 0, opens: 0 };
    limitDisc(swarm, bo, disc);
    swarm.clock.advance(59_000);
    expect(disc.opens).toBe(1);
    swarm.clock.advance(120_000);
    expect(disc.opens).toBe(3);
    expect(bo.file(first)).toMatchObject({ isOverBudget: true });
    expect(fullDisc(bo)).toBe(1);
    bo.handle({ type: "prioritized", fileId: first.fileId });
    swarm.clock.advance(1_000);
    expect([disc.opens, fullDisc(bo)]).toEqual([4, 2]);
    disc.bytes = 12 * PIECE;
    bo.handle({ type: "prioritized", fileId: first.fileId });
    swarm.runUntil(() => bo.hasAllOf(first), 5);
  });

  it("is never made at the cost of what is mine", () => {
    const [swarm, ada, bo] = small(12);
    for (const file of [first, second]) bo.add(file);
    ada.add(third);
    swarm.clock.advance(100);
    bo.handle({ type: "prioritized", fileId: third.fileId });
    swarm.clock.advance(5_000);
    expect([first, second].map((file) => bo.hasAllOf(file))).toEqual([true, true]);
    expect(bo.file(third)).toMatchObject({ heldBytes: 0, isOverBudget: true });
  });

  it("answers of the store to what has made way meanwhile count for nothing", () => {
    const swarm = new FakeSwarm(13);
    const ada = swarm.join("ada");
    const late: (() => void)[] = [];
    let isLate = false;
    const bo = swarm.join("bo", {
      capacityBytes: 9 * PIECE,
      answer: (succeed) => (isLate ? late.push(succeed) : swarm.soon(succeed)),
    });
    swarm.link(ada, bo);
    ada.add(first);
    swarm.runUntil(() => heldOf(bo, first) >= 2 * PIECE);
    isLate = true;
    swarm.clock.advance(1_000);
    expect(late.length).toBeGreaterThan(0);
    isLate = false;
    ada.add(second);
    swarm.clock.advance(200);
    bo.handle({ type: "prioritized", fileId: second.fileId });
    for (const answer of late) answer();
    expect(heldOf(bo, first)).toBe(0);
    swarm.runUntil(() => bo.hasAllOf(second));
  });
});

describe("[S34] one member", () => {
  it("who lists what nobody owns gets a share of the room and no more", () => {
    const swarm = new FakeSwarm(20);
    const bo = swarm.join("bo", { capacityBytes: 40 * PIECE });
    const mallory = swarm.join("mallory");
    swarm.link(bo, mallory);
    swarm.clock.advance(100);
    const files = Array.from({ length: 8 }, (_, salt) => fakeFile(8 * PIECE, `${salt}.mp3`, 50 + salt));
    const kept = { isMine: false, isEnabled: true, annotation: null, index: null };
    for (const file of files) {
      for (let piece = 0; piece < 8; piece++)
        mallory.store.set(`${file.fileId}/${piece}`, swarm.contentOf(8 * PIECE, piece));
      mallory.handle({ type: "file-restored", file: { ...file, ...kept }, pieces: [0, 1, 2, 3, 4, 5, 6, 7] });
    }
    swarm.clock.advance(20_000);
    expect(files.filter((file) => heldOf(bo, file) > 0)).toHaveLength(3); // three quarters of 40 pieces
    const ada = swarm.join("ada");
    ada.add(song);
    swarm.link(ada, bo);
    swarm.runUntil(() => bo.hasAllOf(song));
    // Chosen to play, any of them comes: what the owner left behind with one holder is not lost.
    const rest = files.find((file) => heldOf(bo, file) === 0) as FakeFile;
    bo.handle({ type: "prioritized", fileId: rest.fileId });
    swarm.runUntil(() => bo.hasAllOf(rest));
  });

  /** Bo holds so many files of two members who are gone. */
  function leftBehind(seed: number, count: number): [FakeSwarm, FakePeer, FakeFile[]] {
    const swarm = new FakeSwarm(seed);
    const [bo, mallory, mia] = swarm.mesh("bo", "mallory", "mia");
    if (!bo || !mallory || !mia) throw new Error("three were asked for");
    const files = Array.from({ length: count }, (_, salt) => fakeFile(1000 + salt, `${salt}.mp3`, salt));
    for (const giver of [mallory, mia]) {
      for (const file of files) {
        giver.store.set(`${file.fileId}/0`, swarm.contentOf(file.manifest.sizeBytes, 0));
        giver.restore(file);
      }
    }
    swarm.runUntil(() => files.every((file) => bo.hasAllOf(file)));
    for (const giver of [mallory, mia]) swarm.leave(giver);
    expect(bo.transfer.files()).toHaveLength(count);
    return [swarm, bo, files];
  }

  /** Has the song, which is not its own. */
  function holder(swarm: FakeSwarm, name: string): FakePeer {
    const peer = swarm.join(name);
    for (let piece = 0; piece < 8; piece++)
      peer.store.set(`${song.fileId}/${piece}`, swarm.contentOf(8 * PIECE, piece));
    peer.restore(song);
    return peer;
  }

  it("who left behind a full list is no obstacle to a song that one holder lists", () => {
    const [swarm, bo] = leftBehind(23, MAX_KNOWN_FILES);
    swarm.link(bo, holder(swarm, "dee"));
    swarm.runUntil(() => bo.hasAllOf(song), 10);
  });

  it("cannot have what others left behind forgotten by naming many files", () => {
    const [swarm, bo, files] = leftBehind(24, 30);
    const say = stranger(swarm, bo, "mel");
    for (let round = 0; round < 3; round++) say({ type: "catalog", files: madeUp(MAX_LISTED_FILES, round) });
    expect(files.every((file) => bo.hasAllOf(file))).toBe(true);
  });

  it("cannot, with a second one, keep out a song that is chosen", () => {
    const swarm = new FakeSwarm(25);
    const bo = swarm.join("bo");
    const sayings = ["mallory", "mia"].map((name) => stranger(swarm, bo, name));
    const nameMany = (): void => {
      for (const say of sayings) say({ type: "catalog", files: madeUp(MAX_LISTED_FILES, 1) });
      swarm.clock.advance(1_000);
    };
    nameMany();
    swarm.link(bo, holder(swarm, "dee"));
    swarm.clock.advance(1_000);
    expect(bo.file(song)).toBeUndefined();
    bo.handle({ type: "prioritized", fileId: song.fileId });
    swarm.runUntil(() => bo.hasAllOf(song), 10);
    bo.handle({ type: "prioritized", fileId: null });
    nameMany();
    expect(bo.hasAllOf(song)).toBe(true);
  });

  it("cannot fill a device by listing songs of its own and withdrawing them", () => {
    const swarm = new FakeSwarm(21);
    const bo = swarm.join("bo", { capacityBytes: 40 * PIECE });
    const mallory = swarm.join("mallory");
    swarm.link(bo, mallory);
    for (let salt = 0; salt < 12; salt++) {
      const file = fakeFile(8 * PIECE, `${salt}.mp3`, 70 + salt);
      mallory.add(file);
      swarm.clock.advance(4_000);
      mallory.handle({ type: "enabled-set", fileId: file.fileId, isEnabled: false });
      swarm.clock.advance(500);
    }
    const heldBytes = bo.transfer.files().reduce((sum, file) => sum + file.heldBytes, 0);
    expect(heldBytes).toBeGreaterThan(0);
    expect(heldBytes).toBeLessThanOrEqual(32 * PIECE);
    const ada = swarm.join("ada");
    ada.add(song);
    swarm.link(ada, bo);
    swarm.runUntil(() => bo.hasAllOf(song));
  });

  it("may offer song after song in one session, and what made way is not begun again", () => {
    const swarm = new FakeSwarm(22);
    const opened: string[] = [];
    const bo = swarm.join("bo", { answer: (task) => void swarm.clock.after(5, task) });
    const { handle } = bo.transfer;
    bo.transfer.handle = (event, localMs) => {
      const effects = handle.call(bo.transfer, event, localMs);
      for (const effect of effects) if (effect.type === "open-file") opened.push(effect.fileId);
      return effects;
    };
    const ada = swarm.join("ada");
    swarm.link(bo, ada);
    const songs = Array.from({ length: 36 }, (_, salt) => fakeFile(1000 + salt, `${salt}.mp3`, salt));
    for (let first = 0; first < songs.length; first += 3) {
      const three = songs.slice(first, first + 3);
      for (const file of three) ada.add(file);
      swarm.runUntil(() => three.every((file) => bo.hasAllOf(file)), 5);
      swarm.clock.advance(500);
      for (const { fileId } of three) ada.handle({ type: "enabled-set", fileId, isEnabled: false });
      swarm.clock.advance(500);
    }
    expect(opened).toHaveLength(songs.length);
    // What made way is not known any more: nobody lists it, and nothing of it is held.
    expect(bo.transfer.files().length).toBeLessThan(songs.length);
    expect(bo.transfer.files().every(({ heldBytes, sizeBytes }) => heldBytes === sizeBytes)).toBe(true);
    expect(bo.links.has(ada)).toBe(true);
  });

  it.each([1, 2, 3])("can say whatever is legal, slow and many (seed %i)", (seed) => {
    const swarm = new FakeSwarm(30 + seed);
    const ada = swarm.join("ada");
    const say = stranger(swarm, ada, "mallory");
    const { random } = swarm;
    const nat = (limit: number): number => Math.floor(random.fraction() * limit);
    const acts: ((round: number) => void)[] = [
      (round) => say({ type: "catalog", files: madeUp(1 + nat(MAX_LISTED_FILES), round) }),
      (round) =>
        say({ type: "catalog", files: madeUp(5, round).map((entry) => ({ ...entry, isOwn: true })) }),
      (round) =>
        say({ type: "catalog", files: madeUp(3, round).map((entry) => ({ ...entry, sizeBytes: 0 })) }),
      (round) =>
        say({ type: "annotation", fileId: madeUp(1, round)[0]?.fileId ?? song.fileId, annotation: "AAAA" }),
      () => say({ type: "bitfield", fileId: song.fileId, pieces: Bitfield.full(8).encode() }),
      () => say({ type: "have", fileId: song.fileId, pieces: [0, 7] }),
      () => say({ type: "request", fileId: song.fileId, pieces: [nat(8), nat(8)] }),
      () => say({ type: "cancel", fileId: song.fileId, pieces: [nat(8)] }),
      () => say({ type: "reject", fileId: song.fileId, pieces: [nat(8)] }),
      () => say({ type: "ping", id: nat(1e6) }),
      () => say({ type: "pong", id: nat(1e6) }),
      (round) => say({ type: "manifest-request", fileId: madeUp(1, round)[0]?.fileId ?? song.fileId }),
    ];
    const sizes: number[] = [];
    for (let round = 0; round < 60; round++) {
      acts[nat(acts.length)]?.(round);
      swarm.clock.advance(1_000);
      if (round % 20 === 19) sizes.push(ada.transfer.kept().length + ada.transfer.keptCount);
    }
    // Once every cap is reached it does not grow with time.
    for (const size of sizes) expect(size).toBeLessThan(4 * MAX_KNOWN_FILES);
    const bo = swarm.join("bo");
    bo.add(song);
    swarm.link(ada, bo);
    swarm.runUntil(() => ada.hasAllOf(song), 60);
  });
});
