// Storms over simulated rooms, each from its seed; 10,340 in all with chaos-control.test.ts. A failing seed prints its story:
// `python -m bench.chaos --seed N` runs it again, and what it taught becomes a test of the part that was wrong.

import { describe, expect, it } from "vitest";
import { cardPlayer } from "./testing/card-player.ts";
import { runChaos } from "./testing/chaos.ts";
import { describeStorms } from "./testing/storms.ts";

describe("[G1] [G2] [G3] [G4] after a storm", () => {
  describeStorms("control", 1, 8);
  describeStorms("sound", 1, 3);
  describeStorms("whole", 1, 1);
});

describe("[S31] [S53] [S54] after a storm with long files, and stores as slow as discs", () => {
  describeStorms("whole", 11, 1, "drafts");
});

describe("a storm", () => {
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

  it("[P22] a start that moves while a hidden page has queued it is heard where it is now", async () => {
    const { world, clock, card, player } = cardPlayer();
    const startingAt = (startSec: number) => [
      { fileId: "song", startSec, fromSec: 0, toSec: 600, fadeInSec: 0, fadeOutSec: 0, tempo: 100 },
    ];
    player.setHidden(true);
    player.setLanes(startingAt(0));
    let startSec = 0;
    const zeroLocalMs = clock.nowMs() + 2_000;
    player.play(
      (localMs) => (localMs - zeroLocalMs) / 1_000,
      () => startSec,
    );
    world.advance(500);
    startSec = -0.4;
    player.setLanes(startingAt(startSec));
    world.advance(6_500);
    const idealSec = (clock.nowMs() - zeroLocalMs) / 1_000 - startSec;
    expect(Math.abs((card.heardSec ?? 0) - idealSec) * 1_000).toBeLessThan(1);
    await player.close();
  });
});
