// Places in a song that plays at another tempo: output frames are those of the stretched sound, input frames those of the song, both
// at the context's rate. What the page asks before it has something rendered; stretch.ts does the work. Pure.

import {
  STRETCH_ANCHOR_HOPS,
  STRETCH_HOP_FRAMES,
  STRETCH_ONSET_CELL_FRAMES,
  STRETCH_RATE_HZ,
  STRETCH_WINDOW_FRAMES,
} from "../../protocol/constants/audio.gen.ts";
import type { FrameSpan } from "../decode/sound.ts";

/** Of an analysis, to either side: half its window, a hop before it, and the cells that say whether there is an onset. */
const REACH_FRAMES = STRETCH_WINDOW_FRAMES / 2 + Math.max(STRETCH_HOP_FRAMES, 25 * STRETCH_ONSET_CELL_FRAMES);
/** What the conversion to the stretcher's rate and back rings, at whatever rate. */
const RINGING_SEC = 0.02;

/** Where an analysis lies for output frames from `hop` times the hop on; frames at the stretcher's rate. */
export const analysisFrame = (tempo: number, hop: number): number =>
  Math.floor((tempo * hop * STRETCH_HOP_FRAMES) / 100);

/** The anchor of the chain that a frame of synthesis belongs to. */
export const anchorOf = (hop: number): number => Math.floor(hop / STRETCH_ANCHOR_HOPS);

/**
 * The input that decides how these output frames sound. It goes back to the anchor before the last one: as far as 5.5 s of
 * output, and ahead a tenth of a second.
 */
export function stretchedInput(
  tempo: number,
  sampleRate: number,
  fromFrame: number,
  toFrame: number,
): FrameSpan {
  const scale = STRETCH_RATE_HZ / sampleRate;
  const ringing = sampleRate === STRETCH_RATE_HZ ? 0 : RINGING_SEC * STRETCH_RATE_HZ;
  const firstHop = Math.floor((fromFrame * scale - ringing) / STRETCH_HOP_FRAMES);
  const lastHop = Math.floor((toFrame * scale + ringing) / STRETCH_HOP_FRAMES);
  const begin = (anchorOf(firstHop - 1) - 1) * STRETCH_ANCHOR_HOPS;
  return {
    fromFrame: Math.floor((analysisFrame(tempo, begin) - REACH_FRAMES - ringing) / scale),
    toFrame: Math.ceil((analysisFrame(tempo, lastHop + 2) + REACH_FRAMES + ringing) / scale),
  };
}
