import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../lib/index.ts";
import type { Banner, Help, Notice, NotReadyReason, Status } from "../../view/view.ts";
import { fixtures } from "../testing/fixtures.ts";
import { words } from "./index.ts";
import { FETCH_COPY, LANGUAGE_TAGS } from "./languages.ts";

const FILE = "Glass Harbour.flac";

// A record, so that a code that is added to the union and forgotten here does not compile.
const STATUSES: { readonly [Code in Status["code"]]: Extract<Status, { code: Code }> } = {
  joining: { code: "joining", stage: "clock" },
  alone: { code: "alone" },
  "no-files": { code: "no-files", others: 2 },
  "ready-to-play": { code: "ready-to-play", isDirector: false, directorName: null },
  electing: { code: "electing" },
  fetching: {
    code: "fetching",
    fileName: FILE,
    held: { percent: 43, sound: null },
    sources: ["Bo", "Cy"],
    remainingSec: 9.2,
  },
  decoding: { code: "decoding", fileName: FILE },
  "waiting-for": { code: "waiting-for", names: ["Ada", "Bo", "Cy"], canStart: false, withoutInSec: null },
  starting: { code: "starting", fileName: FILE, inSec: 3 },
  playing: { code: "playing", fileName: FILE, directorName: "Ada", isDirector: false },
  paused: { code: "paused", fileName: FILE, directorName: "Ada", isDirector: false },
  entering: { code: "entering", fileName: FILE },
  undecodable: {
    code: "undecodable",
    fileName: FILE,
    tooLong: null,
    format: "AIFF",
    reason: "refused",
    isAnyoneAble: true,
  },
  "cut-short": { code: "cut-short", fileName: FILE, shortage: { heardSec: 10, wholeSec: 30 } },
  ended: { code: "ended", fileName: FILE },
};

const HELPS: { readonly [Code in Help["code"]]: Extract<Help, { code: Code }> } = {
  "slow-key": { code: "slow-key" },
  offline: { code: "offline" },
  "server-silent": { code: "server-silent" },
  "slow-network": { code: "slow-network" },
  "coarse-clock": { code: "coarse-clock" },
  "nobody-directs": { code: "nobody-directs" },
  "turned-off": { code: "turned-off" },
  "storage-full": { code: "storage-full" },
  linking: { code: "linking", names: ["Bo"] },
  "source-gone": { code: "source-gone", names: [] },
  "slow-decode": { code: "slow-decode" },
  "others-wait": { code: "others-wait", waits: [{ name: "Bo", notReadyReason: null }] },
  "server-changed": { code: "server-changed" },
  "sound-settling": { code: "sound-settling" },
  "server-barred": { code: "server-barred" },
  "compare-key": { code: "compare-key" },
};

const BANNERS: { readonly [Code in Banner["code"]]: Extract<Banner, { code: Code }> } = {
  "server-lost": { code: "server-lost", isPlaying: true, isDirecting: true },
  offline: { code: "offline", isPlaying: true },
  "audio-interrupted": { code: "audio-interrupted" },
  "clock-watch": { code: "clock-watch", offByMs: 14 },
  "clocks-disagree": { code: "clocks-disagree", isOutvoted: true },
  "coarse-clock": { code: "coarse-clock", withinMs: 7 },
  unreachable: { code: "unreachable", names: ["Bo"], isEveryone: true, isBarred: true },
  refused: { code: "refused", reason: "swarm-full" },
  insecure: { code: "insecure" },
};

const NOT_READY_REASONS: Readonly<Record<NotReadyReason, true>> = {
  "turned-off": true,
  "storage-full": true,
  fetching: true,
  decoding: true,
  "sound-held": true,
  clock: true,
};

const ERRORS: Readonly<Record<ErrorCode, true>> = {
  "key-empty": true,
  "key-too-long": true,
  "key-mistyped": true,
  "wire-malformed": true,
  "wire-too-large": true,
  "wire-version": true,
  "wire-unsealed": true,
  "wire-unproven": true,
  "wire-replayed": true,
  "file-empty": true,
  "file-not-audio": true,
  "file-too-large": true,
  "file-too-long": true,
  "file-too-many": true,
  "file-undecodable": true,
  "file-unreadable": true,
  "file-is-folder": true,
  "file-failed": true,
  "storage-full": true,
  "audio-blocked": true,
  "audio-unsupported": true,
};
const errorCodes = Object.keys(ERRORS) as ErrorCode[];

