import { describe, expect, it } from "vitest";
import type { UserId } from "../../lib/index.ts";
import { HelloHandshake } from "./hello-handshake.ts";

const id = (number: number) => number.toString(16).padStart(32, "0") as UserId;

function greeter(): { handshake: HelloHandshake; given: [UserId, boolean][] } {
  const given: [UserId, boolean][] = [];
  return { handshake: new HelloHandshake((userId, asks) => given.push([userId, asks])), given };
}

describe("the hello handshake", () => {
  it("go to a whole full swarm, but not all within the server's burst", () => {
    const { handshake, given } = greeter();
    handshake.found(Array.from({ length: 63 }, (_, index) => id(index)));
    expect(given).toHaveLength(16);
    for (let tick = 0; tick < 20; tick++) handshake.tick();
    expect(new Set(given.map(([userId]) => userId)).size).toBe(63);
    expect(given).toHaveLength(63);
  });

  it("are asked for once a second, of whoever speaks without having given one", () => {
    const { handshake, given } = greeter();
    for (const localMs of [0, 400, 900, 1_000]) handshake.miss(id(1), localMs);
    expect(given).toEqual([
      [id(1), true],
      [id(1), true],
    ]);
  });

  it("are not given to who has left meanwhile", () => {
    const { handshake, given } = greeter();
    handshake.found(Array.from({ length: 17 }, (_, index) => id(index)));
    handshake.left(id(16));
    handshake.tick();
    expect(given.map(([userId]) => userId)).not.toContain(id(16));
  });
});
