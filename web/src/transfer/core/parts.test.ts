// The small pure parts: the picker, one source, the topology, the send queue, and the store in memory.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FileId, UserId } from "../../lib/index.ts";
import { SeededRandom, VirtualClock } from "../../lib/testing/index.ts";
import { FULL_MESH_PEERS } from "../../protocol/constants/transfer.gen.ts";
import { Pacer } from "../net/pacer.ts";
import { MAX_HIGH_WATER_BYTES, MIN_HIGH_WATER_BYTES, SendQueue } from "../net/send-queue.ts";
import { SendScheduler } from "../net/send-scheduler.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { PIECE_STORE_CONTRACT } from "../testing/piece-store-contract.ts";
import { BULK_HEADER_BYTES, parseChunk } from "./frames.ts";
import { pickPieces } from "./picker.ts";
import { MAX_CREDIT, RemoteSource } from "./remote-source.ts";
import { neighboursByPeer, neighboursOf } from "./topology.ts";

const SONG = "a1".repeat(32) as FileId;

describe("the picker", () => {
  const choices = (availability: number[], startedPieces = 9) => ({
    pieceCount: availability.length,
    startedPieces,
    isWanted: () => true,
    isAtSource: () => true,
    availabilityOf: (piece: number) => availability[piece] ?? 0,
  });

  it("takes the rarest pieces first", () => {
    const picked = pickPieces(choices([5, 1, 4, 2, 3]), 3, new SeededRandom(1));
    expect(picked).toEqual([1, 3, 4]);
  });

  it("breaks ties at random, so that peers do not all want the same piece", () => {
    const firsts = new Set<number | undefined>();
    for (let seed = 0; seed < 50; seed++) {
      firsts.add(pickPieces(choices([1, 1, 1, 1]), 1, new SeededRandom(seed))[0]);
    }
    expect(firsts.size).toBe(4);
  });

  it("takes the first pieces of a file at random, rare or not", () => {
    const firsts = new Set<number | undefined>();
    for (let seed = 0; seed < 50; seed++) {
      firsts.add(pickPieces(choices([9, 1, 9], 0), 1, new SeededRandom(seed))[0]);
    }
    expect(firsts.size).toBe(3);
  });

  it("never picks what is not wanted or not there, nor anything twice", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.boolean(), fc.nat(5))),
        fc.nat(8),
        fc.nat(),
        (all, count, seed) => {
          const picked = pickPieces(
            {
              pieceCount: all.length,
              startedPieces: 5,
              isWanted: (piece) => all[piece]?.[0] ?? false,
              isAtSource: (piece) => all[piece]?.[1] ?? false,
              availabilityOf: (piece) => all[piece]?.[2] ?? 0,
            },
            count,
            new SeededRandom(seed),
          );
          const possible = all.filter(([isWanted, isThere]) => isWanted && isThere).length;
          expect(picked).toHaveLength(Math.min(count, possible));
          expect(new Set(picked).size).toBe(picked.length);
          expect(picked.every((piece) => all[piece]?.[0] && all[piece]?.[1])).toBe(true);
        },
      ),
    );
  });
});

describe("a source", () => {
  const PIECE_BYTES = 65_536;

  /** Delivers at a steady rate for two seconds. */
  function fed(bytesPerSec: number): RemoteSource {
    const source = new RemoteSource();
    source.recordRtt(20);
    source.request(SONG, 0, PIECE_BYTES, 0, false);
    for (let localMs = 100; localMs <= 2_000; localMs += 100) source.recordChunk(bytesPerSec / 10, localMs);
    return source;
  }

  it("is asked for as much as flows in a round trip and two pieces more, up to sixteen", () => {
    const credits = [10_000, 2_000_000, 100_000_000].map((rate) => fed(rate).creditFor(PIECE_BYTES));
    expect(credits).toEqual([3, 6, MAX_CREDIT]);
  });

  it("is called silent after three seconds, trusted less, and waited for twice as long the next time", () => {
    const source = fed(100_000_000);
    const struckLocalMs: number[] = [];
    for (let localMs = 2_000; localMs < 20_000; localMs += 100) {
      if (source.checkSilence(PIECE_BYTES, localMs)) struckLocalMs.push(localMs);
    }
    expect(struckLocalMs).toEqual([5_000, 11_000]);
    expect(source.creditFor(PIECE_BYTES)).toBe(1);
    source.recordChunk(1_000, 20_000);
    expect(source.creditFor(PIECE_BYTES)).toBe(MAX_CREDIT / 4);
  });

  it("keeps a cancelled request in mind until its data or a reject comes", () => {
    const source = new RemoteSource();
    source.request(SONG, 3, PIECE_BYTES, 0, false);
    const request = source.requestOf(SONG, 3);
    if (!request) throw new Error("it was just made");
    source.cancel(request);
    expect([source.liveCount, source.liveBytes, source.requestOf(SONG, 3)]).toEqual([0, 0, request]);
    source.forget(request);
    expect(source.requestOf(SONG, 3)).toBeUndefined();
  });
});

