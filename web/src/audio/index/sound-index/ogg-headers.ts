// Gathers the headers of an Ogg stream from its first pages, as far as a decoder or a counter of frames needs them. Pure.

import { type Bytes, concatBytes } from "../../../lib/index.ts";
import { MAX_PREFIX_BYTES } from "./limits.ts";
import { IS_CONTINUED, type OggPage, packetsOn } from "./ogg-pages.ts";
import { headOf, type OggHead, type OggStream } from "./ogg-streams.ts";

const MAX_HEADERS = 1_000;
/** Of a comment its name is enough. */
const COMMENT_BYTES = 8;

type HeaderPage = Pick<OggPage, "lacesAt" | "contentAt" | "flags">;

export class OggHeaders {
  readonly #stream: OggStream;
  readonly #serial: number;
  /** The first three, as far as they are needed. */
  readonly #headers: Bytes[] = [];
  #count = 0;
  /** A header goes on on the next page. */
  #isOpen = false;

  constructor(stream: OggStream, serial: number) {
    this.#stream = stream;
    this.#serial = serial;
  }

  /** Whether sound begins on this page. */
  isBefore({ flags, contentAt }: HeaderPage, bytes: Uint8Array): boolean {
    if (this.#isOpen) return false;
    if (this.#stream.headers !== null) return this.#count === this.#stream.headers;
    return this.#count > 1 && ((flags & IS_CONTINUED) !== 0 || bytes[contentAt] === 0xff);
  }

  /** False where there are more headers than there may be. */
  take(page: HeaderPage, bytes: Uint8Array): boolean {
    for (const { from, to, isWhole } of packetsOn(page, bytes)) {
      if (this.#count === this.#stream.headers) return false; // sound begins on a page of its own
      const begun = this.#headers[this.#count] ?? new Uint8Array(0);
      const room = (this.#count === 1 ? COMMENT_BYTES : MAX_PREFIX_BYTES) - begun.length;
      if (this.#count < 3 && room > 0) {
        this.#headers[this.#count] = concatBytes(begun, bytes.subarray(from, Math.min(to, from + room)));
      }
      this.#isOpen = !isWhole;
      if (isWhole) this.#count += 1;
    }
    return this.#count <= MAX_HEADERS;
  }

  /** Null where they are none. */
  head(): OggHead | null {
    return headOf(this.#stream, this.#serial, this.#headers);
  }
}
