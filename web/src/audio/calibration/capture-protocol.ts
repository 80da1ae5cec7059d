// What the page and the capturing audio thread have agreed on: blocks of one channel, each a transferred Float32Array.

export const CAPTURE = "capture";
/** A multiple of the 128 frames that come at a time; some ten messages a second. */
export const BLOCK_FRAMES = 4_096;
