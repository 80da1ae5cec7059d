// Plain samples: the index of a stretch of them, and the samples of a slice as floats. Pure.

import { viewOf } from "../length/reading.ts";
import { MAX_DURATION_SEC } from "./limits.ts";
import type { PcmLayout, SoundIndex } from "./sound-index.ts";

export interface PcmStretch {
  readonly layout: PcmLayout;
  readonly sampleRate: number;
  readonly channels: number;
  readonly startByte: number;
  readonly endByte: number;
}

const MAX_CHANNELS = 64;
const SIZES: Readonly<Record<PcmLayout["encoding"], readonly number[]>> = {
  integer: [1, 2, 3, 4, 8],
  unsigned: [1],
  float: [4, 8],
  "a-law": [1],
  "mu-law": [1],
};

/** A point every second, exactly. Null for samples of a size that nobody writes, and where there are none. */
export function pcmIndex({
  layout,
  sampleRate,
  channels,
  startByte,
  endByte,
}: PcmStretch): SoundIndex | null {
  const frameBytes = layout.sampleBytes * channels;
  if (!SIZES[layout.encoding].includes(layout.sampleBytes) || sampleRate < 1) return null;
  if (channels < 1 || channels > MAX_CHANNELS) return null;
  const frames = Math.floor((endByte - startByte) / frameBytes);
  if (frames < 1 || frames > sampleRate * MAX_DURATION_SEC) return null;
  const pointFrames = Float64Array.from(
    { length: Math.ceil(frames / sampleRate) },
    (_, point) => point * sampleRate,
  );
  const run = {
    kind: "pcm" as const,
    sampleRate,
    channels,
    prefix: new Uint8Array(0),
    pointBytes: pointFrames.map((frame) => startByte + frame * frameBytes),
    pointFrames,
    endByte: startByte + frames * frameBytes,
    codedFrames: frames,
    primingFrames: 0,
    lengthFrames: frames,
    packets: null,
    pcm: layout,
  };
  return { runs: [run] };
}

/** Each channel's samples, −1 to 1; what is left of a frame at the end is left out. */
export function pcmSamples(
  bytes: Uint8Array,
  layout: PcmLayout,
  channels: number,
): Float32Array<ArrayBuffer>[] {
  const stepBytes = layout.sampleBytes * channels;
  const frames = Math.floor(bytes.length / stepBytes);
  const sampleAt = readerOf(viewOf(bytes), layout);
  return Array.from({ length: channels }, (_, channel) => {
    const samples = new Float32Array(frames);
    let at = channel * layout.sampleBytes;
    for (let frame = 0; frame < frames; frame++, at += stepBytes) samples[frame] = sampleAt(at);
    return samples;
  });
}

function readerOf(view: DataView, layout: PcmLayout): (at: number) => number {
  const { encoding, sampleBytes, isLittleEndian } = layout;
  switch (encoding) {
    case "unsigned":
      return (at) => (view.getUint8(at) - 128) / 2 ** 7;
    case "a-law":
      return (at) => A_LAW[view.getUint8(at)] as number;
    case "mu-law":
      return (at) => MU_LAW[view.getUint8(at)] as number;
    case "float":
      if (sampleBytes === 8) return (at) => view.getFloat64(at, isLittleEndian);
      return (at) => view.getFloat32(at, isLittleEndian);
    case "integer":
      return integerReaderOf(view, layout);
  }
}

function integerReaderOf(view: DataView, { sampleBytes, bits, isLittleEndian }: PcmLayout) {
  const scale = 2 ** (bits - 1);
  switch (sampleBytes) {
    case 1:
      return (at: number) => view.getInt8(at) / scale;
    case 2:
      return (at: number) => view.getInt16(at, isLittleEndian) / scale;
    case 3: {
      const [low, high] = isLittleEndian ? [0, 1] : [2, 0];
      return (at: number) =>
        (view.getInt16(at + high, isLittleEndian) * 256 + view.getUint8(at + low)) / scale;
    }
    case 4:
      return (at: number) => view.getInt32(at, isLittleEndian) / scale;
    default: {
      // Of eight bytes the upper four hold all that a float can.
      const upper = isLittleEndian ? 4 : 0;
      return (at: number) => view.getInt32(at + upper, isLittleEndian) / 2 ** 31;
    }
  }
}

/** ITU-T G.711: a sign, three bits of exponent, four of mantissa; in A-law every other bit is turned. */
const A_LAW = Float32Array.from({ length: 256 }, (_, byte) => {
  const code = byte ^ 0x55;
  const exponent = (code >> 4) & 7;
  const mantissa = ((code & 15) << 4) + 8;
  const value = exponent === 0 ? mantissa : (mantissa + 256) << (exponent - 1);
  return (code & 0x80 ? value : -value) / 2 ** 15;
});

/** In mu-law all bits are turned. */
const MU_LAW_BIAS = 0x84;
const MU_LAW = Float32Array.from({ length: 256 }, (_, byte) => {
  const code = ~byte;
  const value = ((((code & 15) << 3) + MU_LAW_BIAS) << ((code >> 4) & 7)) - MU_LAW_BIAS;
  return (code & 0x80 ? -value : value) / 2 ** 15;
});
