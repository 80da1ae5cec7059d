import { describe, expect, it } from "vitest";
import { SMALL_BROADCAST_BYTES, SMALL_PAIRWISE_BYTES } from "../control/index.ts";
import { EMPTY_PLAN } from "../director/index.ts";
import { type EntryId, type FileId, type UserId, utf8, WireError } from "../lib/index.ts";
import { SeededRandom } from "../lib/testing/index.ts";
import { decodePeerMessage, encodePeerMessage, type PeerMessage } from "../session/core/peer-message.ts";
import { cleanName } from "../session/core/person-name.ts";
import { Roster } from "../session/core/roster.ts";
import type { Signal } from "../transfer/index.ts";
import { inviteLink, readAddress } from "./address.ts";
import { friendlyName, leaveIdentity, takeIdentity } from "./storage/identity.ts";

const id = (letter: string) => letter.repeat(32) as UserId;

const status: PeerMessage = {
  kind: "status",
  asks: false,
  status: {
    name: "Blue Heron",
    isVisible: true,
    readyFileId: null,
    isUnable: false,
    rttMs: 1.5,
    speakerDelayMs: 0,
    startMs: 250,
    syncErrorMs: -0.2,
    uncertaintyMs: 0.4,
    isClicking: false,
    isPhone: true,
    notReadyReason: "decoding",
    troubles: [{ filePrefix: "ab".repeat(8), trouble: "short" }],
    isOver: false,
    isUnaligned: false,
  },
};

