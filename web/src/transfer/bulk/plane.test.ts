// The bulk plane between two channels of make-believe, in virtual time, with real hashes: what goes in at one comes out at the other,
// and what is told of it is told in few messages.

import { sha256 } from "@noble/hashes/sha2.js";
import { describe, expect, it } from "vitest";
import type { Bytes, FileId, UserId } from "../../lib/index.ts";
import { VirtualClock } from "../../lib/testing/index.ts";
import { LARGE_BULK_BYTES, MAX_BULK_BYTES } from "../../protocol/constants/transfer.gen.ts";
import { encodeChunk } from "../core/frames.ts";
import { Content } from "../store/content.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { settle } from "../testing/fake-connection.ts";
import type { BulkReport } from "./messages.ts";
import { BulkPlane } from "./plane.ts";
import { Relay } from "./relay.ts";
import { SOON_MS } from "./reports.ts";

const SONG = "a1".repeat(32) as FileId;
const BO = "b0".repeat(16) as UserId;
const PIECE = 262_144;
const SIZE = 4 * PIECE;
const [LINK, SLOT] = [5, 9];

/** Hands over at once what it is given. */
class FakeChannel {
  readyState: RTCDataChannelState = "open";
  binaryType = "blob";
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onbufferedamountlow: (() => void) | null = null;
  other: FakeChannel | null = null;
  readonly sentBytes: number[] = [];

  send(data: ArrayBuffer): void {
    if (this.readyState !== "open") throw new Error("InvalidStateError");
    this.sentBytes.push(data.byteLength);
    queueMicrotask(() => this.other?.onmessage?.({ data }));
  }
}

const asChannel = (channel: FakeChannel): RTCDataChannel => channel as unknown as RTCDataChannel;
const contentOf = (piece: number): Bytes =>
  Uint8Array.from({ length: PIECE }, (_, at) => (at * 7 + piece * 13) & 255);

class Party {
  readonly clock: VirtualClock;
  readonly store = new MemoryStore();
  readonly channel = new FakeChannel();
  readonly reports: BulkReport[] = [];
  messages = 0;
  readonly plane: BulkPlane;

  constructor(clock: VirtualClock) {
    this.clock = clock;
    const hasher = { digest: async (bytes: Bytes) => ({ hash: sha256(bytes), bytes }) };
    this.plane = new BulkPlane({
      clock,
      content: new Content(this.store, hasher, clock),
      reportsApartMs: SOON_MS,
      report: (reports) => {
        this.messages += 1;
        this.reports.push(...reports);
      },
    });
    this.plane.take({ op: "generous", isGenerous: true });
  }

  link(channel: RTCDataChannel | null = asChannel(this.channel)): void {
    this.plane.take({ op: "link", link: LINK, peer: BO, channel });
  }

  expect(...pieces: number[]): void {
    const expected = pieces.map((piece) => ({ piece, sizeBytes: PIECE, sha256: sha256(contentOf(piece)) }));
    this.plane.take({ op: "expect", link: LINK, fileId: SONG, epoch: 1, slot: SLOT, pieces: expected });
  }

  said<Type extends BulkReport["type"]>(type: Type): Extract<BulkReport, { type: Type }>[] {
    return this.reports.filter((report) => report.type === type) as never;
  }
}

async function pair(): Promise<{ ada: Party; bo: Party; run(ms: number): Promise<void> }> {
  const clock = new VirtualClock();
  const [ada, bo] = [new Party(clock), new Party(clock)];
  ada.channel.other = bo.channel;
  bo.channel.other = ada.channel;
  ada.link();
  bo.link();
  await ada.store.open(SONG, { sizeBytes: SIZE, pieceLength: PIECE });
  for (let piece = 0; piece < 4; piece++) await ada.store.write(SONG, piece, contentOf(piece));
  await bo.plane.ask("open", [SONG, SIZE]);
  const run = async (ms: number): Promise<void> => {
    for (let passedMs = 0; passedMs < ms; passedMs += 5) {
      clock.advance(5);
      await settle(60);
    }
  };
  return { ada, bo, run };
}

