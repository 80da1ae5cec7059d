// The server in true time: seats, grace, relay and clock by the rules of src/unisono/{swarm,registry,session}.py, and the
// browser's side of a WebSocket to it. One swarm. What it cannot tell, as the real one, is a silent socket from a dead one.

import type { Clock, UserId } from "../../lib/index.ts";
import { CloseCode } from "../../protocol/control.gen.ts";
import type { SimClock } from "./sim-clock.ts";
import { type SimPath, SimStream } from "./sim-path.ts";

const GRACE_MS = 15_000;
const HEARTBEAT_MS = 20_000;
const HEARTBEAT_ANSWER_MS = 10_000;
const LIMITS = {
  maxFrameBytes: 24_576,
  maxBodyChars: 22_528,
  messagesPerSec: 50,
  messageBurst: 100,
  bytesPerSec: 65_536,
  byteBurst: 262_144,
  maxMembers: 64,
};

interface Seat {
  readonly sessionKey: string;
  readonly announcement: string;
  link: ServerLink | null;
  cancelGrace: (() => void) | null;
}

/** The server's end of one connection. */
interface ServerLink {
  /** Greater than those of all connections before. */
  readonly number: number;
  readonly socket: SimSocket;
  userId: UserId | null;
}

interface Frame {
  readonly type: string;
  readonly userId?: UserId;
  readonly sessionKey?: string;
  readonly announcement?: string;
  readonly to?: UserId;
  readonly body?: string;
  readonly id?: number;
  readonly t0?: number;
}

export class SimServer {
  readonly world: Clock;
  isUp = true;
  /** What it tells this device beside the true time, ms: a server that lies, or a way to it that is slower up than down. */
  skewMsOf: (userId: UserId | null) => number = () => 0;
  #incarnation = 0;
  readonly #bornTrueMs = new Map<string, number>();
  #seats = new Map<UserId, Seat>();
  #links = new Set<ServerLink>();
  #accepted = 0;

  constructor(world: Clock) {
    this.world = world;
    this.#bornTrueMs.set(this.clockId, world.nowMs() - 3_600_000);
  }

  get clockId(): string {
    return `clock ${this.#incarnation}`;
  }

  get nodeId(): string {
    return `node ${this.#incarnation}`;
  }

