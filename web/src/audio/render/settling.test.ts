import { describe, expect, it } from "vitest";
import { Settling } from "./settling.ts";

describe("settling before a start", () => {
  it("[P27] is over once the loudspeaker's place is known within a millisecond", () => {
    const settling = new Settling();
    expect(settling.watch(null, 0)).toBe(false);
    expect(settling.isOverAt(100)).toBe(false);
    settling.watch(5, 1_000);
    expect(settling.isOverAt(1_500)).toBe(false);
    expect(settling.watch(0.3, 1_600)).toBe(true);
    expect(settling.isOverAt(1_600)).toBe(true);
    settling.watch(5, 9_000);
    expect(settling.isOverAt(9_100)).toBe(false);
  });

  it("[P27] is over after 4 s all the same, however often the stream stumbles", () => {
    const settling = new Settling();
    for (let localMs = 0; localMs < 3_900; localMs += 100) {
      settling.watch(5, localMs);
      expect(settling.isOverAt(localMs)).toBe(false);
    }
    expect(settling.isOverAt(4_000)).toBe(true);
  });
});
