import { describe, expect, it } from "vitest";
import {
  CUT_FADE_SEC,
  type Lane,
  LaneLine,
  type LaneSound,
  type QueuedSpan,
  songSecAt,
} from "./lane-line.ts";

const lane = (fileId: string, startSec: number, toSec: number, overrides: Partial<Lane> = {}): Lane => ({
  fileId,
  startSec,
  fromSec: 0,
  toSec,
  fadeInSec: 0,
  fadeOutSec: 0,
  tempo: 100,
  ...overrides,
});

/** A line whose songs have these lengths, and what was queued of it. */
class Room {
  readonly line = new LaneLine();
  readonly lengths = new Map([
    ["one", 100.000_022_7],
    ["two", 200],
    ["three", 300],
  ]);
  readonly offsets = new Map<string, number>();

  tell(lanes: readonly Lane[], queued: QueuedSpan | null = null) {
    return this.line.replace(lanes, queued, (told): LaneSound | null => {
      const durationSec = this.lengths.get(told.fileId);
      if (durationSec === undefined) return null;
      return { sourceId: told.fileId, durationSec, decodeOffsetSec: this.offsets.get(told.fileId) ?? 0 };
    });
  }

  at(sec: number): string | null {
    const found = this.line.at(sec + this.line.shiftSec);
    return found && `${found.fileId} ${songSecAt(found, sec + this.line.shiftSec).toFixed(3)}`;
  }
}

/** A second and a half is queued at a place of the programme, of which a fifth of a second is fixed. */
const queuedAt = (room: Room, sec: number, aheadSec = 1.5): QueuedSpan => {
  const fromSec = sec + room.line.shiftSec;
  return { fromSec, fixedSec: fromSec + 0.2, toSec: fromSec + aheadSec };
};

const two = [lane("one", 0, 100.000_023), lane("two", 100.000_023, 200)];

describe("the player's line", () => {
  it("[P78] has a song begin right behind the last frame of the one before, not at the whole microsecond", () => {
    const room = new Room();
    room.tell(two);
    expect(room.line.at(150)?.startSec).toBe(100.000_022_7);
  });

  it("[P80] stays as it is where the same is told again", () => {
    const room = new Room();
    room.tell(two);
    expect(room.tell(two, queuedAt(room, 99.5))).toBe("none");
    expect(room.tell(two.slice(1), queuedAt(room, 100.1))).toBe("none");
    expect([room.at(99.9), room.at(110)]).toEqual(["one 99.900", "two 10.000"]);
  });

  it("[P80] bends to a programme that says the same a millisecond later", () => {
    const room = new Room();
    room.tell(two);
    const later = two.map((told) => ({ ...told, startSec: told.startSec + 0.001 }));
    expect(room.tell(later, queuedAt(room, 50))).toBe("none");
    expect(room.line.shiftSec).toBeCloseTo(-0.001, 9);
    expect(room.at(50)).toBe("one 49.999");
  });

  it("[P80] has what is queued of a later change queued anew, and no more", () => {
    const room = new Room();
    room.tell(two);
    const other = [two[0] as Lane, lane("three", 100.000_023, 300)];
    expect(room.tell(other, queuedAt(room, 50))).toBe("none");
    expect(room.tell(two, queuedAt(room, 99, 60))).toBe("later");
    expect(room.at(101)).toBe("two 1.000");
  });

  it("[P80] places elsewhere what changes at once, and can still fade from where it was", () => {
    const room = new Room();
    room.tell(two);
    expect(room.tell([lane("three", 60, 300)], queuedAt(room, 60))).toBe("moved");
    expect(room.at(61)).toBe("three 1.000");
    expect(room.line.at(60.2)?.fileId).toBe("one");
    expect(room.tell([lane("three", 60, 300)], queuedAt(room, 61))).toBe("none");
  });

  it("[P80] takes a seek within the song as another place", () => {
    const room = new Room();
    room.tell([lane("one", 0, 100)]);
    expect(room.tell([lane("one", -30, 100)], queuedAt(room, 50))).toBe("moved");
    expect(room.at(50)).toBe("one 80.000");
  });

  it("crosses over to where a song lies once its decode was lined up, or open at last", () => {
    const room = new Room();
    room.tell(two);
    room.offsets.set("one", 0.05);
    expect(room.tell(two, queuedAt(room, 50))).toBe("moved");
    room.offsets.set("two", 0.05);
    expect(room.tell(two, queuedAt(room, 60))).toBe("none");
    expect(room.tell(two, queuedAt(room, 99.5))).toBe("none");
    room.lengths.delete("two");
    expect(room.tell(two, queuedAt(room, 99.5))).toBe("later");
    room.lengths.set("two", 200);
    expect(room.tell(two, queuedAt(room, 99.5))).toBe("later");
  });

  it("[P79] lets a song fade out that was told no more, because the next one is what plays", () => {
    const room = new Room();
    const crossing = [
      lane("one", 0, 100.000_022_7, { fadeOutSec: 6 }),
      lane("two", 94.000_022_7, 200, { fadeInSec: 6 }),
    ];
    room.tell(crossing);
    expect(room.tell([lane("two", 94.000_022_7, 200)], queuedAt(room, 96))).toBe("none");
    expect(room.line.between(97, 97)).toMatchObject([
      { fileId: "one", fadeOutSec: 6 },
      { fileId: "two", fadeInSec: 6 },
    ]);
  });

  it("[P79] cuts a song off by a short fade", () => {
    const room = new Room();
    room.tell([lane("one", 0, 50), lane("two", 50, 200)]);
    expect(room.line.at(49)?.fadeOutSec).toBe(CUT_FADE_SEC);
    expect(room.line.at(51)?.fadeInSec).toBe(0);
  });

  it("[P81] keeps the period of a loop of four seconds twenty times over", () => {
    const room = new Room();
    const laps = Array.from({ length: 20 }, (_, lap) =>
      lane("one", 4 * lap - (lap && 0.008), 14, lap ? { fromSec: 9.992, fadeInSec: 0.008 } : { fromSec: 10 }),
    );
    room.tell(laps.slice(0, 6));
    for (let sec = 0.5; sec < 80; sec += 0.5) {
      const first = Math.floor(sec / 4);
      const told = laps.slice(first, first + 6);
      expect(room.tell(told, queuedAt(room, sec))).toBe("none");
      expect(room.at(sec)).toBe(`one ${(10 + (sec % 4)).toFixed(3)}`);
    }
    expect(room.line.shiftSec).toBe(0);
  });

  it("forgets what is long over", () => {
    const room = new Room();
    let startSec = 0;
    for (let turn = 0; turn < 200; turn++) {
      const told = [lane("two", startSec, 200), lane("three", startSec + 200, 300)];
      room.tell(told, turn > 0 ? queuedAt(room, startSec + 1) : null);
      startSec += 500;
    }
    expect(room.line.between(-1e9, 1e9).length).toBeLessThan(5);
  });
});
