import { describe, expect, it } from "vitest";
import { type FileId, toBase64Url, type UserId } from "../../lib/index.ts";
import { CTL_VERSION, MAX_DRAFTS, MAX_OWN_FILES } from "../../protocol/constants/transfer.gen.ts";
import { type FakePeer, FakeSwarm, fakeFile, idOf } from "../testing/fake-swarm.ts";
import type { CtlMessage, DropReason, ListedFile } from "./ctl.ts";
import { draftIdOf, draftNonce } from "./draft.ts";
import type { FileState } from "./state.ts";
import { Transfer } from "./transfer.ts";

const MEBIBYTE = 1024 * 1024;
const song = fakeFile(16 * MEBIBYTE);
const PIECES = 128;

/** Far quicker than any uplink here. */
const DISC_BYTES_PER_SEC = 50 * MEBIBYTE;

const onlyFile = (peer: FakePeer): FileState => {
  const [file, ...others] = peer.transfer.files();
  if (!file || others.length > 0) throw new Error(`${peer.name} shows ${others.length + 1} files`);
  return file;
};

describe("a draft", () => {
  it("[S52] has the same id as in a headless peer (tests/peer/test_drafts.py)", () => {
    const draftId = draftIdOf("a".repeat(32) as UserId, 8 * 2 ** 20, "A".repeat(22));
    expect(draftId).toBe("80ba32716634d32c0e85bb11de976b4090c47e888efc6e3033097d1d41915361");
  });

  it("[S52] is listed before anything of it is read, and given piece by piece while it is", () => {
    const swarm = new FakeSwarm(1);
    const [ada, bo] = swarm.mesh("ada", "bo") as [FakePeer, FakePeer];
    swarm.clock.advance(1_000);
    const draftId = ada.begin(song);
    swarm.clock.advance(50);
    const row = { fileId: draftId, draftId, name: "song.mp3", sizeBytes: 16 * MEBIBYTE, heldBytes: 0 };
    expect(onlyFile(bo)).toMatchObject({ ...row, seeded: false, offeredBy: [ada.id] });
    ada.read(draftId, song, 0);
    ada.read(draftId, song, 1);
    swarm.runUntil(() => onlyFile(bo).heldBytes === 2 * 131_072, 1);
    expect(onlyFile(ada)).toMatchObject({ heldBytes: 2 * 131_072, seeded: false });
    for (let piece = 2; piece < PIECES; piece++) ada.read(draftId, song, piece);
    expect(ada.transfer.finalOf(draftId)).toBe(song.fileId);
    swarm.clock.advance(50);
    for (const peer of [ada, bo]) {
      expect(onlyFile(peer)).toMatchObject({ fileId: song.fileId, draftId, name: "song.mp3" });
      expect(peer.transfer.finalOf(draftId)).toBe(song.fileId);
    }
    expect(onlyFile(bo).heldBytes).toBeGreaterThanOrEqual(2 * 131_072);
    swarm.runUntil(() => bo.hasAllOf(song));
    expect(bo.transfer.totals()).toMatchObject({ receivedBytes: 16 * MEBIBYTE, duplicateBytes: 0 });
  });

  it.each([1, 2, 3])(
    "[S52] is passed on by those who have pieces of it, and no byte is sent in vain (seed %i)",
    (seed) => {
      const swarm = new FakeSwarm(seed);
      const peers = swarm.mesh("ada", "bo", "cy", "dee", "eve", "flo");
      const [ada, ...others] = peers as [FakePeer, ...FakePeer[]];
      swarm.clock.advance(1_000);
      ada.addReading(song, 2 * MEBIBYTE);
      const tookSec = swarm.runUntil(() => others.every((peer) => peer.hasAllOf(song)));
      expect(tookSec).toBeLessThan((1.15 * 16 * MEBIBYTE) / 1_000_000);
      const sentBytes = peers.reduce((sum, peer) => sum + peer.transfer.totals().sentBytes, 0);
      expect(sentBytes).toBeLessThan(1.02 * others.length * 16 * MEBIBYTE);
      for (const peer of peers)
        expect([...peer.store.keys()].every((key) => key.startsWith(song.fileId))).toBe(true);
      expect(ada.transfer.totals().sentBytes).toBeLessThan(1.15 * 16 * MEBIBYTE);
    },
  );

  it("[S53] of which the last hash is known goes on as the file, and what is on its way arrives", () => {
    const swarm = new FakeSwarm(4);
    const ada = swarm.join("ada", { uplinkBytesPerSec: 100_000 });
    const bo = swarm.join("bo", { isWatched: true });
    swarm.link(ada, bo);
    swarm.clock.advance(1_000);
    const draftId = ada.addReading(song, DISC_BYTES_PER_SEC);
    swarm.runUntil(() => bo.transfer.finalOf(draftId) === song.fileId, 2);
    expect(bo.heldPieces(song).length).toBeLessThan(3);
    swarm.runUntil(() => bo.hasAllOf(song), 400);
    expect(bo.transfer.totals()).toMatchObject({ receivedBytes: 16 * MEBIBYTE, duplicateBytes: 0 });
    swarm.clock.advance(70_000);
    expect([ada, bo].map((peer) => peer.transfer.files().length)).toEqual([1, 1]);
    expect(bo.transfer.pieceMaps().map(({ fileId }) => fileId)).toEqual([song.fileId]);
  });

  it("[S53] of which nothing was stored yet goes on as the file: what is being checked is not waited for again", () => {
    const swarm = new FakeSwarm(12);
    const ada = swarm.join("ada");
    // The first file of a session: its store takes a while to open, and what has come waits for that.
    const bo = swarm.join("bo", {
      isWatched: true,
      answer: (succeed) => void swarm.clock.after(2_000, succeed),
    });
    swarm.link(ada, bo);
    swarm.clock.advance(1_000);
    const draftId = ada.addReading(song, DISC_BYTES_PER_SEC);
    swarm.runUntil(() => bo.transfer.finalOf(draftId) === song.fileId, 2);
    expect([onlyFile(bo).heldBytes, bo.transfer.totals().receivedBytes > 131_072]).toEqual([0, true]);
    swarm.runUntil(() => bo.hasAllOf(song), 30);
    expect(bo.transfer.totals()).toMatchObject({ receivedBytes: 16 * MEBIBYTE, duplicateBytes: 0 });
  });

  it("[S53] of two owners with equal content, at the same time, ends as one file", () => {
    const swarm = new FakeSwarm(5);
    const [ada, bo, cy] = swarm.mesh("ada", "bo", "cy") as [FakePeer, FakePeer, FakePeer];
    swarm.clock.advance(1_000);
    ada.addReading(song, 4 * MEBIBYTE);
    bo.addReading(song, 3 * MEBIBYTE);
    swarm.clock.advance(1_000);
    expect(cy.transfer.files()).toHaveLength(2);
    swarm.runUntil(() => [ada, bo, cy].every((peer) => peer.hasAllOf(song)));
    swarm.clock.advance(1_000);
    for (const peer of [ada, bo, cy]) expect(onlyFile(peer).offeredBy).toEqual([ada.id, bo.id]);
    for (const key of cy.store.keys()) expect(key.startsWith(song.fileId)).toBe(true);
  });

  it("[S53] of a file that somebody has already joins it, with what was taken of both", () => {
    const swarm = new FakeSwarm(6);
    const [ada, bo, cy] = swarm.mesh("ada", "bo", "cy") as [FakePeer, FakePeer, FakePeer];
    ada.add(song);
    swarm.clock.advance(1_000);
    const held = onlyFile(cy).heldBytes;
    expect(held).toBeGreaterThan(0);
    bo.addReading(song, 8 * MEBIBYTE);
    swarm.runUntil(() => bo.hasAllOf(song), 5);
    swarm.clock.advance(100);
    expect(onlyFile(cy).heldBytes).toBeGreaterThan(held);
    swarm.runUntil(() => cy.hasAllOf(song));
    expect(cy.heldPieces(song)).toHaveLength(PIECES);
  });

  it("[S53] that is switched off here is the file that is off, and nothing of it stays", () => {
    const swarm = new FakeSwarm(7);
    const [ada, bo] = swarm.mesh("ada", "bo") as [FakePeer, FakePeer];
    swarm.clock.advance(1_000);
    const draftId = ada.addReading(song, 8 * MEBIBYTE);
    swarm.runUntil(() => bo.store.size > 0);
    bo.handle({ type: "enabled-set", fileId: draftId, isEnabled: false });
    swarm.runUntil(() => ada.hasAllOf(song));
    swarm.clock.advance(2_000);
    expect(onlyFile(bo)).toMatchObject({ fileId: song.fileId, enabled: false, heldBytes: 0 });
    expect(bo.store.size).toBe(0);
  });

  it("[S54] that is withdrawn, or whose owner goes, disappears with what was stored of it", () => {
    const swarm = new FakeSwarm(8);
    const [ada, bo, cy] = swarm.mesh("ada", "bo", "cy") as [FakePeer, FakePeer, FakePeer];
    swarm.clock.advance(1_000);
    const draftId = ada.begin(song);
    for (const piece of [0, 1, 2, 3]) ada.read(draftId, song, piece);
    swarm.runUntil(() => bo.store.size > 0 && cy.store.size > 0);
    ada.handle({ type: "draft-ended", draftId });
    swarm.clock.advance(1_000);
    for (const peer of [ada, bo, cy]) expect([peer.transfer.files(), peer.store.size]).toEqual([[], 0]);
    const another = ada.begin(song);
    ada.read(another, song, 0);
    swarm.runUntil(() => bo.store.size > 0);
    swarm.leave(ada);
    swarm.clock.advance(11_000);
    for (const peer of [bo, cy]) expect([peer.transfer.files(), peer.store.size]).toEqual([[], 0]);
  });

  it("[S54] disappears with its owner also where nobody else is left", () => {
    const swarm = new FakeSwarm(13);
    const [ada, bo] = swarm.mesh("ada", "bo") as [FakePeer, FakePeer];
    swarm.clock.advance(1_000);
    ada.read(ada.begin(song), song, 0);
    swarm.runUntil(() => bo.store.size > 0);
    swarm.leave(ada);
    bo.stop(); // from now on it ticks as its page does: when the core says so
    for (let tickMs = bo.transfer.tickInMs; tickMs !== null; tickMs = bo.transfer.tickInMs) {
      swarm.clock.advance(tickMs);
      bo.handle({ type: "tick" });
    }
    expect([bo.transfer.files(), bo.store.size]).toEqual([[], 0]);
  });

  it("[S54] goes on after its owner's link broke for a moment", () => {
    const swarm = new FakeSwarm(9);
    const [ada, bo] = swarm.mesh("ada", "bo") as [FakePeer, FakePeer];
    swarm.clock.advance(1_000);
    const draftId = ada.begin(song);
    for (const piece of [0, 1, 2, 3]) ada.read(draftId, song, piece);
    swarm.runUntil(() => bo.store.size > 1);
    swarm.unlink(ada, bo);
    swarm.clock.advance(3_000);
    swarm.link(ada, bo);
    for (let piece = 4; piece < PIECES; piece++) ada.read(draftId, song, piece);
    swarm.runUntil(() => bo.hasAllOf(song));
    expect(bo.transfer.totals().duplicateBytes).toBe(0);
  });

  it("[S54] that never ends is given up, and not taken up again", () => {
    const swarm = new FakeSwarm(10);
    const [ada, bo] = swarm.mesh("ada", "bo") as [FakePeer, FakePeer];
    swarm.clock.advance(1_000);
    const draftId = ada.begin(song);
    ada.read(draftId, song, 0);
    swarm.runUntil(() => bo.store.size > 0);
    swarm.clock.advance(91_000);
    expect([bo.transfer.files(), bo.store.size]).toEqual([[], 0]);
    ada.add(fakeFile(MEBIBYTE, "other.mp3", 3));
    swarm.clock.advance(5_000);
    expect(bo.transfer.files().map(({ name }) => name)).toEqual(["other.mp3"]);
  });

  it("[S22] is not what a page leaves for the next one: its owner cannot go on reading", () => {
    const swarm = new FakeSwarm(11);
    const [ada, bo] = swarm.mesh("ada", "bo") as [FakePeer, FakePeer];
    swarm.clock.advance(1_000);
    const draftId = ada.begin(song);
    ada.read(draftId, song, 0);
    swarm.runUntil(() => bo.store.size > 0);
    expect([ada.transfer.kept(), bo.transfer.kept()]).toEqual([[], []]);
    for (let piece = 1; piece < PIECES; piece++) ada.read(draftId, song, piece);
    swarm.clock.advance(100);
    expect([ada, bo].map((peer) => peer.transfer.kept().map(({ fileId }) => fileId))).toEqual([
      [song.fileId],
      [song.fileId],
    ]);
  });
});

