// Pieces whose sound is due: asked for first and in order, each by one listener where its holder has shown it to nobody, and
// without a song's being copied in order. In virtual time, so every figure is a count of work.

import { describe, expect, it } from "vitest";
import { CTL_VERSION, MAX_URGENT_PIECES } from "../../protocol/constants/transfer.gen.ts";
import { type FakePeer, FakeSwarm, fakeFile, idOf } from "../testing/fake-swarm.ts";
import { type StreamOutcome, stream } from "../testing/streaming.ts";
import type { Effect, TransferEvent } from "./core.ts";
import type { CtlMessage } from "./ctl.ts";
import { UploadQueue } from "./uploads.ts";
import { ListenersTurns, Urgency } from "./urgency.ts";

const PIECE_BYTES = 65_536;
const song = fakeFile(64 * PIECE_BYTES);
const { fileId } = song;

/** A song of four and a half minutes at 192 kbit/s, uplinks of 2 Mbit/s; the first sound is due after 3 s. */
const room = {
  listeners: 8,
  sizeBytes: 6_480_000,
  durationSec: 270,
  uplinkBytesPerSec: 250_000,
  startSec: 3,
};
const played = (seed: number, urgentSec: number): StreamOutcome => stream({ ...room, seed, urgentSec });

describe("a song that plays while it comes in", () => {
  it.each([1, 2, 3])("[S46] stops nowhere, and is whole nearly as soon as without (seed %i)", (seed) => {
    const { longestStallSec, lastSec, seederCopies } = played(seed, 20);
    expect(longestStallSec).toBe(0);
    expect(lastSec).toBeLessThan(1.15 * played(seed, 0).lastSec);
    expect(seederCopies).toBeLessThan(1.2);
  });

  it.each([
    [1, 8_000_000],
    [2, 50_000_000],
  ])("[S46] [S52] and while its owner reads it (seed %i, %i bytes a second)", (seed, readBytesPerSec) => {
    const { longestStallSec, lastSec, seederCopies } = stream({
      ...room,
      seed,
      readBytesPerSec,
      urgentSec: 20,
    });
    expect(longestStallSec).toBe(0);
    expect(lastSec).toBeLessThan((1.2 * room.sizeBytes) / room.uplinkBytesPerSec);
    expect(seederCopies).toBeLessThan(1.2);
  });

  it("[S46] is not copied in order where the application says sixty-four pieces to be due", () => {
    const { longestStallSec, lastSec, seederCopies } = played(4, (270 * 64) / 99);
    expect(longestStallSec).toBe(0);
    expect(lastSec).toBeLessThan(1.15 * played(4, 0).lastSec);
    expect(seederCopies).toBeLessThan(1.25);
  });

  it("[S46] stops nowhere for nineteen, of whom nobody sees all others", () => {
    const scenario = { ...room, listeners: 19, startSec: 6, seed: 5 };
    const { longestStallSec, lastSec } = stream({ ...scenario, urgentSec: 20 });
    expect(longestStallSec).toBe(0);
    expect(lastSec).toBeLessThan(1.15 * stream({ ...scenario, urgentSec: 0 }).lastSec);
  });
});

