import { beforeEach, describe, expect, it } from "vitest";
import type { UserId } from "../lib/index.ts";
import { SeededRandom, VirtualClock } from "../lib/testing/index.ts";
import { CloseCode } from "../protocol/control.gen.ts";
import { backOffMs } from "./back-off.ts";
import { ControlLink, type ControlState, type Refusal } from "./control-link.ts";
import type { JoinMessage } from "./join.ts";
import type { CheckedServerMessage } from "./server-message.ts";

/** A WebSocket whose other end is the test. */
class FakeSocket {
  static readonly all: FakeSocket[] = [];
  readyState = 0;
  readonly sent: string[] = [];
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.readyState = 3;
  }

  accept(welcome: object = WELCOME): void {
    this.readyState = 1;
    this.say(CHALLENGE);
    this.say(welcome);
  }

  say(message: unknown): void {
    this.onmessage?.({ data: typeof message === "string" ? message : JSON.stringify(message) });
  }

  drop(code: number): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

const ME = "a".repeat(32) as UserId;
const NONCE = "n".repeat(43);
const CHALLENGE = { type: "challenge", nonce: NONCE, nodeId: "n1" };
const JOIN = (nonce: string) => ({ type: "join", admissionProof: nonce }) as unknown as JoinMessage;
const WELCOME = {
  type: "welcome",
  clockId: "north",
  nodeId: "n1",
  members: [],
  limits: {
    maxFrameBytes: 24576,
    maxBodyChars: 22528,
    messagesPerSec: 50,
    messageBurst: 100,
    bytesPerSec: 65536,
    byteBurst: 262144,
    maxMembers: 64,
  },
  iceServers: [],
  graceSec: 15,
};

