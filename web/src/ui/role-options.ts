// Which roles a device can be given, and which it gets where the room is spread. Pure.

import type { UserId } from "../lib/index.ts";
import type { Role } from "../view/index.ts";

const PLAIN: readonly Role[] = ["all", "left", "right", "low", "without-low"];

/** What can be chosen: the plain ones, the channels of the song, and whatever is chosen already. */
export function roleOptions(channels: readonly Role[] | null, chosen: Role): readonly Role[] {
  return [...new Set([...PLAIN, ...(channels ?? []), chosen])];
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
  readonly isSilent: boolean;
}

/** Those who are here, have been heard of, and can be heard. */
export function soundingPeople<Person extends Pick<RolePerson, "isAway" | "role" | "isSilent">>(
  people: readonly Person[],
): readonly (Person & { readonly role: Role })[] {
  return people.flatMap((person) =>
    person.isAway || person.isSilent || person.role === null ? [] : [{ ...person, role: person.role }],
  );
}

/** What each of them gets, and what it had before. */
export function spread(people: readonly RolePerson[]): readonly Given[] {
  const here = soundingPeople(people);
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
