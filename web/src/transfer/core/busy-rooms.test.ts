// Rooms in virtual time whose pages are late to take messages, and whose uplinks are slow, as nine browsers on two cores have them: what
// is sent in vain, and how long what was asked for waits for whoever owes it.

import { describe, expect, it } from "vitest";
import type { FileId, Random, UserId } from "../../lib/index.ts";
import { SeededRandom } from "../../lib/testing/index.ts";
import { CATALOG_PERIOD_MS, CTL_VERSION } from "../../protocol/constants/transfer.gen.ts";
import { type FakeFile, type FakePeer, FakeSwarm, fakeFile, idOf } from "../testing/fake-swarm.ts";
import type { Effect, TransferEvent } from "./core.ts";
import { draftIdOf, draftNonce } from "./draft.ts";
import { Transfer } from "./transfer.ts";

const MEBIBYTE = 2 ** 20;
const song = fakeFile(8 * MEBIBYTE);
const PIECE = song.manifest.pieceLength;
/** 2 Mbit/s. */
const UPLINK = 250_000;
const DISC_BYTES_PER_SEC = 50 * MEBIBYTE;

/** Mostly a few ms, one message in ten by up to 0.3 s, one in a hundred by up to 2 s. */
function lateMs(random: Random): number {
  const roll = random.fraction();
  return random.fraction() * (roll < 0.01 ? 2_000 : roll < 0.1 ? 300 : 30);
}

function busyRoom(seed: number, uplinksBytesPerSec: readonly number[]): FakePeer[] {
  const swarm = new FakeSwarm(seed, lateMs);
  const peers = uplinksBytesPerSec.map((uplinkBytesPerSec, at) =>
    swarm.join(`${at}`, {
      uplinkBytesPerSec,
      answer: (succeed) => void swarm.clock.after(lateMs(swarm.random), succeed),
    }),
  );
  for (const [at, peer] of peers.entries()) for (const other of peers.slice(at + 1)) swarm.link(peer, other);
  swarm.clock.advance(5_000);
  return peers;
}

/** How long it takes until all but the first, who adds the file as a draft, have it, seconds. */
function share(peers: readonly FakePeer[]): number {
  const [seeder, ...others] = peers as [FakePeer, ...FakePeer[]];
  seeder.addReading(song, DISC_BYTES_PER_SEC);
  return seeder.swarm.runUntil(() => others.every((peer) => peer.hasAllOf(song)));
}

/** A core that gives, and what it is told by neighbours of make-believe; its pieces leave when that is said. */
class Giver {
  readonly effects: Effect[] = [];
  readonly #transfer: Transfer;
  #localMs = 1_000;

  constructor(bytesPerSec: number) {
    this.#transfer = new Transfer({
      me: idOf("ada"),
      random: new SeededRandom(1),
      capacityBytes: 2 ** 30,
      paceBytesPerSec: () => bytesPerSec,
    });
  }

  get given(): Extract<Effect, { type: "give-piece" }>[] {
    return this.effects.flatMap((effect) => (effect.type === "give-piece" ? effect : []));
  }

  get givenPieces(): number[] {
    return this.given.map(({ upload }) => upload.piece);
  }

  hear(event: TransferEvent): void {
    this.effects.push(...this.#transfer.handle(event, this.#localMs));
  }

  link(name: string): UserId {
    const peer = idOf(name);
    this.hear({ type: "link-opened", peer });
    this.hear({ type: "ctl", peer, message: { type: "hello", v: CTL_VERSION, proof: "" } });
    return peer;
  }

  ask(peer: UserId, fileId: FileId, ...pieces: number[]): void {
    this.hear({ type: "ctl", peer, message: { type: "request", fileId, pieces } });
  }

  /** Reads a file as a draft; returns the draft's id. */
  addDraft(file: FakeFile): FileId {
    const { sizeBytes } = file.manifest;
    const nonce = draftNonce(new SeededRandom(2));
    const draftId = draftIdOf(idOf("ada"), sizeBytes, nonce);
    this.hear({ type: "draft-begun", draftId, nonce, name: file.name, sizeBytes });
    this.hear({ type: "file-added", ...file, draftId });
    return draftId;
  }

  /** The store gives everything that was begun. */
  read(): void {
    for (const { peer, upload } of this.given)
      this.hear({ type: "piece-read", peer, upload, sizeBytes: PIECE });
  }

  /** The piece that was begun as the so many-th has left. */
  send(at: number): void {
    const begun = this.given[at];
    if (!begun) throw new Error(`${at} pieces were begun`);
    this.hear({ type: "piece-sent", peer: begun.peer, upload: begun.upload });
  }

  pass(durationMs: number): void {
    for (let passedMs = 0; passedMs < durationMs; passedMs += 100) {
      this.#localMs += 100;
      this.read();
      this.hear({ type: "tick" });
    }
  }
}

