import { describe, expect, it } from "vitest";
import { arrowSign, wavePath } from "./seek-slider.tsx";

describe("an arrow key on the place in the song", () => {
  it.each([
    { key: "ArrowRight", isRightToLeft: false, sign: 1 },
    { key: "ArrowRight", isRightToLeft: true, sign: -1 },
    { key: "ArrowLeft", isRightToLeft: false, sign: -1 },
    { key: "ArrowLeft", isRightToLeft: true, sign: 1 },
    { key: "ArrowUp", isRightToLeft: true, sign: 1 },
    { key: "ArrowDown", isRightToLeft: false, sign: -1 },
    { key: "Home", isRightToLeft: false, sign: 0 },
  ])("$key goes by $sign (right to left: $isRightToLeft)", ({ key, isRightToLeft, sign }) => {
    expect(arrowSign(key, isRightToLeft)).toBe(sign);
  });
});

describe("the picture of a song", () => {
  it("has a bar for each part, around the middle, and a hair for silence", () => {
    expect(wavePath([1, 0.5, 0])).toBe("M0.5 0.00v2.00M1.5 0.50v1.00M2.5 0.96v0.08");
  });
});
