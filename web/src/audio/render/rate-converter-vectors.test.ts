// What a given noise is at other rates, in vectors/rate-converter.json: the headless peer (src/unisono/peer/rate_converter.py) must
// come within 1e-6 of it. UNISONO_WRITE_VECTORS=1 writes them anew; tests/peer/test_rate_converter.py checks its part.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { RateConverter } from "./rate-converter.ts";

const PATH = join(import.meta.dirname, "../../../../vectors/rate-converter.json");

/** The last two have more phases than a table holds. */
const CONVERSIONS = [
  { fromRate: 44_100, toRate: 48_000, inputStart: 0, fromOutput: 0, frames: 24 },
  { fromRate: 48_000, toRate: 44_100, inputStart: 2 ** 40, fromOutput: 1_010_176_308_662, frames: 24 },
  { fromRate: 96_000, toRate: 48_000, inputStart: 100, fromOutput: 150, frames: 24 },
  { fromRate: 192_000, toRate: 44_100, inputStart: 5_000, fromOutput: 1_251, frames: 24 },
  { fromRate: 8_000, toRate: 48_000, inputStart: 0, fromOutput: 1_000, frames: 24 },
  { fromRate: 44_100, toRate: 47_999, inputStart: 0, fromOutput: 333, frames: 24 },
  { fromRate: 96_000, toRate: 11_025, inputStart: 0, fromOutput: 70, frames: 24 },
];
const INPUT_FRAMES = 1_500;

/** 16 bits, by whole numbers alone, so that any language makes the same. */
function noise(): Float32Array {
  let state = 7;
  return Float32Array.from({ length: INPUT_FRAMES }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return ((state >>> 16) - 32_768) / 32_768;
  });
}

it("[P48] [V1] a noise is the same at other rates as it was", () => {
  const actual = CONVERSIONS.map((conversion) => {
    const { fromRate, toRate, inputStart, fromOutput, frames } = conversion;
    const converter = new RateConverter(fromRate, toRate);
    const output = converter.convert(noise(), inputStart, fromOutput, fromOutput + frames);
    const { reachFrames } = converter;
    return { ...conversion, inputFrames: INPUT_FRAMES, reachFrames, output: [...output] };
  });
  if (process.env.UNISONO_WRITE_VECTORS) writeFileSync(PATH, `${JSON.stringify(actual, null, 2)}\n`);
  const stored: typeof actual = JSON.parse(readFileSync(PATH, "utf8"));
  expect(actual).toHaveLength(stored.length);
  for (const [index, { output, ...exact }] of stored.entries()) {
    expect(actual[index]).toMatchObject(exact);
    for (const [frame, value] of output.entries()) {
      expect(Math.abs((actual[index]?.output[frame] ?? 9) - value)).toBeLessThan(1e-6);
    }
  }
});
