import { describe, expect, it } from "vitest";
import { EMPTY_PLAN } from "../director/index.ts";
import { SoundTooLong, Undecodable } from "../lib/index.ts";
import type { FileTrouble } from "../session/core/file-troubles.ts";
import { syncWord } from "../session/core/sync-word.ts";
import type { SessionFacts } from "../session/facts.ts";
import { NO_COURSE } from "./empty-view.ts";
import { NO_TROUBLE } from "./page-conditions.ts";
import { facts, id, person, song, songId } from "./testing/plain-facts.ts";
import { viewBanner, viewPieces, viewSession, viewStatus } from "./view-model.ts";

const playing = { ...EMPTY_PLAN, state: "playing" as const, fileId: songId };
const preparing = { ...EMPTY_PLAN, state: "preparing" as const, fileId: songId };
const sounding = {
  ...facts().playback,
  state: "playing" as const,
  positionSec: 3,
  errorMs: 0.2,
  durationSec: 180,
};

const plainEstimate = {
  clockId: "north",
  atLocalMs: 0,
  offsetMs: 0,
  driftPpm: 0,
  uncertaintyMs: 0.1,
  boundMs: 1,
  rttMs: 2,
  probes: 9,
  sinceLocalMs: 0,
};

describe("the one sentence", () => {
  it.each<[string, Partial<SessionFacts>, object]>([
    ["joining the server", { nodeId: null }, { code: "joining", stage: "server" }],
    ["reading the clock", { clockState: "unsynced" }, { code: "joining", stage: "clock" }],
    ["being alone", { people: [person("ada")], files: [] }, { code: "alone" }],
    ["having no song yet", { files: [] }, { code: "no-files", others: 1 }],
    ["being between directors", { directorId: null }, { code: "electing" }],
    [
      "playing a song whose title is known",
      {
        plan: playing,
        playback: sounding,
        songWords: { title: "Glass Harbour", artist: null, album: null, coverUrl: null },
      },
      { code: "playing", fileName: "Glass Harbour", directorName: "bo", isDirector: false },
    ],
    ["being ready", {}, { code: "ready-to-play", isDirector: false, directorName: "bo" }],
    [
      "fetching the chosen song",
      {
        plan: preparing,
        files: [song({ seeded: false, heldBytes: 430, sources: [id("b")], remainingSec: 9 })],
      },
      {
        code: "fetching",
        fileName: "Song.mp3",
        held: { percent: 43, sound: null },
        sources: ["bo"],
        remainingSec: 9,
      },
    ],
    [
      "fetching it, with how much of its sound is here and when it can begin",
      {
        plan: preparing,
        files: [song({ seeded: false, heldBytes: 430, sources: [id("b")], remainingSec: 300 })],
        playable: new Map([[songId, { durationSec: 300, playableSec: 40, soundsInSec: 60 }]]),
      },
      {
        code: "fetching",
        fileName: "Song.mp3",
        held: { percent: 43, sound: { playableSec: 40, durationSec: 300 } },
        sources: ["bo"],
        remainingSec: 60,
      },
    ],
    [
      "playing it while it arrives",
      {
        plan: playing,
        playback: sounding,
        loadedId: songId,
        files: [song({ seeded: false, heldBytes: 430 })],
      },
      { code: "playing", fileName: "Song.mp3", directorName: "bo", isDirector: false },
    ],
    ["decoding it", { plan: preparing, isDecoding: true }, { code: "decoding", fileName: "Song.mp3" }],
    [
      "waiting for bo",
      { plan: preparing, missing: [id("b")] },
      { code: "waiting-for", names: ["bo"], canStart: false, withoutInSec: null },
    ],
    [
      "waiting for bo as the director, who will be passed over in a while",
      { plan: preparing, missing: [id("b")], directorId: id("a"), withoutInMs: 25_000 },
      { code: "waiting-for", names: ["bo"], canStart: true, withoutInSec: null },
    ],
    [
      "waiting for bo as the director, who will be passed over soon",
      { plan: preparing, missing: [id("b")], directorId: id("a"), withoutInMs: 11_200 },
      { code: "waiting-for", names: ["bo"], canStart: true, withoutInSec: 12 },
    ],
    [
      "starting soon",
      { plan: playing, startsInSec: 1.2 },
      { code: "starting", fileName: "Song.mp3", inSec: 2 },
    ],
    [
      "playing",
      { plan: playing, playback: sounding },
      { code: "playing", fileName: "Song.mp3", directorName: "bo", isDirector: false },
    ],
    ["entering mid-song", { plan: playing }, { code: "entering", fileName: "Song.mp3" }],
    [
      "a song this browser cannot decode",
      { plan: playing, refusals: new Map([[songId, new Undecodable("refused", "AIFF")]]) },
      {
        code: "undecodable",
        fileName: "Song.mp3",
        tooLong: null,
        format: "AIFF",
        reason: "refused",
        isAnyoneAble: true,
      },
    ],
    [
      "a song that nobody here can play",
      {
        plan: preparing,
        refusals: new Map([[songId, new Undecodable("refused", "AIFF")]]),
        people: [person("ada", { isUnable: true }), person("bo", { isUnable: true })],
      },
      {
        code: "undecodable",
        fileName: "Song.mp3",
        tooLong: null,
        format: "AIFF",
        reason: "refused",
        isAnyoneAble: false,
      },
    ],
    [
      "a song that this device has no memory for",
      { plan: playing, refusals: new Map([[songId, new SoundTooLong(11_520, 2_400)]]) },
      {
        code: "undecodable",
        fileName: "Song.mp3",
        tooLong: { durationSec: 11_520, roomSec: 2_400 },
        format: null,
        reason: "refused",
        isAnyoneAble: true,
      },
    ],
    [
      "being silent behind what it has of a song",
      {
        plan: playing,
        playback: { ...sounding, positionSec: 12, decodedSec: 10 },
        shortages: new Map([[songId, { heardSec: 10, wholeSec: 30 }]]),
      },
      { code: "cut-short", fileName: "Song.mp3", shortage: { heardSec: 10, wholeSec: 30 } },
    ],
  ])("says so when %s", (_, overrides, status) => {
    expect(viewStatus(facts(overrides))).toEqual(status);
  });
});