describe("a peer's message", () => {
  it("survives the way there", () => {
    expect(decodePeerMessage(encodePeerMessage(status))).toEqual(status);
    const heartbeat: PeerMessage = {
      kind: "heartbeat",
      heartbeat: { record: { term: 3, userId: id("a"), resigned: false }, plan: EMPTY_PLAN },
      queueStamp: null,
    };
    expect(decodePeerMessage(encodePeerMessage(heartbeat))).toEqual(heartbeat);
  });

  it("keeps every bit of a status and a heartbeat", () => {
    const fileId = "f0".repeat(32) as FileId;
    if (status.kind !== "status") throw new Error("a status");
    const other = { ...status.status, isVisible: false, isUnable: true, isClicking: true, isPhone: false };
    const full: PeerMessage = {
      ...status,
      asks: true,
      status: { ...other, readyFileId: fileId, syncErrorMs: null, speakerDelayMs: 2000, rttMs: 6553.5 },
    };
    expect(decodePeerMessage(encodePeerMessage(full))).toEqual(full);
    for (const state of ["stopped", "preparing", "playing"] as const) {
      const plan = {
        ...EMPTY_PLAN,
        term: 0xffffffff,
        rev: 0xffffffff,
        clockId: "north",
        fileId,
        state,
        globalStartUs: -0.5,
        entryId: "0123456789abcdef" as EntryId,
        repeat: "one" as const,
        loopUs: [0.5, 1e6] as const,
        tempo: 50,
        crossfadeMs: 12_000,
      };
      const record = { term: 0xffffffff, userId: id("9"), resigned: true };
      for (const queueStamp of [null, { ...record, rev: 3 }, { term: 2, userId: id("8"), rev: 0xffffffff }]) {
        const stamp = queueStamp && { term: queueStamp.term, userId: queueStamp.userId, rev: queueStamp.rev };
        const heartbeat: PeerMessage = { kind: "heartbeat", heartbeat: { record, plan }, queueStamp: stamp };
        expect(decodePeerMessage(encodePeerMessage(heartbeat))).toEqual(heartbeat);
      }
    }
  });

  const changedStatus = (change: (bytes: Uint8Array) => void): Uint8Array => {
    const bytes = encodePeerMessage(status).slice();
    change(bytes);
    return bytes;
  };

  const heartbeatBytes = (
    change: (bytes: Uint8Array, view: DataView) => Uint8Array | undefined,
  ): Uint8Array => {
    const record = { term: 3, userId: id("a"), resigned: false };
    const bytes = encodePeerMessage({
      kind: "heartbeat",
      heartbeat: { record, plan: EMPTY_PLAN },
      queueStamp: null,
    }).slice();
    return change(bytes, new DataView(bytes.buffer)) ?? bytes;
  };

  it.each([
    ["empty", new Uint8Array()],
    ["not JSON", utf8("{")],
    ["of an unknown kind", utf8('{"k":"dance"}')],
    ["of an unknown type", Uint8Array.of(9, 0, 0)],
    ["a plan at no time", heartbeatBytes((_, view) => void view.setFloat64(31, Number.NaN))],
    ["a plan at the end of time", heartbeatBytes((_, view) => void view.setFloat64(31, 1e300))],
    ["a position before the song", heartbeatBytes((_, view) => void view.setFloat64(39, -1))],
    ["a state that is none", heartbeatBytes((_, view) => void view.setUint8(1, 12))],
    ["a flag that is none", heartbeatBytes((_, view) => void view.setUint8(1, 64))],
    ["another flag that is none", heartbeatBytes((_, view) => void view.setUint8(2, 16))],
    ["an entry without a file", heartbeatBytes((_, view) => void view.setUint8(2, 1))],
    ["a pace that is none", heartbeatBytes((_, view) => void view.setUint8(47, 49))],
    ["a crossfade that is none", heartbeatBytes((_, view) => void view.setUint16(48, 12_001))],
    ["a clock with an endless name", heartbeatBytes((_, view) => void view.setUint8(50, 255))],
    ["a heartbeat of too few bytes", heartbeatBytes((bytes) => bytes.subarray(0, 40))],
    ["a heartbeat of too many bytes", heartbeatBytes((bytes) => Uint8Array.of(...bytes, 0))],
    ["a trouble that is none", changedStatus((bytes) => bytes.set([3], 14 + 8))],
    ["a time to start beyond any output", changedStatus((bytes) => bytes.set([0x07, 0xd1], 7))],
    ["more troubles than eight", changedStatus((bytes) => bytes.set([0x94], 2))],
    ["troubles that run over", changedStatus((bytes) => bytes.set([0x84], 2))],
    ["a status of too few bytes", encodePeerMessage(status).subarray(0, 7)],
    ["a name that is not UTF-8", Uint8Array.of(...encodePeerMessage(status), 0xff)],
    ["an endless name", Uint8Array.of(...encodePeerMessage(status), ...new Uint8Array(200).fill(97))],
  ])("is refused when it is %s", (_, bytes) => {
    expect(() => decodePeerMessage(bytes)).toThrow(WireError);
  });

  it("carries signals, and refuses what is none", () => {
    const session = "0123456789abcdef";
    const candidate = `candidate:842163049 1 udp 1677729535 192.168.100.105 46154 typ srflx raddr 0.0.0.0 rport 0`;
    const signals: Signal[] = [
      { kind: "offer", session, sdp: "v=0", isRestart: false },
      { kind: "candidate", session, candidate: { candidate, sdpMid: "0" } },
    ];
    for (const signal of signals) {
      const message: PeerMessage = { kind: "signal", signal };
      expect(decodePeerMessage(encodePeerMessage(message))).toEqual(message);
    }
    const candidateBytes = encodePeerMessage({ kind: "signal", signal: signals[1] as Signal }).length;
    expect(candidateBytes).toBeLessThanOrEqual(SMALL_PAIRWISE_BYTES);
    expect(() => decodePeerMessage(utf8('{"k":"g","g":{"kind":"shout"}}'))).toThrow(WireError);
    expect(() => decodePeerMessage(utf8('{"k":"c","c":["no session","x",null]}'))).toThrow(WireError);
  });

  it("fits the smallest envelope, but for descriptions", () => {
    const fileId = "f".repeat(64) as FileId;
    const entryId = "0123456789abcdef" as EntryId;
    const plan = { ...EMPTY_PLAN, term: 12, rev: 345, clockId: "0123456789abcdef", fileId, entryId };
    const record = { term: 12, userId: id("a"), resigned: false };
    const queueStamp = { term: 12, userId: id("a"), rev: 7 };
    const loopUs = [1e6, 2e6] as const;
    const late = { ...plan, state: "playing" as const, globalStartUs: 1234567890123.5, loopUs };
    const heartbeat: PeerMessage = { kind: "heartbeat", heartbeat: { record, plan: late }, queueStamp };
    if (status.kind !== "status") throw new Error("a status");
    const name = "Анна-Мария Константинопольская-Заречная"; // 40 letters of two bytes
    const playing: PeerMessage = {
      ...status,
      status: { ...status.status, name, readyFileId: fileId, troubles: [] },
    };
    expect(encodePeerMessage(heartbeat).length).toBeLessThanOrEqual(SMALL_BROADCAST_BYTES);
    expect(encodePeerMessage(playing).length).toBeLessThanOrEqual(SMALL_BROADCAST_BYTES);
  });

  it("has names cleaned of controls and direction overrides, and kept short", () => {
    expect(cleanName("  Ada\u202e\u0000 \n Lark ")).toBe("Ada Lark");
    expect(cleanName("x".repeat(99))).toHaveLength(40);
    const spoofed = { ...status, status: { ...status.status, name: "\u2066Bo\u2069" } };
    expect(decodePeerMessage(encodePeerMessage(spoofed))).toMatchObject({ status: { name: "Bo" } });
  });
});