describe("the topology", () => {
  const peers = (count: number): UserId[] =>
    Array.from({ length: count }, (_, index) => (index * 7919).toString(16).padStart(32, "0") as UserId);

  it("[S12] connects everyone with everyone up to nine", () => {
    const all = peers(FULL_MESH_PEERS);
    expect(all.map((me) => neighboursOf(me, all).size)).toEqual(all.map(() => 8));
  });

  it("[S12] moves few links when one joins a larger swarm", () => {
    for (let count = FULL_MESH_PEERS + 1; count < 64; count++) {
      const [before, after] = [peers(count), peers(count + 1)].map((all) => neighboursByPeer(all));
      const lost = [...(before ?? [])].flatMap(([me, mine]) =>
        [...mine].filter((other) => !after?.get(me)?.has(other)),
      );
      // One link of each of four rings, counted from both ends, and what had filled gaps in a small swarm.
      expect(lost.length).toBeLessThanOrEqual(count < 20 ? 24 : 10);
    }
  });

  it("[S12] gives phones at most six links", () => {
    const all = peers(40);
    const isPhone = (member: UserId) => all.indexOf(member) % 3 === 0;
    for (const [me, mine] of neighboursByPeer(all, isPhone)) {
      expect(mine.size).toBeGreaterThanOrEqual(5);
      expect(mine.size).toBeLessThanOrEqual(isPhone(me) ? 6 : 8);
    }
  });

  it("[S12] gives everyone in a larger swarm few neighbours, both ways, with no island", () => {
    for (let count = FULL_MESH_PEERS + 1; count <= 64; count++) {
      const all = peers(count);
      const neighbours = new Map(all.map((me) => [me, neighboursOf(me, all)]));
      for (const [me, mine] of neighbours) {
        expect(mine.size).toBeLessThanOrEqual(8);
        expect(mine.size).toBeGreaterThanOrEqual(6);
        expect([...mine].every((other) => neighbours.get(other)?.has(me))).toBe(true);
      }
      const reached = new Set(all.slice(0, 1));
      for (const me of reached) for (const other of neighbours.get(me) ?? []) reached.add(other);
      expect(reached.size).toBe(count);
    }
  });
});

