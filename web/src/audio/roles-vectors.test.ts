// What becomes of channels, roles and what is low, in vectors/roles.json: the headless peer (src/unisono/peer/downmix.py, role_part.py,
// low_band.py) must come within 1e-6 of it. UNISONO_WRITE_VECTORS=1 writes them anew; tests/peer/test_roles.py checks its part.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ROLES } from "../protocol/constants/session.gen.ts";
import { downmix, downmixWith, type LayoutHints, namesOf, placesOf } from "./decode/downmix.ts";
import { LowBand } from "./render/low-band.ts";
import { wholeSource } from "./render/resample.ts";
import { partFor } from "./role-part.ts";

const PATH = join(import.meta.dirname, "../../../vectors/roles.json");

const LAYOUTS: readonly {
  readonly count: number;
  readonly codec: LayoutHints["codec"];
  readonly mask: number;
}[] = [
  ...[3, 4, 5, 6, 7, 8, 9].map((count) => ({ count, codec: null, mask: 0 })),
  { count: 4, codec: "aac", mask: 0 },
  // Of WAVs: 2.1, a back centre, 5.1 with back and with side surrounds, 7.1, and one that names what nobody knows.
  ...[0xb, 0x107, 0x3f, 0x60f, 0x63f].map((mask) => ({ count: bits(mask), codec: null, mask })),
  { count: 6, codec: null, mask: 0xc3f },
];
const FRAMES = 12_000;
const LOW_PLACES = [
  { sampleRate: 48_000, from: 0 },
  { sampleRate: 48_000, from: 5_990 },
  { sampleRate: 44_100, from: 6_000 },
];

function bits(mask: number): number {
  return mask.toString(2).replaceAll("0", "").length;
}

/** 16 bits, by whole numbers alone, so that any language makes the same. */
function noise(): Float32Array {
  let state = 7;
  return Float32Array.from({ length: FRAMES }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return ((state >>> 16) - 32_768) / 32_768;
  });
}

it("[P35] [P87] [P88] [V1] channels, roles and what is low are the same in both languages", () => {
  const layouts = LAYOUTS.map((layout) => {
    const { count, codec, mask } = layout;
    const places = placesOf(count, { codec, mask, isVorbisRaw: false });
    /** Each channel alone, as a frame of its own. */
    const channels = Array.from({ length: count }, (_, index) =>
      Float32Array.from({ length: count }, (_, frame) => Number(frame === index)),
    );
    const channelAt = (index: number) => channels[index] as Float32Array;
    const names = namesOf(places);
    const mixed = downmix(count, count, channelAt, places).map((side) => [...side]);
    const isolated = names.map((name) => [...(downmixWith(name, count, count, channelAt, places)[2] ?? [])]);
    return { ...layout, names, mixed: mixed.length === 1 ? [...mixed, ...mixed] : mixed, isolated };
  });
  const known = layouts.filter(({ names }) => names.length > 0).map(({ names }) => names);
  const parts = [[], ...known].map((channels) => ({
    channels,
    parts: ROLES.map((role) => partFor(role, channels)),
  }));
  const low = LOW_PLACES.map(({ sampleRate, from }) => {
    const band = new LowBand(wholeSource([noise()]), sampleRate);
    return { sampleRate, from, inputFrames: FRAMES, output: [...band.read(0, from, 24)] };
  });
  const actual = { layouts, parts, low };
  if (process.env.UNISONO_WRITE_VECTORS) writeFileSync(PATH, `${JSON.stringify(actual)}\n`);
  const stored: typeof actual = JSON.parse(readFileSync(PATH, "utf8"));
  expect(actual.layouts).toEqual(stored.layouts);
  expect(actual.parts).toEqual(stored.parts);
  for (const [index, { output, ...exact }] of stored.low.entries()) {
    expect(actual.low[index]).toMatchObject(exact);
    for (const [frame, value] of output.entries()) {
      expect(Math.abs((actual.low[index]?.output[frame] ?? 9) - value)).toBeLessThan(1e-6);
    }
  }
});
