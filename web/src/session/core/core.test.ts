// What a session decides, event by event: told things and the time, looked at by its effects. The engines are plain data.

import { describe, expect, it } from "vitest";
import type { PlaybackReading } from "../../audio/index.ts";
import type { ClockState } from "../../clock/index.ts";
import type { CheckedServerMessage } from "../../control/index.ts";
import { EMPTY_PLAN, type Heartbeat } from "../../director/index.ts";
import type { EntryId, UserId } from "../../lib/index.ts";
import { DIRECTOR_SILENCE_MS } from "../../protocol/constants/director.gen.ts";
import { SERVER_SILENCE_MS } from "../../protocol/constants/session.gen.ts";
import { id, song, songId } from "../../view/testing/plain-facts.ts";
import { PLAIN_STATUS } from "../testing/sim-member.ts";
import { SessionCore } from "./core.ts";
import type { Engines, SessionEffect, SessionEvent } from "./event.ts";
import type { PeerStatus } from "./peer-message.ts";

const PLAY = { type: "play", fileId: songId, requestId: "1".repeat(16) as EntryId } as const;

type Kind = SessionEffect["type"];
type Of<K extends Kind> = Extract<SessionEffect, { readonly type: K }>;

/** Ada's session: a locked clock whose global time is the local one, and a player that has nothing yet. */
class Desk {
  localMs = 0;
  loadedId: string | null = null;
  clockState: ClockState = "locked";
  playback: Partial<PlaybackReading> = { state: "idle", errorMs: null };
  silentMs = 0;
  effects: readonly SessionEffect[] = [];
  readonly core: SessionCore;

  constructor() {
    const desk = this;
    const estimate = { clockId: "north", rttMs: 10 };
    const engines = {
      clock: {
        estimate,
        get state() {
          return desk.clockState;
        },
        globalUsAt: (localMs: number) => localMs * 1000,
        toCurrentClock: (globalUs: number) => globalUs,
      },
      player: {
        isLoaded: (fileId: string) => fileId === desk.loadedId,
        lengthOf: (fileId: string) =>
          fileId === desk.loadedId ? { durationSec: 180, decodedSec: 180 } : null,
        get loadedId() {
          return desk.loadedId;
        },
        isUnlocked: true,
        isSettled: true,
        durationSec: 180,
        decodedSec: 180,
        read: () => desk.playback,
      },
      controller: {
        refusalOf: () => null,
        positionSecAt: () => null,
        soundingAt: () => null,
        troubles: new Map(),
        isUnalignedAt: () => false,
        isDecoding: false,
      },
      files: () => [song()],
      shareOf: () => null,
      durationUsOf: () => null,
      chirps: () => null,
      isClockDisputed: () => false,
      serverSilentMs: () => desk.silentMs,
    };
    const own = {
      me: id("a"),
      isPhone: false,
      name: "Ada",
      tappedLocalMs: 0,
      role: "all",
      firstChoice: 0,
    } as const;
    this.core = new SessionCore(own, engines as unknown as Engines);
  }

  tell(event: SessionEvent, afterMs = 0): this {
    this.localMs += afterMs;
    this.effects = this.core.handle(event, this.localMs);
    return this;
  }

  server(message: CheckedServerMessage): this {
    return this.tell({ type: "server", message });
  }

  welcome(...others: UserId[]): this {
    const members = others.map((userId) => ({
      userId,
      sessionKey: "key",
      announcement: "words",
      away: false,
    }));
    const message = { type: "welcome", nodeId: "n1", members, iceServers: [] };
    return this.server(message as unknown as CheckedServerMessage);
  }

  /** Somebody says how they are. */
  hear(from: UserId, status: Partial<PeerStatus> = {}, asks = false): this {
    const message = { kind: "status", status: { ...PLAIN_STATUS, ...status }, asks } as const;
    return this.tell({ type: "peer", from, message });
  }

  tick(afterMs = 200): this {
    return this.tell({ type: "tick" }, afterMs);
  }

  of<K extends Kind>(type: K): Of<K>[] {
    return this.effects.filter((effect): effect is Of<K> => effect.type === type);
  }

