// What a browser needs to put the page on a home screen: a manifest with icons that exist in the sizes it names.

import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";

const PUBLIC = new URL("../../public/", import.meta.url);
const read = (name: string): Buffer => readFileSync(new URL(name, PUBLIC));

interface Icon {
  readonly src: string;
  readonly sizes: string;
  readonly type: string;
  readonly purpose: string;
}
const manifest = JSON.parse(read("manifest.webmanifest").toString()) as { icons: Icon[]; start_url: string };
const drawn = manifest.icons.filter(({ type }) => type === "image/png").map(({ src }) => src);

/** Width, height and the RGBA of one pixel; the drawing script filters no row. */
function pixelOf(name: string, share: readonly [number, number]) {
  const bytes = read(name);
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  const parts: Buffer[] = [];
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    if (bytes.toString("latin1", at + 4, at + 8) === "IDAT")
      parts.push(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)));
  }
  const rows = inflateSync(Buffer.concat(parts));
  const [column, row] = [Math.floor(share[0] * width), Math.floor(share[1] * height)];
  const at = row * (4 * width + 1) + 1 + 4 * column;
  return { width, height, rgba: [...rows.subarray(at, at + 4)] };
}

describe("the manifest", () => {
  it("[O10] starts at the front door, wherever that is, and has an icon of each kind that browsers ask for", () => {
    expect(manifest.start_url).toBe("./");
    expect(manifest.icons.map(({ sizes, purpose }) => `${sizes} ${purpose}`)).toEqual([
      "any any",
      "192x192 any",
      "512x512 any",
      "512x512 maskable",
    ]);
  });

  it.each([...drawn, "./apple-touch-icon.png"])(
    "names %s in the size that it has, the mark in brass",
    (src) => {
      const named = manifest.icons.find((icon) => icon.src === src)?.sizes ?? "180x180";
      const { width, height, rgba } = pixelOf(src.slice(2), [0.5, 0.7]);
      expect(`${width}x${height}`).toBe(named);
      expect(rgba).toEqual([0xf3, 0xb6, 0x3f, 0xff]);
    },
  );

  it("leaves the corners of what launchers cut themselves full, and of the others free", () => {
    expect(pixelOf("icon-maskable-512.png", [0, 0]).rgba).toEqual([0x0c, 0x10, 0x0f, 0xff]);
    expect(pixelOf("icon-512.png", [0, 0]).rgba[3]).toBe(0);
  });
});
