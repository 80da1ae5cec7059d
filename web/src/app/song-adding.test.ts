import { describe, expect, it } from "vitest";
import { Undecodable } from "../lib/index.ts";
import { cardPlayer } from "./testing/card-player.ts";

const settled = async (): Promise<void> => {
  for (let step = 0; step < 20; step++) await Promise.resolve();
};

/** A player whose decoder counts what it works on at the same time; a decode ends when the test says so. */
function bench() {
  const { player, world } = cardPlayer();
  const decodes: { end: () => void; fail: (error: unknown) => void }[] = [];
  player.decodeWith(
    () => () =>
      new Promise((resolve, reject) => {
        const end = () => resolve({ channels: [], durationSec: 10, wholeSec: 30 });
        decodes.push({ end, fail: reject });
      }),
  );
  return { player, world, decodes };
}

const read = () => Promise.resolve(new ArrayBuffer(8));
const outcomeOf = (promise: Promise<unknown>) =>
  promise.then(
    (value) => value,
    (error: unknown) => error,
  );

describe("files that were added", () => {
  it("[P40] are decoded one after the other, as each takes memory, and one that fails does not keep the next", async () => {
    const { player, world, decodes } = bench();
    const outcomes = [1, 2, 3].map(() => outcomeOf(player.anchorOf(read)));
    await settled();
    expect(decodes).toHaveLength(1);
    decodes[0]?.fail(new Undecodable("refused", "AIFF"));
    await settled();
    expect(decodes).toHaveLength(2);
    decodes[1]?.end();
    await settled();
    world.advance(100); // the Worker makes the anchor
    await settled();
    expect(decodes).toHaveLength(3);
    expect(await outcomes[0]).toBeInstanceOf(Undecodable);
    expect(await outcomes[1]).toEqual({ anchor: null, durationSec: 10, wholeSec: 30 });
  });

  it("[P41] that cannot be read to the end are given up, and the next is looked at", async () => {
    const { player, world, decodes } = bench();
    const stuck = outcomeOf(player.anchorOf(() => new Promise(() => undefined)));
    void outcomeOf(player.anchorOf(read));
    await settled();
    world.advance(70_000);
    await settled();
    expect(await stuck).toBeInstanceOf(Error);
    expect(decodes).toHaveLength(1);
  });

  it("[P38] keep no song from being loaded, and what is not wanted any more is not", async () => {
    const { player, decodes } = bench();
    void outcomeOf(player.anchorOf(read));
    await settled();
    const loads = [
      player.load("one", new ArrayBuffer(8), () => false),
      player.load("two", new ArrayBuffer(8)),
    ];
    await settled();
    expect(decodes).toHaveLength(3);
    decodes[2]?.end();
    decodes[1]?.end();
    await Promise.all(loads);
    expect(player.loadedId).toBe("two");
    expect([player.durationSec, player.decodedSec]).toEqual([30, 10]);
  });
});
