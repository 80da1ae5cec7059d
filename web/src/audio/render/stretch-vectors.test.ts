// What given sound is at other tempos, in vectors/stretch.json: the headless peer (src/unisono/peer/stretch.py) must come within 1e-6 of
// it. UNISONO_WRITE_VECTORS=1 writes them anew; tests/peer/test_stretch.py checks its part.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { wholeSource } from "./resample.ts";
import { StretchedSource } from "./stretch.ts";

const PATH = join(import.meta.dirname, "../../../../vectors/stretch.json");

/** `fromFrame` lies before the song's beginning, at it, between the first anchors, behind the second, and beyond the song's end. */
const CASES = [
  { tempo: 50, sampleRate: 48_000, fromFrame: 270_000, frames: 16 },
  { tempo: 70, sampleRate: 48_000, fromFrame: -40, frames: 48 },
  { tempo: 70, sampleRate: 48_000, fromFrame: 100_000, frames: 16 },
  { tempo: 93, sampleRate: 48_000, fromFrame: 140_000, frames: 16 },
  { tempo: 130, sampleRate: 48_000, fromFrame: 153_500, frames: 16 },
  { tempo: 150, sampleRate: 48_000, fromFrame: 132_000, frames: 16 },
  { tempo: 80, sampleRate: 44_100, fromFrame: 180_000, frames: 16 },
];
const INPUT_FRAMES = 200_000;

/** Noise in bursts to the left, a triangle that slides up in noise to the right: by whole numbers and one division each. */
function sound(): Float32Array[] {
  let state = 7;
  const noise = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 16) - 32_768;
  };
  const left = new Float32Array(INPUT_FRAMES);
  const right = new Float32Array(INPUT_FRAMES);
  for (let i = 0; i < INPUT_FRAMES; i++) {
    left[i] = noise() / (32_768 * (1 + ((i % 9_000) >> 6)));
    const phase = Math.floor(i / 100) * (i % 100) + i;
    right[i] = (Math.abs((phase % 4_000) - 2_000) - 1_000 + (noise() >> 8)) / 4_000;
  }
  return [left, right];
}

it("[P80] [V1] sound is the same at other tempos as it was", () => {
  const input = sound();
  const actual = CASES.map((each) => {
    // Both languages give sound at 48 kHz; the page converts it once more where its context has another rate.
    const source = new StretchedSource(wholeSource(input), { ...each, offsetFrames: 0 }).at48kHz;
    const output = [0, 1].map((channel) => [...source.read(channel, each.fromFrame, each.frames)]);
    return { ...each, inputFrames: INPUT_FRAMES, output };
  });
  if (process.env.UNISONO_WRITE_VECTORS) writeFileSync(PATH, `${JSON.stringify(actual, null, 2)}\n`);
  const stored: typeof actual = JSON.parse(readFileSync(PATH, "utf8"));
  expect(actual).toHaveLength(stored.length);
  for (const [index, { output, ...exact }] of stored.entries()) {
    expect(actual[index]).toMatchObject(exact);
    for (const [channel, frames] of output.entries()) {
      for (const [frame, value] of frames.entries()) {
        expect(Math.abs((actual[index]?.output[channel]?.[frame] ?? 9) - value)).toBeLessThan(1e-6);
      }
    }
  }
});