  get heartbeats(): Heartbeat[] {
    return this.of("send").flatMap(({ message }) =>
      message.kind === "heartbeat" ? [message.heartbeat] : [],
    );
  }

  get target() {
    const [aim, ...more] = this.of("aim");
    expect(more).toEqual([]);
    return aim?.target;
  }

  get news() {
    return this.of("tell").map(({ news }) => news);
  }
}

/** Alone, and so the director. */
const alone = (): Desk => new Desk().welcome().tick(2_000);

describe("a tap on Play", () => {
  it("becomes a heartbeat to all and a target for the loudspeaker, in this order", () => {
    const desk = alone().tell(PLAY);
    expect(desk.heartbeats.at(-1)?.plan).toMatchObject({ state: "preparing", fileId: songId });
    expect(desk.target).toMatchObject({ plan: { state: "preparing" }, isReady: false });
    const order = desk.effects.map(({ type }) => type);
    expect(order.indexOf("send")).toBeLessThan(order.indexOf("aim"));
  });

  it("prepares the song, and starts it as soon as all are ready, without waiting for a tick", () => {
    const desk = alone().welcome(id("b")).hear(id("b")).tell({ type: "take-over" });
    desk.tell(PLAY);
    desk.loadedId = songId;
    desk.tell({ type: "engine-changed" });
    expect(desk.target).toMatchObject({ plan: { state: "preparing" }, isReady: true });
    expect(desk.core.state.waiting?.missing).toEqual([id("b")]);
    desk.hear(id("b"), { readyFileId: songId });
    expect(desk.target?.plan).toMatchObject({ state: "playing", fileId: songId });
    expect(desk.target?.plan.globalStartUs).toBeGreaterThan(desk.localMs * 1000);
    expect(desk.core.state.waiting).toBeNull();
  });

  it("lets a song be prepared before it starts, also where all were ready for it all the time", () => {
    const desk = alone();
    desk.loadedId = songId;
    desk.tell(PLAY);
    expect(desk.target?.plan.state).toBe("preparing");
    desk.tell({ type: "engine-changed" }); // as the shell says, once the player has the plan
    expect(desk.target?.plan.state).toBe("playing");
    desk.tell({ type: "pause" }).tell(PLAY);
    expect(desk.target?.plan.state).toBe("preparing");
  });

  it("does nothing where somebody else directs", () => {
    const desk = new Desk().welcome(id("b"));
    const record = { term: 7, userId: id("b"), resigned: false };
    desk.tell({
      type: "peer",
      from: id("b"),
      message: { kind: "heartbeat", heartbeat: { record, plan: EMPTY_PLAN }, queueStamp: null },
    });
    desk.tell(PLAY);
    expect(desk.heartbeats).toEqual([]);
    expect(desk.target?.plan.state).toBe("stopped");
  });
});

describe("an event that changes nothing", () => {
  it("may come at any time: nothing is said, and the target stays", () => {
    const desk = alone().tell(PLAY);
    const { target } = desk;
    for (let again = 0; again < 50; again++) {
      desk.tell({ type: "engine-changed" });
      expect(desk.target).toEqual(target);
      expect(desk.of("send")).toEqual([]);
      expect(desk.news).toEqual([]);
    }
  });

  it("asks for a greeting of who is not believed, once a second, and does nothing else", () => {
    const desk = new Desk().welcome(id("b")).tick();
    desk.tell({ type: "unproven", from: id("b") });
    expect(desk.effects).toMatchObject([{ type: "send", to: id("b"), message: { asks: true } }]);
    expect(desk.tell({ type: "unproven", from: id("b") }, 500).effects).toEqual([]);
    expect(desk.tell({ type: "unproven", from: id("b") }, 600).effects).toHaveLength(1);
  });

  it("the first locked estimate is marked, and decides nothing yet", () => {
    const desk = alone();
    desk.tell({ type: "clock-locked" }, 40);
    expect(desk.effects).toEqual([]);
    expect(desk.core.state.timings.clockLockedMs).toBe(desk.localMs);
    desk.tell({ type: "clock-locked" }, 1_000);
    expect(desk.core.state.timings.clockLockedMs).toBe(desk.localMs - 1_000);
  });
});

