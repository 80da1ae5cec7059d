// Whom this page load has met: each peer's session key, its latest page load, the keys shared with it, and what of it was
// heard. Pure. A peer is met when the server shows its announcement, and proven when a pairwise envelope of it was opened:
// its keys are bound to both page loads, so it is alive now and knows the swarm key. However many come and go, there is room
// for the next: of those who have left, whoever left first is forgotten but for a floor, the last it was heard to say, on
// which it starts anew should it come back. Invariants: (1) the user id is the hash of the session key; (2) an epoch never
// goes back; (3) nothing that was once admitted is admitted again, whoever leaves and comes back meanwhile.

import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import {
  concatBytes,
  fromBase64Url,
  fromHex,
  type SwarmId,
  type UserId,
  utf8,
  WireError,
} from "../lib/index.ts";
import { MAX_FLOORS, MAX_KNOWN_PEERS } from "../protocol/constants/control.gen.ts";
import { type Announcement, epochBytes, isGenuine, parseAnnouncement } from "./announcement.ts";
import type { Primitives } from "./primitives.ts";
import { ReplayWindow } from "./replay-window.ts";

/** What both ends of a pair derive, in both directions. */
interface PairKeys {
  readonly toPeer: Uint8Array;
  readonly fromPeer: Uint8Array;
  readonly link: Uint8Array;
}

export interface KnownPeer {
  readonly userId: UserId;
  readonly sessionKey: Uint8Array;
  readonly announcement: Announcement;
  readonly window: ReplayWindow;
  /** The sequence of its first pairwise envelope: broadcasts before it may be a record of the past. Null: not proven. */
  provenFrom: number | null;
  /** Made on first use. */
  pair: PairKeys | null;
  /** By the server's word; who has left may come back. */
  isPresent: boolean;
}

/** What stays of somebody who was forgotten: nothing it said before counts (invariants 2 and 3). */
interface Floor {
  readonly epoch: number;
  /** The highest sequence heard of that page load. */
  readonly sequence: number;
}

export interface OwnSide {
  readonly swarmId: SwarmId;
  readonly userId: UserId;
  readonly epoch: number;
  readonly agreementSecret: Uint8Array;
  readonly agreementKey: Uint8Array;
  readonly pairKey: Uint8Array;
  readonly bindKey: Uint8Array;
}

export class PeerKeyring {
  readonly #own: OwnSide;
  readonly #primitives: Primitives;
  /** Who left first, or was shown first of those who are here, comes first. */
  readonly #knownPeers = new Map<UserId, KnownPeer>();
  readonly #floors = new Map<UserId, Floor>();

  constructor(own: OwnSide, primitives: Primitives) {
    this.#own = own;
    this.#primitives = primitives;
  }

