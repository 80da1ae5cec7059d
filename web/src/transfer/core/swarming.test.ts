// The scheduler as a whole: how near a swarm comes to what no algorithm can beat, in virtual time, so every figure is a count
// of work and none a measurement. Larger swarms: transfer/testing/simulate-large.ts.

import { describe, expect, it } from "vitest";
import { CTL_VERSION } from "../../protocol/constants/transfer.gen.ts";
import { type FakePeer, FakeSwarm, fakeFile, idOf } from "../testing/fake-swarm.ts";
import { simulate } from "../testing/simulation.ts";
import { Bitfield } from "./bitfield.ts";
import type { TransferEvent } from "./core.ts";
import type { CtlMessage } from "./ctl.ts";

const MEBIBYTE = 2 ** 20;
const song = fakeFile(4 * MEBIBYTE);
const UPLINK = 1_000_000;
/** A fast desktop, a slow phone, and two like the seeder. */
const MIXED = [UPLINK, 2 * UPLINK, UPLINK / 2, UPLINK];

/** Nobody starves: between two pieces of 64 to 128 nobody waits longer than this share of the whole. */
const STARVING_SHARE = 0.2;

const sentBytes = (peer: FakePeer): number =>
  [...peer.sentBytesTo.values()].reduce((sum, bytes) => sum + bytes, 0);

describe("a swarm", () => {
  it.each([1, 2, 3])("[S6] of eight listeners has the file in 1.15 uploads (seed %i)", (seed) => {
    const { ratio, neededShare, longestDrySec, boundSec } = simulate({
      seed,
      peers: 9,
      sizeBytes: 8 * MEBIBYTE,
      uplinksBytesPerSec: [UPLINK],
    });
    expect(ratio).toBeLessThanOrEqual(1.15);
    expect(neededShare).toBeGreaterThanOrEqual(0.97);
    expect(longestDrySec).toBeLessThan(STARVING_SHARE * boundSec);
  });

  it("[S6] of nineteen with mixed uplinks, some of whom leave, has it in 1.3 times the bound", () => {
    const scenario = {
      seed: 4,
      peers: 20,
      sizeBytes: 8 * MEBIBYTE,
      uplinksBytesPerSec: MIXED,
      churnPerSec: 0.01,
    };
    const { ratio, neededShare, left, longestDrySec, boundSec } = simulate(scenario);
    expect(left).toBeGreaterThan(0);
    expect(ratio).toBeLessThanOrEqual(1.3);
    expect(neededShare).toBeGreaterThanOrEqual(0.97);
    expect(longestDrySec).toBeLessThan(STARVING_SHARE * boundSec);
  });
});

