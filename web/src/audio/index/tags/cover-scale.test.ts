// Here in Node there is no canvas: what is kept where an engine cannot scale. Scaling itself: tests/e2e/test_tags.py.

import { describe, expect, it } from "vitest";
import { lookAtPicture } from "./cover-picture.ts";
import { MAX_KEPT_BYTES, scaledCover } from "./cover-scale.ts";
import { big, JPEG, join, little, png, zeros } from "./testing/tag-bytes.ts";

const cover = (widthPx: number, heightPx: number, sizeBytes: number) =>
  ({ type: "image/png", widthPx, heightPx, bytes: new Uint8Array(sizeBytes) }) as const;

describe("[P60] a cover", () => {
  it("is kept as it is where it is small, and where an engine cannot scale it, up to a limit", async () => {
    for (const kept of [cover(700, 700, 9), cover(3_000, 3_000, MAX_KEPT_BYTES)]) {
      expect(await scaledCover(kept)).toBe(kept);
    }
    expect(await scaledCover(cover(300, 300, MAX_KEPT_BYTES + 1))).toBeNull();
    expect(await scaledCover(cover(6_000, 6_000, 9))).toBeNull();
  });

  const webp = (chunk: string, content: readonly number[]) =>
    join("RIFF", zeros(4), "WEBP", chunk, zeros(4), content, zeros(9));
  it.each<[string, Uint8Array, object | null]>([
    ["JPEG", JPEG, { type: "image/jpeg", widthPx: 600, heightPx: 400 }],
    [
      "JPEG with a thumbnail's size in front",
      join(
        JPEG.subarray(0, 2),
        [0xff, 0xe1, 0, 15, 0xff, 0xc0, 0, 11, 8, 0, 9, 0, 9, 0, 0, 0, 0],
        JPEG.subarray(2),
      ),
      { widthPx: 600, heightPx: 400 },
    ],
    ["JPEG without a picture", join([0xff, 0xd8, 0xff, 0xe0, 0, 4], zeros(40)), null],
    ["PNG", png(3_000, 2_000), { type: "image/png", widthPx: 3_000, heightPx: 2_000 }],
    [
      "GIF",
      join("GIF89a", little(20, 2), little(10, 2), zeros(30)),
      { type: "image/gif", widthPx: 20, heightPx: 10 },
    ],
    [
      "WebP",
      webp("VP8 ", [...zeros(6), ...little(320, 2), ...little(240, 2)]),
      { type: "image/webp", widthPx: 320, heightPx: 240 },
    ],
    [
      "WebP without loss",
      webp("VP8L", [0x2f, ...little((319 | (239 << 14)) >>> 0, 4)]),
      { widthPx: 320, heightPx: 240 },
    ],
    [
      "WebP with more",
      webp("VP8X", [...zeros(4), ...little(319, 3), ...little(239, 3)]),
      { widthPx: 320, heightPx: 240 },
    ],
    ["a few bytes of one", png(3, 3).subarray(0, 20), null],
    ["SVG", join("<svg xmlns='http://www.w3.org/2000/svg'/>", big(0, 4)), null],
  ])("says its size before it is decoded: %s", (_, bytes, found) => {
    if (found) expect(lookAtPicture(bytes)).toMatchObject(found);
    else expect(lookAtPicture(bytes)).toBeNull();
  });
});
