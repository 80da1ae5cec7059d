// Where everybody's phone is drawn in the picture of the room, for two people as for sixty-four. Pure; units of the picture, which is
// WIDTH wide and as high as it has to be. The room is three rows (front, where the listener sits, back) of three columns; those of one
// role stand together in the place where such a loudspeaker belongs, and no two places touch.

import type { Role } from "../view/index.ts";

export const WIDTH = 360;
const COLUMN = WIDTH / 3;
const MARGIN = 12;
const GAP = 10;
/** Under each group: what it plays. */
const LABEL_HEIGHT = 14;
/** Where the listener sits there is a place also when nobody stands beside. */
const LEAST_MIDDLE = 30;

/** A phone with its name below; so many of one role can still be read. */
const NAMED = { width: 58, height: 34, perRow: 2 };
const MAX_NAMED = 4;
/** Of more only the phones are drawn, and how many they are. */
const SMALL = { width: 12, height: 17, perRow: 9 };

/** By row and column, the front-most first. */
const PLACES: readonly (readonly (readonly Role[])[])[] = [
  [
    ["front-left", "left"],
    ["centre", "low", "without-low", "lfe"],
    ["front-right", "right"],
  ],
  [["surround-left"], [], ["surround-right"]],
  [["back-left"], ["back-centre", "all"], ["back-right"]],
];

interface PlacedPhone<Person> {
  readonly person: Person;
  /** The middle of its upper edge. */
  readonly x: number;
  readonly y: number;
  /** How long a name below it may be, see `shortened`. */
  readonly nameUnits: number;
}

export interface RoomGroup<Person> {
  readonly role: Role;
  readonly isNamed: boolean;
  readonly phones: readonly PlacedPhone<Person>[];
  /** The base line of what the group plays. */
  readonly label: { readonly x: number; readonly y: number };
}

interface RoomLayout<Person> {
  readonly height: number;
  readonly listener: { readonly x: number; readonly y: number };
  readonly groups: readonly RoomGroup<Person>[];
}

export function roomLayout<Person extends { readonly role: Role }>(
  people: readonly Person[],
): RoomLayout<Person> {
  const inRole = (role: Role): readonly Person[] => people.filter((person) => person.role === role);
  const groups: RoomGroup<Person>[] = [];
  let listenerY = 0;
  let top = MARGIN;
  for (const [row, columns] of PLACES.entries()) {
    const cells = columns.map((roles) => roles.map(inRole).filter((group) => group.length > 0));
    const heights = cells.map((cell) => heightOf(cell.map((group) => groupHeight(group.length))));
    const height = Math.max(row === 1 ? LEAST_MIDDLE : 0, ...heights);
    for (const [column, cell] of cells.entries()) {
      let y = top + (height - (heights[column] ?? 0)) / 2;
      for (const group of cell) {
        groups.push(placedGroup(group, (column + 0.5) * COLUMN, y));
        y += groupHeight(group.length) + GAP;
      }
    }
    if (row === 1) listenerY = top + height / 2;
    if (height > 0) top += height + GAP;
  }
  return { height: Math.ceil(top - GAP + MARGIN), listener: { x: WIDTH / 2, y: listenerY }, groups };
}

function placedGroup<Person extends { readonly role: Role }>(
  group: readonly Person[],
  x: number,
  y: number,
): RoomGroup<Person> {
  const isNamed = group.length <= MAX_NAMED;
  const { width, height, perRow } = isNamed ? NAMED : SMALL;
  const phones = group.map((person, at) => {
    const row = Math.floor(at / perRow);
    const inRow = Math.min(perRow, group.length - row * perRow);
    const nameUnits = inRow > 1 ? PAIR_UNITS : ALONE_UNITS;
    return { person, x: x + ((at % perRow) - (inRow - 1) / 2) * width, y: y + row * height, nameUnits };
  });
  const label = { x, y: y + groupHeight(group.length) - LABEL_HEIGHT / 4 };
  return { role: group[0]?.role ?? "all", isNamed, phones, label };
}

function groupHeight(count: number): number {
  const { height, perRow } = count <= MAX_NAMED ? NAMED : SMALL;
  return Math.ceil(count / perRow) * height + LABEL_HEIGHT;
}

const heightOf = (heights: readonly number[]): number =>
  heights.reduce((sum, height) => sum + height, GAP * Math.max(0, heights.length - 1));

/** In letters of the widest usual face; signs that are as wide as high count for two. */
const ALONE_UNITS = 15;
const PAIR_UNITS = 7;

export function shortened(name: string, units: number): string {
  const chars = [...name];
  let left = units;
  const kept = chars.findIndex((char) => {
    left -= /[\u1100-\uffdc]|[\u{1f000}-\u{3ffff}]/u.test(char) ? 2 : 1;
    return left < 0;
  });
  return kept < 0
    ? name
    : `${chars
        .slice(0, kept - 1)
        .join("")
        .trimEnd()}…`;
}
