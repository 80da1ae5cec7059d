// A cover as large as it is shown. Runs in the Worker: decoding a picture of 40 million pixels takes a phone a while.

import { lookAtPicture } from "./cover-picture.ts";
import type { Cover } from "./song-tags.ts";

/** Shown at 96 px and on the lock screen at some 350, on screens of two pixels a px. */
const SIDE_PX = 700;
/** A cover that is kept: a phone holds a dozen of them. */
export const MAX_KEPT_BYTES = 1024 * 1024;
const MAX_UNSCALED_PIXELS = 16e6;
const QUALITY = 0.85;

/** Null where a cover is too large and this browser cannot make it smaller, or cannot draw it. */
export async function scaledCover(cover: Cover): Promise<Cover | null> {
  const side = Math.max(cover.widthPx, cover.heightPx);
  if (side <= SIDE_PX && cover.bytes.length <= MAX_KEPT_BYTES) return cover;
  return (typeof OffscreenCanvas === "undefined" ? null : await scale(cover, side)) ?? unscaled(cover);
}

async function scale(cover: Cover, side: number): Promise<Cover | null> {
  try {
    const picture = new Blob([cover.bytes], { type: cover.type });
    const resizeWidth = Math.max(1, Math.round(cover.widthPx * Math.min(1, SIDE_PX / side)));
    // The height follows by itself, also where the picture says that it is to be turned.
    const drawn = await createImageBitmap(picture, { resizeWidth, resizeQuality: "medium" });
    const canvas = new OffscreenCanvas(drawn.width, drawn.height);
    canvas.getContext("2d")?.drawImage(drawn, 0, 0);
    drawn.close();
    // JPEG has no transparency; a browser that cannot write WebP writes PNG.
    const type = cover.type === "image/jpeg" ? cover.type : "image/webp";
    const small = await canvas.convertToBlob({ type, quality: QUALITY });
    const bytes = new Uint8Array(await small.arrayBuffer());
    const found = lookAtPicture(bytes);
    return found && bytes.length <= MAX_KEPT_BYTES ? { ...found, bytes } : null;
  } catch {
    return null; // damaged, or a browser that does not scale: the page tries to draw it as it is
  }
}

function unscaled(cover: Cover): Cover | null {
  const isKept =
    cover.bytes.length <= MAX_KEPT_BYTES && cover.widthPx * cover.heightPx <= MAX_UNSCALED_PIXELS;
  return isKept ? cover : null;
}
