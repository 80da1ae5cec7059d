// The pure core, many peers at once, in virtual time on a wire of make-believe.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CTL_VERSION, MAX_OWN_FILES } from "../../protocol/constants/transfer.gen.ts";
import { type FakePeer, FakeSwarm, fakeFile, idOf } from "../testing/fake-swarm.ts";
import type { CtlMessage } from "./ctl.ts";

const MEBIBYTE = 2 ** 20;
const song = fakeFile(2 * MEBIBYTE);
const codes = (peer: FakePeer) => peer.events.map(({ code }) => code);

/** A mesh of exactly these three. */
function trio(seed: number): [FakeSwarm, FakePeer, FakePeer, FakePeer] {
  const swarm = new FakeSwarm(seed);
  const [ada, bo, cy] = swarm.mesh("ada", "bo", "cy");
  if (!ada || !bo || !cy) throw new Error("three peers were asked for");
  return [swarm, ada, bo, cy];
}

describe("fetching a file", () => {
  it("brings a song from ada to bo and cy, and both then offer it", () => {
    const [swarm, ada, bo, cy] = trio(1);
    ada.add(song);
    swarm.runUntil(() => bo.hasAllOf(song) && cy.hasAllOf(song));
    expect(bo.file(song)).toMatchObject({ heldBytes: 2 * MEBIBYTE, seeded: true, offeredBy: [ada.id] });
    swarm.leave(ada);
    const dee = swarm.join("dee");
    swarm.link(dee, bo);
    swarm.link(dee, cy);
    swarm.runUntil(() => dee.hasAllOf(song));
    expect(bo.sentBytesTo.get(dee)).toBeGreaterThan(0);
    expect(cy.sentBytesTo.get(dee)).toBeGreaterThan(0);
  });

  it("sends hardly anything twice", () => {
    const swarm = new FakeSwarm(3);
    const peers = swarm.mesh("ada", "bo", "cy", "dee", "eve");
    const album = fakeFile(8 * MEBIBYTE);
    peers[0]?.add(album);
    swarm.runUntil(() => peers.every((peer) => peer.hasAllOf(album)));
    const duplicateBytes = peers.reduce((sum, peer) => sum + peer.transfer.totals().duplicateBytes, 0);
    expect(duplicateBytes).toBeLessThanOrEqual(0.02 * 4 * 8 * MEBIBYTE);
  });

  it("fetches the playing file before the others", () => {
    const [swarm, ada, bo] = trio(4);
    const other = fakeFile(2 * MEBIBYTE, "other.mp3", 2);
    ada.add(other);
    ada.add(song);
    bo.handle({ type: "prioritized", fileId: song.fileId });
    swarm.runUntil(() => bo.hasAllOf(song));
    expect(bo.hasAllOf(other)).toBe(false);
    swarm.runUntil(() => bo.hasAllOf(other));
  });

  it("[S11] fetches the latest choice first, and a former one before what nobody chose", () => {
    const swarm = new FakeSwarm(16);
    const [ada, bo] = [swarm.join("ada"), swarm.join("bo")];
    swarm.link(ada, bo);
    const [former, latest] = [
      fakeFile(2 * MEBIBYTE, "former.mp3", 2),
      fakeFile(2 * MEBIBYTE, "latest.mp3", 3),
    ];
    for (const file of [song, former, latest]) ada.add(file);
    for (const { fileId } of [former, latest]) bo.handle({ type: "prioritized", fileId });
    bo.handle({ type: "prioritized", fileId: null });
    swarm.runUntil(() => bo.hasAllOf(latest));
    expect(bo.hasAllOf(former)).toBe(false);
    swarm.runUntil(() => bo.hasAllOf(former));
    expect(bo.hasAllOf(song)).toBe(false);
    swarm.runUntil(() => bo.hasAllOf(song));
  });

  it("lets a newcomer in the middle of a transfer take from everyone", () => {
    const [swarm, ada, bo, cy] = trio(5);
    ada.add(song);
    swarm.runUntil(() => (bo.file(song)?.heldBytes ?? 0) > MEBIBYTE);
    const dee = swarm.join("dee");
    for (const peer of [ada, bo, cy]) swarm.link(dee, peer);
    swarm.runUntil(() => dee.hasAllOf(song));
    expect([ada, bo, cy].every((peer) => (peer.sentBytesTo.get(dee) ?? 0) > 0)).toBe(true);
  });

  it("goes on from the pieces held after a lost connection", () => {
    const swarm = new FakeSwarm(6);
    const [ada, bo] = swarm.mesh("ada", "bo");
    if (!ada || !bo) throw new Error("two peers were asked for");
    ada.add(song);
    swarm.runUntil(() => (bo.file(song)?.heldBytes ?? 0) > MEBIBYTE);
    const heldBytes = bo.file(song)?.heldBytes ?? 0;
    const sentBefore = ada.sentBytesTo.get(bo) ?? 0;
    swarm.unlink(ada, bo);
    swarm.clock.advance(10_000);
    expect(bo.file(song)?.heldBytes).toBe(heldBytes);
    swarm.link(ada, bo);
    swarm.runUntil(() => bo.hasAllOf(song));
    expect((ada.sentBytesTo.get(bo) ?? 0) - sentBefore).toBeLessThanOrEqual(2 * MEBIBYTE - heldBytes);
  });

  it("does not send over a new connection what was asked for over the former one", () => {
    const ada = new FakeSwarm(9).join("ada");
    const bo = idOf("bo");
    ada.add(song);
    const hear = (message: CtlMessage) => ada.transfer.handle({ type: "ctl", peer: bo, message }, 1000);
    ada.transfer.handle({ type: "link-opened", peer: bo }, 1000);
    hear({ type: "hello", v: CTL_VERSION, proof: "" });
    const [reading] = hear({ type: "request", fileId: song.fileId, pieces: [0] });
    if (reading?.type !== "give-piece") throw new Error("ada should have begun to read");
    ada.transfer.handle({ type: "link-closed", peer: bo }, 1001);
    ada.transfer.handle({ type: "link-opened", peer: bo }, 1002);
    hear({ type: "hello", v: CTL_VERSION, proof: "" });
    const { upload } = reading;
    expect(ada.transfer.handle({ type: "piece-read", peer: bo, upload, sizeBytes: 65_536 }, 1003)).toEqual(
      [],
    );
    expect(ada.transfer.totals().sentBytes).toBe(0);
  });

  it("completes from the others when the owner leaves after one copy is out", () => {
    const swarm = new FakeSwarm(7);
    const [ada, ...others] = swarm.mesh("ada", "bo", "cy", "dee", "eve");
    ada?.add(song);
    swarm.runUntil(() => others.some((peer) => peer.hasAllOf(song)));
    expect(others.every((peer) => peer.hasAllOf(song))).toBe(false);
    if (ada) swarm.leave(ada);
    swarm.runUntil(() => others.every((peer) => peer.hasAllOf(song)));
    expect(others.map((peer) => peer.file(song)?.offeredBy)).toEqual([[], [], [], []]);
    expect(others.every((peer) => peer.file(song)?.isWholeSomewhere)).toBe(true);
  });

  it("says so when the last complete holder of a file has left", () => {
    const swarm = new FakeSwarm(14);
    const [ada, bo] = swarm.mesh("ada", "bo");
    ada?.add(song);
    swarm.runUntil(() => (bo?.file(song)?.heldBytes ?? 0) > MEBIBYTE);
    expect(bo?.file(song)?.isWholeSomewhere).toBe(true);
    expect(bo?.file(song)?.hasLostWhole).toBe(false);
    if (ada) swarm.leave(ada);
    expect(bo?.file(song)?.isWholeSomewhere).toBe(false);
    expect(bo?.file(song)?.hasLostWhole).toBe(true);
  });

  it("[S19] fetches after a reload no more than what was missing", () => {
    const [swarm, ada, bo, cy] = trio(15);
    ada.add(song);
    swarm.runUntil(() => (bo.file(song)?.heldBytes ?? 0) > MEBIBYTE);
    const heldBytes = bo.file(song)?.heldBytes ?? 0;
    swarm.leave(bo);
    const reopened = swarm.join("bo reloaded", { store: bo.store });
    swarm.link(reopened, ada);
    swarm.link(reopened, cy);
    swarm.runUntil(() => reopened.hasAllOf(song));
    expect(reopened.transfer.totals().receivedBytes).toBeLessThanOrEqual(2 * MEBIBYTE - heldBytes);
  });

  it("does not fetch what does not fit this device, and says so", () => {
    const swarm = new FakeSwarm(8);
    const ada = swarm.join("ada");
    const bo = swarm.join("bo", { capacityBytes: MEBIBYTE });
    swarm.link(ada, bo);
    ada.add(song);
    swarm.clock.advance(5_000);
    expect(bo.file(song)).toMatchObject({ heldBytes: 0, isOverBudget: true });
  });
});

