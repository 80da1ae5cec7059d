import { describe, expect, it } from "vitest";
import { SeededRandom } from "../lib/testing/index.ts";
import { decodeAnchor, encodeAnchor, makeAnchor, matchAnchor } from "./anchor.ts";
import { renderRun } from "./resample.ts";

const RATE = 48_000;

/** Five seconds of noise whose loudest second is the third. */
function song(): Float32Array[] {
  const random = new SeededRandom(4);
  const loudness = (frame: number) => (Math.floor(frame / RATE) === 2 ? 0.5 : 0.1);
  const channel = () =>
    Float32Array.from({ length: 5 * RATE }, (_, frame) => loudness(frame) * random.normal() * 0.5);
  return [channel(), channel()];
}

const lowPassed = (channels: Float32Array[]): Float32Array[] =>
  channels.map((channel) =>
    channel.map((value, i) => (value + (channel[i + 1] ?? 0) + (channel[i - 1] ?? 0)) / 3),
  );

/** The same sound, `frames` later. */
const later = (channels: Float32Array[], frames: number): Float32Array[] =>
  channels.map((channel) => {
    const moved = new Float32Array(channel.length);
    renderRun(channel, { position: -frames, ratio: 1 }, moved);
    return moved;
  });

describe("the PCM anchor", () => {
  const here = lowPassed(song());
  const anchor = makeAnchor(here, RATE);
  if (!anchor) throw new Error("loud enough");

  it("[P16] is taken from a loud place", () => {
    expect(anchor.startFrame / RATE).toBeGreaterThan(1.8);
    expect(anchor.startFrame / RATE).toBeLessThan(3);
  });

  it.each([0, 1024, -1105, 2112, 23.4, -0.5])(
    "[P16] finds a decode that is %s frames late, to 0.02 ms",
    (frames) => {
      const match = matchAnchor(later(here, frames), RATE, anchor);
      expect(Math.abs((match?.offsetSec ?? 9) * 1_000 - (frames / RATE) * 1_000)).toBeLessThan(0.02);
    },
  );

  it("[P16] finds its place in a decode of another rate", () => {
    const ratio = RATE / 44_100;
    const other = here.map((channel) => {
      const output = new Float32Array(Math.floor(channel.length / ratio));
      renderRun(channel, { position: 0, ratio }, output);
      return output;
    });
    const match = matchAnchor(later(other, 441), 44_100, anchor);
    expect(Math.abs((match?.offsetSec ?? 9) * 1_000 - 10)).toBeLessThan(0.03);
  });

  it("[P17] corrects nothing where the sound is another", () => {
    const other = lowPassed(song()).map((channel) => channel.map((_, i) => channel[channel.length - i] ?? 0));
    expect(matchAnchor(other, RATE, anchor)).toBeNull();
    expect(matchAnchor(later(here, 9_000), RATE, anchor)).toBeNull();
    expect(makeAnchor([new Float32Array(RATE)], RATE)).toBeNull();
  });

  it("survives the wire, and bytes that are no anchor are refused", () => {
    expect(decodeAnchor(encodeAnchor(anchor))).toEqual(anchor);
    expect(decodeAnchor(new Uint8Array(100))).toBeNull();
    expect(decodeAnchor(new Uint8Array(encodeAnchor(anchor).length))).toBeNull();
  });
});
