// One stay in a swarm, from join to leave: wires server, clock, director, files and sound together. Local ms, global µs.
// Everything is made here and closed here. What people see is made of it by view-model.ts; this file decides nothing
// about looks and very little about rules: those are in the modules' cores.

import {
  type CheckedServerMessage,
  ControlLink,
  type ControlState,
  type IceServer,
  makeJoin,
} from "../control/index.ts";
import { type Beat, Director, type PlanChange, type Readiness } from "../director/index.ts";
import { every, type FileId, type UserId } from "../lib/index.ts";
import { decodeAnchor, wholeFileDecoder } from "../playback/index.ts";
import type { Swarm } from "../swarm/index.ts";
import { SharedClock } from "../timing/index.ts";
import { CLICKS, Conductor } from "./conductor.ts";
import { Greetings } from "./greetings.ts";
import { HeldShares } from "./held-shares.ts";
import { LiningUp } from "./lining-up.ts";
import { OthersClicking } from "./others-clicking.ts";
import { isStillHeard, readOwnStatus, readReadiness } from "./own-status.ts";
import type { PeerStatus } from "./peer-message.ts";
import { PeerWire } from "./peer-wire.ts";
import { PlanWriter, type Waiting } from "./plan-writer.ts";
import { RoomTime } from "./room-time.ts";
import { Roster } from "./roster.ts";
import type { SessionEvent } from "./session-event.ts";
import { browserGround } from "./session-ground.ts";
import type { SessionOptions } from "./session-options.ts";
import { addSong } from "./song-adding.ts";
import { SongShelf } from "./song-shelf.ts";
import { StatusNews } from "./status-news.ts";
import { readSurroundings } from "./surroundings.ts";
import { noTimings, type Timings } from "./timings.ts";

const TICK_MS = 200;
/** Two probes of the idle rate without an answer: whatever is missing now, it is not a director. */
const DEAF_MS = 2_000;

