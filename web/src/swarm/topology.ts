// Who connects to whom: a pure function of the member list, so that both ends of every link agree without a word.

import type { UserId } from "../lib/index.ts";

/** Up to here everybody connects to everybody: 8 connections are what a phone carries well (research/p2p.md §2.2). */
export const FULL_MESH_PEERS = 9;
/** Chords of a larger ring, on each side: 7 or 8 links a peer cost at most 4 % over a full mesh (research/p2p.md §0.4). */
const CHORDS = 4;

/** The neighbours of `me` among `members` (with or without `me` in it). Symmetric: b is in a's exactly when a is in b's. */
export function neighboursOf(me: UserId, members: Iterable<UserId>): Set<UserId> {
  const ring = [...new Set([...members, me])].sort();
  if (ring.length <= FULL_MESH_PEERS) return new Set(ring.filter((member) => member !== me));
  const mine = ring.indexOf(me);
  const neighbours = new Set<UserId>();
  for (const step of chordSteps(ring.length)) {
    for (const at of [mine + step, mine - step + ring.length]) {
      const member = ring[at % ring.length];
      if (member !== undefined && member !== me) neighbours.add(member);
    }
  }
  return neighbours;
}

/** Steps growing geometrically from the next peer to the opposite one: any peer is few hops away. */
function chordSteps(peers: number): number[] {
  const steps: number[] = [];
  const half = Math.floor(peers / 2);
  for (let chord = 0; chord < CHORDS; chord++) {
    const step = Math.round(half ** (chord / (CHORDS - 1)));
    steps.push(Math.max(step, (steps[chord - 1] ?? 0) + 1));
  }
  return steps;
}
