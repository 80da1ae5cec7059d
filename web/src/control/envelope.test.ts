import { describe, expect, it } from "vitest";
import { type SwarmId, type UserId, utf8, WireError } from "../lib/index.ts";
import { SeededRandom } from "../lib/testing/index.ts";
import { MAX_CONTENT_BYTES, Sealer } from "./envelope.ts";

const id = (letter: string) => letter.repeat(32) as UserId;
const [ada, bo, cy] = [id("a"), id("b"), id("c")];
const keys = {
  swarmId: "0".repeat(32) as SwarmId,
  broadcastKey: new Uint8Array(32).fill(1),
  pairKey: new Uint8Array(32).fill(2),
};
const sealerOf = (userId: UserId, overrides = {}) =>
  new Sealer({ ...keys, ...overrides }, userId, new SeededRandom(userId.charCodeAt(0)));

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof WireError) return error.code;
  }
  return "accepted";
}

describe("the envelope", () => {
  it("[E1] brings a message to everyone, or to one", () => {
    const [from, to] = [sealerOf(ada), sealerOf(bo)];
    expect(to.open(ada, from.seal(null, utf8("hello")))).toEqual(utf8("hello"));
    expect(to.open(ada, from.seal(bo, utf8("psst")))).toEqual(utf8("psst"));
  });

  it("[E2] comes in four sizes only, so that its length tells little", () => {
    const sizes = [0, 100, 900, 4_000, MAX_CONTENT_BYTES].map(
      (sizeBytes) => sealerOf(ada).seal(null, new Uint8Array(sizeBytes)).length,
    );
    expect(sizes).toEqual([256, 256, 1024, 4096, 16384]);
    expect(codeOf(() => sealerOf(ada).seal(null, new Uint8Array(MAX_CONTENT_BYTES + 1)))).toBe(
      "wire-too-large",
    );
  });

  it("[E3] is refused when meant for another, said by another, or from another swarm", () => {
    const from = sealerOf(ada);
    expect(codeOf(() => sealerOf(cy).open(ada, from.seal(bo, utf8("x"))))).toBe("wire-unsealed");
    expect(codeOf(() => sealerOf(bo).open(cy, from.seal(null, utf8("x"))))).toBe("wire-unsealed");
    const elsewhere = sealerOf(bo, { swarmId: "1".repeat(32) });
    expect(codeOf(() => elsewhere.open(ada, from.seal(null, utf8("x"))))).toBe("wire-unsealed");
    const stranger = sealerOf(bo, { broadcastKey: new Uint8Array(32) });
    expect(codeOf(() => stranger.open(ada, from.seal(null, utf8("x"))))).toBe("wire-unsealed");
  });

  it("[E4] is refused when any single byte was altered", () => {
    const envelope = sealerOf(ada).seal(null, utf8("play"));
    for (let at = 0; at < envelope.length; at++) {
      const altered = envelope.slice();
      altered[at] = (altered[at] ?? 0) ^ 0x40;
      expect(codeOf(() => sealerOf(bo).open(ada, altered))).not.toBe("accepted");
    }
    expect(codeOf(() => sealerOf(bo).open(ada, envelope.subarray(0, 255)))).toBe("wire-malformed");
  });

  it("[E5] is taken once, in any order within 64", () => {
    const [from, to] = [sealerOf(ada), sealerOf(bo)];
    const envelopes = Array.from({ length: 80 }, (_, index) => from.seal(null, utf8(String(index))));
    const open = (index: number) => codeOf(() => to.open(ada, envelopes[index] as Uint8Array));
    expect(open(3)).toBe("accepted");
    expect(open(1)).toBe("accepted");
    expect(open(3)).toBe("wire-replayed");
    expect(open(79)).toBe("accepted");
    expect(open(16)).toBe("accepted");
    expect(open(15)).toBe("wire-replayed");
  });

  it("[E6] starts a new sequence after a reload", () => {
    const to = sealerOf(bo);
    to.open(ada, sealerOf(ada).seal(null, utf8("before")));
    const reloaded = new Sealer(keys, ada, new SeededRandom(99));
    expect(to.open(ada, reloaded.seal(null, utf8("after")))).toEqual(utf8("after"));
  });
});