export class SwarmSession {
  readonly me: UserId;
  readonly clock: SharedClock;
  readonly roomTime: RoomTime;
  readonly director: Director;
  readonly swarm: Swarm;
  readonly conductor: Conductor;
  readonly liningUp: LiningUp;
  readonly roster = new Roster();
  readonly timings = noTimings();
  readonly songs = new SongShelf(() => this.#changed());
  /** A tablet counts as one: it shares their memory, their radio and their browser. */
  readonly #isPhone: boolean;
  readonly #options: SessionOptions;
  readonly #link: ControlLink;
  readonly #wire: PeerWire;
  readonly #greetings = new Greetings((userId, asks) => this.#sendStatus(userId, asks));
  readonly #othersClicking: OthersClicking;
  readonly #planWriter: PlanWriter;
  readonly #statusNews = new StatusNews();
  readonly #shares = new HeldShares(() => this.swarm.pieceMaps);
  readonly #stopTicking: () => void;
  #nodeId: string | null = null;
  #iceServers: readonly IceServer[] = [];
  #name: string;
  #isVisible = true;
  #isClicking = false;
  #speakerDelayMs = 0;
  #lastDirector: UserId | null = null;

  constructor(options: SessionOptions) {
    const { clock, random, keys, player, ground = browserGround } = options;
    this.#options = options;
    this.#isPhone = ground.isPhone();
    this.#name = options.name;
    player.decodeWith(wholeFileDecoder);
    this.me = keys.userId;
    this.#wire = new PeerWire(keys, options.epoch, random, ground.primitives, (to, body) =>
      this.#link.send(to === null ? { type: "relay", body } : { type: "relay", to, body }),
    );
    this.#othersClicking = new OthersClicking(this.#wire.budgets);
    this.director = new Director(this.me);
    this.#link = new ControlLink({
      clock,
      random,
      server: options.server,
      shard: keys.shard,
      userId: this.me,
      makeJoin: (nonce) => makeJoin(keys, this.#wire.sealer.announcement, nonce, ground.primitives),
      onState: (state) => this.#controlChanged(state),
      onMessage: (message, receivedLocalMs) => this.#received(message, receivedLocalMs),
      onRefused: (refusal) => options.onEvent({ code: "refused", refusal }),
      isAwaited: () => this.director.isMe,
      makeSocket: ground.makeSocket,
    });
    this.clock = new SharedClock(clock, (id, t0) => this.#link.send({ type: "ping", id, t0 }));
    this.roomTime = new RoomTime(
      this.clock,
      this.me,
      () => this.director.directorId,
      (peer) => this.swarm.links.value.get(peer)?.state === "open",
    );
    this.swarm = ground.openSwarm({
      clock,
      random,
      me: this.me,
      store: options.store,
      isPhone: this.#isPhone,
      acceptsNote: (note) => decodeAnchor(note) !== null,
      prover: this.#wire.sealer,
      sendSignal: (to, signal) => this.#wire.send(to, { kind: "signal", signal }),
      iceServers: () => this.#iceServers.map((server) => ({ ...server, urls: [...server.urls] })),
      ...this.roomTime.forSwarm,
    });
    this.conductor = new Conductor({
      clock: this.clock,
      player,
      readFile: (fileId) => this.#readFile(fileId),
      noteOf: (fileId) => this.swarm.noteOf(fileId),
      onRefused: () => this.#changed(),
      onChange: () => this.#changed(),
    });
    this.#planWriter = new PlanWriter({
      director: this.director,
      clock: this.clock,
      positionSecAt: (localMs) => this.conductor.positionSecAt(localMs),
      durationSec: (fileId) => (player.loadedId === fileId ? player.durationSec : null),
      decodedSec: (fileId) => (player.loadedId === fileId ? player.decodedSec : null),
      readiness: () => this.#readiness(),
      speakerDelayMs: () => this.#speakerDelayMs,
      isOverElsewhere: () => this.roster.peers.some(({ status }) => status?.isOver === true),
      isHeardElsewhere: () => this.roster.peers.some((peer) => isStillHeard(this.director.plan.fileId, peer)),
      onPassedOver: (userIds) => options.onEvent({ code: "started-without", userIds }),
    });
    this.liningUp = new LiningUp({
      me: this.me,
      nowMs: () => this.#nowMs(),
      look: () => readSurroundings(this, this.#nowMs()),
      send: (to, measurement) => this.#wire.send(to, { kind: "measurement", measurement }),
      onDelay: (delayMs, by) => options.onEvent({ code: "lined-up", delayMs, by }),
      onFound: () => options.onEvent({ code: "measured" }),
      loadEar: ground.loadEar,
      onChange: () => this.#changed(),
    });
    this.clock.onEstimate((estimate) => {
      this.#link.trust();
      this.conductor.estimated(estimate);
      if (this.clock.lastRttMs !== null) this.swarm.reportRtt(this.clock.lastRttMs);
      if (this.clock.state === "locked") this.#note("clockLockedMs");
    });
    this.clock.onSlept(() => {
      this.#link.doubt();
      this.conductor.slept();
    });
    this.swarm.onEvent((event) => {
      this.#tell(event, "from" in event ? event.from : null);
      this.#changed();
    });
    this.#stopTicking = every(clock, TICK_MS, () => this.#tick());
    this.#link.open();
  }

  get controlState(): ControlState {
    return this.#link.state;
  }

  get nodeId(): string | null {
    return this.#nodeId;
  }

  get name(): string {
    return this.#name;
  }

  get isClicking(): boolean {
    return this.#isClicking;
  }

  get speakerDelayMs(): number {
    return this.#speakerDelayMs;
  }

  get isVisible(): boolean {
    return this.#isVisible;
  }

  rename(name: string): void {
    this.#name = name;
    this.#changed();
  }

  setSpeakerDelay(delayMs: number): void {
    this.#speakerDelayMs = delayMs;
    this.conductor.setSpeakerDelay(delayMs);
    this.#changed();
  }

  setClicking(isClicking: boolean): void {
    this.#isClicking = isClicking;
    this.#changed();
  }

  setVisible(isVisible: boolean): void {
    this.#isVisible = isVisible;
    this.#options.player.setHidden(!isVisible);
    if (isVisible) this.wake();
    this.#changed();
  }

  /** The network may be another, or the device woke: look at everything at once. */
  wake(isNewNetwork = false): void {
    this.#link.wake();
    this.swarm.wake(isNewNetwork);
    if (!this.clock.checkForSleep()) this.clock.burst();
    this.#tick();
  }
  /** The platform gave the sound back: lock anew, enter mid-song. */
  soundChanged(): void {
    this.clock.burst();
    this.conductor.rejoin();
    this.#changed();
  }

  /** Offers a file. Rejects FileError. */
  addFile(file: File): Promise<FileId> {
    const { swarm, conductor, songs } = this;
    const onChange = () => this.#changed();
    return addSong(file, { swarm, conductor, player: this.#options.player, songs, onChange });
  }

  /** Director: prepares the file; it starts when all are ready. */
  play(fileId: FileId): void {
    this.#writePlan(this.#planWriter.prepare(fileId));
  }

  stop(): void {
    this.#writePlan(this.#planWriter.stop());
  }

  pause(): void {
    this.#writePlan(this.#planWriter.pause(this.#nowMs()));
  }

  seek(toSec: number): void {
    this.#writePlan(this.#planWriter.seek(toSec, this.#nowMs()));
  }

  startNow(): void {
    this.#planWriter.forceStart();
    this.#tick();
  }

  takeOver(): void {
    this.#sendBeat(this.director.takeOver(this.#nowMs()));
  }

  resign(): void {
    this.#sendBeat(this.director.resign(this.#nowMs()));
  }

  /**
   * Leaves: others see it at once, nothing of the swarm stays here. Idempotent. `keepsStore`: the pieces stay, for another
   * session of the same stay.
   */
  async close(keepsStore = false): Promise<void> {
    this.#stopTicking();
    this.clock.stop();
    this.#link.close();
    this.liningUp.close();
    this.#options.player.unload();
    this.songs.close();
    await this.swarm.close(keepsStore);
  }

  /** The page is going away: say so while there is still time. */
  sayGoodbye(): void {
    this.#link.close();
  }

  /** Whom the start of the chosen file waits for, and how long yet. */
  get waiting(): Waiting {
    return this.#planWriter.waiting(this.#nowMs());
  }

  // ── server ────────────────────────────────────────────────────────────────────────────────────────────────────

  #controlChanged(state: ControlState): void {
    if (state !== "open") {
      this.clock.stop();
      this.director.detach();
    }
    this.#changed();
  }

  #received(message: CheckedServerMessage, receivedLocalMs: number): void {
    switch (message.type) {
      case "pong":
        this.clock.receivePong(message, receivedLocalMs);
        return;
      case "welcome":
        this.#welcomed(message, receivedLocalMs);
        break;
      case "joined":
        this.#wire.meet(message);
        this.roster.joined(message.userId);
        this.#note("firstPeerMs");
        this.#options.onEvent({ code: "joined", userId: message.userId, name: null });
        this.#greetings.give(message.userId);
        break;
      case "presence":
        this.#wire.meet(message);
        this.roster.presence(message.userId, message.away);
        if (!message.away) this.#greetings.give(message.userId);
        break;
      case "left":
        this.#left(message.userId, receivedLocalMs);
        break;
      case "relayed":
        this.#relayed(message.from, message.body, receivedLocalMs);
        return;
      case "goaway":
      case "challenge":
        return; // the link answers, and knows when to come back
      case "error":
        console.warn(`the server says: ${message.code}: ${message.message}`);
        return;
    }
    this.#membersChanged(receivedLocalMs);
  }

  #welcomed(welcome: Extract<CheckedServerMessage, { type: "welcome" }>, localMs: number): void {
    const isNewServer = welcome.nodeId !== this.#nodeId;
    this.#nodeId = welcome.nodeId;
    this.#iceServers = welcome.iceServers;
    for (const member of welcome.members) this.#wire.meet(member);
    for (const userId of this.roster.replace(welcome.members).gone) this.#forget(userId);
    this.#note("controlOpenMs");
    if (welcome.members.length > 0) this.#note("firstPeerMs");
    this.clock.start();
    this.#greetings.found(welcome.members.filter(({ away }) => !away).map(({ userId }) => userId));
    this.#sendBeat(this.director.attach(this.roster.candidates, isNewServer, localMs));
  }

  #left(userId: UserId, localMs: number): void {
    const peer = this.roster.left(userId);
    if (!peer) return;
    this.#forget(userId);
    this.#tell({ code: "left", userId, name: peer.status?.name ?? null }, userId);
    this.#sendBeat(this.director.memberLeft(userId, localMs));
  }

  /** What is kept of a member while it is one. */
  #forget(userId: UserId): void {
    this.#greetings.left(userId);
    this.#wire.left(userId);
  }

  #membersChanged(localMs: number): void {
    this.swarm.setMembers(this.roster.swarmMembers);
    this.#sendBeat(this.director.setCandidates(this.roster.candidates, this.#isVisible, localMs));
    this.#changed();
  }

  // ── peers ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #relayed(from: UserId, body: string, receivedLocalMs: number): void {
    if (!this.roster.get(from)) return; // the server speaks for someone it never introduced
    const ask = () => this.#greetings.miss(from, receivedLocalMs);
    const message = this.#wire.receive(from, body, receivedLocalMs, ask);
    if (!message) return;
    if (message.kind === "signal") {
      this.swarm.receiveSignal(from, message.signal);
    } else if (message.kind === "measurement") {
      this.liningUp.receive(from, message.measurement);
      this.#changed();
    } else if (message.kind === "beat") {
      this.#sendBeat(this.director.receiveBeat(from, message.beat, receivedLocalMs));
      this.#changed();
    } else if (this.#heardStatus(from, message.status)) {
      if (message.asks) this.#greetings.give(from);
      this.#sendBeat(this.director.setCandidates(this.roster.candidates, this.#isVisible, receivedLocalMs));
      this.#changed();
    }
  }

  #heardStatus(from: UserId, status: PeerStatus): boolean {
    const wasPhone = this.roster.get(from)?.status?.isPhone ?? false;
    if (!this.roster.heard(from, status)) return false;
    if (status.isPhone !== wasPhone) this.swarm.setMembers(this.roster.swarmMembers);
    return true;
  }

  #sendBeat(beat: Beat | null): void {
    if (beat) this.#wire.send(null, { kind: "beat", beat });
  }

  #sendStatus(to: UserId | null, asks = false): void {
    this.#wire.send(to, { kind: "status", status: this.#status(), asks });
  }

  #status(): PeerStatus {
    const own = {
      name: this.#name,
      isVisible: this.#isVisible,
      speakerDelayMs: this.#speakerDelayMs,
      isClicking: this.#isClicking,
      isPhone: this.#isPhone,
    };
    const { conductor, clock } = this;
    const { player } = this.#options;
    const parts = { plan: this.director.plan, files: this.swarm.files.value, player, conductor, clock };
    return readOwnStatus(own, parts, this.#nowMs());
  }

  // ── time ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #tick(): void {
    const localMs = this.#nowMs();
    this.clock.checkForSleep(); // also while there is no server to probe
    this.#link.checkSilence();
    this.#greetings.tick();
    if (this.#link.silentMs > DEAF_MS) this.director.hearNothing(localMs);
    this.#sendBeat(this.director.tick(localMs));
    if (this.#planWriter.isStranded(localMs)) this.takeOver();
    if (this.#planWriter.isClockless(localMs)) this.resign();
    this.#writePlan(this.#planWriter.tick(localMs));
    this.#changed();
  }

  #writePlan(change: PlanChange | null): void {
    if (!change) return;
    this.#sendBeat(this.director.changePlan(change, this.#nowMs()));
    this.#changed();
  }

  #readiness(): readonly Readiness[] {
    const { fileId } = this.director.plan;
    const shareOf = (userId: UserId) => fileId && this.#shares.of(userId, fileId, this.#nowMs());
    return readReadiness(fileId, this.me, this.#status(), this.roster.peers, shareOf);
  }

  #readFile(fileId: FileId): Promise<ArrayBuffer> | null {
    const file = this.swarm.files.value.find((candidate) => candidate.fileId === fileId);
    return file?.seeded ? this.swarm.readFile(fileId).then((bytes) => this.songs.note(fileId, bytes)) : null;
  }

  /** After any event: the rest follows from the state as it now is. */
  #changed(): void {
    const localMs = this.#nowMs();
    const { plan, directorId } = this.director;
    const { player } = this.#options;
    this.swarm.prioritize(plan.fileId);
    const isClicking = this.#othersClicking.isHeard(this.roster.peers, localMs) || this.#isClicking;
    this.liningUp.look();
    this.conductor.setTones(this.liningUp.tones ?? (isClicking ? CLICKS : null));
    this.conductor.follow(plan, localMs);
    // Tags wait until nothing else reads or decodes.
    const isIdle = plan.state === "stopped" && !this.conductor.isDecoding && !this.liningUp.tones;
    if (isIdle) this.songs.readOne(this.swarm.files.value, (fileId) => this.swarm.readFile(fileId));
    const playback = player.read();
    this.clock.setActivity(
      playback.state === "playing" ? "playing" : plan.state === "stopped" ? "idle" : "pre-roll",
    );
    // Bulk must not disturb the clock when it counts: from the pre-roll to the last sample.
    const isComparing = plan.state === "preparing" || this.roomTime.disagreement !== null;
    this.swarm.setPlaying(plan.state !== "stopped", isComparing);
    if (playback.state === "playing") this.#note("firstSoundMs");
    if (directorId !== null && directorId !== this.#lastDirector) {
      const former = this.#lastDirector;
      this.#lastDirector = directorId;
      this.#tell({ code: "director-changed", userId: directorId, former }, directorId);
    }
    if (this.#statusNews.take(this.#status(), localMs) && this.roster.peers.length > 0)
      this.#sendStatus(null);
    this.#options.onChange();
  }

  /** Tells the page, unless it has been told of the same member again and again (E18). */
  #tell(event: SessionEvent, about: UserId | null): void {
    if (about === null || this.#wire.budgets.admits(about, "notice", this.#nowMs()))
      this.#options.onEvent(event);
  }

  #note(timing: keyof Timings): void {
    this.timings[timing] ??= this.#nowMs() - this.#options.tappedLocalMs;
  }

  #nowMs(): number {
    return this.#options.clock.nowMs();
  }
}
