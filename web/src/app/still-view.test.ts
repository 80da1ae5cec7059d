import { signal } from "@preact/signals-core";
import { describe, expect, it } from "vitest";
import type { UserId } from "../lib/index.ts";
import type { FileState, LinkState } from "../transfer/index.ts";
import { StillView } from "./still-view.ts";

const transfer = () => ({
  files: signal<readonly FileState[]>([]),
  links: signal<ReadonlyMap<UserId, LinkState>>(new Map()),
});
const AT_REST = { code: "alone" } as const;
const PLAYING = { code: "playing", fileName: "a.mp3", directorName: null, isDirector: true } as const;
const at = (localMs: number) => ({ nowMs: () => localMs });
const [STARTING, ELSEWHEN] = [{ isStarting: true }, { isStarting: false }];

describe("a view that shows nothing that moves", () => {
  it("holds over the ticks of a second", () => {
    const still = new StillView();
    const swarm = transfer();
    const isMade = Array.from({ length: 25 }, (_, tick) => {
      const localMs = 200 * tick;
      const isDue = !still.holds(true, swarm, ELSEWHEN, at(localMs));
      if (isDue) still.made(AT_REST, swarm, localMs);
      return isDue;
    });
    expect(isMade.filter(Boolean)).toHaveLength(5);
  });

  it("is made anew when pieces come or a connection changes", () => {
    const still = new StillView();
    const swarm = transfer();
    still.made(AT_REST, swarm, 0);
    expect(still.holds(true, swarm, ELSEWHEN, at(200))).toBe(true);
    swarm.files.value = [];
    expect(still.holds(true, swarm, ELSEWHEN, at(200))).toBe(false);
    still.made(AT_REST, swarm, 200);
    swarm.links.value = new Map();
    expect(still.holds(true, swarm, ELSEWHEN, at(400))).toBe(false);
  });

  it("never holds before it was made, nor while a song is prepared or plays", () => {
    const still = new StillView();
    const swarm = transfer();
    expect(still.holds(true, swarm, ELSEWHEN, at(0))).toBe(false);
    still.made(PLAYING, swarm, 0);
    expect(still.holds(true, swarm, ELSEWHEN, at(200))).toBe(false);
  });
});

describe("a view around a start [P97]", () => {
  it("is made at once of what happens while nothing starts", () => {
    const still = new StillView();
    const swarm = transfer();
    still.made(AT_REST, swarm, 0);
    expect(still.holds(false, swarm, ELSEWHEN, at(1))).toBe(false);
  });

  it("is made of all that the others say five times a second at most, and misses nothing", () => {
    const still = new StillView();
    const swarm = transfer();
    const madeMs: number[] = [];
    // Twelve statuses in 60 ms, and the session's ticks.
    const events = Array.from({ length: 12 }, (_, n) => [1_000 + 5 * n, false] as const);
    const ticks = Array.from({ length: 5 }, (_, n) => [930 + 200 * n, true] as const);
    still.made(AT_REST, swarm, 900);
    for (const [localMs, isTick] of [...events, ...ticks].toSorted(([a], [b]) => a - b)) {
      if (still.holds(isTick, swarm, STARTING, at(localMs))) continue;
      still.made(AT_REST, swarm, localMs);
      madeMs.push(localMs);
    }
    expect(madeMs).toEqual([1_130]);
  });
});