describe("a piece that is due", () => {
  it("[S45] is asked for before all others, in the order that was said, whichever file is chosen", () => {
    const swarm = new FakeSwarm(1);
    const [ada, bo, cy] = [swarm.join("ada"), swarm.join("bo"), swarm.join("cy")];
    const other = fakeFile(64 * PIECE_BYTES, "other.mp3", 2);
    for (const peer of [ada, bo]) for (const file of [song, other]) peer.add(file);
    const asked = listenTo(cy);
    cy.handle({ type: "prioritized", fileId: other.fileId });
    cy.handle({ type: "urgent-set", fileId, pieces: [40, 3, 41] });
    for (const peer of [ada, bo]) swarm.link(peer, cy);
    swarm.runUntil(() => [40, 3, 41].every((piece) => cy.heldPieces(song).includes(piece)));
    const due = asked.filter(({ isDue }) => isDue);
    expect(asked.filter((each) => each.fileId === fileId).slice(0, due.length)).toEqual(due);
    expect(cy.heldPieces(other).length).toBeLessThan(20);
    expect(due.map(({ pieces }) => pieces)).toEqual([[40, 41], [3]]); // of two, in turn
    expect(cy.heldPieces(song).length).toBeLessThan(6);
    swarm.runUntil(() => cy.hasAllOf(song) && cy.hasAllOf(other));
  });

  it("[S45] is asked of a second one where it is late and the next to sound, and of no third", () => {
    const swarm = new FakeSwarm(2);
    const [ada, bo, cy, dee] = swarm.mesh("ada", "bo", "cy", "dee");
    if (!ada || !bo || !cy || !dee) throw new Error("four were asked for");
    for (const peer of [ada, bo, cy]) peer.add(song);
    const asked = listenTo(dee);
    for (const peer of [ada, bo, cy]) peer.isMute = true;
    dee.handle({ type: "urgent-set", fileId, pieces: [7, 8, 9, 10] });
    swarm.clock.advance(2_900);
    const timesAsked = (piece: number) => asked.filter(({ pieces }) => pieces.includes(piece)).length;
    expect([7, 8, 9, 10].map(timesAsked)).toEqual([2, 2, 1, 1]);
  });

  it("[S45] beyond the file, said too often or of an unknown file does no harm", () => {
    const swarm = new FakeSwarm(3);
    const [ada, bo] = [swarm.join("ada"), swarm.join("bo", { isWatched: true })];
    ada.add(song);
    bo.handle({ type: "urgent-set", fileId, pieces: [1_000, 64, 63, 63] });
    for (let salt = 2; salt < 20; salt++)
      bo.handle({ type: "urgent-set", fileId: fakeFile(1_000, "x", salt).fileId, pieces: [0] });
    bo.handle({ type: "urgent-set", fileId, pieces: [1_000, 64, 63, 63] });
    swarm.link(ada, bo);
    swarm.runUntil(() => bo.hasAllOf(song));
    expect(bo.transfer.totals().duplicateBytes).toBe(0);
    expect(bo.events.filter(({ code }) => code === "peer-dropped")).toEqual([]);
  });

  it("[S47] goes within its link before the rarest", () => {
    const ada = new FakeSwarm(4).join("ada");
    ada.add(song);
    const [bo, cy] = [idOf("bo"), idOf("cy")];
    const given: string[] = [];
    const tell = (event: TransferEvent): void => {
      for (const effect of ada.transfer.handle(event, 1_000)) record(effect);
    };
    const record = (effect: Effect): void => {
      if (effect.type !== "give-piece") return;
      given.push(`${effect.peer === bo ? "bo" : "cy"} ${effect.upload.piece}`);
      tell({ type: "piece-unreadable", peer: effect.peer, upload: effect.upload });
    };
    const hear = (peer: typeof bo, message: CtlMessage): void => tell({ type: "ctl", peer, message });
    for (const peer of [bo, cy]) {
      tell({ type: "link-opened", peer });
      hear(peer, { type: "hello", v: CTL_VERSION, proof: "" });
    }
    const stuck = ada.transfer.handle(
      { type: "ctl", peer: bo, message: { type: "request", fileId, pieces: [1, 2, 3, 4] } },
      1_000,
    );
    hear(cy, { type: "request", fileId, pieces: [5, 6] });
    hear(bo, { type: "request", fileId, pieces: [9, 8], isDue: true });
    expect(given).toEqual([]); // both slots are taken
    for (const effect of stuck) record(effect);
    const later = given.filter((each) => !["bo 1", "bo 2"].includes(each));
    expect(later.filter((each) => each.startsWith("bo"))).toEqual(["bo 9", "bo 8", "bo 3", "bo 4"]);
    expect(given.indexOf("cy 5")).toBeLessThan(given.indexOf("bo 8"));
  });
});

