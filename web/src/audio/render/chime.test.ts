import { describe, expect, it } from "vitest";
import { chimeSamples, ringChime } from "./chime.ts";

const RATE_HZ = 48_000;

/** A context that writes down what becomes of its one source. */
function context() {
  const seen = { frames: 0, startedAt: [] as (number | undefined)[], isConnected: false };
  const source = {
    buffer: null as { length: number } | null,
    onended: () => undefined as unknown,
    connect: () => {
      seen.isConnected = true;
    },
    disconnect: () => {
      seen.isConnected = false;
    },
    start: (atSec?: number) => {
      seen.startedAt.push(atSec);
      seen.frames = source.buffer?.length ?? 0;
    },
  };
  const made = {
    sampleRate: RATE_HZ,
    createBuffer: (_channels: number, length: number) => ({ length, copyToChannel: () => undefined }),
    createBufferSource: () => source,
  };
  return { context: made as unknown as AudioContext, seen, end: () => source.onended() };
}

describe("the chime of joining", () => {
  const samples = chimeSamples(RATE_HZ);
  const loudest = (fromSec: number, toSec: number): number =>
    Math.max(...samples.slice(fromSec * RATE_HZ, toSec * RATE_HZ).map(Math.abs));

  it("rises and falls without a corner, so that nobody hears a click", () => {
    const bends = [...samples.keys()].map((at) =>
      Math.abs((samples[at + 1] ?? 0) - 2 * (samples[at] ?? 0) + (samples[at - 1] ?? 0)),
    );
    expect(Math.max(...bends)).toBeLessThan(0.005); // a tone that sets in at its full level bends by 0.017
    expect(loudest(0.64, 0.66)).toBeLessThan(1e-3);
  });

  it("is soft, and its second note is a fifth above the first", () => {
    expect(loudest(0, 0.7)).toBeGreaterThan(0.2);
    expect(loudest(0, 0.7)).toBeLessThan(0.35);
    const turns = (fromSec: number, toSec: number): number => {
      const part = samples.slice(fromSec * RATE_HZ, toSec * RATE_HZ);
      return part.filter((value, at) => value >= 0 && (part[at - 1] ?? 0) < 0).length / (toSec - fromSec);
    };
    expect(turns(0.02, 0.13)).toBeGreaterThan(500);
    expect(turns(0.3, 0.5) / turns(0.02, 0.13)).toBeCloseTo(1.5, 1);
  });

  it("starts as soon as it can, whole however late that is, and leaves nothing behind", () => {
    const { context: sound, seen, end } = context();
    ringChime(sound, {} as AudioNode);
    expect(seen).toEqual({ frames: samples.length, startedAt: [undefined], isConnected: true });
    end();
    expect(seen.isConnected).toBe(false);
  });
});
