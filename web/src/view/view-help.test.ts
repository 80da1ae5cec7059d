import { describe, expect, it } from "vitest";
import { EMPTY_PLAN } from "../director/index.ts";
import type { SessionFacts } from "../session/facts.ts";
import { NO_TROUBLE } from "./page-conditions.ts";
import { facts, id, person, song, songId } from "./testing/plain-facts.ts";
import type { Status } from "./view.ts";
import { viewHelp } from "./view-help.ts";
import { viewStatus } from "./view-model.ts";
import { HELP_AFTER_MS, helpWithKey, WaitWatch } from "./wait-watch.ts";

const preparing = { ...EMPTY_PLAN, state: "preparing" as const, fileId: songId };
const playing = { ...preparing, state: "playing" as const };
const lacking = { seeded: false, heldBytes: 0 };
const estimate = {
  clockId: "south",
  atLocalMs: 0,
  offsetMs: 0,
  driftPpm: 0,
  uncertaintyMs: 0,
  boundMs: 0,
  rttMs: 0,
  probes: 9,
  sinceLocalMs: 0,
};
const key: Status = { code: "joining", stage: "key" };

/** What is said of the wait that these facts show, once it has lasted. */
function helpWith(overrides: Partial<SessionFacts>, page = NO_TROUBLE) {
  const given = facts(overrides);
  return viewHelp(viewStatus(given), given, HELP_AFTER_MS, page);
}

function lastedMs(watch: WaitWatch, status: Status, localMs: number): number {
  watch.watch(status, localMs);
  return watch.lastedMs(localMs);
}

describe("why a wait lasts", () => {
  it.each<[string, Partial<SessionFacts>, object]>([
    ["the server does not answer", { nodeId: null }, { code: "server-silent" }],
    ["the clock cannot be read", { clockState: "unsynced" }, { code: "slow-network" }],
    ["nobody directs", { directorId: null }, { code: "nobody-directs" }],
    [
      "the file is turned off here",
      { plan: preparing, files: [song({ ...lacking, enabled: false })] },
      { code: "turned-off" },
    ],
    [
      "there is no room for it",
      { plan: preparing, files: [song({ ...lacking, isOverBudget: true })] },
      { code: "storage-full" },
    ],
    [
      "the link to who has it is being made",
      {
        plan: preparing,
        files: [song(lacking)],
        people: [person("ada"), person("bo", { link: "connecting" })],
      },
      { code: "linking", names: ["bo"] },
    ],
    [
      "who has it cannot be reached",
      {
        plan: preparing,
        files: [song(lacking)],
        people: [person("ada"), person("bo", { link: "failed" })],
      },
      { code: "source-gone", names: ["bo"] },
    ],
    [
      "who had it has left",
      { plan: preparing, files: [song({ ...lacking, offeredBy: [] })] },
      { code: "source-gone", names: [] },
    ],
    [
      "nobody's list of files has come",
      { plan: preparing, files: [], people: [person("ada"), person("bo", { link: "connecting" })] },
      { code: "slow-network" },
    ],
    ["decoding takes long", { plan: preparing, isDecoding: true }, { code: "slow-decode" }],
    [
      "bo is not ready",
      {
        plan: preparing,
        missing: [id("b")],
        people: [person("ada"), person("bo", { notReadyReason: "sound-held" })],
      },
      { code: "others-wait", waits: [{ name: "bo", notReadyReason: "sound-held" }] },
    ],
    [
      "the browser hides the exact time",
      { plan: playing, clockState: "coarse", clockStepMs: 16.7 },
      { code: "coarse-clock" },
    ],
    ["the clock is not locked", { plan: playing, clockState: "coarse" }, { code: "slow-network" }],
    [
      "the plan is in a former server's clock",
      { plan: { ...playing, clockId: "north" }, estimate },
      { code: "server-changed" },
    ],
    [
      "the sound is starting",
      { plan: { ...playing, clockId: "south" }, estimate },
      { code: "sound-settling" },
    ],
  ])("is said when %s", (_, overrides, help) => {
    expect(helpWith(overrides)).toEqual(help);
  });

  it("is left to the banner where no link can be made and no list of files comes", () => {
    const people = [person("ada"), person("bo", { link: "failed" })];
    expect(helpWith({ plan: preparing, files: [], people })).toBeNull();
  });

  it("is said of the key, for which there is no session yet", () => {
    expect([helpWithKey(HELP_AFTER_MS - 1), helpWithKey(HELP_AFTER_MS)]).toEqual([
      null,
      { code: "slow-key" },
    ]);
  });

  it("is the network itself where the browser knows that there is none", () => {
    expect(helpWith({ nodeId: null }, { ...NO_TROUBLE, isNetworkUp: false })).toEqual({ code: "offline" });
  });

  it("[G13] is the browser's permission where it bars the way to the server", () => {
    const barred = { ...NO_TROUBLE, isServerBarred: true };
    expect(helpWith({ nodeId: null }, barred)).toEqual({ code: "server-barred" });
    expect(helpWith({ clockState: "unsynced" }, barred)).toEqual({ code: "slow-network" });
  });

  it("[K9] asks who came with a key and found nobody to compare it", () => {
    const given = { ...NO_TROUBLE, isKeyGiven: true };
    const alone = { people: [person("ada")], files: [] };
    expect(helpWith(alone, given)).toEqual({ code: "compare-key" });
    expect(helpWith(alone)).toBeNull();
    const met = { ...facts().timings, firstPeerMs: 900 };
    expect(helpWith({ ...alone, timings: met }, given)).toBeNull();
  });

  it("is left to the button that helps while the sound is held back", () => {
    const playback = { ...facts().playback, needsTap: true };
    expect(helpWith({ plan: playing, playback })).toBeNull();
  });

  it("is not said of what is no wait, nor before it has lasted", () => {
    expect(helpWith({})).toBeNull();
    const given = facts({ nodeId: null });
    expect(viewHelp(viewStatus(given), given, HELP_AFTER_MS - 1, NO_TROUBLE)).toBeNull();
  });
});

describe("how long a wait lasts", () => {
  it("counts from its beginning, whatever changes while it lasts", () => {
    const watch = new WaitWatch();
    const waiting = (...names: string[]): Status => ({
      code: "waiting-for",
      names,
      canStart: true,
      withoutInSec: null,
    });
    lastedMs(watch, waiting("bo", "cy"), 1_000);
    expect(lastedMs(watch, waiting("cy"), 3_500)).toBe(2_500);
  });

  it("counts anew for another stage, another song, and a source that came and went", () => {
    const watch = new WaitWatch();
    lastedMs(watch, key, 0);
    expect(lastedMs(watch, { code: "joining", stage: "server" }, 5_000)).toBe(0);
    const fetching = {
      code: "fetching",
      fileName: "Song.mp3",
      held: { percent: 3, sound: null },
      remainingSec: null,
    } as const;
    lastedMs(watch, { ...fetching, sources: [] }, 6_000);
    expect(lastedMs(watch, { ...fetching, sources: ["bo"] }, 9_000)).toBe(0);
    expect(lastedMs(watch, { ...fetching, sources: [] }, 9_500)).toBe(0);
    expect(lastedMs(watch, { code: "decoding", fileName: "Song.mp3" }, 9_900)).toBe(0);
    expect(lastedMs(watch, { code: "decoding", fileName: "Other.mp3" }, 9_950)).toBe(0);
  });
});
