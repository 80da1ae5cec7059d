import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EntryId, FileId, UserId } from "../lib/index.ts";
import { MAX_STRETCHES } from "../protocol/constants/director.gen.ts";
import { EMPTY_PLAN, type Plan } from "./plan.ts";
import { currentAt, programme, programmeEndUs, type Stretch } from "./programme.ts";
import { EMPTY_QUEUE, type Queue, type QueueEntry, takeOut } from "./queue.ts";

const ADA = "a".repeat(32) as UserId;
const id = (name: string) => name.padEnd(16, "0") as EntryId;
const file = (name: string) => name.padEnd(64, "f") as FileId;
const SEC = 1e6;

/** Entries a, b, c… of so many seconds; null: unknown. */
const queueOf = (...durations: readonly (number | null)[]): Queue => ({
  ...EMPTY_QUEUE,
  entries: durations.map((durationSec, at) => {
    const name = String.fromCharCode(97 + at);
    const durationUs = durationSec === null ? null : durationSec * SEC;
    return { entryId: id(name), fileId: file(name), addedBy: ADA, durationUs, skipped: null, boosts: [] };
  }),
});

/** Entry a plays from its beginning at 1000 s. */
const playing = (change: Partial<Plan> = {}): Plan => ({
  ...EMPTY_PLAN,
  clockId: "north",
  state: "playing",
  fileId: file("a"),
  entryId: id("a"),
  globalStartUs: 1000 * SEC,
  ...change,
});

const shown = (stretches: readonly Stretch[]) =>
  stretches.map(
    ({ entryId, lap, startUs, endUs }) => `${entryId[0]}${lap} ${startUs / SEC - 1000}–${endUs / SEC - 1000}`,
  );
const all = (plan: Plan, queue: Queue, fromSec = -10, toSec = 1000) =>
  programme(plan, queue, (1000 + fromSec) * SEC, (1000 + toSec) * SEC);
/** But for the rounding of a float. */
const near = (us: number) => (Number.isFinite(us) ? expect.closeTo(us, 0) : us);
const skip = (queue: Queue, at: number): Queue => ({
  ...queue,
  entries: queue.entries.map(
    (entry, index): QueueEntry => (index === at ? { ...entry, skipped: "nobody-has" } : entry),
  ),
});

