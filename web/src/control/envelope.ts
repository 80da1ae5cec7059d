// Seals what goes through the relay, so that the server carries bytes it can neither read nor forge (DESIGN §8).
// Pure; nonces come from the given random source. Does not know what the content means.
//
//   byte 0      version (1)
//   byte 1      kind: 1 = to all, under the swarm's broadcast key · 2 = to one, under the swarm's pair key
//   bytes 2–9   epoch: random per page load; a sender's sequence starts anew with it
//   bytes 10–13 sequence, big-endian
//   bytes 14–37 nonce
//   then        XChaCha20-Poly1305 of: u16 content length · u8 signature length · signature · content · zeros
//               AAD = swarm id · kind · from · to (zeros: all) · epoch · sequence
//
// The signature is empty and kind 2 uses one key for all pairs; both places are kept for per-session keys.
// Whole envelopes are padded to 256, 1024, 4096 or 16384 bytes, so their size tells little.

import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import {
  type Bytes,
  concatBytes,
  fromHex,
  type Random,
  type SwarmId,
  toHex,
  type UserId,
  WireError,
} from "../lib/index.ts";
import { ReplayWindow } from "./replay-window.ts";

export interface EnvelopeKeys {
  readonly swarmId: SwarmId;
  readonly broadcastKey: Uint8Array;
  readonly pairKey: Uint8Array;
}

/** An AEAD with a 24-byte nonce and a 16-byte tag; `decrypt` throws for what was not sealed so. */
export type Cipher = (
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
) => { encrypt(plain: Uint8Array): Uint8Array; decrypt(sealed: Uint8Array): Uint8Array };

export const xChaCha20Poly1305: Cipher = xchacha20poly1305;

const VERSION = 1;
const KIND = { all: 1, one: 2 } as const;
const EPOCH_BYTES = 8;
const NONCE_BYTES = 24;
const HEADER_BYTES = 2 + EPOCH_BYTES + 4;
const TAG_BYTES = 16;
const PLAIN_HEADER_BYTES = 3;
const OVERHEAD_BYTES = HEADER_BYTES + NONCE_BYTES + TAG_BYTES + PLAIN_HEADER_BYTES;
/** 16384 bytes are 21,846 characters of base64url, within the relay's MAX_BODY_CHARS. */
const SIZES_BYTES = [256, 1024, 4096, 16384] as const;
export const MAX_CONTENT_BYTES = SIZES_BYTES[3] - OVERHEAD_BYTES;
const NOBODY = new Uint8Array(16);
/** Epochs remembered per sender: this page load and the one before a reload. */
const EPOCHS_PER_SENDER = 4;

export class Sealer {
  readonly #keys: EnvelopeKeys;
  readonly #me: UserId;
  readonly #random: Random;
  readonly #cipher: Cipher;
  readonly #epoch: Uint8Array;
  readonly #windows = new Map<UserId, Map<string, ReplayWindow>>();
  #sequence = 0;

  constructor(keys: EnvelopeKeys, me: UserId, random: Random, cipher = xChaCha20Poly1305) {
    this.#keys = keys;
    this.#me = me;
    this.#random = random;
    this.#cipher = cipher;
    this.#epoch = random.bytes(EPOCH_BYTES);
  }

  /** Seals `content` for everyone (`to` null) or one peer. Throws WireError `wire-too-large`. */
  seal(to: UserId | null, content: Uint8Array): Bytes {
    const sizeBytes = SIZES_BYTES.find((size) => content.length + OVERHEAD_BYTES <= size);
    if (sizeBytes === undefined) throw new WireError("wire-too-large", `${content.length} bytes`);
    const plain = new Uint8Array(sizeBytes - HEADER_BYTES - NONCE_BYTES - TAG_BYTES);
    new DataView(plain.buffer).setUint16(0, content.length);
    plain.set(content, PLAIN_HEADER_BYTES);
    const kind = to === null ? KIND.all : KIND.one;
    const header = new Uint8Array(HEADER_BYTES);
    header.set([VERSION, kind]);
    header.set(this.#epoch, 2);
    new DataView(header.buffer).setUint32(2 + EPOCH_BYTES, this.#sequence++);
    const nonce = this.#random.bytes(NONCE_BYTES);
    const aad = this.#associatedData(header, this.#me, to);
    const sealed = this.#cipher(this.#keyFor(kind), nonce, aad).encrypt(plain);
    return concatBytes(header, nonce, sealed);
  }

  /**
   * Opens what `from` sent to this peer or to all. Throws WireError: `wire-malformed`, `wire-version`,
   * `wire-unsealed` (wrong key, wrong sender, altered) or `wire-replayed`.
   */
  open(from: UserId, envelope: Uint8Array): Uint8Array {
    if (!SIZES_BYTES.some((size) => size === envelope.length)) {
      throw new WireError("wire-malformed", `envelope of ${envelope.length} bytes`);
    }
    if (envelope[0] !== VERSION) throw new WireError("wire-version", `envelope version ${envelope[0]}`);
    const kind = envelope[1];
    if (kind !== KIND.all && kind !== KIND.one) throw new WireError("wire-malformed", `kind ${kind}`);
    const header = envelope.subarray(0, HEADER_BYTES);
    const nonce = envelope.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES);
    const aad = this.#associatedData(header, from, kind === KIND.all ? null : this.#me);
    let plain: Uint8Array;
    try {
      const sealed = envelope.subarray(HEADER_BYTES + NONCE_BYTES);
      plain = this.#cipher(this.#keyFor(kind), nonce, aad).decrypt(sealed);
    } catch (cause) {
      throw new WireError("wire-unsealed", "not sealed by this swarm for this peer", { cause });
    }
    const view = new DataView(envelope.buffer, envelope.byteOffset);
    this.#windowOf(from, toHex(envelope.subarray(2, 2 + EPOCH_BYTES))).admit(view.getUint32(2 + EPOCH_BYTES));
    const contentBytes = new DataView(plain.buffer, plain.byteOffset).getUint16(0);
    const startsAt = PLAIN_HEADER_BYTES + (plain[2] ?? 0);
    if (startsAt + contentBytes > plain.length) throw new WireError("wire-malformed", "content runs over");
    return plain.subarray(startsAt, startsAt + contentBytes);
  }

  /** Forgets a peer that left, with its sequences. */
  forget(userId: UserId): void {
    this.#windows.delete(userId);
  }

  #keyFor(kind: number): Uint8Array {
    return kind === KIND.all ? this.#keys.broadcastKey : this.#keys.pairKey;
  }

  #associatedData(header: Uint8Array, from: UserId, to: UserId | null): Uint8Array {
    const kind = header.subarray(1, 2);
    const order = header.subarray(2);
    return concatBytes(fromHex(this.#keys.swarmId), kind, fromHex(from), to ? fromHex(to) : NOBODY, order);
  }

  #windowOf(from: UserId, epoch: string): ReplayWindow {
    let epochs = this.#windows.get(from);
    if (!epochs) {
      epochs = new Map();
      this.#windows.set(from, epochs);
    }
    let window = epochs.get(epoch);
    if (!window) {
      window = new ReplayWindow();
      epochs.set(epoch, window);
      const oldest = epochs.keys().next().value;
      if (epochs.size > EPOCHS_PER_SENDER && oldest !== undefined) epochs.delete(oldest);
    }
    return window;
  }
}