const isSentence = (text: string) => /^[A-Z“‘]/.test(text) && !/undefined|null|NaN|\[object/.test(text);

describe("the words for what is going on", () => {
  it("say every status in a sentence", () => {
    for (const status of Object.values(STATUSES)) {
      expect(words.status(status), status.code).toSatisfy(isSentence);
    }
  });

  it("name the people who are waited for, as people list them", () => {
    expect(words.status(STATUSES["waiting-for"])).toBe("Waiting for Ada, Bo and Cy.");
  });

  it("offer the director to start without those who are missing", () => {
    const status = { ...STATUSES["waiting-for"], names: ["Cy"], canStart: true };
    expect(words.status(status)).toBe("Waiting for Cy. Start now, and they join once ready.");
    expect(words.figures(status)).toBe("");
    expect(words.figures({ ...status, withoutInSec: 12 })).toBe("starts without them in 12 s");
  });

  it("keep what counts out of the announced sentence", () => {
    const later = {
      ...STATUSES.fetching,
      held: { percent: 44, sound: null },
      remainingSec: 7,
      sources: ["Bo"],
    };
    expect(words.status(later)).toBe(words.status(STATUSES.fetching));
    expect(words.figures(STATUSES.fetching)).toBe("from Bo and Cy · 43% · ready in about 10 s");
    expect(words.status({ ...STATUSES.starting, inSec: 1 })).toBe(words.status(STATUSES.starting));
    expect(words.figures(STATUSES.starting)).toBe("in 3 s");
  });

  it("say every cause of a long wait, and what helps, in sentences", () => {
    for (const help of Object.values(HELPS)) {
      expect(words.help(help), help.code).toSatisfy(isSentence);
      expect(words.help(help), help.code).toMatch(/\.$/);
    }
  });

  it("say of every trouble what it is and what goes on or helps", () => {
    for (const banner of Object.values(BANNERS)) {
      expect(words.banner(banner), banner.code).toSatisfy(isSentence);
      expect(words.banner(banner), banner.code).toMatch(/\. .*\.$/);
    }
  });

  it("are all in the table of waits and troubles", () => {
    const table = readFileSync(join(import.meta.dirname, "../../../../docs/waits.md"), "utf8");
    const waits = ["joining", "electing", "fetching", "decoding", "waiting-for", "starting", "entering"];
    const codes = [...waits, ...Object.keys({ ...HELPS, ...BANNERS, ...NOT_READY_REASONS })];
    expect(codes.filter((code) => !table.includes(`\`${code}\``))).toEqual([]);
  });

  it("say what each of those who are waited for is at", () => {
    for (const notReadyReason of Object.keys(NOT_READY_REASONS) as NotReadyReason[]) {
      const waits = [
        { name: "Bo", notReadyReason },
        { name: "Cy", notReadyReason: null },
      ];
      const text = words.help({ code: "others-wait", waits });
      expect(text, notReadyReason).toSatisfy(isSentence);
      expect(text, notReadyReason).toMatch(/^Bo.+\. Cy has not answered yet\.$/);
    }
  });

  it("say that nobody can play a song, and what to do", () => {
    const nobody = { ...STATUSES.undecodable, isAnyoneAble: false };
    expect(words.status(nobody)).toBe(
      "“Glass Harbour” can’t be played by any phone here. Choose another song.",
    );
  });

  it("say how much of the sound is here, where it is known", () => {
    const sound = { playableSec: 750, durationSec: 3_480 };
    expect(words.files.held({ percent: 21, sound })).toBe("12:30 of 58:00 here");
    expect(words.files.held({ percent: 21, sound: null })).toBe("21%");
    expect(words.figures({ ...STATUSES.fetching, held: { percent: 21, sound } })).toContain(
      "12:30 of 58:00 here",
    );
  });

  it("say a long wait in minutes", () => {
    expect(words.figures({ ...STATUSES.fetching, remainingSec: 61 })).toContain("about 2 min");
  });

  it("[P18] say how long a song is and how long one may be", () => {
    const tooLong = { durationSec: 11_579, roomSec: 2_410 };
    const sentence = "This song is 3 h 12 min long; this device has memory for about 40 min.";
    expect(words.files.tooLong(tooLong)).toBe(sentence);
    expect(words.figures({ ...STATUSES.undecodable, tooLong })).toBe(sentence);
    expect(words.status({ ...STATUSES.undecodable, tooLong })).toContain("too long for this phone");
  });

  it("say whether music goes on when the server is lost", () => {
    const lost = { code: "server-lost", isDirecting: false } as const;
    expect(words.banner({ ...lost, isPlaying: true })).toContain("The music keeps playing");
    expect(words.banner({ ...lost, isPlaying: false })).not.toContain("music keeps playing");
  });

  it("say something useful about a refusal they have never heard of", () => {
    expect(words.banner({ code: "refused", reason: "a-later-reason" })).toSatisfy(isSentence);
    expect(words.banner({ code: "refused", reason: "page-incomplete" })).toContain("Reload the page");
  });

  it("say in every fixture what is going on, what is wrong and what happened", () => {
    for (const [name, view] of Object.entries(fixtures)) {
      expect(words.status(view.status), name).toSatisfy(isSentence);
      if (view.banner) expect(words.banner(view.banner), name).toSatisfy(isSentence);
      if (view.notice) expect(words.notice(view.notice.notice), name).toSatisfy(isSentence);
    }
  });
});

describe("the words for what came to nothing (E1)", () => {
  it.each(errorCodes)("say %s without its code, and end in a full stop", (code) => {
    for (const fileName of ["notes.pdf", null]) {
      const text = words.error(code, fileName);
      expect(text).toSatisfy(isSentence);
      expect(text).not.toContain(code);
      expect(text).toMatch(/\.$/);
    }
  });

  it.each(errorCodes.filter((code) => code.startsWith("file-")))("name the file in %s", (code) => {
    expect(words.error(code, "notes.pdf")).toContain("“notes.pdf”");
  });

  it("do not blame the person who sent a damaged piece", () => {
    const notice: Notice = { code: "bad-piece", name: "Bo", fileName: FILE };
    expect(words.notice(notice)).toBe(
      "A damaged piece of “Glass Harbour” from Bo was thrown away. Getting it again.",
    );
  });

  it("name whom no songs are taken from, and say what happens instead", () => {
    expect(words.notice({ code: "peer-dropped", name: "Bo" })).toBe(
      "Bo’s phone sent something that made no sense. No songs are taken from it; the others go on.",
    );
    expect(words.notice({ code: "link-unproven", name: "Bo" })).toBe(
      "Something sits between this phone and Bo’s, so they were parted before anything was shared. Trying again.",
    );
    expect(words.notice({ code: "source-silent", name: "Bo", fileName: FILE })).toBe(
      "Bo sends nothing of “Glass Harbour” just now. Getting it from the others.",
    );
  });

  it("say who runs the music after a hand-over", () => {
    const change = { code: "director-changed", name: "Bo", isMe: false, formerName: "Ada" } as const;
    expect(words.notice(change)).toBe("Ada stepped back. Bo now runs the music.");
    expect(words.notice({ ...change, isMe: true, formerName: null })).toBe("You now run the music.");
  });
});

describe("the names that docs/stable-names.md fixes", () => {
  it("are the English words", () => {
    expect(words.home.keyLabel).toBe("Swarm key");
    expect(words.home.join).toMatch(/^Join/);
    expect(words.home.joinInvited).toMatch(/^Join/);
    expect(words.home.newSwarm).toBe("New swarm");
    expect([words.swarm.leave, words.swarm.invite, words.invite.copy]).toEqual([
      "Leave",
      "Invite",
      "Copy link",
    ]);
    expect([words.people.title, words.people.you, words.people.director]).toEqual([
      "People",
      "you",
      "director",
    ]);
    expect([words.files.title, words.files.add, words.files.seeded]).toEqual([
      "Files",
      "Add files",
      "seeded",
    ]);
    expect(words.files.enabledName("song.mp3")).toMatch(/^Enabled/);
    expect(words.files.play("song.mp3")).toMatch(/^Play/);
    expect([words.now.stop, words.now.startNow]).toEqual(["Stop", "Start now"]);
    expect([words.now.pause, words.now.goOn, words.now.previous, words.now.next]).toEqual([
      "Pause",
      "Play",
      "Previous",
      "Next",
    ]);
    expect([words.now.tempo, words.now.loop]).toEqual(["Tempo", "Loop A–B"]);
    for (const said of Object.values(words.now.repeat)) expect(said).toMatch(/^Repeat/);
    expect([words.queue.title, words.queue.lock]).toEqual(["Queue", "Lock the queue"]);
    const { add, addNext, remove, up, down, boost } = words.queue;
    expect([add, addNext, remove, up, down, boost].map((say) => say("song.mp3"))).toEqual([
      "Queue song.mp3",
      "Play next: song.mp3",
      "Remove song.mp3",
      "Move up song.mp3",
      "Move down song.mp3",
      "Boost song.mp3",
    ]);
    expect(Object.values(words.tabs)).toEqual(["Music", "People", "This phone"]);
    expect([words.speaker.label, words.speaker.clickTest]).toEqual(["Speaker delay", "Click test"]);
    expect([words.people.takeOver, words.people.resign]).toEqual(["Take over", "Resign"]);
    expect([words.details.title, words.details.copy]).toEqual(["Details", "Copy diagnostics"]);
    expect(words.details.clock.locked).toBe("in step");
    expect(words.sound.rejoin).toBe("Tap to rejoin the music");
    expect(words.people.sync).toMatchObject({ tight: "tight", good: "good", loose: "loose", off: "off" });
    expect(words.people.sync.unaligned).toBe("may be off");
  });
});

describe.each(LANGUAGE_TAGS.filter((tag) => tag !== "en"))(
  "the words for what goes on, in %s",
  async (tag) => {
    const other = await FETCH_COPY[tag]();
    const isSaid = (text: string) => text !== "" && !/undefined|null|NaN|\[object/.test(text);

    it("differ from the English ones for every status and every error (E1)", () => {
      for (const status of Object.values(STATUSES)) {
        expect(other.status(status), status.code).toSatisfy(isSaid);
        expect(other.status(status), status.code).not.toBe(words.status(status));
      }
      for (const code of errorCodes) {
        for (const fileName of ["notes.pdf", null]) {
          const text = other.error(code, fileName);
          expect(text, code).toSatisfy(isSaid);
          expect(text, code).not.toBe(words.error(code, fileName));
          expect(text, code).toMatch(/[.。]$/);
          if (code.startsWith("file-") && fileName) expect(text, code).toContain(fileName);
        }
      }
    });

    it("differ for every cause of a wait, every not-ready reason and every trouble", () => {
      const waits = (Object.keys(NOT_READY_REASONS) as NotReadyReason[]).map((notReadyReason) => [
        { name: "Bo", notReadyReason },
      ]);
      const helps: Help[] = [
        ...Object.values(HELPS),
        { code: "source-gone", names: ["Bo"] },
        ...waits.map((wait) => ({ code: "others-wait", waits: wait }) as const),
      ];
      for (const help of helps) {
        const text = other.help(help);
        expect(text, help.code).toSatisfy(isSaid);
        expect(text, help.code).not.toBe(words.help(help));
        expect(text, help.code).toMatch(/[.。]$/);
        if ("names" in help && help.names.length > 0) expect(text, help.code).toContain("Bo");
        if ("waits" in help) expect(text).toContain("Bo");
      }
      for (const banner of Object.values(BANNERS)) {
        expect(other.banner(banner), banner.code).not.toBe(words.banner(banner));
      }
    });

    it("say something of their own in every fixture", () => {
      for (const [name, { status, banner, notice }] of Object.entries(fixtures)) {
        expect(other.figures(status), name).not.toMatch(/undefined|null|NaN|\[object/);
        if (banner) expect(other.banner(banner), name).not.toBe(words.banner(banner));
        if (notice) expect(other.notice(notice.notice), name).not.toBe(words.notice(notice.notice));
      }
    });

    it("say how much of the sound is here with both figures", () => {
      const said = other.files.held({ percent: 21, sound: { playableSec: 750, durationSec: 3_480 } });
      expect(said).toMatch(/12:30/);
      expect(said).toMatch(/58:00/);
    });

    it("know the refusals that the English ones know", () => {
      const anyRefusal = other.banner({ code: "refused", reason: "a-later-reason" });
      for (const reason of ["wrong-version", "taken-over", "swarm-full", "page-incomplete", "not-admitted"]) {
        expect(other.banner({ code: "refused", reason }), reason).not.toBe(anyRefusal);
      }
    });

    it("keep what counts out of the announced sentence", () => {
      const later = {
        ...STATUSES.fetching,
        held: { percent: 44, sound: null },
        remainingSec: 7,
        sources: ["Bo"],
      };
      expect(other.status(later)).toBe(other.status(STATUSES.fetching));
    });
  },
);