describe("switching a file off", () => {
  it("keeps a disabled file from being fetched until it is enabled again", () => {
    const [swarm, ada, bo, cy] = trio(10);
    ada.add(song);
    swarm.runUntil(() => bo.file(song) !== undefined);
    bo.handle({ type: "enabled-set", fileId: song.fileId, isEnabled: false });
    swarm.runUntil(() => cy.hasAllOf(song));
    expect(bo.file(song)).toMatchObject({ seeded: false, enabled: false });
    const heldBytes = bo.file(song)?.heldBytes;
    swarm.clock.advance(10_000);
    expect(bo.file(song)?.heldBytes).toBe(heldBytes);
    bo.handle({ type: "enabled-set", fileId: song.fileId, isEnabled: true });
    swarm.runUntil(() => bo.hasAllOf(song));
  });

  it("withdraws ada's offer when she disables it, while bo goes on seeding", () => {
    const [swarm, ada, bo, cy] = trio(11);
    cy.handle({ type: "enabled-set", fileId: song.fileId, isEnabled: false });
    swarm.unlink(ada, cy);
    swarm.unlink(bo, cy);
    ada.add(song);
    swarm.runUntil(() => bo.hasAllOf(song));
    ada.handle({ type: "enabled-set", fileId: song.fileId, isEnabled: false });
    swarm.link(ada, cy);
    swarm.link(bo, cy);
    swarm.runUntil(() => cy.hasAllOf(song));
    expect(cy.file(song)?.offeredBy).toEqual([]);
    expect(ada.sentBytesTo.get(cy)).toBeUndefined();
  });

  it("forgets a file that nobody offers and nobody holds", () => {
    const swarm = new FakeSwarm(12);
    const ada = swarm.join("ada");
    const bo = swarm.join("bo", { capacityBytes: MEBIBYTE });
    swarm.link(ada, bo);
    ada.add(song);
    swarm.runUntil(() => bo.file(song) !== undefined);
    ada.handle({ type: "enabled-set", fileId: song.fileId, isEnabled: false });
    swarm.runUntil(() => bo.file(song) === undefined);
    expect(ada.file(song)).toMatchObject({ enabled: false, seeded: true, offeredBy: [] });
  });

  it("stops serving a file at once when it is disabled", () => {
    const [swarm, ada, bo, cy] = trio(13);
    ada.add(song);
    swarm.runUntil(() => (bo.file(song)?.heldBytes ?? 0) > MEBIBYTE / 2);
    ada.handle({ type: "enabled-set", fileId: song.fileId, isEnabled: false });
    swarm.clock.advance(3_000);
    const sentBytes = [bo, cy].map((peer) => ada.sentBytesTo.get(peer));
    swarm.clock.advance(30_000);
    expect([bo, cy].map((peer) => ada.sentBytesTo.get(peer))).toEqual(sentBytes);
  });
});