const give = (party: Party, ...pieces: number[]): void => {
  for (const piece of pieces)
    party.plane.take({ op: "give", link: LINK, upload: piece, fileId: SONG, slot: SLOT, piece });
};

describe("the bulk plane", () => {
  it("[S60] brings expected pieces, checks and stores them, and says so", async () => {
    const { ada, bo, run } = await pair();
    bo.expect(0, 1);
    give(ada, 0, 1);
    await run(3_000);
    expect(ada.said("sent").map(({ upload }) => upload)).toEqual([0, 1]);
    expect(bo.said("checked")).toMatchObject([
      { outcome: "kept", peer: BO, fileId: SONG, piece: 0, epoch: 1 },
      { outcome: "kept", piece: 1 },
    ]);
    expect(await bo.store.read(SONG, 1)).toEqual(contentOf(1));
    const chunks = bo.said("chunks");
    expect(chunks.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0)).toBe(2 * PIECE);
    expect(chunks.filter(({ isWhole, isChecked }) => isWhole && isChecked)).toHaveLength(2);
  });

  it("[S60] tells many chunks in few messages", async () => {
    const { ada, bo, run } = await pair();
    bo.expect(0, 1, 2, 3);
    give(ada, 0, 1, 2, 3);
    await run(4_000);
    expect(bo.said("checked")).toHaveLength(4);
    expect(bo.messages).toBeLessThan(ada.channel.sentBytes.length);
  });

  it("[S61] sends no more in a message than its other end says to take", async () => {
    const { ada, run } = await pair();
    ada.channel.other = null;
    const sendMuch = async (): Promise<number> => {
      ada.channel.sentBytes.length = 0;
      for (let turn = 0; turn < 40; turn++) {
        give(ada, 0, 1, 2, 3, 0, 1, 2, 3);
        for (let step = 0; step < 5; step++) {
          ada.plane.take({ op: "rtt", path: "x", rttMs: 1, localMs: ada.clock.nowMs() });
          await run(10);
        }
      }
      return Math.max(...ada.channel.sentBytes);
    };
    expect(await sendMuch()).toBe(MAX_BULK_BYTES);
    ada.plane.take({ op: "limit", link: LINK, messageBytes: 16 * LARGE_BULK_BYTES });
    expect(await sendMuch()).toBe(LARGE_BULK_BYTES);
  });

  it("[S20] takes nothing more from who sends what was not expected, until it is told what that is", async () => {
    const { ada, bo, run } = await pair();
    give(ada, 0);
    await run(1_000);
    expect(bo.said("unexpected")).toEqual([{ type: "unexpected", link: LINK, slot: SLOT, piece: 0 }]);
    expect(bo.said("chunks")).toEqual([]);
    bo.expect(0); // it was on its way all the same
    bo.plane.take({ op: "resume", link: LINK, slot: SLOT, fileId: SONG });
    await run(1_000);
    expect(bo.said("checked")).toMatchObject([{ outcome: "kept", piece: 0 }]);
  });

  it("[S20] ends a link when what it resumes with is unexpected once more", async () => {
    const { ada, bo, run } = await pair();
    give(ada, 0);
    await run(1_000);
    bo.plane.take({ op: "resume", link: LINK, slot: SLOT, fileId: SONG });
    await run(100);
    expect(bo.said("malformed")).toEqual([{ type: "malformed", link: LINK }]);
  });

  it("[S20] ends a link that brings many small chunks of what nobody expects, also piece after piece", async () => {
    const { bo, run } = await pair();
    const bring = (piece: number, offsetBytes: number): void => {
      const data = encodeChunk({ slot: SLOT, piece, offsetBytes, payload: Uint8Array.of(1) });
      bo.channel.onmessage?.({ data });
    };
    for (let at = 0; at < 32_000; at++) bring(at === 0 ? 0 : 1, Math.max(0, at - 1));
    bo.expect(0);
    bo.plane.take({ op: "resume", link: LINK, slot: SLOT, fileId: SONG });
    await run(100);
    expect(bo.said("unexpected").map(({ piece }) => piece)).toEqual([0, 1]);
    expect(bo.said("malformed")).toEqual([]);
    for (let at = 0; at < 1_000; at++) bring(1, 32_000 + at);
    await run(100);
    expect(bo.said("malformed")).toHaveLength(1);
    expect(bo.channel.onmessage).toBeNull();
  });

  it.each([
    ["text", "hello"],
    [
      "a chunk with a gap before it",
      encodeChunk({ slot: SLOT, piece: 0, offsetBytes: 8, payload: Uint8Array.of(1) }),
    ],
    [
      "a chunk beyond its piece",
      encodeChunk({ slot: SLOT, piece: 3, offsetBytes: 0, payload: new Uint8Array(PIECE - 20) }),
    ],
    ["a message beyond the limit", new ArrayBuffer(LARGE_BULK_BYTES + 1)],
  ])("[S20] ends the link that brings %s", async (_, data) => {
    const { bo, run } = await pair();
    bo.expect(0);
    bo.plane.take({
      op: "expect",
      link: LINK,
      fileId: SONG,
      epoch: 1,
      slot: SLOT,
      pieces: [{ piece: 3, sizeBytes: 100, sha256: new Uint8Array(32) }],
    });
    bo.channel.onmessage?.({ data });
    await run(100);
    expect(bo.said("malformed")).toHaveLength(1);
    expect(bo.channel.onmessage).toBeNull();
  });

  it("names the sender of a piece whose hash is wrong, and throws away what else comes from it", async () => {
    const { ada, bo, run } = await pair();
    await ada.store.write(SONG, 0, contentOf(3));
    bo.expect(0, 1);
    give(ada, 0);
    await run(1_000);
    expect(bo.said("checked")).toMatchObject([{ outcome: "bad", peer: BO, piece: 0 }]);
    bo.plane.take({ op: "ignore", link: LINK });
    give(ada, 1);
    await run(1_000);
    expect(bo.said("chunks").some(({ piece }) => piece === 1)).toBe(false);
    expect(bo.said("unexpected")).toEqual([]);
  });

  it("says what it cannot read, and that a channel has closed", async () => {
    const { ada, run } = await pair();
    ada.plane.take({ op: "give", link: LINK, upload: 77, fileId: SONG, slot: SLOT, piece: 9 });
    await run(100);
    expect(ada.said("unreadable")).toEqual([{ type: "unreadable", upload: 77 }]);
    ada.channel.readyState = "closing";
    give(ada, 0);
    await run(500);
    expect(ada.said("closed")).toEqual([{ type: "closed", link: LINK }]);
  });

  it("wakes whoever asked for it, the latest of them", async () => {
    const { ada, run } = await pair();
    ada.plane.take({ op: "alarm", number: 1, delayMs: 500 });
    ada.plane.take({ op: "alarm", number: 2, delayMs: 100 });
    await run(1_000);
    expect(ada.said("alarm")).toEqual([{ type: "alarm", number: 2 }]);
  });

  it("[S60] moves the same over channels that stay in the page", async () => {
    const clock = new VirtualClock();
    const [ada, bo] = [new Party(clock), new Party(clock)];
    ada.channel.other = bo.channel;
    bo.channel.other = ada.channel;
    for (const party of [ada, bo]) {
      party.link(null);
      const relay = new Relay(asChannel(party.channel), (event) =>
        party.plane.take({ op: "relayed", link: LINK, event }),
      );
      const { reports } = party;
      const push = reports.push.bind(reports);
      reports.push = (...all) => {
        for (const report of all)
          if (report.type === "relay") relay.send(report.frame, report.lowThresholdBytes);
        return push(...all);
      };
      party.channel.onopen?.();
    }
    await ada.store.open(SONG, { sizeBytes: SIZE, pieceLength: PIECE });
    await ada.store.write(SONG, 2, contentOf(2));
    await bo.plane.ask("open", [SONG, SIZE]);
    bo.expect(2);
    give(ada, 2);
    for (let turn = 0; turn < 400; turn++) {
      clock.advance(5);
      await settle(60);
    }
    expect(ada.said("opened")).toHaveLength(1);
    expect(bo.said("checked")).toMatchObject([{ outcome: "kept", piece: 2 }]);
    expect(ada.said("sent")).toHaveLength(1);
  });
});
