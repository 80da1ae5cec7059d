// The same samples everywhere: decoders trim the silence before a song differently, by up to 44 ms (DESIGN §5). Who adds
// a file publishes a piece of its own decode and where it lies; everybody else finds that piece in theirs. Pure.
// Positions of plans are seconds in the anchor's decode; `offsetSec` is how much later the same sound lies in this one.

/** A piece of decoded sound, mono, and where it begins. Small enough for one control frame. */
export interface Anchor {
  readonly sampleRate: number;
  readonly startFrame: number;
  readonly samples: Int16Array<ArrayBuffer>;
}

export interface AnchorMatch {
  readonly offsetSec: number;
  /** Normalised correlation at the best place, 0 to 1. */
  readonly score: number;
}

/** 8192 frames are 0.17 s: long enough to be unlike anything else within the search range. */
export const ANCHOR_FRAMES = 8192;
/** The worst known difference is 44 ms (AAC without edit list); twice that leaves room for unknown decoders. */
const SEARCH_SEC = 0.09;
/** Below this it is not the same sound, for example another file under the same hash: better no correction than a wild one. */
export const MIN_SCORE = 0.6;
/** The loudest place of the first minute is looked for in steps of a quarter anchor. */
const LOOK_SEC = 60;
const EDGE_SEC = 0.1;
const HEADER_BYTES = 8;

/** The anchor of a decode, from its loudest place; null for sound too short or too quiet to be found again. */
export function makeAnchor(channels: readonly Float32Array[], sampleRate: number): Anchor | null {
  const frames = channels[0]?.length ?? 0;
  const firstFrame = Math.round(EDGE_SEC * sampleRate);
  const lastFrame = Math.min(frames, LOOK_SEC * sampleRate) - ANCHOR_FRAMES - firstFrame;
  let best = { startFrame: -1, energy: 1e-6 * ANCHOR_FRAMES };
  for (let startFrame = firstFrame; startFrame <= lastFrame; startFrame += ANCHOR_FRAMES / 4) {
    const energy = differenceEnergy(channels, startFrame);
    if (energy > best.energy) best = { startFrame, energy };
  }
  if (best.startFrame < 0) return null;
  const samples = new Int16Array(ANCHOR_FRAMES);
  for (let i = 0; i < ANCHOR_FRAMES; i++) {
    const value = monoAt(channels, best.startFrame + i);
    samples[i] = Math.round(32767 * Math.min(1, Math.max(-1, value)));
  }
  return { sampleRate, startFrame: best.startFrame, samples };
}

/** Where this decode has the anchor's sound; null when it is not to be found near its place. */
export function matchAnchor(
  channels: readonly Float32Array[],
  sampleRate: number,
  anchor: Anchor,
): AnchorMatch | null {
  const wanted = toRate(anchor, sampleRate);
  const expectedFrame = Math.round((anchor.startFrame / anchor.sampleRate) * sampleRate);
  const fraction = (anchor.startFrame / anchor.sampleRate) * sampleRate - expectedFrame;
  const searchFrames = Math.round(SEARCH_SEC * sampleRate);
  const here = Float32Array.from({ length: wanted.length + 2 * searchFrames }, (_, i) =>
    monoAt(channels, expectedFrame - searchFrames + i),
  );
  const scores = correlate(here, wanted);
  let top = 0;
  scores.forEach((score, lag) => {
    if (score > (scores[top] ?? 0)) top = lag;
  });
  const score = scores[top] ?? 0;
  if (score < MIN_SCORE || top === 0 || top === scores.length - 1) return null;
  const [before, after] = [scores[top - 1] ?? 0, scores[top + 1] ?? 0];
  const curvature = before - 2 * score + after;
  const between = curvature < 0 ? (0.5 * (before - after)) / curvature : 0;
  return { offsetSec: (top + between - searchFrames - fraction) / sampleRate, score };
}

/** Big-endian: u32 sample rate, u32 start frame, then int16 samples. */
export function encodeAnchor(anchor: Anchor): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES + 2 * anchor.samples.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, anchor.sampleRate);
  view.setUint32(4, anchor.startFrame);
  anchor.samples.forEach((sample, i) => {
    view.setInt16(HEADER_BYTES + 2 * i, sample);
  });
  return bytes;
}

/** null for bytes that are no anchor: another length, or a rate no sound card has. */
export function decodeAnchor(bytes: Uint8Array): Anchor | null {
  if (bytes.length !== HEADER_BYTES + 2 * ANCHOR_FRAMES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sampleRate = view.getUint32(0);
  const startFrame = view.getUint32(4);
  if (sampleRate < 8_000 || sampleRate > 384_000 || startFrame > LOOK_SEC * sampleRate) return null;
  const samples = new Int16Array(ANCHOR_FRAMES);
  for (let i = 0; i < ANCHOR_FRAMES; i++) samples[i] = view.getInt16(HEADER_BYTES + 2 * i);
  return { sampleRate, startFrame, samples };
}

/** Both channels of a stereo song count, whatever their phase: anchors are their mean. */
function monoAt(channels: readonly Float32Array[], frame: number): number {
  let sum = 0;
  for (const channel of channels) sum += channel[frame] ?? 0;
  return sum / Math.max(1, channels.length);
}

/** Energy of the first difference: prefers attacks and noise, which correlate sharply, over deep tones. */
function differenceEnergy(channels: readonly Float32Array[], startFrame: number): number {
  let energy = 0;
  let before = monoAt(channels, startFrame);
  for (let i = 1; i < ANCHOR_FRAMES; i++) {
    const value = monoAt(channels, startFrame + i);
    energy += (value - before) ** 2;
    before = value;
  }
  return energy;
}

/** The anchor at another rate, by linear interpolation: enough for finding a lag, not for listening. */
function toRate(anchor: Anchor, sampleRate: number): Float32Array {
  const step = anchor.sampleRate / sampleRate;
  const length = Math.floor((anchor.samples.length - 1) / step);
  return Float32Array.from({ length }, (_, i) => {
    const at = i * step;
    const whole = Math.floor(at);
    const low = anchor.samples[whole] ?? 0;
    return (low + (at - whole) * ((anchor.samples[whole + 1] ?? low) - low)) / 32767;
  });
}

/** Normalised correlation of `wanted` at every lag in `here`. */
function correlate(here: Float32Array, wanted: Float32Array): Float64Array {
  const lags = here.length - wanted.length + 1;
  const scores = new Float64Array(lags);
  const wantedEnergy = wanted.reduce((sum, value) => sum + value * value, 0);
  let energy = 0;
  for (let i = 0; i < wanted.length; i++) energy += (here[i] as number) ** 2;
  for (let lag = 0; lag < lags; lag++) {
    let product = 0;
    for (let i = 0; i < wanted.length; i++) product += (here[lag + i] as number) * (wanted[i] as number);
    scores[lag] = product / Math.sqrt(Math.max(1e-12, energy * wantedEnergy));
    energy += ((here[lag + wanted.length] ?? 0) as number) ** 2 - (here[lag] as number) ** 2;
  }
  return scores;
}