  /** The members, those in grace included. */
  get members(): readonly UserId[] {
    return [...this.#seats.keys()];
  }

  isPresent(userId: UserId): boolean {
    return (this.#seats.get(userId)?.link ?? null) !== null;
  }

  /** Global µs of a clock, this server's or that of a former one. */
  globalUs(clockId = this.clockId): number {
    return (this.world.nowMs() - (this.#bornTrueMs.get(clockId) ?? Number.NaN)) * 1000;
  }

  /** Dies without a word; sockets break as far as their paths let them know. */
  kill(): void {
    this.isUp = false;
    for (const link of this.#links) link.socket.fromServer(() => link.socket.closed(1006));
    for (const seat of this.#seats.values()) seat.cancelGrace?.();
    this.#links = new Set();
    this.#seats = new Map();
  }

  /** Goes as SIGTERM makes it go: tells everyone when to come back. */
  goAway(): void {
    for (const { socket } of this.#links) {
      this.#say(socket, {
        type: "goaway",
        retryAfterMs: 250 + Math.floor(socket.path.random.fraction() * 2_750),
      });
      socket.fromServer(() => socket.closed(CloseCode.restart));
    }
    this.kill();
  }

  /** A new process: nobody is known, and time begins elsewhere. */
  restart(): void {
    this.#incarnation += 1;
    this.#bornTrueMs.set(this.clockId, this.world.nowMs() - 1_000 * this.#incarnation);
    this.isUp = true;
  }

  accept(socket: SimSocket): ServerLink {
    this.#accepted += 1;
    const link: ServerLink = { number: this.#accepted, socket, userId: null };
    this.#links.add(link);
    this.#heartbeat(link);
    return link;
  }

  /** Admission is not simulated: whoever answers is let in. */
  challenge(link: ServerLink): void {
    this.#say(link.socket, { type: "challenge", nonce: "A".repeat(43), nodeId: this.nodeId });
  }

  receive(link: ServerLink, text: string): void {
    if (!this.#links.has(link)) return;
    const frame = JSON.parse(text) as Frame;
    if (frame.type === "ping") {
      const globalUs = this.globalUs() + 1_000 * this.skewMsOf(link.userId);
      const { id, t0 } = frame;
      this.#say(link.socket, { type: "pong", id, t0, t1: globalUs, t2: globalUs, clockId: this.clockId });
    } else if (frame.type === "relay") this.#relay(link, frame.to ?? null, frame.body ?? "");
    else if (frame.type === "join" && frame.userId) this.#join(link, frame.userId, frame);
    else if (frame.type === "leave") this.#leave(link);
  }

  /** The connection is gone, said so or found out. */
  drop(link: ServerLink): void {
    if (!this.#links.delete(link) || !link.userId) return;
    const { userId } = link;
    const seat = this.#seats.get(userId);
    if (seat?.link !== link) return;
    seat.link = null;
    seat.cancelGrace = this.world.after(GRACE_MS, () => {
      this.#seats.delete(userId);
      this.#tellOthers(userId, { type: "left", userId });
    });
    this.#tellOthers(userId, { type: "presence", userId, away: true });
  }

  #join(link: ServerLink, userId: UserId, { sessionKey = "", announcement = "" }: Frame): void {
    const former = this.#seats.get(userId);
    if (former?.link && former.link.number > link.number) {
      this.#links.delete(link); // M5: overtaken by a later connection of the same page
      link.socket.fromServer(() => link.socket.closed(CloseCode.takenOver));
      return;
    }
    link.userId = userId;
    former?.cancelGrace?.();
    this.#seats.set(userId, { link, cancelGrace: null, sessionKey, announcement });
    const members = [...this.#seats]
      .filter(([other]) => other !== userId)
      .map(([other, seat]) => ({
        userId: other,
        away: seat.link === null,
        sessionKey: seat.sessionKey,
        announcement: seat.announcement,
      }));
    this.#say(link.socket, {
      type: "welcome",
      clockId: this.clockId,
      nodeId: this.nodeId,
      members,
      limits: LIMITS,
      iceServers: [],
      graceSec: GRACE_MS / 1000,
    });
    const back = { type: "presence", userId, away: false, announcement };
    this.#tellOthers(userId, former ? back : { type: "joined", userId, sessionKey, announcement });
    const rival = former?.link;
    if (!rival) return;
    this.#links.delete(rival);
    rival.socket.fromServer(() => rival.socket.closed(CloseCode.takenOver));
  }

  #leave(link: ServerLink): void {
    this.#links.delete(link);
    const { userId } = link;
    if (!userId || this.#seats.get(userId)?.link !== link) return;
    this.#seats.delete(userId);
    this.#tellOthers(userId, { type: "left", userId });
  }

  #relay(link: ServerLink, to: UserId | null, body: string): void {
    const { userId } = link;
    if (!userId || this.#seats.get(userId)?.link !== link) return;
    const text = JSON.stringify({ type: "relayed", from: userId, body });
    if (to === null) {
      for (const [other, seat] of this.#seats) if (other !== userId) this.#sayRoughly(link, seat.link, text);
      return;
    }
    const seat = this.#seats.get(to);
    if (seat) this.#sayRoughly(link, seat.link, text);
    else this.#say(link.socket, { type: "left", userId: to });
  }

  #sayRoughly(from: ServerLink, to: ServerLink | null, text: string): void {
    if (from.socket.path.random.fraction() < from.socket.path.lossShare) return;
    to?.socket.fromServerRoughly(() => to.socket.heard(text));
  }

  #tellOthers(userId: UserId, message: object): void {
    for (const [other, { link }] of this.#seats)
      if (other !== userId && link) this.#say(link.socket, message);
  }

  #say(socket: SimSocket, message: object): void {
    const text = JSON.stringify(message);
    socket.fromServer(() => socket.heard(text));
  }

  #heartbeat(link: ServerLink): void {
    const { path } = link.socket;
    this.world.after(HEARTBEAT_MS, () => {
      if (!this.#links.has(link)) return;
      if (!path.isCut) return this.#heartbeat(link);
      this.world.after(HEARTBEAT_ANSWER_MS, () => {
        if (path.isCut) this.drop(link);
        else this.#heartbeat(link);
      });
    });
  }
}

/** The browser's end: what ControlLink uses of a WebSocket. */
export class SimSocket {
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  readonly #server: SimServer;
  readonly #clock: SimClock;
  readonly #up: SimStream;
  readonly #down: SimStream;
  #link: ServerLink | null = null;

  constructor(
    server: SimServer,
    clock: SimClock,
    readonly path: SimPath,
  ) {
    this.#server = server;
    this.#clock = clock;
    this.#up = new SimStream(path);
    this.#down = new SimStream(path);
    this.#up.send(() => {
      if (server.isUp) this.#link = server.accept(this);
      this.#down.send(() => clock.deliver(() => this.#opened()));
      if (this.#link) server.challenge(this.#link);
    });
  }

  send(text: string): void {
    this.#up.send(() => this.#link && this.#server.receive(this.#link, text));
  }

  close(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#up.send(() => this.#link && this.#server.drop(this.#link));
  }

  fromServer(arrive: () => void): void {
    this.#down.send(() => this.#clock.deliver(arrive));
  }

  fromServerRoughly(arrive: () => void): void {
    this.#down.sendRoughly(() => this.#clock.deliver(arrive));
  }

  heard(text: string): void {
    if (this.readyState === 1) this.onmessage?.({ data: text });
  }

  closed(code: number): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose?.({ code });
  }

  #opened(): void {
    if (this.readyState !== 0) return;
    if (!this.#link) {
      this.closed(1006);
      return;
    }
    this.readyState = 1;
    this.onopen?.();
  }
}
