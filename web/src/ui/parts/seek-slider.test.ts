import { describe, expect, it } from "vitest";
import { arrowSign } from "./seek-slider.tsx";

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
