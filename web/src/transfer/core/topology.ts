// Who connects to whom: a pure function of the member list, so that both ends of every link agree without a word.
// Up to 9 peers a full mesh. Above, several rings through everyone, each in an order of its own: the first rings are what
// keeps the swarm in one piece, the others are its chords. One who joins or leaves moves one link per ring, whatever the size.

import type { UserId } from "../../lib/index.ts";
import {
  FULL_MESH_PEERS,
  MIN_LINKS,
  PHONE_RINGS,
  RINGS,
  SPARE_RINGS,
} from "../../protocol/constants/transfer.gen.ts";

/** The neighbours of `me` among `members` (with or without `me` in it). Symmetric: b is in a's exactly when a is in b's. */
export function neighboursOf(
  me: UserId,
  members: Iterable<UserId>,
  isPhone: (member: UserId) => boolean = () => false,
): ReadonlySet<UserId> {
  return neighboursByPeer([...members, me], isPhone).get(me) ?? new Set();
}

/** The whole graph at once. */
export function neighboursByPeer(
  members: Iterable<UserId>,
  isPhone: (member: UserId) => boolean = () => false,
): Map<UserId, Set<UserId>> {
  const everyone = [...new Set(members)].sort();
  const neighbours = new Map<UserId, Set<UserId>>(everyone.map((member) => [member, new Set()]));
  const connect = (one: UserId, other: UserId): void => {
    if (one === other) return;
    neighbours.get(one)?.add(other);
    neighbours.get(other)?.add(one);
  };
  if (everyone.length <= FULL_MESH_PEERS) {
    for (const one of everyone) for (const other of everyone) connect(one, other);
    return neighbours;
  }
  for (let ring = 0; ring < RINGS; ring++) {
    const riders = ring < PHONE_RINGS ? everyone : everyone.filter((member) => !isPhone(member));
    for (const [one, other] of linksOfRing(riders, ring)) connect(one, other);
  }
  const linksOf = (member: UserId): number => neighbours.get(member)?.size ?? 0;
  const isShort = (member: UserId): boolean => linksOf(member) < MIN_LINKS;
  const hasRoom = (member: UserId): boolean => linksOf(member) < 2 * (isPhone(member) ? PHONE_RINGS : RINGS);
  for (let ring = RINGS; ring < RINGS + SPARE_RINGS; ring++) {
    if (!everyone.some(isShort)) break;
    for (const [one, other] of linksOfRing(everyone, ring)) {
      if ((isShort(one) || isShort(other)) && hasRoom(one) && hasRoom(other)) connect(one, other);
    }
  }
  return neighbours;
}

function linksOfRing(members: readonly UserId[], ring: number): [UserId, UserId][] {
  const placed = members.map((member) => ({ member, place: placeOf(member, ring) }));
  placed.sort((a, b) => a.place - b.place || (a.member < b.member ? -1 : 1));
  return placed.map(({ member }, at) => [member, placed[(at + 1) % placed.length]?.member ?? member]);
}

/** Where a peer sits on a ring: FNV-1a of both, well mixed. It only has to be the same everywhere and unlike on each ring. */
function placeOf(member: UserId, ring: number): number {
  let hash = 0x811c9dc5 ^ Math.imul(ring + 1, 0x9e3779b1);
  for (let at = 0; at < member.length; at++) hash = Math.imul(hash ^ member.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