describe("the banner", () => {
  it("is absent while all is well", () => {
    expect(viewBanner(facts(), NO_TROUBLE)).toBeNull();
  });

  it("puts lost sound before a lost server", () => {
    const interrupted = { ...facts().playback, state: "interrupted" as const };
    expect(viewBanner(facts({ playback: interrupted, control: "retrying" }), NO_TROUBLE)).toEqual({
      code: "audio-interrupted",
    });
    expect(viewBanner(facts({ control: "retrying", playback: sounding }), NO_TROUBLE)).toEqual({
      code: "server-lost",
      isPlaying: true,
      isDirecting: false,
    });
  });

  it("tells the director alone that the others follow later, and only where there are others", () => {
    const lost = { control: "retrying" as const, playback: sounding };
    const isDirecting = (overrides: Partial<SessionFacts>) =>
      viewBanner(facts({ ...lost, directorId: id("a"), ...overrides }), NO_TROUBLE);
    const people = [person("ada"), person("bo")];
    expect(isDirecting({ people })).toMatchObject({ isDirecting: true });
    expect(isDirecting({ people, directorId: id("b") })).toMatchObject({ isDirecting: false });
    expect(isDirecting({ people: [person("ada")] })).toMatchObject({ isDirecting: false });
  });

  it("tells a phone that is offline from a server that is gone", () => {
    const lost = facts({ control: "retrying", playback: sounding });
    expect(viewBanner(lost, { ...NO_TROUBLE, isNetworkUp: false })).toEqual({
      code: "offline",
      isPlaying: true,
    });
    expect(viewBanner(facts(), { ...NO_TROUBLE, isNetworkUp: false })).toBeNull();
  });

  it("[L2] says how far the clock is off while it is only watched", () => {
    const verdict = { state: "watching" as const, differenceMs: -20 };
    expect(viewBanner(facts({ verdict }), NO_TROUBLE)).toEqual({ code: "clock-watch", offByMs: 20 });
  });

  it("[T18] says that this device's clock is not the others'", () => {
    const disagreement = { code: "outvoted" as const, byMs: 50 };
    expect(viewBanner(facts({ disagreement }), NO_TROUBLE)).toEqual({
      code: "clocks-disagree",
      isOutvoted: true,
    });
    const undecided = { code: "undecided" as const, byMs: 50 };
    expect(viewBanner(facts({ disagreement: undecided }), NO_TROUBLE)).toMatchObject({ isOutvoted: false });
  });

  it("[T15] says that the browser hides the exact time, and what that costs", () => {
    const estimate = { ...plainEstimate, uncertaintyMs: 2.2 };
    expect(viewBanner(facts({ clockStepMs: 16.7, estimate }), NO_TROUBLE)).toEqual({
      code: "coarse-clock",
      withinMs: 5,
    });
    expect(viewBanner(facts({ clockStepMs: 1, estimate }), NO_TROUBLE)).toBeNull();
  });

  it("names whom this device cannot reach, unless they are away", () => {
    const people = [
      person("ada"),
      person("bo", { link: "failed" }),
      person("cy", { link: "failed", isAway: true }),
    ];
    expect(viewBanner(facts({ people }), NO_TROUBLE)).toEqual({
      code: "unreachable",
      names: ["bo"],
      isEveryone: true,
      isBarred: false,
    });
    expect(viewBanner(facts({ people }), { ...NO_TROUBLE, isNearbyBarred: true })).toMatchObject({
      code: "unreachable",
      isBarred: true,
    });
    const more = facts({ people: [...people, person("di")] });
    expect(viewBanner(more, NO_TROUBLE)).toMatchObject({ names: ["bo"], isEveryone: false });
  });
});