describe("a piece that was asked for before it is due", () => {
  it("[S47] is hastened once where it waits, and nothing is sent twice for it", () => {
    const swarm = new FakeSwarm(1);
    const [ada, bo, cy] = [
      swarm.join("ada", { uplinkBytesPerSec: 20_000 }),
      swarm.join("bo"),
      swarm.join("cy"),
    ];
    const hastened: number[] = [];
    const owed: number[] = [];
    const say = bo.say.bind(bo);
    bo.say = (to, message) => {
      if (message.type === "due") hastened.push(...message.pieces);
      if (message.type === "request" && to === ada) owed.push(...message.pieces);
      say(to, message);
    };
    for (const peer of [ada, cy]) peer.add(song); // two have it whole, so that neither hides a piece
    cy.isMute = true;
    swarm.link(ada, cy);
    swarm.clock.advance(500);
    for (const peer of [ada, cy]) swarm.link(peer, bo);
    swarm.clock.advance(500);
    const [, , before = -1, due = -1] = owed;
    for (const pieces of [[due], [due, due], [due]]) bo.handle({ type: "urgent-set", fileId, pieces });
    swarm.runUntil(() => bo.heldPieces(song).includes(due), 30);
    expect([hastened, bo.heldPieces(song).includes(before)]).toEqual([[due], false]);
    swarm.runUntil(() => bo.heldPieces(song).includes(before), 30);
    expect(bo.transfer.totals().duplicateBytes).toBe(0);
  });

  it("[S47] changes nothing where it does not wait any more, or never did", () => {
    const uploads = new UploadQueue();
    uploads.add({ fileId, piece: 1 });
    uploads.add({ fileId, piece: 2 });
    for (const piece of [2, 3]) uploads.hasten({ fileId, piece });
    expect(uploads.count).toBe(2);
    const first = uploads.begin(0, 1, 1, ({ isDue }) => (isDue ? 0 : 1));
    expect(first).toEqual({ fileId, piece: 2, isDue: true });
    uploads.hasten({ fileId, piece: 2 });
    expect(uploads.count).toBe(2);
  });
});

describe("what is due", () => {
  it("[S45] is replaced by each call, and news only where it differs", () => {
    const urgency = new Urgency();
    expect(urgency.set(fileId, [1, 2])).toBe(true);
    expect(urgency.set(fileId, [1, 2])).toBe(false);
    expect(
      urgency.set(
        fileId,
        Array.from({ length: 100 }, (_, piece) => piece),
      ),
    ).toBe(true);
    expect(urgency.of(fileId)?.pieces).toHaveLength(MAX_URGENT_PIECES);
    expect(urgency.set(fileId, [])).toBe(true);
    expect(urgency.of(fileId)).toBeUndefined();
  });

  it("[S46] and was shown to nobody is asked for by one of those who see each other, then by the next", () => {
    const names = ["ada", "bo", "cy", "dee"].map(idOf);
    const turnsOf = (me: (typeof names)[number]): ListenersTurns => {
      const others = names.filter((name) => name !== me);
      return new ListenersTurns(
        me,
        others.map((userId) => ({ userId, listing: new Map() })),
        fileId,
      );
    };
    for (const piece of [0, 1, 2, 3, 4]) {
      const whoAsks = (headForMs: number, position: number) =>
        names.filter((me) => turnsOf(me).mayAsk(piece, position, headForMs, 1_000)).length;
      expect([0, 999, 1_000, 2_000, 3_000].map((headForMs) => whoAsks(headForMs, 0))).toEqual([
        1, 1, 2, 3, 4,
      ]);
      expect([whoAsks(9_000, 2), whoAsks(9_000, 8)]).toEqual([1, 0]);
    }
  });
});

interface Asked {
  readonly fileId: string;
  readonly pieces: readonly number[];
  readonly isDue: boolean;
}

/** All requests that a peer sends from now on. */
function listenTo(peer: FakePeer): Asked[] {
  const asked: Asked[] = [];
  const say = peer.say.bind(peer);
  peer.say = (to, message) => {
    if (message.type === "request") asked.push({ ...message, isDue: message.isDue ?? false });
    say(to, message);
  };
  return asked;
}