describe("a room of busy pages", () => {
  it("[S53] hears that others list nothing before the owner lists the file: what is on its way arrives", () => {
    const swarm = new FakeSwarm(1);
    const [ada, bo, cy] = swarm.mesh("ada", "bo", "cy") as [FakePeer, FakePeer, FakePeer];
    ada.uplinkBytesPerSec = UPLINK;
    swarm.clock.advance(1_000);
    const handle = bo.handle.bind(bo);
    let isTold = false;
    bo.handle = (event) => {
      handle(event);
      if (isTold || !bo.transfer.manifestOf(song.fileId)) return;
      isTold = true;
      handle({ type: "ctl", peer: cy.id, message: { type: "catalog", files: [] } });
    };
    ada.addReading(song, DISC_BYTES_PER_SEC);
    swarm.runUntil(() => isTold);
    expect(bo.heldPieces(song)).toEqual([]);
    swarm.runUntil(() => bo.hasAllOf(song));
    expect(bo.transfer.totals()).toMatchObject({ receivedBytes: 8 * MEBIBYTE, duplicateBytes: 0 });
  });

  it.each([1, 2])("[S9] does not wait for one whose uplink is slow (seed %i)", (seed) => {
    const uplinks = Array(9).fill(UPLINK);
    uplinks[5] = UPLINK / 5;
    expect(share(busyRoom(seed, uplinks))).toBeLessThan((1.25 * 8 * MEBIBYTE) / UPLINK);
  });
});

describe("giving over a slow uplink", () => {
  it.each([
    ["small pieces", 8 * MEBIBYTE, 40_000],
    ["large pieces", 100 * MEBIBYTE, UPLINK],
  ])("[S9] begins no more of %s than it can send soon", (_, sizeBytes, bytesPerSec) => {
    const giver = new Giver(bytesPerSec);
    const file = fakeFile(sizeBytes);
    giver.hear({ type: "file-added", ...file });
    for (const name of ["bo", "cy", "dee", "eve", "flo"]) giver.ask(giver.link(name), file.fileId, 0, 1, 2);
    const bothMs = (2 * file.manifest.pieceLength * 1000) / bytesPerSec;
    giver.pass(2 * bothMs);
    expect(giver.given).toHaveLength(2);
    giver.pass(2 * bothMs); // these two receivers take nothing: the others do not wait for ever
    expect(giver.given).toHaveLength(4);
  });

  it("[S11] gives what was asked for as a draft among the first when it is the playing file", () => {
    const giver = new Giver(UPLINK);
    const other = fakeFile(8 * MEBIBYTE, "other.mp3", 2);
    giver.hear({ type: "file-added", ...other });
    const [bo, cy] = [giver.link("bo"), giver.link("cy")];
    giver.pass(CATALOG_PERIOD_MS);
    const draftId = giver.addDraft(song);
    giver.hear({ type: "prioritized", fileId: song.fileId });
    giver.ask(bo, other.fileId, 0, 1, 2, 3);
    giver.ask(cy, other.fileId, 4);
    giver.ask(bo, draftId, 7);
    giver.send(0);
    expect(giver.givenPieces).toEqual([0, 1, 7]);
  });

  it("[S53] gives what was asked for as a draft as long as anybody waits for it", () => {
    const giver = new Giver(UPLINK);
    const bo = giver.link("bo");
    const draftId = giver.addDraft(song);
    giver.ask(bo, draftId, 0, 1, 2, 3);
    giver.pass(70_000);
    for (let at = 0; at < 4; at++) giver.send(at);
    expect(giver.givenPieces).toEqual([0, 1, 2, 3]);
    giver.pass(1_000);
    giver.ask(bo, draftId, 4);
    expect(giver.given).toHaveLength(4); // nobody goes by that id any more
  });
});
