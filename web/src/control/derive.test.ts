import { describe, expect, it } from "vitest";
import { toHex } from "../lib/index.ts";
import { stretchKey } from "./derive.ts";
import { keysOfSession } from "./session-keys.ts";

describe("key derivation", () => {
  it("[K7] always gives the same keys for the same swarm key, and a user id of the session alone", async () => {
    const one = keysOfSession(await stretchKey("K7QF9TXM2B4D"), new Uint8Array(32).fill(1));
    const two = keysOfSession(await stretchKey("K7QF9TXM2B4D"), new Uint8Array(32).fill(2));
    expect(one.swarmId).toBe("b6faf24b0117c17524995f85bfa91a7a");
    expect(one.shard).toMatch(/^[0-9a-f]{4}$/);
    expect(two.swarmId).toBe(one.swarmId);
    expect(two.userId).not.toBe(one.userId);
    const parts = [one.broadcastKey, one.pairKey, one.bindKey, one.admissionSeed].map(toHex);
    expect(new Set(parts).size).toBe(4);
  }, 60_000);
});
