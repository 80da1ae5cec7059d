// The mesh shell on connections of make-believe: who offers, in which order, and how it comes back from losses.

import { describe, expect, it } from "vitest";
import type { UserId } from "../../lib/index.ts";
import { SeededRandom, VirtualClock } from "../../lib/testing/index.ts";
import { attachHere, type FakeConnection, FakeNetwork, settle } from "../testing/fake-connection.ts";
import { idOf } from "../testing/fake-swarm.ts";
import { Mesh } from "./mesh.ts";
import type { Signal } from "./signal.ts";

const [ADA, BO, CY] = [idOf("ada"), idOf("bo"), idOf("cy")];

/** Everyone in one room: signals arrive at once unless held back. */
class Room {
  readonly clock = new VirtualClock();
  readonly network = new FakeNetwork();
  readonly meshes = new Map<UserId, Mesh>();
  readonly signals: { from: UserId; to: UserId; signal: Signal }[] = [];
  readonly heard: string[] = [];
  isRelayDown = false;
  iceServers: RTCIceServer[] = [];
  #seed = 1;

  enter(me: UserId): Mesh {
    const mesh: Mesh = new Mesh({
      clock: this.clock,
      random: new SeededRandom(this.#seed++),
      me,
      iceServers: () => this.iceServers,
      createConnection: this.network.create,
      sendSignal: (to, signal) => {
        this.signals.push({ from: me, to, signal });
        if (!this.isRelayDown) queueMicrotask(() => this.meshes.get(to)?.receive(me, signal));
      },
      onOpen: (peer) => {
        const knows = mesh.fingerprintsOf(peer) ? "" : ", and cannot prove itself";
        this.heard.push(`${nameOf(me)} opened ${nameOf(peer)}${knows}`);
      },
      onClosed: (peer) => this.heard.push(`${nameOf(me)} closed ${nameOf(peer)}`),
      onCtl: (peer, data) => this.heard.push(`${nameOf(me)} from ${nameOf(peer)}: ${data}`),
      attachBulk: attachHere,
      onChange: () => undefined,
      onRenewed: () => this.heard.push(`${nameOf(me)} has another path`),
    });
    this.meshes.set(me, mesh);
    return mesh;
  }

  /** Everyone learns who is here. */
  async tell(...members: UserId[]): Promise<void> {
    for (const [me, mesh] of this.meshes) {
      mesh.setNeighbours(new Map(members.filter((id) => id !== me).map((id) => [id, { isAway: false }])));
    }
    await settle();
  }

  stateOf(me: UserId, peer: UserId): string | undefined {
    return this.meshes
      .get(me)
      ?.states(() => null)
      .get(peer)?.state;
  }

  async pass(durationMs: number): Promise<void> {
    for (let passedMs = 0; passedMs < durationMs; passedMs += 100) {
      this.clock.advance(100);
      await settle();
    }
  }
}

const nameOf = (id: UserId): string => ({ [ADA]: "ada", [BO]: "bo", [CY]: "cy" })[id] ?? id;

async function roomOf(...members: UserId[]): Promise<Room> {
  const room = new Room();
  for (const member of members) room.enter(member);
  await room.tell(...members);
  return room;
}

describe("the mesh", () => {
  it("links everyone with everyone, and only the smaller user id offers", async () => {
    const room = await roomOf(ADA, BO, CY);
    expect(room.heard.filter((line) => line.includes("opened"))).toHaveLength(6);
    const offers = room.signals.filter(({ signal }) => signal.kind === "offer");
    expect(offers).toHaveLength(3);
    expect(offers.every(({ from, to }) => from < to)).toBe(true);
    expect(room.network.alive).toHaveLength(6);
  });

  it("makes its connections one at a time", async () => {
    const room = new Room();
    room.network.isBlocked = true;
    for (const member of [ADA, BO, CY]) room.enter(member);
    await room.tell(ADA, BO, CY);
    await room.tell(ADA, BO, CY); // presence news while the first offer is still out
    const toWhom = room.signals.filter(({ from, signal }) => from === ADA && signal.kind === "offer");
    expect(toWhom.map(({ to }) => nameOf(to))).toEqual(["bo"]);
  });

  it("[S21] reaches the last in the queue though nobody before it can be reached", async () => {
    const room = new Room();
    for (const member of [ADA, CY]) room.enter(member);
    const unreachable = ["bea", "ben", "bob", "bud", "buz"].map(idOf);
    const present = new Map([...unreachable, CY].map((id) => [id, { isAway: false }]));
    room.meshes.get(ADA)?.setNeighbours(present);
    room.meshes.get(CY)?.setNeighbours(new Map([[ADA, { isAway: true }]])); // so it does not call
    await room.pass(60_000);
    expect(room.heard).toContain("ada opened cy");
  });

  it("carries messages both ways", async () => {
    const room = await roomOf(ADA, BO);
    room.meshes.get(ADA)?.sendCtl(BO, "good evening");
    room.meshes.get(BO)?.sendCtl(ADA, "hello");
    await settle();
    expect(room.heard).toContain("bo from ada: good evening");
    expect(room.heard).toContain("ada from bo: hello");
  });

  it("[S30] speaks only when it knows what it has to prove, however late the browser shows the descriptions", async () => {
    const room = new Room();
    room.network.isSlowToDescribe = true;
    for (const member of [ADA, BO]) room.enter(member);
    await room.tell(ADA, BO);
    await settle();
    expect(room.heard.sort()).toEqual(["ada opened bo", "bo opened ada"]);
  });

  it("[S20] hears what came before it was open, and ends a link on which too much does", async () => {
    const room = new Room();
    room.network.isBlocked = true;
    for (const member of [ADA, BO]) room.enter(member);
    await room.tell(ADA, BO);
    const [ada, bo] = room.network.alive as [FakeConnection, FakeConnection];
    for (const connection of [ada, bo])
      for (let word = 0; word < 64; word++) connection.channels[0]?.onmessage?.({ data: `word ${word}` });
    room.network.isBlocked = false;
    room.network.tryConnect(ada);
    await settle();
    expect(room.heard.filter((line) => line.startsWith("ada from bo: word"))).toHaveLength(64);
    expect(room.heard.filter((line) => line.startsWith("bo from ada: word"))).toHaveLength(64);

    room.network.isBlocked = true;
    room.enter(CY);
    await room.tell(ADA, BO, CY);
    const cy = room.network.alive.at(-1) as FakeConnection;
    for (let word = 0; word < 64; word++) cy.channels[0]?.onmessage?.({ data: "word" });
    expect(cy.connectionState).not.toBe("closed");
    cy.channels[0]?.onmessage?.({ data: "word" });
    expect(cy.connectionState).toBe("closed");
  });

  it("closes both ends when someone leaves", async () => {
    const room = await roomOf(ADA, BO);
    await room.tell(BO);
    expect(room.heard).toContain("bo closed ada");
    room.meshes.get(ADA)?.close();
    await settle();
    expect(room.network.alive).toEqual([]);
  });

  it("keeps the connection to an away member, and makes none to one", async () => {
    const room = await roomOf(ADA, BO);
    room.meshes.get(ADA)?.setNeighbours(
      new Map([
        [BO, { isAway: true }],
        [CY, { isAway: true }],
      ]),
    );
    await room.pass(30_000);
    expect(room.stateOf(ADA, BO)).toBe("open");
    expect(room.signals.some(({ to }) => to === CY)).toBe(false);
  });

  it("renews the path by an ICE restart when it is lost for two seconds", async () => {
    const room = await roomOf(ADA, BO);
    for (const connection of room.network.alive) connection.become("disconnected");
    await room.pass(1_900);
    expect(room.signals.filter(({ signal }) => signal.kind === "offer")).toHaveLength(1);
    await room.pass(300);
    expect(room.signals.filter(({ signal }) => signal.kind === "offer" && signal.isRestart)).toHaveLength(1);
    await room.pass(10_000);
    expect(room.heard.some((line) => line.includes("closed"))).toBe(false);
    expect(room.heard).toContain("ada has another path");
    expect(room.network.connections.size).toBe(2);
  });

  it("[S23] renews a lost path at once when the device hears of another network", async () => {
    const room = await roomOf(ADA, BO);
    for (const connection of room.network.alive) connection.become("disconnected");
    room.meshes.get(ADA)?.wake();
    await room.pass(100);
    expect(room.signals.some(({ signal }) => signal.kind === "offer" && signal.isRestart)).toBe(true);
  });

  it("[S23] does not wait out the pauses of a long night when it wakes", async () => {
    const room = new Room();
    room.network.isBlocked = true;
    for (const member of [ADA, BO]) room.enter(member);
    await room.tell(ADA, BO);
    await room.pass(300_000);
    const resting = (): boolean => room.network.alive.length === 0;
    for (let turn = 0; turn < 300 && !resting(); turn++) await room.pass(100);
    expect(resting()).toBe(true);
    room.network.isBlocked = false;
    room.meshes.get(ADA)?.wake();
    await room.pass(200);
    expect(room.stateOf(ADA, BO)).toBe("open");
  });

  it("makes a new connection when the path does not come back", async () => {
    const room = await roomOf(ADA, BO);
    room.network.isBlocked = true;
    for (const connection of room.network.alive) connection.become("disconnected");
    await room.pass(9_000);
    expect(room.heard).toContain("ada closed bo");
    room.network.isBlocked = false;
    await room.pass(30_000);
    expect(room.stateOf(ADA, BO)).toBe("open");
    expect(room.stateOf(BO, ADA)).toBe("open");
    expect(room.network.alive).toHaveLength(2);
  });

  it("never gives up on a member who cannot be reached, and says so meanwhile", async () => {
    const room = new Room();
    room.network.isBlocked = true;
    for (const member of [ADA, BO]) room.enter(member);
    await room.tell(ADA, BO);
    await room.pass(120_000);
    expect([room.stateOf(ADA, BO), room.stateOf(BO, ADA)]).toEqual(["failed", "failed"]);
    room.network.isBlocked = false;
    await room.pass(40_000);
    expect([room.stateOf(ADA, BO), room.stateOf(BO, ADA)]).toEqual(["open", "open"]);
  });

  it("still reaches the next member while one cannot be reached", async () => {
    const room = new Room();
    room.enter(ADA);
    room.enter(CY);
    await room.tell(ADA, BO, CY); // bo is listed but silent
    await room.pass(20_000);
    expect(room.stateOf(ADA, CY)).toBe("open");
  });

  it("lets a reloaded bo, who knows nothing of the old connection, call for a new one", async () => {
    const room = await roomOf(ADA, BO);
    room.enter(BO); // a new page with the same user id; the old one vanished without a word
    await room.tell(ADA, BO);
    await room.pass(5_000);
    expect([room.stateOf(ADA, BO), room.stateOf(BO, ADA)]).toEqual(["open", "open"]);
  });

  it("offers anew to a reloaded ada at once", async () => {
    const room = await roomOf(ADA, BO);
    room.enter(ADA);
    await room.tell(ADA, BO);
    expect([room.stateOf(ADA, BO), room.stateOf(BO, ADA)]).toEqual(["open", "open"]);
    expect(room.heard.filter((line) => line === "bo closed ada")).toHaveLength(1);
  });

  it("ignores signals of a former session", async () => {
    const room = await roomOf(ADA, BO);
    const old = room.signals.map(({ from, to, signal }) => ({
      from,
      to,
      signal: { ...signal, session: "0".repeat(16) },
    }));
    for (const { from, to, signal } of old) {
      if (signal.kind !== "offer") room.meshes.get(to)?.receive(from, signal as Signal);
    }
    await settle();
    expect([room.stateOf(ADA, BO), room.stateOf(BO, ADA)]).toEqual(["open", "open"]);
    expect(room.network.connections.size).toBe(2);
  });

  it("ignores an offer from the larger user id", async () => {
    const room = await roomOf(ADA, BO);
    const offer: Signal = { kind: "offer", session: "1".repeat(16), sdp: "description 0", isRestart: false };
    room.meshes.get(ADA)?.receive(BO, offer);
    await settle();
    expect(room.network.connections.size).toBe(2);
  });

  it("gives up a session whose description is nonsense, and starts another", async () => {
    const room = await roomOf(ADA, BO);
    const nonsense: Signal = { kind: "offer", session: "2".repeat(16), sdp: "nonsense", isRestart: false };
    room.meshes.get(BO)?.receive(ADA, nonsense);
    await room.pass(20_000);
    expect([room.stateOf(ADA, BO), room.stateOf(BO, ADA)]).toEqual(["open", "open"]);
  });

  it("never links again with whoever was dropped for good, even after leaving and returning", async () => {
    const room = await roomOf(ADA, BO);
    room.meshes.get(ADA)?.drop(BO, true);
    await settle();
    await room.tell(ADA);
    await room.tell(ADA, BO);
    await room.pass(60_000);
    expect(room.stateOf(ADA, BO)).toBe("failed");
    expect(room.heard.filter((line) => line === "ada opened bo")).toHaveLength(1);
  });

  it("comes back after signals were lost for a while", async () => {
    const room = new Room();
    room.isRelayDown = true;
    for (const member of [ADA, BO]) room.enter(member);
    await room.tell(ADA, BO);
    await room.pass(5_000);
    room.isRelayDown = false;
    await room.pass(40_000);
    expect([room.stateOf(ADA, BO), room.stateOf(BO, ADA)]).toEqual(["open", "open"]);
  });

  it("tells whether content goes through a relay", async () => {
    const room = new Room();
    room.network.isRelayed = true;
    for (const member of [ADA, BO]) room.enter(member);
    await room.tell(ADA, BO);
    expect(
      room.meshes
        .get(ADA)
        ?.states(() => null)
        .get(BO)?.isRelayed,
    ).toBe(true);
  });

  describe("whose peers have no direct path", () => {
    const TURN: RTCIceServer = { urls: ["turn:party.test"], username: "u", credential: "c" };

    it("[S13] uses the relay alone for every other attempt after two that came to nothing", async () => {
      const room = new Room();
      room.iceServers = [TURN];
      room.network.isBlocked = true;
      for (const member of [ADA, BO]) room.enter(member);
      await room.tell(ADA, BO);
      await room.pass(90_000);
      const offered = room.network.configurations.filter((_, index) => index % 2 === 0);
      const policies = offered.map(({ iceTransportPolicy }) => iceTransportPolicy ?? "all");
      expect(policies.slice(0, 5)).toEqual(["all", "all", "relay", "all", "relay"]);
    });

    it("[S13] never insists on a relay that does not exist", async () => {
      const room = new Room();
      room.iceServers = [{ urls: "stun:party.test" }];
      room.network.isBlocked = true;
      for (const member of [ADA, BO]) room.enter(member);
      await room.tell(ADA, BO);
      await room.pass(90_000);
      expect(room.network.configurations.some(({ iceTransportPolicy }) => iceTransportPolicy)).toBe(false);
    });
  });
});
