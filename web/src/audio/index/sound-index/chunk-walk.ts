// The chunks of WAV and AIFF, read one head after the other without what is in them. Bytes of the file.

import { nameAt } from "../length/reading.ts";
import type { FileReader } from "./file-reader.ts";

export interface FileChunk {
  readonly name: string;
  readonly startByte: number;
  /** As its head says, whatever the file has. */
  readonly toldBytes: number;
  /** One past the last byte, inside of the file. */
  readonly endByte: number;
}

const HEAD_BYTES = 8;
/** Files have a few dozen. */
const MAX_CHUNKS = 10_000;

/** Name, size, content, and a byte of padding after an odd size, which some programs leave out. */
export async function* chunksFrom(
  reader: FileReader,
  fromByte: number,
  isLittleEndian: boolean,
): AsyncGenerator<FileChunk> {
  /** Whether a chunk may begin there: four printable letters, and a size that fits. */
  const isHead = (at: number): boolean => {
    const offset = at - reader.base;
    if (at + HEAD_BYTES > reader.sizeBytes || !/^[\x20-\x7e]{4}$/.test(nameAt(reader.bytes, offset)))
      return false;
    return reader.view.getUint32(offset + 4, isLittleEndian) <= reader.sizeBytes - at - HEAD_BYTES;
  };
  let at = fromByte;
  for (let count = 0; count < MAX_CHUNKS && at + HEAD_BYTES <= reader.sizeBytes; count++) {
    await reader.ensure(at, HEAD_BYTES);
    const toldBytes = reader.view.getUint32(at - reader.base + 4, isLittleEndian);
    const startByte = at + HEAD_BYTES;
    const endByte = Math.min(reader.sizeBytes, startByte + toldBytes);
    yield { name: nameAt(reader.bytes, at - reader.base), startByte, toldBytes, endByte };
    at = startByte + toldBytes;
    if (toldBytes % 2 === 0 || at >= reader.sizeBytes) continue;
    await reader.ensure(at, HEAD_BYTES + 1);
    const isUnpadded = isHead(at) && !isHead(at + 1);
    if (!isUnpadded) at += 1;
  }
}