describe("a neighbour that lies about drafts", () => {
  const mallory = idOf("mallory");
  const nonce = draftNonce({ bytes: (length) => new Uint8Array(length).fill(7), fraction: () => 0 });
  const sizeBytes = 16 * MEBIBYTE;
  const draftId = draftIdOf(mallory, sizeBytes, nonce);
  const entry: ListedFile = {
    slot: 0,
    fileId: draftId,
    name: "song.mp3",
    sizeBytes,
    pieceLength: 131_072,
    isOwn: true,
    isWhole: false,
    draft: nonce,
  };
  const hashes = (count: number, value = 1): string => toBase64Url(new Uint8Array(32 * count).fill(value));
  const draft = (fromPiece: number, sha256: string, fileId = draftId): CtlMessage => ({
    type: "draft",
    fileId,
    fromPiece,
    sha256,
  });
  const other = (owner: string, at: number): ListedFile => {
    const own = toBase64Url(new Uint8Array(16).fill(at));
    return { ...entry, slot: at, fileId: draftIdOf(idOf(owner), sizeBytes, own), draft: own };
  };

  function hear(...messages: CtlMessage[]): { dropped: DropReason | null; names: string[]; told: string[] } {
    const swarm = new FakeSwarm(1);
    const ada = new Transfer({ me: idOf("ada"), random: swarm.random, capacityBytes: 2 ** 30 });
    let dropped: DropReason | null = null;
    const told: string[] = [];
    ada.handle({ type: "link-opened", peer: mallory }, 0);
    for (const message of [{ type: "hello", v: CTL_VERSION, proof: "" } as const, ...messages]) {
      for (const effect of ada.handle({ type: "ctl", peer: mallory, message }, 1_000)) {
        if (effect.type === "drop-peer") dropped = effect.reason;
        if (effect.type === "tell") told.push(effect.event.code);
      }
    }
    return { dropped, names: ada.files().map(({ name }) => name), told };
  }
  const catalog = (...files: ListedFile[]): CtlMessage => ({ type: "catalog", files });

  it.each<[string, CtlMessage[], DropReason | null]>([
    ["lists another's as its own", [catalog(other("bo", 3))], "malformed"],
    ["lists a nonce that is none", [catalog({ ...entry, draft: "" })], "malformed"],
    ["lists another size", [catalog({ ...entry, sizeBytes: sizeBytes - 1 })], "malformed"],
    [
      "tells a list that shrinks",
      [catalog(entry), draft(0, hashes(4)), draft(2, hashes(1))],
      "contradiction",
    ],
    ["leaves some out", [catalog(entry), draft(0, hashes(4)), draft(5, hashes(1))], "contradiction"],
    ["begins anew", [catalog(entry), draft(0, hashes(4)), draft(0, hashes(4))], "contradiction"],
    ["tells more than the file has", [catalog(entry), draft(0, hashes(129))], "malformed"],
    ["tells none", [catalog(entry), draft(0, "")], "malformed"],
    ["tells half a hash", [catalog(entry), draft(0, hashes(1).slice(4))], "malformed"],
    [
      "tells hashes of a file that it does not list as its own",
      [catalog({ ...entry, isOwn: false }), draft(0, hashes(1))],
      "malformed",
    ],
    ["tells hashes of what it does not list", [draft(0, hashes(1))], null],
  ])("[S56] and %s", (_, messages, reason) => {
    expect(hear(...messages).dropped).toBe(reason);
  });

  it("[S56] is not believed about the drafts of others, and asked for nothing of them", () => {
    const { names, dropped } = hear(catalog({ ...other("bo", 3), isOwn: false }));
    expect([names, dropped]).toEqual([[], null]);
  });

  it("[S56] keeps nobody from a draft whose id it lists as a file's", () => {
    const swarm = new FakeSwarm(1);
    const ada = new Transfer({ me: idOf("ada"), random: swarm.random, capacityBytes: 2 ** 30 });
    const wanted: FileId[] = [];
    const say = (peer: UserId, ...messages: CtlMessage[]): void => {
      for (const message of messages)
        for (const effect of ada.handle({ type: "ctl", peer, message }, 1_000))
          if (effect.type === "expect-pieces") wanted.push(effect.fileId);
    };
    const theirs = other("bo", 3);
    const { draft: _, ...asFile } = theirs;
    const hello = { type: "hello", v: CTL_VERSION, proof: "" } as const;
    for (const peer of [mallory, idOf("bo")]) ada.handle({ type: "link-opened", peer }, 0);
    say(mallory, hello, catalog({ ...asFile, isOwn: false }));
    expect(ada.files()).toMatchObject([{ fileId: theirs.fileId }]);
    const all = {
      type: "bitfield",
      fileId: theirs.fileId,
      pieces: toBase64Url(new Uint8Array(16).fill(255)),
    } as const;
    say(idOf("bo"), hello, catalog(theirs), all, draft(0, hashes(1), theirs.fileId));
    expect(ada.files()).toMatchObject([{ fileId: theirs.fileId, draftId: theirs.fileId }]);
    for (const effect of ada.handle({ type: "tick" }, 2_000))
      if (effect.type === "expect-pieces") wanted.push(effect.fileId);
    expect(wanted).toContain(theirs.fileId);
  });

  it("[S56] may read two files at a time, and drafts count among its files", () => {
    const drafts = [1, 2, 3].map((at) => other("mallory", at));
    const many = hear(catalog(...drafts));
    expect([many.names.length, many.told]).toEqual([MAX_DRAFTS, ["file-refused"]]);
    const files = Array.from({ length: MAX_OWN_FILES }, (_, at) => {
      const { draft: __, ...listed } = { ...entry, slot: 10 + at };
      return { ...listed, fileId: fakeFile(sizeBytes, "x", at).fileId };
    });
    expect(hear(catalog(...files, ...drafts.slice(0, 1))).names).toHaveLength(MAX_OWN_FILES);
  });

  it("[S56] changes a hash after its link was made anew", () => {
    const swarm = new FakeSwarm(1);
    const ada = new Transfer({ me: idOf("ada"), random: swarm.random, capacityBytes: 2 ** 30 });
    const reasons: string[] = [];
    for (const value of [1, 2]) {
      ada.handle({ type: "link-closed", peer: mallory }, 0);
      ada.handle({ type: "link-opened", peer: mallory }, 0);
      const hello = { type: "hello", v: CTL_VERSION, proof: "" } as const;
      for (const message of [hello, catalog(entry), draft(0, hashes(4, value))])
        for (const effect of ada.handle({ type: "ctl", peer: mallory, message }, 1_000)) {
          if (effect.type === "drop-peer") reasons.push(effect.reason);
          if (effect.type === "open-file") {
            const { fileId, epoch } = effect;
            ada.handle({ type: "file-opened", fileId, pieces: [0], epoch }, 1_000);
            ada.handle({ type: "piece-kept", fileId, piece: 0, epoch }, 1_000);
          }
        }
    }
    expect(reasons).toEqual(["contradiction"]);
  });
});