describe("who is here", () => {
  it("is met before anything is said to them, greeted, and linked", () => {
    const desk = new Desk().welcome(id("b"), id("c"));
    const order = desk.effects.map(({ type }) => type);
    expect(order.lastIndexOf("meet")).toBeLessThan(order.indexOf("send"));
    const greeted = desk.of("send").flatMap(({ to, message }) => (message.kind === "status" ? [to] : []));
    expect(greeted).toEqual(expect.arrayContaining([id("b"), id("c")]));
    const [members] = desk.of("set-members");
    expect(members?.members.map(({ userId }) => userId)).toEqual([id("b"), id("c")]);
  });

  it("is linked anew only when somebody came, went or turns out to be a phone", () => {
    const desk = new Desk().welcome(id("b"));
    expect(desk.hear(id("b")).of("set-members")).toEqual([]);
    expect(desk.hear(id("b"), { isPhone: true }).of("set-members")).toHaveLength(1);
    expect(desk.hear(id("b"), { isPhone: true }).of("set-members")).toEqual([]);
  });

  it("is forgotten with their keys when they leave, and named once", () => {
    const desk = new Desk().welcome(id("b")).hear(id("b"), { name: "Bo" });
    desk.server({ type: "left", userId: id("b") } as CheckedServerMessage);
    expect(desk.of("forget")).toEqual([{ type: "forget", userId: id("b") }]);
    expect(desk.news).toContainEqual({ code: "left", userId: id("b"), name: "Bo" });
    desk.server({ type: "left", userId: id("b") } as CheckedServerMessage);
    expect(desk.news).toEqual([]);
  });

  it("is answered when they ask for a greeting, and nobody else is", () => {
    const desk = new Desk().welcome(id("b"), id("c")).tick();
    desk.hear(id("b"), {}, true);
    expect(desk.of("send").flatMap(({ to }) => (to === null ? [] : [to]))).toEqual([id("b")]);
  });

  it("is no longer heard when a stranger speaks", () => {
    const desk = alone().hear(id("d"), { name: "Dee" });
    expect(desk.core.state.roster.peers).toEqual([]);
  });
});

describe("who directs", () => {
  it("[D18] is not thought gone while not even the server is heard", () => {
    const desk = new Desk().welcome(id("b"));
    desk.silentMs = SERVER_SILENCE_MS + 1;
    for (let waitedMs = 0; waitedMs < 3 * DIRECTOR_SILENCE_MS; waitedMs += 200) desk.tick();
    expect(desk.core.state.director.role.name).toBe("following");
    desk.silentMs = 0;
    for (let waitedMs = 0; waitedMs < 3 * DIRECTOR_SILENCE_MS; waitedMs += 200) desk.tick();
    expect(desk.core.state.director.role.name).toBe("directing");
  });

  it("takes the relays it is told of with its first company, and those that are renewed", () => {
    const relay = { urls: ["turn:turn.test"], username: "1:2", credential: "3" };
    const desk = alone();
    expect(desk.core.state.iceServers).toEqual([]);
    const joined = { type: "joined", userId: id("b"), sessionKey: "key", iceServers: [relay] };
    desk.server(joined as unknown as CheckedServerMessage);
    expect(desk.core.state.iceServers).toEqual([relay]);
    desk.server({ ...joined, userId: id("c"), iceServers: undefined } as unknown as CheckedServerMessage);
    expect(desk.core.state.iceServers).toEqual([relay]);
    const renewed = { ...relay, username: "9:2" };
    desk.server({ type: "ice", iceServers: [renewed] });
    expect(desk.core.state.iceServers).toEqual([renewed]);
  });

  it("is told to the page once, with who did before", () => {
    const desk = alone();
    const record = { term: 9, userId: id("b"), resigned: false };
    desk.server({ type: "joined", userId: id("b"), sessionKey: "key" } as unknown as CheckedServerMessage);
    const message = { kind: "heartbeat", heartbeat: { record, plan: EMPTY_PLAN }, queueStamp: null } as const;
    desk.tell({ type: "peer", from: id("b"), message });
    expect(desk.news).toEqual([{ code: "director-changed", userId: id("b"), former: id("a") }]);
    desk.tell({ type: "peer", from: id("b"), message });
    expect(desk.news).toEqual([]);
  });

  it("stops the clock's probes with the connection, and starts them with the next welcome", () => {
    const desk = alone().tell({ type: "control-changed", state: "retrying" });
    expect(desk.of("stop-clock")).toHaveLength(1);
    expect(desk.core.state.director.role.name).toBe("detached");
    expect(desk.welcome().of("start-clock")).toHaveLength(1);
  });
});

