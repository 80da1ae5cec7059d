// What all container readers share: names in bytes, numbers, and chunks that follow each other. Pure.

export interface SoundLength {
  readonly durationSec: number;
  /** It is that of the whole film or of what was counted so far, and the sound itself may be shorter. */
  readonly isRough?: boolean;
  /** Null where finding out is not worth the walk, or where the header is no proof (AAC mono that decodes to stereo). */
  readonly channels: number | null;
}

export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Whether `name` stands at `at`, a character a byte. */
export function isAt(bytes: Uint8Array, at: number, name: string): boolean {
  for (let index = 0; index < name.length; index++) {
    if (bytes[at + index] !== name.charCodeAt(index)) return false;
  }
  return true;
}

export const nameAt = (bytes: Uint8Array, at: number): string =>
  String.fromCharCode(...bytes.subarray(at, at + 4));

/** 64 bits as a number: exact to 2⁵³, far beyond any sound. */
export const uint64 = (view: DataView, at: number, isLittleEndian = false): number =>
  Number(view.getBigUint64(at, isLittleEndian));

export interface Chunk {
  readonly name: string;
  readonly start: number;
  /** One past the last byte, inside of the file whatever the chunk claims. */
  readonly end: number;
}

/** Files of every kind have a few dozen. */
const MAX_CHUNKS = 10_000;

/** Chunks as RIFF and AIFF have them: name, size, content, a byte of padding after an odd size, which some programs leave out. */
export function* chunksIn(bytes: Uint8Array, from: number, isLittleEndian: boolean): Generator<Chunk> {
  const view = viewOf(bytes);
  /** Whether a chunk may begin there: four printable letters, and a size that fits. */
  const isHead = (at: number): boolean =>
    at + 8 <= bytes.length &&
    /^[\x20-\x7e]{4}$/.test(nameAt(bytes, at)) &&
    view.getUint32(at + 4, isLittleEndian) <= bytes.length - at - 8;
  let count = 0;
  for (let at = from; at + 8 <= bytes.length && count < MAX_CHUNKS; count++) {
    const sizeBytes = view.getUint32(at + 4, isLittleEndian);
    const start = at + 8;
    yield { name: nameAt(bytes, at), start, end: Math.min(bytes.length, start + sizeBytes) };
    at = start + sizeBytes;
    const isUnpadded = sizeBytes % 2 === 1 && isHead(at) && !isHead(at + 1);
    if (sizeBytes % 2 === 1 && !isUnpadded) at += 1;
  }
}