describe("the sync word", () => {
  it.each([
    [0, "tight"],
    [-5, "tight"],
    [5.1, "good"],
    [-20, "good"],
    [40, "loose"],
    [41, "off"],
    [null, "unknown"],
  ] as const)("for %s ms is %s", (errorMs, word) => {
    expect(syncWord(errorMs, 0, false)).toBe(word);
  });

  it("[P28] is that of the worst that may be", () => {
    expect([syncWord(0, 0.2, false), syncWord(0, 8, false), syncWord(-3, 3, false)]).toEqual([
      "tight",
      "good",
      "good",
    ]);
    const people = viewSession(
      facts({ people: [person("ada", { syncErrorMs: 0.1, uncertaintyMs: 8 })] }),
      NO_COURSE,
    ).people;
    expect(people?.map(({ sync }) => sync)).toEqual(["good"]);
  });

  it("[P46] is neither tight nor off for who could not be lined up, and silent while nothing sounds", () => {
    expect([syncWord(0, 0, true), syncWord(60, 0, true), syncWord(null, 0, true)]).toEqual([
      "unaligned",
      "unaligned",
      "unknown",
    ]);
    const bo = person("bo", { syncErrorMs: 0.1, isUnaligned: true });
    const people = viewSession(
      facts({ people: [person("ada", { syncErrorMs: 0.1 }), bo] }),
      NO_COURSE,
    ).people;
    expect(people?.map(({ sync }) => sync)).toEqual(["tight", "unaligned"]);
  });
});