describe("the programme", () => {
  it("[Q14] goes from entry to entry in the moment in which one ends", () => {
    expect(shown(all(playing(), queueOf(100, 50, 25)))).toEqual(["a0 0–100", "b0 100–150", "c0 150–175"]);
    expect(shown(all(playing({ positionUs: 90 * SEC }), queueOf(100, 50)))).toEqual(["a0 0–10", "b0 10–60"]);
    expect(shown(all(playing(), skip(queueOf(100, 50, 25), 1)))).toEqual(["a0 0–100", "c0 100–125"]);
    const fromB = playing({ entryId: id("b"), fileId: file("b") });
    expect(shown(all(fromB, queueOf(100, 50, 25)))).toEqual(["b0 0–50", "c0 50–75"]);
    expect(shown(all(fromB, takeOut(queueOf(100, 50, 25), 2, "off")))).toEqual(["b0 0–50", "c0 50–75"]);
    for (const state of ["stopped", "preparing"] as const)
      expect(all(playing({ state }), queueOf(100))).toEqual([]);
  });

  it("[Q15] ends with an entry whose duration nobody knows", () => {
    expect(shown(all(playing(), queueOf(100, null, 25)))).toEqual(["a0 0–100", "b0 100–Infinity"]);
    expect(shown(all(playing({ entryId: id("z") }), queueOf(100)))).toEqual(["z0 0–Infinity"]);
    expect(programmeEndUs(playing(), queueOf(100, null))).toBe(Infinity);
    expect(programmeEndUs(playing(), queueOf(100, 50))).toBe(1150 * SEC);
  });

  it("[Q16] lets an entry begin earlier by a crossfade, of at most half of either song", () => {
    const plan = playing({ crossfadeMs: 12_000 });
    const [a, b, c] = all(plan, queueOf(100, 10, 30));
    expect(shown([a, b, c] as Stretch[])).toEqual(["a0 0–100", "b0 95–105", "c0 100–130"]);
    expect([a?.fadeOutUs, b?.fadeInUs, b?.fadeOutUs, c?.fadeOutUs]).toEqual([5e6, 5e6, 5e6, 0]);
    const late = all(playing({ crossfadeMs: 12_000, positionUs: 98 * SEC }), queueOf(100, 50));
    expect(shown(late)).toEqual(["a0 0–2", "b0 0–50"]);
    expect(currentAt(plan, queueOf(100, 10, 30), 1096 * SEC)?.entryId).toBe(id("b"));
  });

  it("[Q17] goes round with repeat all, and stays with repeat one", () => {
    const queue = queueOf(100, 50);
    expect(shown(all(playing({ repeat: "all" }), queue, 0, 301))).toEqual([
      "a0 0–100",
      "b0 100–150",
      "a1 150–250",
      "b1 250–300",
      "a2 300–400",
    ]);
    expect(shown(all(playing({ repeat: "one" }), queue, 150, 301))).toEqual([
      "a1 100–200",
      "a2 200–300",
      "a3 300–400",
    ]);
    // What is over goes to the end of the list, whether its director has moved it yet or not.
    const fromB = playing({ repeat: "all", entryId: id("b"), fileId: file("b") });
    const order = (of: Queue) => shown(all(fromB, of, 0, 400));
    expect(order(takeOut(queueOf(100, 50, 25), 1, "all"))).toEqual(order(queueOf(100, 50, 25)));
    expect(programmeEndUs(playing({ repeat: "one" }), queue)).toBe(Infinity);
  });

  it("[Q18] loops from the end of the loop to its beginning", () => {
    const plan = playing({ loopUs: [20 * SEC, 24 * SEC], positionUs: 10 * SEC });
    const laps = all(plan, queueOf(100, 50), -1, 20);
    expect(shown(laps)).toEqual(["a0 0–14", "a1 14–18", "a2 18–22"]);
    expect(laps.map(({ positionUs }) => positionUs / SEC)).toEqual([10, 20, 20]);
    expect(shown(all({ ...plan, positionUs: 30 * SEC }, queueOf(100)))).toEqual(["a0 0–70"]);
    expect(shown(all({ ...plan, loopUs: [99.6 * SEC, 104 * SEC] }, queueOf(100)))).toEqual(["a0 0–90"]);
    const late = all(plan, queueOf(100), 3_600, 3_604);
    expect(shown(late)).toEqual(["a897 3598–3602", "a898 3602–3606"]);
  });

  it("[Q19] takes longer at a slower tempo", () => {
    const plan = playing({ tempo: 50, positionUs: 10 * SEC, crossfadeMs: 4_000 });
    expect(shown(all(plan, queueOf(100, 50)))).toEqual(["a0 0–180", "b0 176–276"]);
  });

  it("[Q20] costs no more than a moment, whatever it is asked for", () => {
    const tiny: Queue = queueOf(...Array.from({ length: 200 }, () => 0.001));
    for (const repeat of ["off", "all", "one"] as const)
      for (const fromUs of [-1e300, 0, 1000 * SEC, 1e15, 1e300, Number.NaN, Infinity, -Infinity]) {
        const plan = playing({ repeat });
        expect(programme(plan, tiny, fromUs, Infinity).length).toBeLessThanOrEqual(MAX_STRETCHES);
        currentAt(plan, tiny, fromUs);
        currentAt({ ...plan, loopUs: [0, 5e5] }, queueOf(100), fromUs);
      }
    expect(programme(playing({ repeat: "all" }), tiny, 1100 * SEC, 1190 * SEC)).toHaveLength(MAX_STRETCHES);
  });

  const anyPlan = fc.record({
    repeat: fc.constantFrom("off" as const, "all" as const, "one" as const),
    tempo: fc.integer({ min: 50, max: 150 }),
    crossfadeMs: fc.constantFrom(0, 2_000, 12_000),
    positionUs: fc.integer({ min: 0, max: 40 * SEC }),
    loopUs: fc.constantFrom(null, null, [5 * SEC, 9 * SEC] as const),
  });
  const anyQueue = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 });

  it("[Q13] is the same whatever window is asked for, and goes on when its director writes it on", () => {
    fc.assert(
      fc.property(anyPlan, anyQueue, fc.nat({ max: 500 }), (change, durations, atSec) => {
        const plan = playing(change);
        const queue = queueOf(...durations);
        const whole = all(plan, queue, -10, 600);
        const fromUs = (1000 + atSec) * SEC;
        const part = programme(plan, queue, fromUs, fromUs + 30 * SEC);
        const same = whole.filter((each) => each.endUs > fromUs && each.startUs < fromUs + 30 * SEC);
        if (whole.length < MAX_STRETCHES) expect(part).toEqual(same);
        const current = currentAt(plan, queue, fromUs);
        if (!current || plan.loopUs) return;
        // Written on, with what is over taken out, the rest sounds at the same moments.
        const { entryId, fileId, startUs: globalStartUs, positionUs } = current;
        const at = queue.entries.findIndex((entry) => entry.entryId === entryId);
        const next = { ...plan, entryId, fileId, globalStartUs, positionUs };
        const restOf = (of: Plan, q: Queue) => {
          const stretches = programme(of, q, fromUs, fromUs + 60 * SEC);
          // What fades out beneath it may have begun in the same moment.
          const first = stretches.findLastIndex((each) => each.startUs <= globalStartUs);
          return stretches
            .slice(first, first + MAX_STRETCHES / 2)
            .map(({ entryId, startUs, endUs }) => ({ entryId, startUs, endUs }));
        };
        const [after, before] = [restOf(next, takeOut(queue, at, plan.repeat)), restOf(plan, queue)];
        // By the rounding of a float the last of them may begin beyond the window.
        expect(Math.abs(after.length - before.length)).toBeLessThanOrEqual(1);
        const expected = before.slice(0, after.length);
        expect(after.slice(0, before.length)).toEqual(
          expected.map(({ entryId, startUs, endUs }) => ({
            entryId,
            startUs: near(startUs),
            endUs: near(endUs),
          })),
        );
      }),
    );
  });
});
