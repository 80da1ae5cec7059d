// Plain samples of any kind as a WAV of 32-bit floats, which every browser decodes. Pure.
// More than two channels are mixed on the way (rule P35): Firefox 153 loses its place in a WAV of seven.

import { viewOf } from "../../index/length/reading.ts";
import { downmix, type Place, placesOf } from "../downmix.ts";

export interface Pcm {
  readonly channels: number;
  readonly rateHz: number;
  /** Of one sample as it is stored. */
  readonly sampleBytes: number;
  /** Of an integer of four bytes, in its lower ones; of any other all bits count. */
  readonly bits?: number;
  readonly kind: "integer" | "unsigned" | "float";
  readonly isLittleEndian: boolean;
  readonly startByte: number;
  readonly endByte: number;
  /** Names the places of the channels; 0 where the file does not. */
  readonly mask: number;
}

const HEADER_BYTES = 44;
const FLOAT_BYTES = 4;
const FLOAT_FORMAT = 3;

/** Null for samples of a size that nobody writes. */
export function toFloatWav(bytes: Uint8Array, pcm: Pcm): Uint8Array<ArrayBuffer> | null {
  const { channels, rateHz, sampleBytes, startByte, endByte, mask } = pcm;
  const read = readerOf(viewOf(bytes), pcm);
  const frames = Math.floor((endByte - startByte) / (sampleBytes * channels));
  if (!read || channels < 1 || rateHz < 1 || frames < 1) return null;
  const channelAt = (index: number): Float32Array => {
    const samples = new Float32Array(frames);
    const stepBytes = sampleBytes * channels;
    let at = startByte + index * sampleBytes;
    for (let frame = 0; frame < frames; frame++, at += stepBytes) samples[frame] = read(at);
    return samples;
  };
  const layout: readonly Place[] | null = placesOf(channels, { codec: null, mask, isVorbisRaw: false });
  const mixed =
    channels > 2
      ? downmix(channels, frames, channelAt, layout)
      : Array.from({ length: channels }, (_, index) => channelAt(index));
  return wavOf(mixed, rateHz);
}

function readerOf(
  view: DataView,
  { kind, sampleBytes, isLittleEndian, bits = 32 }: Pcm,
): ((at: number) => number) | null {
  if (kind === "float") {
    if (sampleBytes === 4) return (at) => view.getFloat32(at, isLittleEndian);
    return sampleBytes === 8 ? (at) => view.getFloat64(at, isLittleEndian) : null;
  }
  // Of eight bytes the upper four hold all that a float can.
  const upper = isLittleEndian ? 4 : 0;
  switch (sampleBytes) {
    case 1:
      return kind === "unsigned"
        ? (at) => (view.getUint8(at) - 128) / 2 ** 7
        : (at) => view.getInt8(at) / 2 ** 7;
    case 2:
      return (at) => view.getInt16(at, isLittleEndian) / 2 ** 15;
    case 3: {
      const [low, high] = isLittleEndian ? [0, 1] : [2, 0];
      return (at) => (view.getInt16(at + high, isLittleEndian) * 256 + view.getUint8(at + low)) / 2 ** 23;
    }
    case 4:
      return (at) => view.getInt32(at, isLittleEndian) / 2 ** (bits - 1);
    case 8:
      return (at) => view.getInt32(at + upper, isLittleEndian) / 2 ** 31;
    default:
      return null;
  }
}

/** A character a byte. */
export const write = (bytes: Uint8Array, at: number, text: string): void =>
  bytes.set(
    [...text].map((char) => char.charCodeAt(0)),
    at,
  );

function wavOf(channels: readonly Float32Array[], rateHz: number): Uint8Array<ArrayBuffer> {
  const count = channels.length;
  const frames = channels[0]?.length ?? 0;
  const sizeBytes = frames * count * FLOAT_BYTES;
  const bytes = new Uint8Array(HEADER_BYTES + sizeBytes);
  const view = viewOf(bytes);
  write(bytes, 0, "RIFF");
  view.setUint32(4, HEADER_BYTES - 8 + sizeBytes, true);
  write(bytes, 8, "WAVEfmt ");
  view.setUint32(16, 16, true); // the format's length
  view.setUint16(20, FLOAT_FORMAT, true);
  view.setUint16(22, count, true);
  view.setUint32(24, rateHz, true);
  view.setUint32(28, rateHz * count * FLOAT_BYTES, true);
  view.setUint16(32, count * FLOAT_BYTES, true);
  view.setUint16(34, 8 * FLOAT_BYTES, true);
  write(bytes, 36, "data");
  view.setUint32(40, sizeBytes, true);
  const samples = new Float32Array(bytes.buffer, HEADER_BYTES); // little-endian, as all that runs browsers is
  channels.forEach((channel, index) => {
    for (let frame = 0; frame < frames; frame++) samples[frame * count + index] = channel[frame] as number;
  });
  return bytes;
}
