import { describe, expect, it } from "vitest";
import { pickOne, randomBelow } from "../lib/index.ts";
import { SeededRandom } from "../lib/testing/index.ts";
import { ROLES } from "../protocol/constants/session.gen.ts";
import type { Role } from "../view/index.ts";
import { type RoomGroup, roomLayout, shortened, WIDTH } from "./room-layout.ts";

/** Of 11 px and bold, in the widest of the usual faces, on average. */
const LETTER_WIDTH = 7.7;

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** As room-picture.tsx draws them: a phone with or without its name, and a line of words. */
function boxesOf({ isNamed, phones, label }: RoomGroup<{ role: Role }>): Box[] {
  const height = isNamed ? 30 : 14;
  const halfWidthOf = (nameUnits: number) => (isNamed ? Math.max(6, (LETTER_WIDTH * nameUnits) / 2) : 5);
  const drawn = phones.map(({ x, y, nameUnits }) => ({
    left: x - halfWidthOf(nameUnits),
    right: x + halfWidthOf(nameUnits),
    top: y,
    bottom: y + height,
  }));
  return [...drawn, { left: label.x - 58, right: label.x + 58, top: label.y - 8, bottom: label.y + 3 }];
}

const touch = (one: Box, other: Box): boolean =>
  one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;

function expectApart(roles: readonly Role[]): void {
  const { groups, height, listener } = roomLayout(roles.map((role) => ({ role })));
  expect(groups.flatMap(({ phones }) => phones)).toHaveLength(roles.length);
  const boxes = groups.flatMap(boxesOf);
  boxes.push({ left: listener.x - 5, right: listener.x + 5, top: listener.y - 5, bottom: listener.y + 5 });
  for (const [at, box] of boxes.entries()) {
    expect(boxes.slice(at + 1).filter((other) => touch(box, other))).toEqual([]);
    expect(box.left).toBeGreaterThan(0);
    expect(box.right).toBeLessThan(WIDTH);
    expect(box.top).toBeGreaterThan(1);
    expect(box.bottom).toBeLessThan(height);
  }
}

describe("the picture of the room", () => {
  it.each([1, 2, 4, 5, 9, 10, 18, 63])(
    "has room for %i who play everything beside one who does not",
    (count) => {
      expectApart(["left", ...Array.from({ length: count }, (): Role => "all")]);
    },
  );

  it("lets no two phones or words touch, whoever plays what", () => {
    const random = new SeededRandom(64);
    for (let room = 0; room < 100; room++) {
      const roles = ROLES.slice(randomBelow(random, ROLES.length));
      expectApart(Array.from({ length: 1 + randomBelow(random, 64) }, () => pickOne(random, roles)));
    }
  });

  it("puts the front before the back, and left on the left", () => {
    const { groups } = roomLayout(ROLES.map((role) => ({ role })));
    const placeOf = (role: Role) => groups.find((group) => group.role === role)?.phones[0] ?? { x: 0, y: 0 };
    for (const side of ["front", "surround", "back"] as const)
      expect(placeOf(`${side}-left`).x).toBeLessThan(placeOf(`${side}-right`).x);
    expect(placeOf("left").x).toBeLessThan(placeOf("right").x);
    expect(placeOf("front-left").y).toBeLessThan(placeOf("surround-left").y);
    expect(placeOf("surround-left").y).toBeLessThan(placeOf("back-left").y);
  });
});

describe("a name below a phone", () => {
  it("is shortened to what fits", () => {
    expect(shortened("Heron", 7)).toBe("Heron");
    expect(shortened("Blue He", 7)).toBe("Blue He");
    expect(shortened("Blue Heron", 7)).toBe("Blue H…");
    expect(shortened("Tall Heron of the North", 12)).toBe("Tall Heron…");
    expect(shortened("青いサ", 7)).toBe("青いサ");
    expect(shortened("青いサギの人", 7)).toBe("青い…");
    expect(shortened("", 7)).toBe("");
  });
});