describe("the control link", () => {
  let clock: VirtualClock;
  let link: ControlLink;
  let states: ControlState[];
  let messages: CheckedServerMessage[];
  let refusals: Refusal[];
  const socket = (index = -1) => FakeSocket.all.at(index) as FakeSocket;

  beforeEach(() => {
    FakeSocket.all.length = 0;
    globalThis.WebSocket ??= { OPEN: 1 } as typeof WebSocket;
    clock = new VirtualClock();
    [states, messages, refusals] = [[], [], []];
    link = new ControlLink({
      clock,
      random: new SeededRandom(1),
      server: "ws://server.test",
      shard: "ab12",
      userId: ME,
      makeJoin: JOIN,
      onState: (state) => states.push(state),
      onMessage: (message) => messages.push(message),
      onRefused: (refusal) => refusals.push(refusal),
      isAwaited: () => false,
      makeSocket: (url) => new FakeSocket(url) as unknown as WebSocket,
    });
  });

  it("[W1] answers the challenge first, names the shard only in the address, and is open once welcomed", () => {
    link.open();
    socket().accept();
    expect(socket().url).toBe("ws://server.test/v1/control?s=ab12");
    expect(JSON.parse(socket().sent[0] ?? "")).toEqual(JOIN(NONCE));
    expect(states).toEqual(["connecting", "open"]);
  });

  it("[W10] signs one challenge per connection, and hears nothing else before the welcome", () => {
    link.open();
    socket().readyState = 1;
    socket().say({ type: "pong", id: 1, t0: 0, t1: 1, t2: 1, clockId: "north" });
    socket().accept();
    socket().say({ type: "challenge", nonce: "m".repeat(43), nodeId: "n1" });
    expect(socket().sent).toHaveLength(1);
    expect(messages.map((message) => message.type)).toEqual(["welcome"]);
  });

  it("[W11] does not meet itself, whatever the server says", () => {
    const me = { userId: ME, away: false, sessionKey: "k".repeat(43), announcement: "AAAA" };
    link.open();
    socket().accept({ ...WELCOME, members: [me] });
    socket().say({ type: "joined", userId: ME, sessionKey: me.sessionKey, announcement: "AAAA" });
    socket().say({ type: "left", userId: ME });
    socket().say({ type: "relayed", from: ME, body: "AAAA" });
    expect(messages).toEqual([WELCOME]);
  });

  it("[W2] comes back for ever, waiting 0.25 to 8 s with full jitter", () => {
    link.open();
    for (let attempt = 0; attempt < 20; attempt++) {
      socket().drop(1006);
      expect(link.state).toBe("retrying");
      clock.advance(8_000);
      expect(FakeSocket.all).toHaveLength(attempt + 2);
    }
    const almostOne = { fraction: () => 0.999, bytes: () => new Uint8Array() };
    const longest = (isAwaited: boolean) =>
      Array.from({ length: 12 }, (_, attempt) => backOffMs(attempt, almostOne, isAwaited));
    expect(longest(false)[0]).toBeLessThanOrEqual(250);
    expect(Math.max(...longest(false))).toBeCloseTo(8_000, -2);
    expect(Math.max(...longest(true))).toBeCloseTo(4_000, -2);
  });

  it("[W3] does not wait when the network or the page comes back", () => {
    link.open();
    socket().drop(1006);
    link.wake();
    expect(link.state).toBe("connecting");
  });

  it("[W4] gives up a socket that has been silent for six seconds", () => {
    link.open();
    socket().accept();
    const watch = (ms: number) => {
      for (let passedMs = 0; passedMs < ms; passedMs += 100) {
        clock.advance(100);
        link.checkSilence();
      }
    };
    watch(5_900);
    expect(link.state).toBe("open");
    watch(200);
    expect(link.state).toBe("retrying");
  });

  it("[W9] gives a socket of a page that stood still a moment to deliver what it has kept", () => {
    link.open();
    socket().accept();
    clock.advance(20_000);
    link.wake();
    expect(link.state).toBe("open");
    socket().say({ type: "goaway", retryAfterMs: 9_000 });
    clock.advance(2_000);
    link.checkSilence();
    expect(link.state).toBe("open");

    clock.advance(20_000);
    link.checkSilence();
    clock.advance(1_600);
    link.checkSilence();
    expect(link.state).toBe("retrying");
  });

  it("[W12] believes in no socket of a device that slept until it has proved itself", () => {
    link.open();
    socket().accept();
    clock.advance(1_000);
    link.doubt();
    clock.advance(1_400);
    link.checkSilence();
    expect(link.state).toBe("open");
    link.trust();
    clock.advance(1_000);
    link.checkSilence();
    expect(link.state).toBe("open");
    link.doubt();
    socket().say({ type: "goaway", retryAfterMs: 9_000 }); // what was kept for the sleeper
    clock.advance(1_600);
    link.checkSilence();
    expect(link.state).toBe("retrying");
  });

  it("[W5] comes back when a leaving server said it would be there again", () => {
    link.open();
    socket().accept();
    socket().say({ type: "goaway", retryAfterMs: 3_000 });
    socket().drop(CloseCode.restart);
    clock.advance(2_999);
    expect(FakeSocket.all).toHaveLength(1);
    clock.advance(1);
    expect(FakeSocket.all).toHaveLength(2);
  });

  it.each([
    ["taken-over", CloseCode.takenOver],
    ["wrong-version", CloseCode.wrongVersion],
    ["swarm-full", CloseCode.swarmFull],
    ["not-admitted", CloseCode.notAdmitted],
  ] as const)("[W6] stops when trying again cannot help: %s", (refusal, code) => {
    link.open();
    socket().drop(code);
    clock.advance(60_000);
    expect(refusals).toEqual([refusal]);
    expect(FakeSocket.all).toHaveLength(1);
  });

  it.each(["garbage", '{"type":"pong"}', '{"type":"nonsense"}', `"${"x".repeat(30_000)}"`])(
    "[W7] leaves a server that sends nonsense: %.20s",
    (frame) => {
      link.open();
      socket().accept();
      socket().say(frame);
      expect(link.state).toBe("retrying");
      expect(messages.map((message) => message.type)).toEqual(["welcome"]);
    },
  );

  it("[W13] connects anew where the shard's route leads, the open channel being kept until then", () => {
    link.open();
    socket().accept();
    const home = socket();
    for (let answers = 1; answers <= 2; answers++) {
      while (FakeSocket.all.length <= answers) clock.advance(1_000);
      expect(link.state).toBe("open");
      socket().say({ ...CHALLENGE, nodeId: "n2" });
    }
    expect(link.state).toBe("connecting");
    expect(home.readyState).toBe(3);
    socket().accept({ ...WELCOME, nodeId: "n2" });
    expect(messages.at(-1)).toMatchObject({ type: "welcome", nodeId: "n2" });
    expect(FakeSocket.all.flatMap(({ sent }) => sent.map((text) => JSON.parse(text).type))).toEqual([
      "join",
      "join",
    ]);
  });

  it("[W14] asks for ICE servers anew when half their time is over, of a server that says how long they hold", () => {
    let home: FakeSocket;
    const asked = () => home.sent.filter((text) => text === '{"type":"ice"}').length;
    link.open();
    home = socket();
    home.accept();
    clock.advance(6 * 3_600_000);
    expect(asked()).toBe(0);
    link.close();

    link.open();
    home = socket();
    home.accept({ ...WELCOME, iceSec: 7_200 });
    clock.advance(3_599_000);
    expect(asked()).toBe(0);
    clock.advance(2_000);
    expect(asked()).toBe(1);
    home.say({
      type: "ice",
      iceServers: [{ urls: ["turn:turn.test"], username: "1:2", credential: "3" }],
    });
    expect(messages.at(-1)).toMatchObject({ type: "ice" });
    clock.advance(3_600_000);
    expect(asked()).toBe(2);
    link.close();
    clock.advance(36_000_000);
    expect(asked()).toBe(2);
  });

  it("[W8] says that it leaves and stays away", () => {
    link.open();
    socket().accept();
    const last = socket();
    link.close();
    link.close();
    clock.advance(60_000);
    expect(last.sent.at(-1)).toBe('{"type":"leave"}');
    expect(FakeSocket.all).toHaveLength(1);
    expect(link.state).toBe("idle");
  });
});
