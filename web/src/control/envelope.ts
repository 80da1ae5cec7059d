// Seals what goes through the relay, so that the server carries bytes it can neither read, forge nor use twice.
// Pure; nonces and the page load's agreement key come from the given random source. Does not know what the content means.
//
//   byte 0      version (2)
//   byte 1      kind: 1 = to all, under the swarm's broadcast key · 2 = to one, under the key of this pair and direction
//   bytes 2–5   sequence, big-endian; one count of this page load for both kinds
//   bytes 6–29  nonce
//   then        XChaCha20-Poly1305 of: u16 content length · signature, 64 bytes, in kind 1 only · content · zeros
//               AAD = swarm id · kind · from · to (zeros: all) · epoch of the sender · sequence
//
// The signature is Ed25519 by the sender's session key over "unisono/v2/broadcast" · 0 · AAD · content: every member has the
// broadcast key, and must not be able to speak as another. Whole envelopes are padded to 256, 1024, 4096 or 16384 bytes, so
// their size tells little. An envelope of another page load than the sender's latest does not open; a broadcast counts only
// after a pairwise envelope has proven its sender (peer-keyring.ts), and only if it was sealed after that one.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import {
  type Bytes,
  concatBytes,
  fromHex,
  isSameBytes,
  type Random,
  type SwarmId,
  type UserId,
  utf8,
  WireError,
} from "../lib/index.ts";
import { epochBytes, makeAnnouncement } from "./announcement.ts";
import { PeerKeyring } from "./peer-keyring.ts";
import { type Primitives, realPrimitives } from "./primitives.ts";

/** The part of SwarmKeys that sealing needs. */
export interface EnvelopeKeys {
  readonly swarmId: SwarmId;
  readonly userId: UserId;
  readonly broadcastKey: Uint8Array;
  readonly pairKey: Uint8Array;
  readonly bindKey: Uint8Array;
  readonly sessionSeed: Uint8Array;
}

const VERSION = 2;
const KIND = { all: 1, one: 2 } as const;
const HEADER_BYTES = 6;
const NONCE_BYTES = 24;
const TAG_BYTES = 16;
const LENGTH_BYTES = 2;
const SIGNATURE_BYTES = 64;
const OVERHEAD_BYTES = HEADER_BYTES + NONCE_BYTES + TAG_BYTES + LENGTH_BYTES;
/** 16384 bytes are 21,846 characters of base64url, within the relay's MAX_BODY_CHARS. */
const SIZES_BYTES = [256, 1024, 4096, 16384] as const;
/** What fits the smallest envelope: 144 bytes to all, 208 to one. */
export const SMALL_BROADCAST_BYTES = SIZES_BYTES[0] - OVERHEAD_BYTES - SIGNATURE_BYTES;
export const SMALL_PAIRWISE_BYTES = SIZES_BYTES[0] - OVERHEAD_BYTES;
export const MAX_CONTENT_BYTES = SIZES_BYTES[3] - OVERHEAD_BYTES - SIGNATURE_BYTES;
const BROADCAST_LABEL = utf8("unisono/v2/broadcast\0");
const LINK_LABEL = utf8("unisono/v2/fingerprints\0");
const NOBODY = new Uint8Array(16);

export class Sealer {
  /** What the others need to know of this page load; goes into `join`. */
  readonly announcement: string;
  readonly #keys: EnvelopeKeys;
  readonly #random: Random;
  readonly #primitives: Primitives;
  readonly #epoch: number;
  readonly #peerKeyring: PeerKeyring;
  #sequence = 0;

