import { describe, expect, it } from "vitest";
import { EMPTY_PLAN, type Plan } from "../../director/index.ts";
import type { FileId } from "../../lib/index.ts";
import { id, song, songId } from "../../view/testing/plain-facts.ts";
import { type FileTrouble, toldTroubles, troubleWith } from "./file-troubles.ts";
import { isStillHeard, readOwnStatus } from "./own-status.ts";
import type { PeerStatus } from "./peer-message.ts";

const own = { name: "Ada", isVisible: true, speakerDelayMs: 0, isClicking: false, isPhone: true };
const playing: Plan = { ...EMPTY_PLAN, fileId: songId, state: "playing" };

/** At this place of a song of 30 s, of which this much is decoded here. */
function statusAt(positionSec: number, decodedSec: number, clockMs = 0): PeerStatus {
  const troubles = new Map<FileId, FileTrouble>(decodedSec < 30 ? [[songId, "short"]] : []);
  const place = { isLoaded: (fileId: string) => fileId === songId, isUnlocked: true, isSettled: true };
  const read = () => ({ errorMs: 0.4, uncertaintyMs: 0.3, startMs: 350 });
  const player = { ...place, durationSec: 30, decodedSec, read };
  const controller = {
    refusalOf: () => null,
    positionSecAt: () => positionSec,
    isUnalignedAt: () => false,
    troubles,
  };
  const clock = { state: "locked", estimate: { rttMs: 2, uncertaintyMs: clockMs } };
  const parts = { plan: playing, files: [song()], player, controller, clock };
  return readOwnStatus(own, parts as unknown as Parameters<typeof readOwnStatus>[1], 0);
}

const isHeard = (status: PeerStatus | null, isAway = false) =>
  isStillHeard(songId, { userId: id("b"), isAway, status });

describe("what a device says of itself", () => {
  it("[D15] is how long it needs from a plan to its sound, too", () => {
    expect(statusAt(9, 30)).toMatchObject({ startMs: 350 });
  });

  it("[P25] is as uncertain as its loudspeaker's place and its clock together, and not at all while it is silent", () => {
    expect(statusAt(9, 30).uncertaintyMs).toBeCloseTo(0.3, 6);
    expect(statusAt(9, 30, 0.2).uncertaintyMs).toBeCloseTo(0.5, 6);
    expect(statusAt(12, 10, 0.2).uncertaintyMs).toBe(0);
  });

  it("[P39] with only the beginning of the song is silent behind it, and says that it is over at the song's end", () => {
    expect(statusAt(9, 10)).toMatchObject({ syncErrorMs: 0.4, isOver: false });
    expect(statusAt(12, 10)).toMatchObject({ syncErrorMs: null, isOver: false });
    expect(statusAt(31.1, 10)).toMatchObject({ syncErrorMs: null, isOver: true });
    expect(statusAt(12, 30)).toMatchObject({ syncErrorMs: 0.4, isOver: false });
  });

  it("[P39] counts as having more to play while it does", () => {
    expect(isHeard(statusAt(9, 10))).toBe(true);
    expect(isHeard(statusAt(12, 10))).toBe(false);
    expect(isHeard(statusAt(12, 30))).toBe(true);
    expect(isHeard(statusAt(31.1, 30))).toBe(false);
  });

  it("[P39] counts as silent when it cannot play, is away, or said nothing yet; and not while it enters", () => {
    const whole = statusAt(12, 30);
    expect(isHeard({ ...whole, isUnable: true })).toBe(false);
    expect(isHeard(whole, true)).toBe(false);
    expect(isHeard(null)).toBe(false);
    expect(isHeard({ ...whole, syncErrorMs: null, readyFileId: null })).toBe(false);
    expect(isHeard({ ...whole, syncErrorMs: null })).toBe(true);
  });

  it("[P40] names the files that it cannot play, the chosen one first, and no more than eight", () => {
    const listed = Array.from({ length: 12 }, (_, at) => at.toString(16).repeat(64) as FileId);
    const [first, second, ...rest] = listed as [FileId, FileId, ...FileId[]];
    const troubles = new Map<FileId, FileTrouble>([...rest, first].map((fileId) => [fileId, "undecodable"]));
    troubles.set("f".repeat(64) as FileId, "too-long"); // not listed any more
    const told = toldTroubles(troubles, listed, "b".repeat(64) as FileId);
    expect(told.map(({ filePrefix }) => filePrefix[0]).join("")).toBe("b0234567");
    expect(troubleWith(first, told)).toBe("undecodable");
    expect(troubleWith(second, told)).toBeNull();
  });
});
