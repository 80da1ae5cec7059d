// SHA-256 of pieces, in whichever thread asks. The bytes handed in come out again beside their hash.

import { type Bytes, plainSha256Of, sha256Of } from "../../lib/index.ts";

export interface Hashed {
  readonly hash: Uint8Array;
  /** The bytes that were handed in. */
  readonly bytes: Bytes;
}

export interface Hasher {
  digest(bytes: Bytes): Promise<Hashed>;
  /** An answer is overdue: whatever was to give it is not asked again. */
  distrust?(): void;
}

/** By the browser where it offers that and answers, else in JavaScript. */
export class InlineHasher implements Hasher {
  #isBrowserTrusted = true;

  async digest(bytes: Bytes): Promise<Hashed> {
    return { hash: await (this.#isBrowserTrusted ? sha256Of(bytes) : plainSha256Of(bytes)), bytes };
  }

  distrust(): void {
    this.#isBrowserTrusted = false;
  }
}