describe("the address", () => {
  const at = (hash: string) => ({
    hash,
    host: "party.test",
    protocol: "https:",
    origin: "https://party.test",
    pathname: "/",
  });

  it("names the swarm in its fragment, however it is written", () => {
    expect(readAddress(at("#k7qf9txm2b4d"))).toEqual({ key: "K7QF-9TXM-2B4D", server: "wss://party.test" });
    expect(readAddress(at(""))).toEqual({ key: "", server: "wss://party.test" });
  });

  it("may name another server, but only a WebSocket one", () => {
    expect(readAddress(at("#K7QF-9TXM-2B4D?server=wss://else.test")).server).toBe("wss://else.test");
    expect(readAddress(at("#K7QF-9TXM-2B4D?server=javascript:alert(1)")).server).toBe("wss://party.test");
  });

  it.each([
    ["/unisono/", "wss://party.test/unisono"],
    ["/our/music/", "wss://party.test/our/music"],
    ["/unisono/index.html", "wss://party.test/unisono"],
    ["/index.html", "wss://party.test"],
  ])("[O10] leads to a server behind the path %s", (pathname, server) => {
    const location = { ...at("#old"), pathname };
    expect(readAddress(location).server).toBe(server);
    expect(inviteLink(location, "k7qf9txm2b4d")).toBe(`https://party.test${pathname}#K7QF-9TXM-2B4D`);
  });

  it.each([
    ["wss://else.test/unisono", "wss://else.test/unisono"],
    ["ws://else.test:8000/unisono/", "ws://else.test:8000/unisono"],
    ["wss://ada:secret@else.test/?q#f", "wss://else.test"],
  ])("[O10] may name a server behind a path: %s", (named, server) => {
    expect(readAddress(at(`#K7QF-9TXM-2B4D?server=${encodeURIComponent(named)}`)).server).toBe(server);
  });

  it("is the invitation", () => {
    expect(inviteLink(at("#old"), "k7qf9txm2b4d")).toBe("https://party.test/#K7QF-9TXM-2B4D");
    expect(inviteLink(at("#old?server=wss://else.test"), "my key")).toBe(
      "https://party.test/#my%20key?server=wss://else.test",
    );
    const typed = readAddress({ ...at("#my%20key") });
    expect(typed.key).toBe("my key");
  });
});

describe("the identity", () => {
  function memory(): Storage {
    const items = new Map<string, string>();
    return {
      getItem: (key: string) => items.get(key) ?? null,
      setItem: (key: string, value: string) => void items.set(key, value),
      removeItem: (key: string) => void items.delete(key),
    } as unknown as Storage;
  }

  it("survives a reload but is not shared with a duplicated tab", () => {
    const storage = memory();
    const before = takeIdentity(storage, new SeededRandom(1));
    expect(takeIdentity(storage, new SeededRandom(2)).sessionSeed).not.toEqual(before.sessionSeed);
    const left = { ...before, epoch: before.epoch + 2 };
    leaveIdentity(storage, left);
    expect(takeIdentity(storage, new SeededRandom(3))).toEqual(left);
  });

  it("is made anew when what was stored makes no sense", () => {
    const storage = memory();
    storage.setItem("unisono.identity", '{"seed":"zz","name":7}');
    expect(takeIdentity(storage, new SeededRandom(1)).name).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+$/);
  });

  it("has a friendly name", () => {
    expect(friendlyName(new SeededRandom(5))).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+$/);
  });
});

describe("the roster", () => {
  const member = (letter: string, away: boolean) => ({
    userId: id(letter),
    away,
    sessionKey: "",
    announcement: "",
  });

  it("keeps what a peer said over a reconnect and forgets who is gone", () => {
    const roster = new Roster();
    roster.replace([member("b", false), member("c", false)]);
    if (status.kind === "status") roster.heard(id("b"), status.status);
    expect(roster.replace([member("b", true)]).gone).toEqual([id("c")]);
    expect(roster.get(id("b"))).toMatchObject({ isAway: true, status: { name: "Blue Heron" } });
  });

  it("[S12] tells the file swarm who is on a phone, from the status on, and who is away", () => {
    const roster = new Roster();
    roster.replace([member("b", false), member("c", true)]);
    expect(roster.swarmMembers).toEqual([
      { userId: id("b"), away: false, isPhone: false },
      { userId: id("c"), away: true, isPhone: false },
    ]);
    if (status.kind === "status") roster.heard(id("b"), status.status);
    expect(roster.swarmMembers[0]).toEqual({ userId: id("b"), away: false, isPhone: true });
  });

  it("does not listen to strangers", () => {
    const roster = new Roster();
    expect(status.kind === "status" && roster.heard(id("d"), status.status)).toBe(false);
    roster.presence(id("d"), true);
    expect(roster.peers).toEqual([]);
  });
});