describe("equal content", () => {
  it("is one file with two owners when ada and bo both add it", () => {
    const [swarm, ada, bo, cy] = trio(20);
    ada.add(song);
    bo.add({ ...song, name: "the same song.mp3" });
    swarm.runUntil(() => cy.hasAllOf(song));
    expect(cy.transfer.files()).toHaveLength(1);
    expect(cy.file(song)).toMatchObject({ name: "song.mp3", offeredBy: [ada.id, bo.id] });
    expect((ada.sentBytesTo.get(cy) ?? 0) > 0 && (bo.sentBytesTo.get(cy) ?? 0) > 0).toBe(true);
    expect(ada.sentBytesTo.get(bo) ?? 0).toBe(0);
  });

  it("makes a listener an owner when she adds what she was fetching", () => {
    const [swarm, ada, bo, cy] = trio(21);
    ada.add(song);
    swarm.runUntil(() => (bo.file(song)?.heldBytes ?? 0) > MEBIBYTE / 2);
    bo.add(song);
    swarm.runUntil(() => cy.hasAllOf(song));
    expect(cy.file(song)?.offeredBy).toEqual([ada.id, bo.id]);
    expect(bo.events.filter(({ code }) => code === "file-complete")).toHaveLength(1);
  });
});

describe("peers that misbehave", () => {
  it("refuses a corrupted piece, names its sender, and fetches it elsewhere", () => {
    const [swarm, ada, bo, cy] = trio(30);
    swarm.unlink(ada, cy);
    swarm.unlink(bo, cy);
    ada.add(song);
    bo.add(song);
    ada.isLying = true;
    swarm.link(ada, cy);
    swarm.link(bo, cy);
    swarm.runUntil(() => cy.hasAllOf(song));
    expect(cy.events).toContainEqual({
      code: "bad-piece",
      from: ada.id,
      fileId: song.fileId,
      fileName: "song.mp3",
    });
    expect(cy.transfer.totals().badPieces).toBeGreaterThan(0);
  });

  it("does not ask a liar again after it reconnects", () => {
    const swarm = new FakeSwarm(31);
    const [ada, bo] = swarm.mesh("ada", "bo");
    if (!ada || !bo) throw new Error("two peers were asked for");
    ada.isLying = true;
    ada.add(song);
    swarm.runUntil(() => codes(bo).includes("bad-piece"));
    swarm.unlink(ada, bo);
    const sentBytes = ada.sentBytesTo.get(bo);
    swarm.link(ada, bo);
    swarm.clock.advance(10_000);
    expect(ada.sentBytesTo.get(bo)).toBe(sentBytes);
    expect(bo.file(song)?.heldBytes).toBe(0);
  });

  it("[S20] takes the pieces of a silent peer from the others, and names it when it stays silent", () => {
    const swarm = new FakeSwarm(32);
    const [ada, cy] = [swarm.join("ada"), swarm.join("cy")];
    const bo = swarm.join("bo", { uplinkBytesPerSec: 50_000 });
    const concert = fakeFile(1024 * 1024, "concert.mp3");
    ada.add(concert);
    bo.add(concert);
    ada.isMute = true;
    swarm.link(ada, cy);
    swarm.link(bo, cy);
    swarm.runUntil(() => cy.hasAllOf(concert), 200);
    const silent = cy.events.filter(({ code }) => code === "source-silent");
    expect(silent).toEqual([
      { code: "source-silent", from: ada.id, fileId: concert.fileId, fileName: concert.name },
    ]);
  });

  it("waits for a slow only source instead of giving up", () => {
    const swarm = new FakeSwarm(33);
    const ada = swarm.join("ada", { uplinkBytesPerSec: 8_000 });
    const bo = swarm.join("bo");
    swarm.link(ada, bo);
    const jingle = fakeFile(256 * 1024, "jingle.mp3");
    ada.add(jingle);
    swarm.runUntil(() => bo.hasAllOf(jingle));
    expect(codes(bo)).toEqual(["file-complete"]);
    expect(bo.transfer.totals().duplicateBytes).toBe(0);
  });

  it("drops who sends data that nobody asked for, and the others notice nothing", () => {
    const [swarm, ada, bo, cy] = trio(34);
    ada.add(song);
    swarm.clock.advance(200);
    bo.takeChunk(cy, { slot: 9, piece: 0, offsetBytes: 0, payload: new Uint8Array(8) });
    expect(bo.events).toContainEqual({ code: "peer-dropped", from: cy.id, reason: "unrequested" });
    swarm.runUntil(() => bo.hasAllOf(song) && cy.hasAllOf(song));
  });

  it.each([
    ["a second hello", { type: "hello", v: CTL_VERSION, proof: "" }, "malformed"],
    ["a piece beyond the end", { type: "request", fileId: song.fileId, pieces: [4_000] }, "malformed"],
    [
      "a bitfield of the wrong length",
      { type: "bitfield", fileId: song.fileId, pieces: "AAAAAAAA" },
      "malformed",
    ],
  ] satisfies [string, CtlMessage, string][])("drops who sends %s", (_, message, reason) => {
    const [swarm, ada, bo] = trio(35);
    ada.add(song);
    swarm.runUntil(() => bo.hasAllOf(song));
    bo.say(ada, message);
    swarm.clock.advance(50);
    expect(ada.events).toContainEqual({ code: "peer-dropped", from: bo.id, reason });
  });

  it("says nothing and takes nothing before both hellos", () => {
    const swarm = new FakeSwarm(36);
    const ada = swarm.join("ada");
    ada.add(song);
    const bo = idOf("bo");
    const opening = ada.transfer.handle({ type: "link-opened", peer: bo }, 1000);
    expect(opening).toEqual([
      {
        type: "send-ctl",
        peer: bo,
        message: { type: "hello", v: CTL_VERSION, proof: "", bulkBytes: 262_144 },
      },
    ]);
    const early = { type: "manifest-request", fileId: song.fileId } as const;
    expect(ada.transfer.handle({ type: "ctl", peer: bo, message: early }, 1001)).toContainEqual({
      type: "drop-peer",
      peer: bo,
      reason: "before-hello",
      isForGood: true,
    });
  });

  it("drops a peer of another protocol version", () => {
    const ada = new FakeSwarm(37).join("ada");
    const bo = idOf("bo");
    ada.transfer.handle({ type: "link-opened", peer: bo }, 1000);
    const effects = ada.transfer.handle(
      { type: "ctl", peer: bo, message: { type: "hello", v: CTL_VERSION + 1, proof: "" } },
      1001,
    );
    expect(effects).toContainEqual({ type: "drop-peer", peer: bo, reason: "version", isForGood: true });
  });

  it("accepts ten files of one peer, refuses the next, and says whose it was", () => {
    const [swarm, ada, bo] = trio(38);
    const names = Array.from({ length: MAX_OWN_FILES }, (_, index) => `${index}.mp3`);
    for (const [index, name] of names.entries()) ada.add(fakeFile(70_000, name, index + 1));
    expect(ada.transfer.canOffer(song.fileId)).toBe(false);
    ada.add({ ...song, name: "more.mp3" }); // her own device would have refused it: this one is built otherwise
    swarm.clock.advance(1_000);
    expect(bo.transfer.files().map(({ name }) => name)).toEqual(names);
    const refusals = bo.events.filter(({ code }) => code === "file-refused");
    expect(refusals).toEqual([
      { code: "file-refused", from: ada.id, error: "file-too-many", fileName: "more.mp3" },
    ]);
  });
});

describe("whatever breaks", () => {
  it("everyone ends up with every file once links stay, whatever links were lost before", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.array(fc.tuple(fc.nat(4), fc.nat(4), fc.nat(400), fc.boolean()), { maxLength: 25 }),
        (seed, disturbances) => {
          const swarm = new FakeSwarm(seed);
          const peers = swarm.mesh("ada", "bo", "cy", "dee", "eve");
          const files = [fakeFile(640 * 1024, "one.mp3", 1), fakeFile(300_001, "two.mp3", 2)];
          for (const [index, file] of files.entries()) peers[index]?.add(file);
          for (const [from, to, waitMs, isLost] of disturbances) {
            swarm.clock.advance(waitMs);
            const [a, b] = [peers[from], peers[to]];
            if (!a || !b || a === b) continue;
            if (isLost) swarm.unlink(a, b);
            else swarm.link(a, b);
          }
          for (const a of peers) for (const b of peers) if (a !== b) swarm.link(a, b);
          swarm.runUntil(() => peers.every((peer) => files.every((file) => peer.hasAllOf(file))));
          expect(peers.flatMap(codes).filter((code) => code !== "file-complete")).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  });
});
