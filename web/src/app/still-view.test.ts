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

describe("a view that shows nothing that moves", () => {
  it("holds over the ticks of a second", () => {
    const still = new StillView();
    const swarm = transfer();
    const isMade = Array.from({ length: 25 }, (_, tick) => {
      const localMs = 200 * tick;
      const isDue = !still.holds(swarm, localMs);
      if (isDue) still.made(AT_REST, swarm, localMs);
      return isDue;
    });
    expect(isMade.filter(Boolean)).toHaveLength(5);
  });

  it("is made anew when pieces come or a connection changes", () => {
    const still = new StillView();
    const swarm = transfer();
    still.made(AT_REST, swarm, 0);
    expect(still.holds(swarm, 200)).toBe(true);
    swarm.files.value = [];
    expect(still.holds(swarm, 200)).toBe(false);
    still.made(AT_REST, swarm, 200);
    swarm.links.value = new Map();
    expect(still.holds(swarm, 400)).toBe(false);
  });

  it("never holds before it was made, nor while a song is prepared or plays", () => {
    const still = new StillView();
    const swarm = transfer();
    expect(still.holds(swarm, 0)).toBe(false);
    const playing = { code: "playing", fileName: "a.mp3", directorName: null, isDirector: true } as const;
    still.made(playing, swarm, 0);
    expect(still.holds(swarm, 200)).toBe(false);
  });
});
