import { describe, expect, it } from "vitest";
import { ringChime } from "./chime.ts";

/** A context at 3 s that writes down what is asked of it. */
function context() {
  const tones: { hz: number; fromSec: number; untilSec: number }[] = [];
  const levels: number[] = [];
  const open = new Set<object>();
  const made = {
    currentTime: 3,
    createGain() {
      const gain = {
        gain: {
          setValueAtTime: (level: number) => levels.push(level),
          linearRampToValueAtTime: (level: number) => levels.push(level),
          exponentialRampToValueAtTime: (level: number) => levels.push(level),
        },
        connect: (to: object) => to,
        disconnect: () => open.delete(gain),
      };
      open.add(gain);
      return gain;
    },
    createOscillator() {
      const tone = { hz: 0, fromSec: 0, untilSec: 0 };
      const node = {
        onended: () => undefined as unknown,
        frequency: {
          set value(hz: number) {
            tone.hz = hz;
          },
        },
        connect: (to: object) => to,
        start: (sec: number) => {
          tone.fromSec = sec;
        },
        stop: (sec: number) => {
          tone.untilSec = sec;
          node.onended();
        },
      };
      tones.push(tone);
      return node;
    },
  };
  return { context: made as unknown as AudioContext, tones, levels, open };
}

describe("the chime of joining", () => {
  it("is two notes a fifth apart that lie ahead, are soft, and leave nothing behind", () => {
    const { context: sound, tones, levels, open } = context();
    ringChime(sound, {} as AudioNode);
    expect(tones).toHaveLength(2);
    expect((tones[1]?.hz ?? 0) / (tones[0]?.hz ?? 1)).toBeCloseTo(1.5, 2);
    for (const { fromSec, untilSec } of tones) {
      expect(fromSec).toBeGreaterThan(3);
      expect(untilSec).toBeGreaterThan(fromSec);
    }
    expect(Math.max(...levels)).toBeLessThanOrEqual(0.25);
    expect(open.size).toBe(0);
  });
});
