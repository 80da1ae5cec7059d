// Which roles a device can be given, and which it gets where the room is spread. Pure.

import type { UserId } from "../lib/index.ts";
import type { Channels, Role } from "../view/index.ts";

const PLAIN: readonly Role[] = ["all", "left", "right", "low", "without-low"];
const FRONT: readonly Role[] = ["front-left", "front-right"];
const SURROUND: readonly Role[] = ["surround-left", "surround-right"];
const BACK: readonly Role[] = ["back-left", "back-right"];

/** By the number of channels, from three on, where the file names no places (rule P35). */
const USUAL: readonly (readonly Role[])[] = [
  [...FRONT, "centre"],
  [...FRONT, ...BACK],
  [...FRONT, "centre", ...SURROUND],
  [...FRONT, "centre", "lfe", ...SURROUND],
  [...FRONT, "centre", "lfe", "back-centre", ...SURROUND],
  [...FRONT, "centre", "lfe", ...SURROUND, ...BACK],
];
/** The lowest bits of a WAV's channel mask; null: places between the front ones, which have no name here. */
const MASK: readonly (Role | null)[] = [
  ...FRONT,
  "centre",
  "lfe",
  ...BACK,
  null,
  null,
  "back-centre",
  ...SURROUND,
];

/** What can be chosen: the plain ones, the channels of the song, and whatever is chosen already. */
export function roleOptions(channels: Channels | null, chosen: Role): readonly Role[] {
  return [...new Set([...PLAIN, ...channelsOf(channels), chosen])];
}

function channelsOf(channels: Channels | null): readonly Role[] {
  if (!channels || channels.count < 3) return [];
  const masked = MASK.filter((_, bit) => channels.mask & (1 << bit));
  const isNamed = masked.length === channels.count && masked.every((place) => place !== null);
  return isNamed ? masked : (USUAL[channels.count - 3] ?? []);
}

/** A pair, a pair with a bass, or sides in turn. */
function spreadRoles(count: number): readonly Role[] {
  if (count < 2) return [];
  if (count === 3) return ["left", "right", "low"];
  return Array.from({ length: count }, (_, at) => (at % 2 === 0 ? "left" : "right"));
}

export interface Given {
  readonly userId: UserId;
  readonly before: Role;
  readonly role: Role;
}

interface RolePerson {
  readonly userId: UserId;
  readonly isAway: boolean;
  readonly role: Role | null;
  readonly askedRole: Role | null;
}

/** What each gets who is here and has been heard of, and what it had before. */
export function spread(people: readonly RolePerson[]): readonly Given[] {
  const here = people.flatMap(({ userId, isAway, role }) =>
    isAway || role === null ? [] : [{ userId, role }],
  );
  const roles = spreadRoles(here.length);
  return roles.flatMap((role, at) => {
    const person = here[at];
    return person ? [{ userId: person.userId, before: person.role, role }] : [];
  });
}

/** Those who play, or are still asked to play, what they were given: whoever has chosen since keeps that. */
export function takenBack(given: readonly Given[], people: readonly RolePerson[]): readonly Given[] {
  return given.filter(({ userId, role }) => {
    const person = people.find((each) => each.userId === userId);
    return person && (person.askedRole ?? person.role) === role;
  });
}