  /** `epoch` must be higher than that of any former page load of this session. */
  constructor(keys: EnvelopeKeys, epoch: number, random: Random, primitives: Primitives = realPrimitives) {
    this.#keys = keys;
    this.#epoch = epoch;
    this.#random = random;
    this.#primitives = primitives;
    const { swarmId, userId, pairKey, bindKey, sessionSeed } = keys;
    const agreementSecret = random.bytes(32);
    const agreementKey = primitives.agreementKeyOf(agreementSecret);
    this.announcement = makeAnnouncement(swarmId, epoch, agreementKey, sessionSeed, primitives);
    this.#peerKeyring = new PeerKeyring(
      { swarmId, userId, epoch, agreementSecret, agreementKey, pairKey, bindKey },
      primitives,
    );
  }

  /** The server shows a member. Throws WireError when what it shows is not that member's. */
  meet(userId: UserId, sessionKey: string, announcement: string): void {
    this.#peerKeyring.meet(userId, sessionKey, announcement);
  }

  /** The server shows a member's new page load. Throws WireError as `meet` does. */
  renew(userId: UserId, announcement: string): void {
    this.#peerKeyring.renew(userId, announcement);
  }

  /** The server says that a member is gone. */
  left(userId: UserId): void {
    this.#peerKeyring.left(userId);
  }

  /** Seals `content` for everyone (`to` null) or one peer. Throws WireError `wire-too-large`, `wire-unsealed` (never met). */
  seal(to: UserId | null, content: Uint8Array): Bytes {
    const signatureBytes = to === null ? SIGNATURE_BYTES : 0;
    const neededBytes = OVERHEAD_BYTES + signatureBytes + content.length;
    const sizeBytes = SIZES_BYTES.find((size) => neededBytes <= size);
    if (sizeBytes === undefined) throw new WireError("wire-too-large", `${content.length} bytes`);
    const key =
      to === null ? this.#keys.broadcastKey : this.#peerKeyring.pairOf(this.#peerKeyring.get(to)).toPeer;
    const header = new Uint8Array(HEADER_BYTES);
    header.set([VERSION, to === null ? KIND.all : KIND.one]);
    new DataView(header.buffer).setUint32(2, this.#sequence++);
    const aad = this.#associatedData(header, this.#keys.userId, to, this.#epoch);
    const plain = new Uint8Array(sizeBytes - HEADER_BYTES - NONCE_BYTES - TAG_BYTES);
    new DataView(plain.buffer).setUint16(0, content.length);
    if (to === null) plain.set(this.#primitives.sign(signedText(aad, content), this.#keys.sessionSeed), 2);
    plain.set(content, LENGTH_BYTES + signatureBytes);
    const nonce = this.#random.bytes(NONCE_BYTES);
    return concatBytes(header, nonce, this.#primitives.cipher(key, nonce, aad).encrypt(plain));
  }

  /**
   * Opens what `from` sent to this peer or to all. Throws WireError: `wire-malformed`, `wire-version`, `wire-unsealed`
   * (wrong key, sender or page load; altered), `wire-replayed`, or `wire-unproven` (a broadcast of someone who has not shown
   * yet to be there now: greet it and ask).
   */
  open(from: UserId, envelope: Uint8Array): Uint8Array {
    if (!SIZES_BYTES.some((size) => size === envelope.length)) {
      throw new WireError("wire-malformed", `envelope of ${envelope.length} bytes`);
    }
    if (envelope[0] !== VERSION) throw new WireError("wire-version", `envelope version ${envelope[0]}`);
    const kind = envelope[1];
    if (kind !== KIND.all && kind !== KIND.one) throw new WireError("wire-malformed", `kind ${kind}`);
    const isForAll = kind === KIND.all;
    const knownPeer = this.#peerKeyring.get(from);
    const header = envelope.subarray(0, HEADER_BYTES);
    const sequence = new DataView(envelope.buffer, envelope.byteOffset).getUint32(2);
    const to = isForAll ? null : this.#keys.userId;
    const aad = this.#associatedData(header, from, to, knownPeer.announcement.epoch);
    const key = isForAll ? this.#keys.broadcastKey : this.#peerKeyring.pairOf(knownPeer).fromPeer;
    const plain = this.#decrypt(key, envelope, aad);
    knownPeer.window.check(sequence);
    const contentBytes = new DataView(plain.buffer, plain.byteOffset).getUint16(0);
    const startsAt = LENGTH_BYTES + (isForAll ? SIGNATURE_BYTES : 0);
    if (startsAt + contentBytes > plain.length) throw new WireError("wire-malformed", "content runs over");
    const content = plain.subarray(startsAt, startsAt + contentBytes);
    if (isForAll) {
      if (knownPeer.provenFrom === null) throw new WireError("wire-unproven", "not greeted yet");
      if (sequence < knownPeer.provenFrom) throw new WireError("wire-replayed", "from before the greeting");
      const signature = plain.subarray(LENGTH_BYTES, startsAt);
      if (!this.#primitives.hasSigned(knownPeer.sessionKey, signature, signedText(aad, content)))
        throw new WireError("wire-unsealed", "not signed by its sender");
    }
    knownPeer.window.admit(sequence);
    if (!isForAll) knownPeer.provenFrom ??= sequence;
    return content;
  }

  /**
   * Proves to a neighbour that this peer knows the swarm key and sees the same two DTLS fingerprints: 32 bytes. Throws
   * WireError `wire-unsealed` for somebody never met.
   */
  proveLink(to: UserId, ownFingerprints: string, theirFingerprints: string): Uint8Array {
    return this.#linkProof(to, this.#keys.userId, ownFingerprints, theirFingerprints);
  }

  isLinkProven(from: UserId, proof: Uint8Array, own: string, theirs: string): boolean {
    try {
      return isSameBytes(proof, this.#linkProof(from, from, theirs, own));
    } catch {
      return false; // nobody we met
    }
  }

  #linkProof(peer: UserId, prover: UserId, ofProver: string, ofOther: string): Uint8Array {
    const { link } = this.#peerKeyring.pairOf(this.#peerKeyring.get(peer));
    const text = concatBytes(LINK_LABEL, fromHex(prover), utf8(`${ofProver}\0${ofOther}`));
    return hmac(sha256, link, text);
  }

  #decrypt(key: Uint8Array, envelope: Uint8Array, aad: Uint8Array): Uint8Array {
    const nonce = envelope.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES);
    try {
      return this.#primitives.cipher(key, nonce, aad).decrypt(envelope.subarray(HEADER_BYTES + NONCE_BYTES));
    } catch (cause) {
      throw new WireError("wire-unsealed", "not sealed by this swarm for this peer", { cause });
    }
  }

  #associatedData(header: Uint8Array, from: UserId, to: UserId | null, epoch: number): Uint8Array {
    const [kind, sequence] = [header.subarray(1, 2), header.subarray(2)];
    const ends = concatBytes(fromHex(from), to ? fromHex(to) : NOBODY);
    return concatBytes(fromHex(this.#keys.swarmId), kind, ends, epochBytes(epoch), sequence);
  }
}

const signedText = (aad: Uint8Array, content: Uint8Array): Uint8Array =>
  concatBytes(BROADCAST_LABEL, aad, content);