describe("what is heard and done meanwhile", () => {
  it("carries the speaker delay, and the clicks of whoever clicks", () => {
    const desk = alone().tell({ type: "own-set", own: { speakerDelayMs: 120 } });
    expect(desk.target).toMatchObject({ speakerDelayMs: 120, tones: null });
    expect(desk.tell({ type: "own-set", own: { isClicking: true } }).target?.tones?.id).toBe("click-test");
    desk.tell({ type: "own-set", own: { isClicking: false } }).welcome(id("b"));
    expect(desk.hear(id("b"), { isClicking: true }).target?.tones?.id).toBe("click-test");
    expect(desk.hear(id("b")).target?.tones).toBeNull();
  });

  it("leaves the network to the clock while a song plays, and reads tags only while nothing is chosen to sound", () => {
    const desk = alone();
    expect(desk.of("set-background")).toMatchObject([
      { activity: "idle", isPlaying: false, readsTags: true },
    ]);
    desk.tell(PLAY);
    const preparing = {
      needed: [songId],
      hasChosen: true,
      activity: "pre-roll",
      isPlaying: false,
      isComparing: true,
    };
    expect(desk.of("set-background")).toMatchObject([{ ...preparing, readsTags: false }]);
    desk.loadedId = songId;
    desk.playback = { state: "playing", errorMs: 0.1 };
    desk.tick();
    expect(desk.of("set-background")).toMatchObject([
      { activity: "playing", isPlaying: true, isComparing: false },
    ]);
    expect(desk.core.state.timings.firstSoundMs).toBe(desk.localMs);
    desk.tell({ type: "stop" });
    expect(desk.of("set-background")).toMatchObject([{ hasChosen: false, isPlaying: false }]);
  });

  it("says how it is when that is news, and not with every event", () => {
    const desk = new Desk().welcome(id("b")).hear(id("b")).tick();
    const statuses = (): unknown[] =>
      desk.of("send").filter(({ to, message }) => to === null && message.kind === "status");
    expect(desk.tell({ type: "own-set", own: { name: "Ada B." } }).effects).toContainEqual(
      expect.objectContaining({
        type: "send",
        to: null,
        message: expect.objectContaining({ status: expect.objectContaining({ name: "Ada B." }) }),
      }),
    );
    desk.tell({ type: "own-set", own: { name: "Ada B." } });
    expect(statuses()).toEqual([]);
    expect(desk.tell({ type: "own-set", own: { isVisible: false } }) && statuses()).toHaveLength(1);
  });

  it("passes on what is for a calibration as it came", () => {
    const desk = new Desk().welcome(id("b"));
    const calibration = { act: "end" } as const;
    desk.tell({ type: "peer", from: id("b"), message: { kind: "calibration", calibration } });
    expect(desk.of("take-calibration")).toEqual([{ type: "take-calibration", from: id("b"), calibration }]);
  });

  it("[E18] names one member to the page only so often", () => {
    const desk = new Desk().welcome(id("b"));
    const counts = Array.from({ length: 10 }, () => {
      const news = { code: "bad-piece", from: id("b"), fileName: "x" } as never;
      return desk.tell({ type: "swarm", news }, 10).news.length;
    });
    expect(counts.slice(0, 4)).toEqual([1, 1, 1, 1]);
    expect(counts.slice(4)).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