describe("the send queue", () => {
  /** A channel that holds what it is given until told to drain. */
  class FakeChannel {
    bufferedAmount = 0;
    bufferedAmountLowThreshold = 0;
    readonly frames: ArrayBuffer[] = [];

    send(frame: ArrayBuffer): void {
      this.frames.push(frame);
      this.bufferedAmount += frame.byteLength;
    }
  }

  /** A scheduler that holds nobody back. */
  const sendQueueFor = (channel: FakeChannel, clock: VirtualClock): SendQueue => {
    const pacer = new Pacer();
    pacer.take = () => true;
    return new SendQueue(channel, clock, new SendScheduler(pacer, clock), () => undefined);
  };

  it("cuts a piece into chunks that fit together again", () => {
    const channel = new FakeChannel();
    const bytes = Uint8Array.from({ length: 31_000 }, (_, index) => index & 255);
    sendQueueFor(channel, new VirtualClock()).add(4, 7, bytes, () => undefined);
    const whole = new Uint8Array(bytes.length);
    for (const frame of channel.frames) {
      const { slot, piece, offsetBytes, payload } = parseChunk(frame);
      expect([slot, piece]).toEqual([4, 7]);
      whole.set(payload, offsetBytes);
    }
    expect(whole).toEqual(bytes);
  });

  it("stops at the high-water mark and goes on when the channel has drained", () => {
    const channel = new FakeChannel();
    const clock = new VirtualClock();
    const sendQueue = sendQueueFor(channel, clock);
    const sent: number[] = [];
    for (const piece of [0, 1]) sendQueue.add(0, piece, new Uint8Array(262_144), () => sent.push(piece));
    expect(channel.bufferedAmount).toBeLessThan(MIN_HIGH_WATER_BYTES + 40_000);
    expect(sent).toEqual([]);
    for (let turn = 0; turn < 20; turn++) {
      clock.advance(10);
      channel.bufferedAmount = 0;
      sendQueue.drained();
    }
    expect(sent).toEqual([0, 1]);
    expect(channel.bufferedAmountLowThreshold).toBe(MAX_HIGH_WATER_BYTES / 2);
    const sentBytes = channel.frames.reduce((sum, frame) => sum + frame.byteLength - BULK_HEADER_BYTES, 0);
    expect(sentBytes).toBe(2 * 262_144);
  });

  it("[S14] sends no faster than the scheduler admits, all links together, and takes turns", () => {
    const clock = new VirtualClock();
    const pacer = new Pacer();
    pacer.setGenerous(false); // 64 KB/s
    const scheduler = new SendScheduler(pacer, clock);
    const channels = [new FakeChannel(), new FakeChannel()];
    for (const channel of channels) {
      new SendQueue(channel, clock, scheduler, () => undefined).add(
        0,
        0,
        new Uint8Array(524_288),
        () => undefined,
      );
    }
    const sentBytes = () =>
      channels.map(({ frames }) => frames.reduce((sum, { byteLength }) => sum + byteLength, 0));
    for (let turn = 0; turn < 100; turn++) {
      clock.advance(20);
      for (const channel of channels) channel.bufferedAmount = 0;
    }
    const [one = 0, other = 0] = sentBytes();
    expect(one + other).toBeGreaterThan(1.8 * 64_000);
    expect(one + other).toBeLessThan(2.2 * 64_000 + 32_768);
    expect(Math.abs(one - other)).toBeLessThan(3 * 4_108);
  });

  it("[S14] goes on at the other links when one is closing as its turn comes", () => {
    const clock = new VirtualClock();
    const pacer = new Pacer();
    pacer.setGenerous(false);
    const scheduler = new SendScheduler(pacer, clock);
    const [closing, other] = [new FakeChannel(), new FakeChannel()];
    const lost: FakeChannel[] = [];
    for (const channel of [closing, other]) {
      const sendQueue = new SendQueue(channel, clock, scheduler, () => lost.push(channel));
      sendQueue.add(0, 0, new Uint8Array(524_288), () => undefined);
    }
    closing.send = () => {
      throw new Error("InvalidStateError"); // what a channel does whose other end has gone
    };
    for (let turn = 0; turn < 100; turn++) {
      clock.advance(20);
      other.bufferedAmount = 0;
    }
    expect(lost).toEqual([closing]);
    const sentBytes = other.frames.reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(sentBytes).toBeGreaterThan(1.6 * 64_000);
  });

  it("[S16] keeps a rate that a slower channel does not reach, until nothing is sent for a while", () => {
    const clock = new VirtualClock();
    const pacer = new Pacer();
    const roundTrip = () => {
      pacer.recordPing("link", clock.nowMs());
      clock.advance(20);
      pacer.recordRtt("link", 20, clock.nowMs());
    };
    for (let refused = 0; refused < 50; refused++) {
      roundTrip();
      pacer.take(1e9, clock.nowMs());
      clock.advance(20);
    }
    const foundBytesPerSec = pacer.rateBytesPerSec;
    expect(foundBytesPerSec).toBeGreaterThan(5e6);
    const channel = new FakeChannel();
    const sendQueue = new SendQueue(channel, clock, new SendScheduler(pacer, clock), () => undefined);
    sendQueue.add(0, 0, new Uint8Array(2e7), () => undefined);
    for (let drain = 0; drain < 400; drain++) {
      roundTrip();
      channel.bufferedAmount = Math.max(0, channel.bufferedAmount - 10_000); // 500 kB/s
      sendQueue.drained();
    }
    expect(pacer.rateBytesPerSec).toBeGreaterThanOrEqual(foundBytesPerSec);
    clock.advance(6_000);
    channel.bufferedAmount = 0;
    sendQueue.drained();
    expect(pacer.rateBytesPerSec).toBeLessThan(1e6);
  });
});

describe("memory", () => {
  it.each(PIECE_STORE_CONTRACT)("[S18] $name", ({ capacityBytes, prove }) =>
    prove(new MemoryStore(capacityBytes)),
  );
});
