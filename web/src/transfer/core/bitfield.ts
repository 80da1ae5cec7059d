// Which pieces of a file someone has. On the wire: base64url, piece 0 in the highest bit of the first byte, spare bits 0.

import { fromBase64Url, toBase64Url } from "../../lib/index.ts";

export class Bitfield {
  readonly #bits: Uint8Array;
  #setCount = 0;

  constructor(readonly length: number) {
    this.#bits = new Uint8Array(Math.ceil(length / 8));
  }

  static full(length: number): Bitfield {
    const field = new Bitfield(length);
    for (let index = 0; index < length; index++) field.set(index);
    return field;
  }

  /** Throws RangeError when the text is not a bitfield of exactly this length. */
  static decode(text: string, length: number): Bitfield {
    const bytes = fromBase64Url(text);
    const field = new Bitfield(length);
    if (bytes.length !== field.#bits.length) throw new RangeError("bitfield of another length");
    for (let index = 0; index < bytes.length * 8; index++) {
      if (((bytes[index >> 3] ?? 0) & (0x80 >> (index & 7))) === 0) continue;
      if (index >= length) throw new RangeError("bitfield has spare bits set");
      field.set(index);
    }
    return field;
  }

  encode(): string {
    return toBase64Url(this.#bits);
  }

  get setCount(): number {
    return this.#setCount;
  }

  get isFull(): boolean {
    return this.#setCount === this.length;
  }

  has(index: number): boolean {
    return ((this.#bits[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0;
  }

  *indices(): Generator<number> {
    for (let index = 0; index < this.length; index++) if (this.has(index)) yield index;
  }

  /** Returns whether it was new. */
  set(index: number): boolean {
    if (index < 0 || index >= this.length) throw new RangeError(`piece ${index} of ${this.length}`);
    if (this.has(index)) return false;
    this.#bits[index >> 3] = (this.#bits[index >> 3] ?? 0) | (0x80 >> (index & 7));
    this.#setCount += 1;
    return true;
  }

  clear(index: number): void {
    if (!this.has(index)) return;
    this.#bits[index >> 3] = (this.#bits[index >> 3] ?? 0) & ~(0x80 >> (index & 7));
    this.#setCount -= 1;
  }
}
