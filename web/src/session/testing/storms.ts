// Storms from seeds, as tests. In several test files, because each file has one core and there are ten thousand storms.

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { runChaos, type Subject } from "./chaos.ts";
import type { Depth } from "./sim-device.ts";

/** One test each of so many seeds. */
const SEEDS_PER_TEST: Readonly<Record<Depth | "drafts", number>> = {
  control: 500,
  sound: 100,
  whole: 30,
  drafts: 10,
};
const LIMIT_MS = 300_000;

/**
 * Describes `tests` tests of `depth`, of consecutive seeds from `firstSeed` on. With a liar one claims whatever it likes; with a
 * subject most of what happens is about that.
 */
export function describeStorms(
  depth: Depth,
  firstSeed: number,
  tests: number,
  withWhat: "liar" | Subject | null = null,
): void {
  const seeds = SEEDS_PER_TEST[withWhat === "drafts" ? withWhat : depth];
  beforeAll(() => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined); // what is ignored on the wire is no news here
  });
  afterAll(() => {
    vi.restoreAllMocks();
  });
  describe(`as far as ${depth} goes${withWhat ? `, with ${withWhat} in it` : ""}`, () => {
    it.each(Array.from({ length: tests }, (_, index) => firstSeed + index * seeds))(
      "the room is whole again, from seed %i",
      async (from) => {
        for (let seed = from; seed < from + seeds; seed++) {
          const { trouble, story } = await runChaos(seed, depth, withWhat);
          if (trouble !== null) expect.fail(`${depth} seed ${seed}: ${trouble}\n${story.join("\n")}`);
        }
      },
      LIMIT_MS,
    );
  });
}