describe("a file's row", () => {
  it("[P18] says how long a song is that does not fit, and how long one may be", () => {
    const refusals = new Map([[songId, new SoundTooLong(11_520, 2_400)]]);
    const row = viewSession(facts({ refusals }), NO_COURSE).files?.[0];
    expect(row).toMatchObject({ isDecodable: false, tooLong: { durationSec: 11_520, roomSec: 2_400 } });
  });

  it("[P40] names what it is where it cannot be played here, and who else cannot play it or only its beginning", () => {
    const told = (trouble: FileTrouble) => [{ filePrefix: songId.slice(0, 16), trouble }];
    const people = [
      person("ada"),
      person("bo", { troubles: told("undecodable") }),
      person("cy", { troubles: told("too-long") }),
      person("di", { troubles: told("short") }),
      person("eve", { troubles: told("undecodable"), isAway: true }),
    ];
    const refusals = new Map([[songId, new Undecodable("refused", "AIFF")]]);
    const row = viewSession(facts({ refusals, people }), NO_COURSE).files?.[0];
    expect(row).toMatchObject({
      isDecodable: false,
      format: "AIFF",
      silentFor: ["bo", "cy"],
      shortFor: ["di"],
    });
    const shortages = new Map([[songId, { heardSec: 10, wholeSec: 30 }]]);
    expect(viewSession(facts({ shortages }), NO_COURSE).files?.[0]).toMatchObject({
      isDecodable: true,
      shortage: { heardSec: 10, wholeSec: 30 },
    });
  });

  it("says that nobody has all of it any more, and that there is no room for it", () => {
    const files = [song({ seeded: false, isOverBudget: true, isWholeSomewhere: false, hasLostWhole: true })];
    const row = viewSession(facts({ files }), NO_COURSE).files?.[0];
    expect(row).toMatchObject({ isOverBudget: true, hasLostWhole: true });
  });
});

describe("the player", () => {
  const paused = { ...EMPTY_PLAN, fileId: songId, positionUs: 42_000_000 };

  it("[TR1] says that the song is paused, who goes on, and keeps its place in sight", () => {
    const mine = facts({
      directorId: id("a"),
      plan: paused,
      playback: { ...facts().playback, durationSec: 180 },
    });
    expect(viewStatus(mine)).toMatchObject({ code: "paused", fileName: "Song.mp3", isDirector: true });
    expect(viewSession(mine, NO_COURSE).playerControls).toMatchObject({
      positionSec: 42,
      durationSec: 180,
      isPaused: true,
      canGoOn: true,
      canPause: false,
      canSeek: true,
    });
    expect(viewSession(mine, NO_COURSE).files?.[0]).toMatchObject({ isPaused: true, isPlaying: false });
  });

  it("gives its buttons to the director alone", () => {
    const mine = facts({ directorId: id("a"), plan: playing, playback: sounding });
    expect(viewSession(mine, NO_COURSE).playerControls).toMatchObject({
      canPause: true,
      canSeek: true,
      positionSec: 3,
    });
    const notMine = facts({ plan: playing, playback: sounding });
    expect(viewSession(notMine, NO_COURSE).playerControls).toMatchObject({
      canPause: false,
      canSeek: false,
      positionSec: 3,
    });
  });

  it("does not know the length of a song that this device has not decoded", () => {
    const mine = facts({ directorId: id("a"), plan: paused, loadedId: null });
    expect(viewSession(mine, NO_COURSE).playerControls).toMatchObject({ durationSec: null, canSeek: false });
  });

  it("is not there while no song is chosen", () => {
    expect(viewSession(facts(), NO_COURSE).playerControls).toBeNull();
  });
});

describe("who has which pieces", () => {
  it("is told by name for each listed file, and not for one that is gone", () => {
    const holders = [{ userId: id("b"), share: 0.5, cells: [1, 0] }];
    const maps = [
      { fileId: songId, holders },
      { fileId: "gone" as typeof songId, holders },
    ];
    expect(viewPieces(facts(), maps)).toEqual([
      { fileId: songId, name: song().name, holders: [{ ...holders[0], name: "bo" }] },
    ]);
  });
});

describe("what can be done", () => {
  it("only the director stops, and starts without those who are missing", () => {
    const mine = facts({ directorId: id("a"), plan: preparing, missing: [id("b")] });
    expect(viewSession(mine, NO_COURSE)).toMatchObject({
      isDirector: true,
      canStop: true,
      canStartNow: true,
    });
    const notMine = facts({ plan: preparing, missing: [id("b")] });
    expect(viewSession(notMine, NO_COURSE)).toMatchObject({
      isDirector: false,
      canStop: false,
      canStartNow: false,
    });
  });
});
