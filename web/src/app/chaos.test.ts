// Storms over simulated rooms, each from its seed. A failing seed prints its story: `python -m bench.chaos --seed N`
// runs it again, and what it taught becomes a test of the part that was wrong.

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { cardPlayer } from "./testing/card-player.ts";
import { runChaos } from "./testing/chaos.ts";
import type { Depth } from "./testing/sim-device.ts";

/** One test each of so many seeds; 10,350 runs in all. */
const SEEDS_PER_TEST: Readonly<Record<Depth, number>> = { control: 500, sound: 100, whole: 50 };
const TESTS: readonly (readonly [Depth, number])[] = [
  ...Array.from({ length: 20 }, (_, index) => ["control", 1 + index * SEEDS_PER_TEST.control] as const),
  ...Array.from({ length: 3 }, (_, index) => ["sound", 1 + index * SEEDS_PER_TEST.sound] as const),
  ["whole", 1],
];
const LIMIT_MS = 300_000;

beforeAll(() => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined); // what is ignored on the wire is no news here
});
afterAll(() => {
  vi.restoreAllMocks();
});

describe("after a storm", () => {
  it.each(TESTS)(
    "[G1] [G2] [G3] [G4] the room is whole again, as far as %s goes, from seed %i",
    async (depth, firstSeed) => {
      for (let seed = firstSeed; seed < firstSeed + SEEDS_PER_TEST[depth]; seed++) {
        const { trouble, story } = await runChaos(seed, depth);
        if (trouble !== null) expect.fail(`${depth} seed ${seed}: ${trouble}\n${story.join("\n")}`);
      }
    },
    LIMIT_MS,
  );

  it("is told the same story for the same seed", async () => {
    expect(await runChaos(7, "whole")).toEqual(await runChaos(7, "whole"));
  });
});

describe("what storms have taught", () => {
  it("[P22] a card that steps between queueing and start moves the start of a hidden page too", async () => {
    const { world, clock, card, player } = cardPlayer();
    player.setHidden(true);
    const startLocalMs = clock.nowMs() + 2_000;
    player.play((localMs) => (localMs - startLocalMs) / 1_000);
    world.advance(500);
    card.underrun(9);
    world.advance(6_500);
    const idealSec = (clock.nowMs() - startLocalMs) / 1_000;
    expect(Math.abs((card.heardSec ?? 0) - idealSec) * 1_000).toBeLessThan(1);
    await player.close();
  });
});
