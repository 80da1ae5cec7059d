// What stands in `hello`: each end of a link proves that it is a member and sees the same DTLS certificates of both ends.
// Knows no keys: whoever opened the swarm does the proving.

import { fromBase64Url, toBase64Url, type UserId } from "../../lib/index.ts";
import type { Fingerprints } from "./fingerprints.ts";

export interface LinkProver {
  /** At most 64 bytes. Throws for somebody nobody introduced. */
  proveLink(to: UserId, ownFingerprints: string, theirFingerprints: string): Uint8Array;
  isLinkProven(from: UserId, proof: Uint8Array, ownFingerprints: string, theirFingerprints: string): boolean;
}

export class LinkProofs {
  readonly #prover: LinkProver;
  readonly #fingerprintsOf: (peer: UserId) => Fingerprints | null;

  constructor(prover: LinkProver, fingerprintsOf: (peer: UserId) => Fingerprints | null) {
    this.#prover = prover;
    this.#fingerprintsOf = fingerprintsOf;
  }

  /** For this side's hello. */
  proofFor(peer: UserId): string {
    const seen = this.#fingerprintsOf(peer);
    return seen ? toBase64Url(this.#prover.proveLink(peer, seen.own, seen.theirs)) : "";
  }

  /** Judges the other side's; `proof` was checked to be base64url. */
  isProven(peer: UserId, proof: string): boolean {
    const seen = this.#fingerprintsOf(peer);
    return seen !== null && this.#prover.isLinkProven(peer, fromBase64Url(proof), seen.own, seen.theirs);
  }
}
