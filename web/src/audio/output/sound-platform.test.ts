import { afterEach, describe, expect, it, vi } from "vitest";
import { browserSound } from "./sound-platform.ts";

/** Makes contexts at the card's rate, or at the one that is asked for. */
function cardOf(cardRateHz: number) {
  const made: { sampleRate: number; isOpen: boolean }[] = [];
  class FakeContext {
    readonly sampleRate: number;
    isOpen = true;
    constructor({ sampleRate = cardRateHz }: AudioContextOptions) {
      this.sampleRate = sampleRate;
      made.push(this);
    }
    async close(): Promise<void> {
      this.isOpen = false;
    }
  }
  vi.stubGlobal("AudioContext", FakeContext);
  return made;
}

describe("the context on a sound card", () => {
  afterEach(() => vi.unstubAllGlobals());

  it.each([
    [192_000, 48_000],
    [96_000, 48_000],
    [48_000, 48_000],
    [44_100, 44_100],
    [16_000, 16_000],
  ])(
    "[P42] of %i Hz runs at %i, so that a song takes no more memory than it has to",
    (cardRateHz, rateHz) => {
      const made = cardOf(cardRateHz);
      expect(browserSound().makeContext().sampleRate).toBe(rateHz);
      expect(made.filter(({ isOpen }) => isOpen)).toHaveLength(1);
    },
  );
});
