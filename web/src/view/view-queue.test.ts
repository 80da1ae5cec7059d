import { describe, expect, it } from "vitest";
import { EMPTY_PLAN, EMPTY_QUEUE, type QueueEntry } from "../director/index.ts";
import type { EntryId } from "../lib/index.ts";
import { makeSnapshot } from "./snapshot.ts";
import { facts, id, song, songId } from "./testing/plain-facts.ts";
import { viewProgrammeControls, viewQueue } from "./view-queue.ts";

const entryId = (name: string) => name.padEnd(16, "0") as EntryId;
const entry = (name: string, by: string, change: Partial<QueueEntry> = {}): QueueEntry => ({
  entryId: entryId(name),
  fileId: songId,
  addedBy: id(by),
  durationUs: 100e6,
  skipped: null,
  boosts: [],
  ...change,
});
/** Bo directs, entry 2 plays, this is ada. */
const playing = (change: Parameters<typeof facts>[0] = {}) =>
  facts({
    plan: { ...EMPTY_PLAN, state: "playing", fileId: songId, entryId: entryId("2") },
    queue: {
      ...EMPTY_QUEUE,
      entries: [
        entry("1", "a"),
        entry("2", "b"),
        entry("3", "a", { boosts: [id("a"), id("b")] }),
        entry("4", "b", { skipped: "nobody-has" }),
      ],
    },
    programmeEndsInSec: 130,
    ...change,
  });
const can = (view: ReturnType<typeof viewQueue>) =>
  view.entries.map(({ canMove, canRemove, canBoost }) =>
    [canMove && "move", canRemove && "remove", canBoost && "boost"].filter(Boolean).join(" "),
  );

describe("the queue on the page", () => {
  it("[Q6] [Q7] [Q11] offers a guest what it may do with its own", () => {
    expect(can(viewQueue(playing()))).toEqual(["", "", "move remove boost", "boost"]);
    const locked = playing();
    const view = viewQueue({ ...locked, queue: { ...locked.queue, isLocked: true } });
    expect(can(view)).toEqual(["", "", "remove", ""]);
    expect(view).toMatchObject({ isLocked: true, canLock: false, canClear: false, cannotAdd: "locked" });
  });

  it("[Q6] [Q38] offers the director all", () => {
    const view = viewQueue(playing({ directorId: id("a") }));
    expect(can(view)).toEqual(["", "remove", "move remove boost", "move remove boost"]);
    expect(view).toMatchObject({ canLock: true, canClear: true, cannotAdd: null, remainingSec: 130 });
  });

  it("shows each entry with its song, who added it, and where it stands", () => {
    const view = viewQueue(playing({ files: [song({ heldBytes: 250 })] }));
    expect(view.entries.map(({ isOver, isCurrent }) => [isOver, isCurrent])).toEqual([
      [true, false],
      [false, true],
      [false, false],
      [false, false],
    ]);
    expect(view.entries[2]).toMatchObject({
      name: "Song.mp3",
      addedByName: "ada",
      isMine: true,
      durationSec: 100,
      boosts: 2,
      isBoostedByMe: true,
      heldShare: 0.25,
    });
    expect(view.entries[3]?.skipped).toBe("nobody-has");
    expect(viewQueue(playing({ files: [] })).entries[0]).toMatchObject({ name: "", heldShare: 0 });
  });

  it("says of what is current whether it plays", () => {
    expect(viewQueue(playing()).planState).toBe("playing");
    const paused = playing({ plan: { ...EMPTY_PLAN, fileId: songId, entryId: entryId("2") } });
    expect(viewQueue(paused).planState).toBe("stopped");
  });

  it("[Q8] says why nobody may add", () => {
    const many = (count: number, by: string) => Array.from({ length: count }, (_, at) => entry(`${at}`, by));
    const of = (entries: QueueEntry[]) => viewQueue(facts({ queue: { ...EMPTY_QUEUE, entries } })).cannotAdd;
    expect([of(many(200, "b")), of(many(50, "a")), of(many(50, "b"))]).toEqual([
      "full",
      "too-many-of-one",
      null,
    ]);
  });
});

describe("the programme's controls", () => {
  it("[Q28] [Q29] [Q30] are the director's, and go where there is something", () => {
    expect(viewProgrammeControls(playing())).toMatchObject({
      canGoNext: false,
      canGoBack: false,
      canChange: false,
    });
    const mine = playing({ directorId: id("a") });
    expect(viewProgrammeControls(mine)).toMatchObject({ canGoNext: true, canGoBack: true, canChange: true });
    const alone = { ...mine, queue: { ...EMPTY_QUEUE, entries: [entry("2", "b")] } };
    expect(viewProgrammeControls(alone).canGoNext).toBe(false);
    const stopped = { ...alone, plan: EMPTY_PLAN };
    expect(viewProgrammeControls(stopped)).toMatchObject({ canGoNext: true, canGoBack: false });
    const set = { ...mine.plan, tempo: 80, crossfadeMs: 2500, loopUs: [1e6, 3e6], repeat: "one" } as const;
    expect(viewProgrammeControls({ ...mine, plan: set })).toMatchObject({
      repeat: "one",
      tempo: 80,
      crossfadeSec: 2.5,
      loopSec: [1, 3],
      canGoNext: true,
    });
  });
});

describe("the snapshot", () => {
  it("holds the entry that plays and the queue, as scripts rely on", () => {
    const shot = makeSnapshot("joined", "Ada", playing(), null);
    expect(shot.plan).toMatchObject({ entryId: entryId("2"), tempo: 1, repeat: "off", loopSec: null });
    expect(shot.queue[2]).toEqual({ entryId: entryId("3"), fileId: songId, addedBy: id("a"), boosts: 2 });
  });
});
