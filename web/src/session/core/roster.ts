// Who is in the swarm and what each last said of itself. Pure; the server tells of coming and going, peers of the rest.

import type { Member } from "../../control/index.ts";
import type { UserId } from "../../lib/index.ts";
import type { Member as SwarmMember } from "../../transfer/index.ts";
import type { PeerStatus } from "./peer-message.ts";

export interface Peer {
  readonly userId: UserId;
  readonly isAway: boolean;
  /** null until its first status arrives. */
  readonly status: PeerStatus | null;
}

export class Roster {
  readonly #peers = new Map<UserId, Peer>();

  get peers(): readonly Peer[] {
    return [...this.#peers.values()];
  }

  /** As the file swarm is to know them; who has not said yet what it is counts as no phone, for everybody alike. */
  get swarmMembers(): readonly SwarmMember[] {
    return this.peers.map(({ userId, isAway, status }) => ({
      userId,
      away: isAway,
      isPhone: status?.isPhone ?? false,
    }));
  }

  get(userId: UserId): Peer | undefined {
    return this.#peers.get(userId);
  }

  /** A fresh welcome: the list is whole. Peers that were known keep their last status; others are gone. */
  replace(members: readonly Member[]): { readonly gone: readonly UserId[] } {
    const present = new Set(members.map((member) => member.userId));
    const gone = [...this.#peers.keys()].filter((userId) => !present.has(userId));
    for (const userId of gone) this.#peers.delete(userId);
    for (const { userId, away } of members) this.#put(userId, away);
    return { gone };
  }

  joined(userId: UserId): void {
    this.#put(userId, false);
  }

  presence(userId: UserId, isAway: boolean): void {
    if (this.#peers.has(userId)) this.#put(userId, isAway);
  }

  left(userId: UserId): Peer | undefined {
    const peer = this.#peers.get(userId);
    this.#peers.delete(userId);
    return peer;
  }

  /** Returns whether the sender is a member; a stranger's status is ignored. */
  heard(userId: UserId, status: PeerStatus): boolean {
    const peer = this.#peers.get(userId);
    if (peer) this.#peers.set(userId, { ...peer, status });
    return peer !== undefined;
  }

  clear(): void {
    this.#peers.clear();
  }

  #put(userId: UserId, isAway: boolean): void {
    this.#peers.set(userId, { userId, isAway, status: this.#peers.get(userId)?.status ?? null });
  }

  /** What the ranks of a succession are made of. */
  get candidates() {
    return this.peers.map(({ userId, isAway, status }) => ({
      userId,
      isAway,
      isVisible: status?.isVisible ?? true,
    }));
  }
}
