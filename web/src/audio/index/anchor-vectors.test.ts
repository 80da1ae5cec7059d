// What the anchors of given sounds are, in vectors/anchor.json: the headless peer (src/unisono/peer/anchor.py) must make the
// same annotations and find the same offsets. UNISONO_WRITE_VECTORS=1 writes them anew; tests/peer/test_anchor.py checks its
// part.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { wholeSource } from "../render/resample.ts";
import { makeAnchor, matchAnchor } from "./anchor.ts";
import { encodeAnchor } from "./anchor-annotation.ts";

const PATH = join(import.meta.dirname, "../../../../vectors/anchor.json");

/**
 * Parts of a channel, one after the other: noise and saws of 16 bits, by whole numbers alone, so that any language makes the
 * same.
 */
type Part = readonly [kind: "noise" | "saw" | "silence", frames: number, shift: number, seed: number];

const SOUNDS: Readonly<Record<string, { rate: number; channels: readonly (readonly Part[])[] }>> = {
  noise: { rate: 48_000, channels: [[["noise", 480_000, 1, 7]]] },
  stereo: { rate: 44_100, channels: [[["noise", 400_000, 2, 8]], [["noise", 400_000, 3, 9]]] },
  "saw, then noise": {
    rate: 48_000,
    channels: [
      [
        ["saw", 480_000, 0, 960],
        ["noise", 240_000, 4, 10],
      ],
    ],
  },
  "silence, then quiet noise": {
    rate: 48_000,
    channels: [
      [
        ["silence", 720_000, 0, 0],
        ["noise", 240_000, 11, 11],
      ],
    ],
  },
  saw: { rate: 48_000, channels: [[["saw", 480_000, 0, 960]]] },
  "low rate": { rate: 8_000, channels: [[["noise", 100_000, 2, 12]]] },
};

function channelOf(parts: readonly Part[]): Float32Array<ArrayBuffer> {
  const samples = parts.flatMap(([kind, frames, shift, seed]) => {
    let state = seed;
    return Array.from({ length: frames }, (_, frame) => {
      if (kind === "silence") return 0;
      if (kind === "saw") return (frame % seed) * 20 - 9_000;
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return ((state >>> 16) - 32_768) >> shift;
    });
  });
  return Float32Array.from(samples, (sample) => sample / 32_768);
}

const soundOf = (channels: Float32Array[]) => ({
  source: wholeSource(channels),
  frames: channels[0]?.length ?? 0,
});

it("[V1] anchors are the same to the byte, and found at the same place", () => {
  const actual = Object.entries(SOUNDS).map(([name, { rate, channels }]) => {
    const sound = channels.map(channelOf);
    const anchor = makeAnchor(soundOf(sound), rate);
    const cut = sound.map((channel) => channel.subarray(312));
    const halved = cut.map((channel) => channel.filter((_, frame) => frame % 2 === 0));
    return {
      name,
      rate,
      channels,
      startFrames: anchor.places.map(({ startFrame }) => startFrame),
      annotationSha256: createHash("sha256").update(encodeAnchor(anchor)).digest("hex"),
      cutFrames: 312,
      match: matchAnchor(soundOf(cut), rate, anchor),
      // Every second frame of what was cut, at half the rate.
      matchHalved: matchAnchor(soundOf(halved), rate / 2, anchor),
    };
  });
  if (process.env.UNISONO_WRITE_VECTORS) writeFileSync(PATH, `${JSON.stringify(actual, null, 2)}\n`);
  const stored: typeof actual = JSON.parse(readFileSync(PATH, "utf8"));
  for (const [index, { match, matchHalved, ...exact }] of stored.entries()) {
    expect(actual[index]).toMatchObject(exact);
    for (const [mine, theirs] of [
      [actual[index]?.match, match],
      [actual[index]?.matchHalved, matchHalved],
    ]) {
      expect(mine?.isSteady).toBe(theirs?.isSteady);
      if (theirs) expect(mine?.offsetSec).toBeCloseTo(theirs.offsetSec, 9);
    }
  }
  expect(actual).toHaveLength(stored.length);
});
