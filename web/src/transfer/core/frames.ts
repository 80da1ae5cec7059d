// The bulk channel: one binary message is one chunk of one piece. Every chunk says where it belongs, so nothing depends on
// what came before. Layout, big-endian:
//   byte 0   type: 1 = a chunk of a piece (the only type)
//   byte 1   flags: 0, others are refused
//   byte 2   file slot, u16: the number under which the SENDER lists the file in its catalog
//   byte 4   piece, u32
//   byte 8   offset within the piece, bytes, u32
//   byte 12  payload: the content itself, and nothing but content (to corrupt a piece, flip these); 1 … 256 KiB − 12 bytes, or
//            64 KiB − 12 where the receiver has not said in its `hello` that it takes more

import { WireError } from "../../lib/index.ts";
import { LARGE_BULK_BYTES } from "../../protocol/constants/transfer.gen.ts";

export const BULK_HEADER_BYTES = 12;
const BULK_TYPE_CHUNK = 1;

export interface Chunk {
  readonly slot: number;
  readonly piece: number;
  readonly offsetBytes: number;
  /** A view into the message. */
  readonly payload: Uint8Array;
}

export function encodeChunk(chunk: Chunk): ArrayBuffer {
  const frame = new ArrayBuffer(BULK_HEADER_BYTES + chunk.payload.length);
  const header = new DataView(frame);
  header.setUint8(0, BULK_TYPE_CHUNK);
  header.setUint16(2, chunk.slot);
  header.setUint32(4, chunk.piece);
  header.setUint32(8, chunk.offsetBytes);
  new Uint8Array(frame, BULK_HEADER_BYTES).set(chunk.payload);
  return frame;
}

/** Throws WireError on anything that is not a chunk. */
export function parseChunk(data: unknown): Chunk {
  if (!(data instanceof ArrayBuffer)) throw new WireError("wire-malformed", "bulk message is not binary");
  if (data.byteLength > LARGE_BULK_BYTES) throw new WireError("wire-too-large", "bulk message");
  if (data.byteLength <= BULK_HEADER_BYTES)
    throw new WireError("wire-malformed", "bulk message without payload");
  const header = new DataView(data);
  if (header.getUint8(0) !== BULK_TYPE_CHUNK || header.getUint8(1) !== 0) {
    throw new WireError("wire-malformed", "bulk type or flags");
  }
  return {
    slot: header.getUint16(2),
    piece: header.getUint32(4),
    offsetBytes: header.getUint32(8),
    payload: new Uint8Array(data, BULK_HEADER_BYTES),
  };
}
