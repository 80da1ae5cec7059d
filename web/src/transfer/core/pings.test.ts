import { describe, expect, it } from "vitest";
import { type Bytes, toHex, type UserId } from "../../lib/index.ts";
import { SeededRandom } from "../../lib/testing/index.ts";
import { CTL_VERSION } from "../../protocol/constants/transfer.gen.ts";
import type { Effect } from "./core.ts";
import { fileIdOf, makeManifest } from "./manifest.ts";
import { QUICK_PINGS } from "./pings.ts";
import { Transfer } from "./transfer.ts";

const [me, bo] = [1, 2].map((byte) => toHex(new Uint8Array(16).fill(byte) as Bytes) as UserId) as [
  UserId,
  UserId,
];

/** A greeted neighbour; `seconds` runs on and returns the pings sent. */
function greeted() {
  const transfer = new Transfer({ me, random: new SeededRandom(1), capacityBytes: 1e6 });
  let localMs = 0;
  transfer.handle({ type: "link-opened", peer: bo }, localMs);
  const first = transfer.handle(
    { type: "ctl", peer: bo, message: { type: "hello", v: CTL_VERSION, proof: "" } },
    localMs,
  );
  const pingsIn = (effects: readonly Effect[]): number[] =>
    effects.flatMap((effect) =>
      effect.type === "send-ctl" && effect.message.type === "ping" ? [effect.message.id] : [],
    );
  /** Of all that happens while the ticks come when they are wished for. */
  const ticks = (forMs: number): number[] => {
    const sent: number[] = [];
    for (const endLocalMs = localMs + forMs; localMs < endLocalMs; ) {
      localMs += transfer.tickInMs ?? 1_000;
      sent.push(...pingsIn(transfer.handle({ type: "tick" }, localMs)));
    }
    return sent;
  };
  const manifest = makeManifest(100_000, [new Uint8Array(32), new Uint8Array(32)]);
  const fileId = fileIdOf(manifest);
  return {
    transfer,
    ticks,
    /** A piece is asked for, and stays on its way. */
    give(): void {
      transfer.handle({ type: "file-added", fileId, manifest, name: "a.mp3" }, localMs);
      transfer.handle({ type: "ctl", peer: bo, message: { type: "request", fileId, pieces: [0] } }, localMs);
    },
    first: pingsIn(first),
    seconds(count: number): number[] {
      const sent: number[] = [];
      for (let second = 0; second < count; second++) {
        localMs += 1_000;
        sent.push(...pingsIn(transfer.handle({ type: "tick" }, localMs)));
      }
      return sent;
    },
    pong: (id: number, time?: { clockId: string; globalUs: number }) =>
      transfer.handle(
        { type: "ctl", peer: bo, message: { type: "pong", id, ...(time && { time }) } },
        localMs + 40,
      ),
  };
}

describe("pings between neighbours", () => {
  it("[T17] are five a second apart on a new link, then one in 5 s, and one a second while clocks are compared", () => {
    const { transfer, first, seconds } = greeted();
    expect(first).toEqual([1]);
    expect(seconds(4)).toEqual([2, 3, 4, 5]);
    expect(seconds(20)).toHaveLength(4);
    transfer.setPlaying(false, true);
    expect(seconds(5)).toHaveLength(5);
    transfer.setPlaying(false, false);
    expect(seconds(20)).toHaveLength(4);
  });

  it("[S16] follow one another in 25 ms when something begins to be given, and in 100 ms after the first second", () => {
    const { give, ticks } = greeted();
    ticks(10_000);
    give();
    expect(ticks(25 * QUICK_PINGS)).toHaveLength(QUICK_PINGS);
    expect(ticks(1_000)).toHaveLength(10);
  });

  it("[S16] are no quicker than in 100 ms while music plays", () => {
    const { transfer, give, ticks } = greeted();
    transfer.setPlaying(true, false);
    ticks(10_000);
    give();
    expect(ticks(1_000)).toHaveLength(10);
  });

  it("[T17] tell the round trip with the answerer's time, once each, and nothing of an answer nobody asked for", () => {
    const { pong } = greeted();
    const time = { clockId: "north", globalUs: 5_000_000 };
    expect(pong(1, time)).toEqual([{ type: "record-rtt", peer: bo, rttMs: 40, time }]);
    expect(pong(1, time)).toEqual([]);
    expect(pong(77, time)).toEqual([]);
  });
});
