// What a picture's first bytes say: its kind and its size in pixels, before anybody decodes it. Pure. A few bytes can decode to
// gigabytes, so that a picture that does not say its size, or too large a one, is none.

import { isAt, viewOf } from "../length/reading.ts";

export type CoverType = "image/jpeg" | "image/png" | "image/webp" | "image/gif";

export interface Picture {
  readonly type: CoverType;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** By what it begins with; what the tag calls it is not asked, so that nothing else slips through under its name. */
export function lookAtPicture(bytes: Uint8Array): Picture | null {
  const view = viewOf(bytes);
  const of = (type: CoverType, widthPx: number, heightPx: number): Picture => ({ type, widthPx, heightPx });
  if (bytes.length < 30) return null;
  if (isAt(bytes, 0, "\xff\xd8\xff")) return lookAtJpeg(bytes);
  if (isAt(bytes, 0, "\x89PNG\r\n\x1a\n")) return of("image/png", view.getUint32(16), view.getUint32(20));
  if (isAt(bytes, 0, "GIF87a") || isAt(bytes, 0, "GIF89a")) {
    return of("image/gif", view.getUint16(6, true), view.getUint16(8, true));
  }
  if (!isAt(bytes, 0, "RIFF") || !isAt(bytes, 8, "WEBP")) return null;
  if (isAt(bytes, 12, "VP8 ")) {
    return of("image/webp", view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff);
  }
  if (isAt(bytes, 12, "VP8L")) {
    const bits = view.getUint32(21, true);
    return of("image/webp", 1 + (bits & 0x3fff), 1 + ((bits >>> 14) & 0x3fff));
  }
  const isLarge = isAt(bytes, 12, "VP8X");
  return isLarge
    ? of("image/webp", 1 + (view.getUint32(23, true) >>> 8), 1 + (view.getUint32(26, true) >>> 8))
    : null;
}

/** Segments behind their lengths, until the one that begins the picture (SOF0 to SOF15 but for three that mean others). */
function lookAtJpeg(bytes: Uint8Array): Picture | null {
  const view = viewOf(bytes);
  for (let at = 2; at + 9 <= bytes.length; ) {
    const marker = view.getUint8(at + 1);
    if (view.getUint8(at) !== 0xff) return null;
    if (marker === 0xff) at += 1;
    else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { type: "image/jpeg", widthPx: view.getUint16(at + 7), heightPx: view.getUint16(at + 5) };
    } else at += 2 + view.getUint16(at + 2);
  }
  return null;
}
