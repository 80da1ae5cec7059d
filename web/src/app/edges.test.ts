import { describe, expect, it } from "vitest";
import { EMPTY_PLAN } from "../director/index.ts";
import { type FileId, type UserId, utf8, WireError } from "../lib/index.ts";
import { SeededRandom } from "../lib/testing/index.ts";
import type { Signal } from "../swarm/index.ts";
import { inviteLink, readAddress } from "./address.ts";
import { friendlyName, leaveIdentity, takeIdentity } from "./identity.ts";
import { decodePeerMessage, encodePeerMessage, type PeerMessage } from "./peer-message.ts";
import { cleanName } from "./person-name.ts";
import { Roster } from "./roster.ts";

const id = (letter: string) => letter.repeat(32) as UserId;

const status: PeerMessage = {
  kind: "status",
  status: {
    name: "Blue Heron",
    isVisible: true,
    readyFileId: null,
    isUnable: false,
    rttMs: 1.5,
    speakerDelayMs: 0,
    syncErrorMs: -0.2,
    isClicking: false,
    isPhone: true,
    hindrance: "decoding",
    isOver: false,
  },
};

describe("a peer's message", () => {
  it("survives the way there", () => {
    expect(decodePeerMessage(encodePeerMessage(status))).toEqual(status);
    const beat: PeerMessage = {
      kind: "beat",
      beat: { record: { term: 3, userId: id("a"), resigned: false }, plan: EMPTY_PLAN },
    };
    expect(decodePeerMessage(encodePeerMessage(beat))).toEqual(beat);
  });

  it.each([
    ["not JSON", "{"],
    ["of an unknown kind", '{"k":"dance"}'],
    [
      "an endless term",
      JSON.stringify({ k: "b", r: [2 ** 53, id("a"), false], p: [0, 0, "", null, 0, 0, 0] }),
    ],
    [
      "a plan at no time",
      JSON.stringify({ k: "b", r: [1, id("a"), false], p: [0, 0, "", null, 0, null, 0] }),
    ],
    ["a beat of too few parts", JSON.stringify({ k: "b", r: [1, id("a"), false], p: [] })],
  ])("is refused when it is %s", (_, text) => {
    expect(() => decodePeerMessage(utf8(text))).toThrow(WireError);
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
    expect(encodePeerMessage({ kind: "signal", signal: signals[1] as Signal }).length).toBeLessThanOrEqual(
      197,
    );
    expect(() => decodePeerMessage(utf8('{"k":"g","g":{"kind":"shout"}}'))).toThrow(WireError);
    expect(() => decodePeerMessage(utf8('{"k":"c","c":["no session","x",null]}'))).toThrow(WireError);
  });

  it("fits the smallest envelope, but for descriptions", () => {
    const fileId = "f".repeat(64) as FileId;
    const plan = { ...EMPTY_PLAN, term: 12, rev: 345, clockId: "0123456789abcdef", fileId };
    const record = { term: 12, userId: id("a"), resigned: false };
    const late = { ...plan, state: "playing" as const, globalStartUs: 1234567890123.5 };
    const beat: PeerMessage = { kind: "beat", beat: { record, plan: late } };
    if (status.kind !== "status") throw new Error("a status");
    const playing: PeerMessage = { kind: "status", status: { ...status.status, readyFileId: fileId } };
    expect(encodePeerMessage(beat).length).toBeLessThanOrEqual(197);
    expect(encodePeerMessage(playing).length).toBeLessThanOrEqual(197);
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
    leaveIdentity(storage, before);
    expect(takeIdentity(storage, new SeededRandom(3))).toEqual(before);
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
  it("keeps what a peer said over a reconnect and forgets who is gone", () => {
    const roster = new Roster();
    roster.replace([
      { userId: id("b"), away: false },
      { userId: id("c"), away: false },
    ]);
    if (status.kind === "status") roster.heard(id("b"), status.status);
    expect(roster.replace([{ userId: id("b"), away: true }]).gone).toEqual([id("c")]);
    expect(roster.get(id("b"))).toMatchObject({ isAway: true, status: { name: "Blue Heron" } });
  });

  it("[S12] tells the file swarm who is on a phone, from the status on, and who is away", () => {
    const roster = new Roster();
    roster.replace([
      { userId: id("b"), away: false },
      { userId: id("c"), away: true },
    ]);
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
