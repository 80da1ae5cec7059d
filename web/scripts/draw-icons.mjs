// Draws the icons as PNG from the two strokes of the mark (`make generate`): phones take no SVG for the home screen. The
// same strokes are in public/icon.svg and ui/glyphs.tsx. Sizes in pixels, shapes in units of 512.

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { deflateSync } from "node:zlib";

const GROUND = [0x0c, 0x10, 0x0f];
const BRASS = [0xf3, 0xb6, 0x3f];
const UNITS = 512;
const CORNER = 112;
const HALF_STROKE = 20;
/** Launchers cut a maskable icon to a circle of four fifths; the mark keeps within it. */
const MASKABLE_SCALE = 0.8;

const ICONS = [
  { file: "icon-192.png", size: 192, isMaskable: false },
  { file: "icon-512.png", size: 512, isMaskable: false },
  { file: "icon-maskable-512.png", size: 512, isMaskable: true },
  { file: "apple-touch-icon.png", size: 180, isMaskable: true },
];

/** Distance to a straight piece of the mark, from (x, top) to (x, bottom). */
const toUpright = (px, py, x, top, bottom) => Math.hypot(px - x, Math.max(top - py, 0, py - bottom));

/** Distance to the bow under the prongs: the lower half of a circle around (256, 212). */
const toBow = (px, py) =>
  py >= 212 ? Math.abs(Math.hypot(px - 256, py - 212) - 80) : Math.hypot(Math.abs(px - 256) - 80, py - 212);

const toMark = (px, py) =>
  Math.min(
    toUpright(px, py, 176, 96, 212),
    toUpright(px, py, 336, 96, 212),
    toUpright(px, py, 256, 292, 416),
    toBow(px, py),
  ) - HALF_STROKE;

/** Distance to the ground's edge, negative inside. */
function toGround(px, py) {
  const half = UNITS / 2 - CORNER;
  const [dx, dy] = [Math.abs(px - 256) - half, Math.abs(py - 256) - half];
  return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - CORNER;
}

/** RGBA, row by row. An edge is as soft as one pixel. */
export function drawIcon(size, isMaskable) {
  const pixels = new Uint8Array(4 * size * size);
  const unit = UNITS / size;
  const scale = isMaskable ? MASKABLE_SCALE : 1;
  const cover = (distance) => Math.min(1, Math.max(0, 0.5 - distance / unit));
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const [px, py] = [(column + 0.5) * unit, (row + 0.5) * unit];
      const mark = cover(scale * toMark(256 + (px - 256) / scale, 256 + (py - 256) / scale));
      const at = 4 * (row * size + column);
      for (let channel = 0; channel < 3; channel++) {
        pixels[at + channel] = Math.round(GROUND[channel] * (1 - mark) + BRASS[channel] * mark);
      }
      pixels[at + 3] = Math.round(255 * (isMaskable ? 1 : cover(toGround(px, py))));
    }
  }
  return pixels;
}

/** Bit by bit, as RFC 2083 has it in its appendix. */
function crc(bytes) {
  let rest = 0xffffffff;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  }
  return (rest ^ 0xffffffff) >>> 0;
}

function chunk(name, content) {
  const body = Buffer.concat([Buffer.from(name, "latin1"), content]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(crc(body));
  return Buffer.concat([length, body, sum]);
}

function png(size, pixels) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 6], 8); // eight bits, red green blue alpha
  const rows = Buffer.alloc(size * (4 * size + 1)); // each row begins with its filter: none
  for (let row = 0; row < size; row++) {
    rows.set(pixels.subarray(4 * size * row, 4 * size * (row + 1)), row * (4 * size + 1) + 1);
  }
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { file, size, isMaskable } of ICONS) {
    const path = fileURLToPath(new URL(`../public/${file}`, import.meta.url));
    writeFileSync(path, png(size, drawIcon(size, isMaskable)));
  }
}