describe("a sole holder", () => {
  it("[S7] has given a whole copy away after hardly more than one upload of it", () => {
    const swarm = new FakeSwarm(5);
    const [ada, ...others] = swarm.mesh("ada", "bo", "cy", "dee", "eve");
    if (!ada) throw new Error("five were asked for");
    ada.add(song);
    const held = () => new Set(others.flatMap((peer) => heldPieces(peer)));
    swarm.runUntil(() => held().size === 64);
    expect(sentBytes(ada)).toBeLessThan(1.15 * 4 * MEBIBYTE);
    swarm.leave(ada);
    swarm.runUntil(() => others.every((peer) => peer.hasAllOf(song)));
  });

  it("[S7] shows all it has as soon as another complete holder is there", () => {
    const swarm = new FakeSwarm(6);
    const [ada, bo] = [swarm.join("ada"), swarm.join("bo")];
    ada.add(song);
    const cy = idOf("cy");
    const shown: string[] = [];
    const tell = (event: TransferEvent): void => {
      for (const effect of ada.transfer.handle(event, swarm.clock.nowMs())) {
        if (effect.type !== "send-ctl" || effect.peer !== cy || effect.message.type !== "bitfield") continue;
        shown.push(effect.message.pieces);
      }
    };
    tell({ type: "link-opened", peer: cy });
    tell({ type: "ctl", peer: cy, message: { type: "hello", v: CTL_VERSION, proof: "" } });
    expect(Bitfield.decode(shown[0] ?? "", 64).setCount).toBeLessThan(8);
    tell({ type: "link-opened", peer: bo.id });
    tell({ type: "ctl", peer: bo.id, message: { type: "hello", v: CTL_VERSION, proof: "" } });
    const { fileId } = song;
    const listed = { slot: 0, fileId, name: "song.mp3", sizeBytes: 4 * MEBIBYTE, pieceLength: 65_536 };
    const files = [{ ...listed, isOwn: true, isWhole: true }];
    tell({ type: "ctl", peer: bo.id, message: { type: "catalog", files } });
    expect(Bitfield.decode(shown[1] ?? "", 64).isFull).toBe(true);
    expect(ada.file(song)?.isWholeSomewhere).toBe(true);
  });

  it("[S8] gives even what it has not shown, to whoever asks", () => {
    const ada = new FakeSwarm(7).join("ada");
    ada.add(song);
    const bo = idOf("bo");
    const hear = (message: CtlMessage) => ada.transfer.handle({ type: "ctl", peer: bo, message }, 1000);
    ada.transfer.handle({ type: "link-opened", peer: bo }, 1000);
    hear({ type: "hello", v: CTL_VERSION, proof: "" });
    const all = Array.from({ length: 30 }, (_, piece) => piece);
    const effects = hear({ type: "request", fileId: song.fileId, pieces: all });
    expect(effects.map(({ type }) => type)).toEqual(["give-piece", "give-piece"]);
  });
});

describe("giving", () => {
  it("[S9] goes on to everyone while some receivers take nothing", () => {
    const swarm = new FakeSwarm(8);
    const [ada, bo] = [swarm.join("ada"), swarm.join("bo")];
    ada.add(song);
    for (const name of ["stuck one", "stuck two"]) {
      const stuck = swarm.join(name).id;
      const hear = (message: CtlMessage) =>
        ada.transfer.handle({ type: "ctl", peer: stuck, message }, swarm.clock.nowMs());
      ada.transfer.handle({ type: "link-opened", peer: stuck }, swarm.clock.nowMs());
      hear({ type: "hello", v: CTL_VERSION, proof: "" });
      hear({ type: "request", fileId: song.fileId, pieces: [0, 1, 2] }); // begun, and never reported sent
    }
    swarm.link(ada, bo);
    swarm.runUntil(() => bo.hasAllOf(song), 30);
  });

  it("[S10] waiting at a slow peer is asked back and taken from a fast one, without a byte twice", () => {
    const swarm = new FakeSwarm(9);
    const slow = swarm.join("ada", { uplinkBytesPerSec: UPLINK / 20 });
    const fast = swarm.join("bo");
    const cy = swarm.join("cy");
    for (const peer of [slow, fast]) peer.add(song);
    swarm.link(slow, cy);
    swarm.link(fast, cy);
    const tookSec = swarm.runUntil(() => cy.hasAllOf(song));
    expect(tookSec).toBeLessThan((4 * MEBIBYTE) / UPLINK + 1.5);
    expect(cy.transfer.totals().duplicateBytes).toBeLessThanOrEqual(2 * 65_536);
  });

  it("[S11] keeps whoever has the playing file free for it, on every link", () => {
    const swarm = new FakeSwarm(10);
    const peers = swarm.mesh("ada", "bo", "cy", "dee");
    const other = fakeFile(4 * MEBIBYTE, "other.mp3", 2);
    peers[0]?.add(other);
    peers[0]?.add(song);
    for (const peer of peers) peer.handle({ type: "prioritized", fileId: song.fileId });
    const tookSec = swarm.runUntil(() => peers.every((peer) => peer.hasAllOf(song)));
    expect(tookSec).toBeLessThan((1.4 * 4 * MEBIBYTE) / UPLINK);
    swarm.runUntil(() => peers.every((peer) => peer.hasAllOf(other)));
  });
});

const heldPieces = (peer: FakePeer): number[] => peer.heldPieces(song);