  /** The server shows a peer. An older page load than the known one changes nothing. Throws WireError. */
  meet(userId: UserId, sessionKeyText: string, announcementText: string): void {
    const sessionKey = keyOf(sessionKeyText);
    if (this.#primitives.userIdOf(sessionKey) !== userId)
      throw new WireError("wire-unsealed", "a user id that is not its session key's"); // invariant 1
    this.renew(userId, announcementText, sessionKey);
  }

  /** A known peer is shown with a page load that may be new. Throws WireError. */
  renew(
    userId: UserId,
    announcementText: string,
    sessionKey = this.#knownPeers.get(userId)?.sessionKey,
  ): void {
    if (!sessionKey) throw new WireError("wire-unsealed", "a page load of nobody");
    const announcement = parseAnnouncement(announcementText);
    const known = this.#knownPeers.get(userId);
    if (known) known.isPresent = true;
    if (known && announcement.epoch <= known.announcement.epoch) return; // invariant 2
    const floor = this.#floors.get(userId);
    if (floor && announcement.epoch < floor.epoch)
      throw new WireError("wire-replayed", "a page load before the one last heard"); // invariant 2
    // Forged ones must not push out a true one; the first is checked when it is used.
    if (known && !isGenuine(this.#own.swarmId, announcement, sessionKey, this.#primitives))
      throw new WireError("wire-unsealed", "an announcement its session did not sign");
    this.#knownPeers.delete(userId);
    this.#makeRoom();
    this.#knownPeers.set(userId, {
      userId,
      sessionKey,
      announcement,
      // A floor stays until its session proves a later page load, which a forged announcement never does.
      window: new ReplayWindow(floor?.epoch === announcement.epoch ? floor.sequence : undefined),
      provenFrom: null,
      pair: null,
      isPresent: true,
    });
  }

  /** The server says that it is gone for good; it may come back all the same. */
  left(userId: UserId): void {
    const knownPeer = this.#knownPeers.get(userId);
    if (!knownPeer) return;
    knownPeer.isPresent = false;
    this.#knownPeers.delete(userId);
    this.#knownPeers.set(userId, knownPeer);
  }

  /** Throws WireError `wire-unsealed` for somebody who was never shown. */
  get(userId: UserId): KnownPeer {
    const knownPeer = this.#knownPeers.get(userId);
    if (!knownPeer) throw new WireError("wire-unsealed", "from somebody who was not introduced");
    return knownPeer;
  }

  /** Throws WireError `wire-unsealed` when the peer's announcement is not its own. */
  pairOf(knownPeer: KnownPeer): PairKeys {
    knownPeer.pair ??= this.#makePair(knownPeer);
    return knownPeer.pair;
  }

  /**
   * Forgets somebody when there are too many: of those who have left rather one who never proved anything, else who left first;
   * only then one who is here and unproven. A crowd that a server invents so pushes out nobody who is proven and here.
   */
  #makeRoom(): void {
    if (this.#knownPeers.size < MAX_KNOWN_PEERS) return;
    const all = [...this.#knownPeers.values()];
    const departed = all.filter(({ isPresent }) => !isPresent);
    const unproven = (knownPeer: KnownPeer): boolean => knownPeer.provenFrom === null;
    const forgotten = departed.find(unproven) ?? departed[0] ?? all.find(unproven);
    if (!forgotten) throw new WireError("wire-too-large", `${MAX_KNOWN_PEERS} people at once`);
    this.#knownPeers.delete(forgotten.userId);
    if (!unproven(forgotten)) this.#keepFloor(forgotten);
  }

  #keepFloor({ userId, announcement, window }: KnownPeer): void {
    this.#floors.delete(userId); // anew, as the last
    this.#floors.set(userId, { epoch: announcement.epoch, sequence: window.highest });
    const [oldest] = this.#floors.keys();
    if (this.#floors.size > MAX_FLOORS && oldest) this.#floors.delete(oldest);
  }

  #makePair(knownPeer: KnownPeer): PairKeys {
    const { userId, sessionKey, announcement } = knownPeer;
    const { swarmId, agreementSecret, pairKey, bindKey } = this.#own;
    let shared: Uint8Array;
    try {
      if (!isGenuine(swarmId, announcement, sessionKey, this.#primitives)) throw new Error("not signed");
      shared = this.#primitives.agree(agreementSecret, announcement.agreementKey);
    } catch (cause) {
      this.#knownPeers.delete(userId); // a true one may still come
      throw new WireError("wire-unsealed", "an announcement its session did not sign", { cause });
    }
    const me = endOf(this.#own.userId, this.#own.epoch, this.#own.agreementKey);
    const peer = endOf(userId, announcement.epoch, announcement.agreementKey);
    const [lower, upper] = this.#own.userId < userId ? [me, peer] : [peer, me];
    const key = (secret: Uint8Array, label: string, ...ends: readonly Uint8Array[]): Uint8Array =>
      hkdf(
        sha256,
        concatBytes(shared, secret),
        fromHex(swarmId),
        concatBytes(utf8(`unisono/v2/${label}\0`), ...ends),
        32,
      );
    return {
      toPeer: key(pairKey, "pair", me, peer),
      fromPeer: key(pairKey, "pair", peer, me),
      link: key(bindKey, "link", lower, upper),
    };
  }
}

const endOf = (userId: UserId, epoch: number, agreementKey: Uint8Array): Uint8Array =>
  concatBytes(fromHex(userId), epochBytes(epoch), agreementKey);

function keyOf(text: string): Uint8Array {
  try {
    const key = fromBase64Url(text);
    if (key.length === 32) return key;
  } catch {
    // falls through to the refusal
  }
  throw new WireError("wire-malformed", "session key");
}
