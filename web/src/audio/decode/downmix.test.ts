import { describe, expect, it } from "vitest";
import { downmix, type LayoutHints, placesOf } from "./downmix.ts";

const plain: LayoutHints = { codec: null, mask: 0, isVorbisRaw: false };
const half = Math.SQRT1_2;
const softer = Number(half.toFixed(4)); // 3 dB less

/** What each channel alone gives to left and right; one number where left and right are one. */
function gainsOf(count: number, hints: LayoutHints = plain): number[][] {
  return Array.from({ length: count }, (_, alone) => {
    const channels = Array.from({ length: count }, (_, index) => Float32Array.of(index === alone ? 1 : 0));
    const mixed = downmix(
      count,
      1,
      (index) => channels[index] ?? new Float32Array(1),
      placesOf(count, hints),
    );
    return mixed.map((side) => Number(side[0]?.toFixed(4)));
  });
}

const [left, right, centre, none] = [
  [1, 0],
  [0, 1],
  [softer, softer],
  [0, 0],
];
const [onLeft, onRight, behind] = [
  [softer, 0],
  [0, softer],
  [0.5, 0.5],
];

describe("more than two channels", () => {
  it.each<[number, number[][]]>([
    [3, [left, right, centre]],
    [4, [left, right, onLeft, onRight]],
    [5, [left, right, centre, onLeft, onRight]],
    [6, [left, right, centre, none, onLeft, onRight]],
    [7, [left, right, centre, none, behind, onLeft, onRight]],
    [8, [left, right, centre, none, onLeft, onRight, onLeft, onRight]],
  ])("[P35] become two: %i of them", (count, expected) => {
    expect(gainsOf(count)).toEqual(expected);
  });

  it.each<[number, number[][]]>([
    [3, [left, centre, right]],
    [4, [left, right, onLeft, onRight]],
    [5, [left, centre, right, onLeft, onRight]],
    [6, [left, centre, right, onLeft, onRight, none]],
    [7, [left, centre, right, onLeft, onRight, behind, none]],
    [8, [left, centre, right, onLeft, onRight, onLeft, onRight, none]],
  ])("[P35] are put right where Vorbis is left in its own order: %i of them", (count, expected) => {
    expect(gainsOf(count, { ...plain, codec: "vorbis", isVorbisRaw: true })).toEqual(expected);
    expect(gainsOf(count, { ...plain, codec: "vorbis" })).toEqual(gainsOf(count));
  });

  it("[P35] go by a WAV's mask where it names them all", () => {
    expect(gainsOf(3, { ...plain, mask: 0b1011 })).toEqual([left, right, none]); // 2.1
    expect(gainsOf(4, { ...plain, mask: 0x107 })).toEqual([left, right, centre, behind]);
    expect(gainsOf(6, { ...plain, mask: 0x3f })).toEqual(gainsOf(6));
  });

  it.each([0b11, 0xff, 0x80000000 | 0b1011, 0xffffffff])(
    "[P35] go by their number where the mask %i fits not",
    (mask) => {
      expect(gainsOf(6, { ...plain, mask })).toEqual(gainsOf(6));
    },
  );

  it("[P35] in AAC, four are a front of three and one behind", () => {
    expect(gainsOf(4, { ...plain, codec: "aac" })).toEqual([left, right, centre, behind]);
  });

  it.each([9, 24])("[P35] of an unknown order all count the same: %i of them", (count) => {
    expect(gainsOf(count)).toEqual(new Array(count).fill([Number((1 / count).toFixed(4))]));
  });

  it("[P35] add up without scaling", () => {
    const loud = new Float32Array([1]);
    const mixed = downmix(6, 1, () => loud, placesOf(6, plain));
    expect(mixed.map((side) => side[0])).toEqual([
      Math.fround(Math.fround(1 + half) + half),
      expect.closeTo(1 + 2 * half, 6),
    ]);
  });
});
