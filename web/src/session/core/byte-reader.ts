// Reads numbers and ids from the front of a message of bytes, big-endian, and checks them. Pure.

import { type EntryId, type FileId, fromUtf8, toHex, type UserId, WireError } from "../../lib/index.ts";

/** What runs over throws RangeError. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  uint8 = (): number => this.#view.getUint8(this.#step(1));
  uint16 = (): number => this.#view.getUint16(this.#step(2));
  uint32 = (): number => this.#view.getUint32(this.#step(4));
  float32 = (): number => this.#view.getFloat32(this.#step(4));
  float64 = (): number => this.#view.getFloat64(this.#step(8));
  entryId = (): EntryId => toHex(this.bytes(8)) as EntryId;
  userId = (): UserId => toHex(this.bytes(16)) as UserId;
  fileId = (): FileId => toHex(this.bytes(32)) as FileId;
  rest = (): Uint8Array => this.#bytes.subarray(this.#at);

  bytes(length: number): Uint8Array {
    const from = this.#step(length);
    if (this.#at > this.#bytes.length) throw new RangeError("runs over");
    return this.#bytes.subarray(from, this.#at);
  }

  ascii(length: number): string {
    const bytes = this.bytes(length);
    if (bytes.some((byte) => byte < 0x20 || byte > 0x7e)) throw new WireError("wire-malformed", "text");
    return fromUtf8(bytes);
  }

  /** Throws WireError where there is more. */
  end(): void {
    if (this.rest().length > 0) throw new WireError("wire-malformed", "runs over");
  }

  #step(length: number): number {
    this.#at += length;
    return this.#at - length;
  }
}

/** Throws WireError for what is no number from `min` to `max`. */
export function checked(value: number, min: number, max: number): number {
  if (!(value >= min && value <= max)) throw new WireError("wire-malformed", `${value} out of range`);
  return value;
}

export const flagsOf = (flags: readonly boolean[]): number =>
  flags.reduce((byte, isSet, bit) => byte | (isSet ? 1 << bit : 0), 0);
