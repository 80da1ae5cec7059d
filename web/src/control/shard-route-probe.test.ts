import { beforeEach, describe, expect, it } from "vitest";
import type { UserId } from "../lib/index.ts";
import { SeededRandom, VirtualClock } from "../lib/testing/index.ts";
import type { CheckedServerMessage } from "./server-message.ts";
import { ShardRouteProbe } from "./shard-route-probe.ts";

const MINUTE_MS = 60_000;
const NONCE = "n".repeat(43);

/** Where the address leads: the next answer comes from `leadsTo(question number)`; null: the server is silent. */
class ShardRoute {
  questions = 0;
  open = 0;
  leadsTo: (question: number) => string | null = () => "north";

  constructor(readonly clock: VirtualClock) {}

  makeSocket(): WebSocket {
    const nodeId = this.leadsTo(this.questions++);
    this.open += 1;
    const socket = {
      onmessage: null as ((event: { data: string }) => void) | null,
      onclose: null as (() => void) | null,
      close: () => {
        this.open -= 1;
      },
    };
    const frame = JSON.stringify({ type: "challenge", nonce: NONCE, nodeId });
    if (nodeId !== null) this.clock.after(20, () => socket.onmessage?.({ data: frame }));
    return socket as unknown as WebSocket;
  }
}

/** A swarm whose members sit where they were led, and see each other go. */
class Room {
  readonly peers: { check: ShardRouteProbe; nodeId: string; moves: number; random: SeededRandom }[] = [];

  constructor(
    readonly shardRoute: ShardRoute,
    readonly clock: VirtualClock,
  ) {}

  add(nodeId: string): void {
    const random = new SeededRandom(this.peers.length + 1);
    const check = new ShardRouteProbe({
      clock: this.clock,
      random,
      makeSocket: () => this.shardRoute.makeSocket(),
      onMoved: () => this.move(peer),
    });
    const peer = { check, nodeId, moves: 0, random };
    this.peers.push(peer);
    this.#tell(peer, { type: "joined", userId: ADA, sessionKey: "", announcement: "" });
    this.#welcome(peer);
  }

  move(peer: (typeof this.peers)[number]): void {
    peer.check.stop();
    peer.moves += 1;
    this.#tell(peer, { type: "presence", userId: ADA, away: true });
    peer.nodeId = this.shardRoute.leadsTo(this.shardRoute.questions) ?? peer.nodeId;
    this.#welcome(peer);
  }

  #welcome(peer: (typeof this.peers)[number]): void {
    const members = this.peers.filter((other) => other !== peer && other.nodeId === peer.nodeId);
    peer.check.hear(welcome(peer.nodeId, members.length));
  }

  #tell(peer: (typeof this.peers)[number], message: CheckedServerMessage): void {
    for (const other of this.peers)
      if (other !== peer && other.nodeId === peer.nodeId) other.check.hear(message);
  }
}

const ADA = "a".repeat(32) as UserId;

function welcome(nodeId: string, others: number): CheckedServerMessage {
  const members = Array.from({ length: others }, () => ({}));
  return { type: "welcome", nodeId, members } as unknown as CheckedServerMessage;
}

describe("the shard route probe", () => {
  let clock: VirtualClock;
  let shardRoute: ShardRoute;
  let room: Room;

  beforeEach(() => {
    clock = new VirtualClock();
    shardRoute = new ShardRoute(clock);
    room = new Room(shardRoute, clock);
  });

  it("[W13] leads five people after the one who joined elsewhere", () => {
    for (let count = 0; count < 5; count++) room.add("north");
    clock.advance(3 * MINUTE_MS);
    shardRoute.leadsTo = () => "east";
    room.add("east");
    clock.advance(2 * MINUTE_MS);
    expect(room.peers.map(({ nodeId }) => nodeId)).toEqual(Array(6).fill("east"));
    expect(room.peers.map(({ moves }) => moves)).toEqual([1, 1, 1, 1, 1, 0]);
  });

  it("[W13] follows the first who went within seconds", () => {
    for (let count = 0; count < 5; count++) room.add("north");
    shardRoute.leadsTo = () => "east";
    room.move(room.peers[0] as (typeof room.peers)[number]);
    clock.advance(8_000);
    expect(new Set(room.peers.map(({ nodeId }) => nodeId))).toEqual(new Set(["east"]));
  });

  it.each([1, 5, 20])("[W13] asks about once a minute for a swarm of %i", (size) => {
    for (let count = 0; count < size; count++) room.add("north");
    shardRoute.questions = 0;
    clock.advance(100 * MINUTE_MS);
    expect(shardRoute.questions).toBeGreaterThan(80);
    expect(shardRoute.questions).toBeLessThan(130);
    expect(shardRoute.open).toBe(0);
    expect(room.peers.every(({ moves }) => moves === 0)).toBe(true);
  });

  it("[W13] does not move for one answer, nor for two that differ", () => {
    room.add("north");
    shardRoute.leadsTo = (question) => ["east", "north", "east", "south", "north"][question % 5] ?? null;
    clock.advance(30 * MINUTE_MS);
    expect(room.peers[0]?.moves).toBe(0);
    expect(shardRoute.questions).toBeGreaterThan(20);
  });

  it("[W13] moves at most once in half a minute where the proxies disagree", () => {
    const random = new SeededRandom(7);
    shardRoute.leadsTo = () => (random.fraction() < 0.5 ? "north" : "east");
    for (let count = 0; count < 5; count++) room.add(count < 2 ? "north" : "east");
    clock.advance(10 * MINUTE_MS);
    for (const { moves } of room.peers) expect(moves).toBeLessThanOrEqual(20);
    expect(shardRoute.open).toBeLessThanOrEqual(5);
  });

  it("[W13] stays where nobody answers, or nonsense, and asks again later", () => {
    room.add("north");
    shardRoute.leadsTo = (question) => (question % 2 ? null : "\u0000");
    clock.advance(30 * MINUTE_MS);
    expect(room.peers[0]?.moves).toBe(0);
    expect(shardRoute.questions).toBeGreaterThan(15);
    expect(shardRoute.open).toBeLessThanOrEqual(1);
  });

  it("[W13] asks nothing once the channel is closed, and hangs up what it asked", () => {
    room.add("north");
    shardRoute.leadsTo = () => null;
    clock.advance(MINUTE_MS * 1.5 + 1);
    room.peers[0]?.check.stop();
    room.peers[0]?.check.stop();
    const asked = shardRoute.questions;
    clock.advance(10 * MINUTE_MS);
    expect(shardRoute.questions).toBe(asked);
    expect(shardRoute.open).toBe(0);
  });
});
