// One session in a swarm, from join to leave: wires server, clock, director, files and sound together. Local ms, global µs.
// Everything is made here and closed here. What people see is made of it by view-model.ts; this file decides nothing
// about looks and very little about rules: those are in the modules' cores.

import { decodeAnchor, wholeFileDecoder } from "../audio/index.ts";
import { SyncedClock } from "../clock/index.ts";
import {
  type CheckedServerMessage,
  ControlLink,
  type ControlState,
  type IceServer,
  makeJoin,
} from "../control/index.ts";
import { Director, type Heartbeat, type PlanChange, type Readiness } from "../director/index.ts";
import { every, type FileId, type UserId } from "../lib/index.ts";
import { SERVER_SILENCE_MS } from "../protocol/constants/session.gen.ts";
import type { Swarm } from "../transfer/index.ts";
import { Calibration } from "./calibration.ts";
import { readCalibrationContext } from "./calibration-context.ts";
import { HeldShares } from "./held-shares.ts";
import { HelloHandshake } from "./hello-handshake.ts";
import { OthersClicking } from "./others-clicking.ts";
import { isStillHeard, readOwnStatus } from "./own-status.ts";
import type { PeerStatus } from "./peer-message.ts";
import { PeerWire } from "./peer-wire.ts";
import { PlanPolicy, type Waiting } from "./plan-policy.ts";
import { CLICKS, PlaybackController } from "./playback-controller.ts";
import { readReadiness } from "./readiness.ts";
import { RoomTime } from "./room-time.ts";
import { Roster } from "./roster.ts";
import type { SessionEvent } from "./session-event.ts";
import type { SessionOptions } from "./session-options.ts";
import { browserPlatform } from "./session-platform.ts";
import { addSong } from "./song-adding.ts";
import { StatusNews } from "./status-news.ts";
import { TagCache } from "./tag-cache.ts";
import { noTimings, type Timings } from "./timings.ts";

const TICK_MS = 200;

export class SwarmSession {
  readonly me: UserId;
  readonly clock: SyncedClock;
  readonly roomTime: RoomTime;
  readonly director: Director;
  readonly swarm: Swarm;
  readonly controller: PlaybackController;
  readonly calibration: Calibration;
  readonly roster = new Roster();
  readonly timings = noTimings();
  readonly songs = new TagCache(() => this.#changed());
  /** A tablet counts as one: it shares their memory, their radio and their browser. */
  readonly #isPhone: boolean;
  readonly #options: SessionOptions;
  readonly #link: ControlLink;
  readonly #wire: PeerWire;
  readonly #handshake = new HelloHandshake((userId, asks) => this.#sendStatus(userId, asks));
  readonly #othersClicking: OthersClicking;
  readonly #planPolicy: PlanPolicy;
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
    const { clock, random, keys, player, platform = browserPlatform } = options;
    this.#options = options;
    this.#isPhone = platform.isPhone();
    this.#name = options.name;
    player.decodeWith(wholeFileDecoder);
    this.me = keys.userId;
    this.#wire = new PeerWire(keys, options.epoch, random, platform.primitives, (to, body) =>
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
      makeJoin: (nonce) => makeJoin(keys, this.#wire.sealer.announcement, nonce, platform.primitives),
      onState: (state) => this.#controlChanged(state),
      onMessage: (message, receivedLocalMs) => this.#received(message, receivedLocalMs),
      onRefused: (refusal) => options.onEvent({ code: "refused", refusal }),
      isAwaited: () => this.director.isMe,
      makeSocket: platform.makeSocket,
    });
    this.clock = new SyncedClock(clock, (id, t0) => this.#link.send({ type: "ping", id, t0 }));
    this.roomTime = new RoomTime(
      this.clock,
      this.me,
      () => this.director.directorId,
      (peer) => this.swarm.links.value.get(peer)?.state === "open",
    );
    this.swarm = platform.openSwarm({
      clock,
      random,
      me: this.me,
      store: options.store,
      isPhone: this.#isPhone,
      acceptsAnnotation: (annotation) => decodeAnchor(annotation) !== null,
      prover: this.#wire.sealer,
      sendSignal: (to, signal) => this.#wire.send(to, { kind: "signal", signal }),
      iceServers: () => this.#iceServers.map((server) => ({ ...server, urls: [...server.urls] })),
      ...this.roomTime.forSwarm,
    });
    this.controller = new PlaybackController({
      clock: this.clock,
      player,
      readFile: (fileId) => this.#readFile(fileId),
      annotationOf: (fileId) => this.swarm.annotationOf(fileId),
      onChange: () => this.#changed(),
    });
    this.#planPolicy = new PlanPolicy({
      director: this.director,
      clock: this.clock,
      positionSecAt: (localMs) => this.controller.positionSecAt(localMs),
      durationSec: (fileId) => (player.loadedId === fileId ? player.durationSec : null),
      decodedSec: (fileId) => (player.loadedId === fileId ? player.decodedSec : null),
      readiness: () => this.#readiness(),
      speakerDelayMs: () => this.#speakerDelayMs,
      isOverElsewhere: () => this.roster.peers.some(({ status }) => status?.isOver === true),
      isHeardElsewhere: () => this.roster.peers.some((peer) => isStillHeard(this.director.plan.fileId, peer)),
      onPassedOver: (userIds) => options.onEvent({ code: "started-without", userIds }),
    });
    this.calibration = new Calibration({
      me: this.me,
      nowMs: () => this.#nowMs(),
      look: () => readCalibrationContext(this, this.#nowMs()),
      send: (to, calibration) => this.#wire.send(to, { kind: "calibration", calibration }),
      onDelay: (delayMs, by) => options.onEvent({ code: "lined-up", delayMs, by }),
      onFound: () => options.onEvent({ code: "measured" }),
      loadCalibration: platform.loadCalibration,
      onChange: () => this.#changed(),
    });
    this.clock.onEstimate((estimate) => {
      this.#link.trust();
      this.controller.estimated(estimate);
      if (this.clock.lastRttMs !== null) this.swarm.reportRtt(this.clock.lastRttMs);
      if (this.clock.state === "locked") this.#recordTiming("clockLockedMs");
    });
    this.clock.onSlept(() => {
      this.#link.doubt();
      this.controller.slept();
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
    this.controller.setSpeakerDelay(delayMs);
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
    this.controller.rejoin();
    this.#changed();
  }

  /** Offers a file. Rejects FileError. */
  addFile(file: File): Promise<FileId> {
    const { swarm, controller, songs } = this;
    const onChange = () => this.#changed();
    const { clock, player } = this.#options;
    return addSong(file, { clock, swarm, controller, player, songs, onChange });
  }

  /** Director: prepares the file; it starts when all are ready. */
  play(fileId: FileId): void {
    this.#writePlan(this.#planPolicy.prepare(fileId));
  }

  stop(): void {
    this.#writePlan(this.#planPolicy.stop());
  }

  pause(): void {
    this.#writePlan(this.#planPolicy.pause(this.#nowMs()));
  }

  seek(toSec: number): void {
    this.#writePlan(this.#planPolicy.seek(toSec, this.#nowMs()));
  }

  startNow(): void {
    this.#planPolicy.forceStart();
    this.#tick();
  }

  takeOver(): void {
    this.#sendHeartbeat(this.director.takeOver(this.#nowMs()));
  }

  resign(): void {
    this.#sendHeartbeat(this.director.resign(this.#nowMs()));
  }

  /**
   * Leaves: others see it at once, nothing of the swarm stays here. Idempotent. `keepsStore`: the pieces stay, for another
   * session under the same name.
   */
  async close(keepsStore = false): Promise<void> {
    this.#stopTicking();
    this.clock.stop();
    this.#link.close();
    this.calibration.close();
    this.#options.player.unload();
    this.songs.close();
    await this.swarm.close(keepsStore);
  }

  /** The page is going away: say so while there is still time. */
  sayLeave(): void {
    this.#link.close();
  }

  /** Whom the start of the chosen file waits for, and how long yet. */
  get waiting(): Waiting {
    return this.#planPolicy.waiting(this.#nowMs());
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
        this.#recordTiming("firstPeerMs");
        this.#options.onEvent({ code: "joined", userId: message.userId, name: null });
        this.#handshake.give(message.userId);
        break;
      case "presence":
        this.#wire.meet(message);
        this.roster.presence(message.userId, message.away);
        if (!message.away) this.#handshake.give(message.userId);
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
    this.#recordTiming("controlOpenMs");
    if (welcome.members.length > 0) this.#recordTiming("firstPeerMs");
    this.clock.start();
    this.#handshake.found(welcome.members.filter(({ away }) => !away).map(({ userId }) => userId));
    this.#sendHeartbeat(this.director.attach(this.roster.candidates, isNewServer, localMs));
  }

  #left(userId: UserId, localMs: number): void {
    const peer = this.roster.left(userId);
    if (!peer) return;
    this.#forget(userId);
    this.#tell({ code: "left", userId, name: peer.status?.name ?? null }, userId);
    this.#sendHeartbeat(this.director.memberLeft(userId, localMs));
  }

  /** What is kept of a member while it is one. */
  #forget(userId: UserId): void {
    this.#handshake.left(userId);
    this.#wire.left(userId);
  }

  #membersChanged(localMs: number): void {
    this.swarm.setMembers(this.roster.swarmMembers);
    this.#sendHeartbeat(this.director.setCandidates(this.roster.candidates, this.#isVisible, localMs));
    this.#changed();
  }

  // ── peers ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #relayed(from: UserId, body: string, localMs: number): void {
    if (!this.roster.get(from)) return; // the server speaks for someone it never introduced
    const ask = () => this.#handshake.miss(from, localMs);
    const message = this.#wire.receive(from, body, localMs, ask);
    if (!message) return;
    if (message.kind === "signal") {
      this.swarm.receiveSignal(from, message.signal);
    } else if (message.kind === "calibration") {
      this.calibration.receive(from, message.calibration);
      this.#changed();
    } else if (message.kind === "heartbeat") {
      this.#sendHeartbeat(this.director.receiveHeartbeat(from, message.heartbeat, localMs));
      this.#changed();
    } else if (this.#heardStatus(from, message.status)) {
      if (message.asks) this.#handshake.give(from);
      this.#sendHeartbeat(this.director.setCandidates(this.roster.candidates, this.#isVisible, localMs));
      this.#changed();
    }
  }

  #heardStatus(from: UserId, status: PeerStatus): boolean {
    const wasPhone = this.roster.get(from)?.status?.isPhone ?? false;
    if (!this.roster.heard(from, status)) return false;
    if (status.isPhone !== wasPhone) this.swarm.setMembers(this.roster.swarmMembers);
    return true;
  }

  #sendHeartbeat(heartbeat: Heartbeat | null): void {
    if (heartbeat) this.#wire.send(null, { kind: "heartbeat", heartbeat });
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
    const { controller, clock } = this;
    const { player } = this.#options;
    const parts = {
      plan: this.director.plan,
      files: this.swarm.files.value,
      player,
      controller,
      clock,
    };
    return readOwnStatus(own, parts, this.#nowMs());
  }

  // ── time ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #tick(): void {
    const localMs = this.#nowMs();
    this.clock.checkForSleep(); // also while there is no server to probe
    this.#link.checkSilence();
    this.#handshake.tick();
    if (this.#link.silentMs > SERVER_SILENCE_MS) this.director.serverIsSilent(localMs);
    this.#sendHeartbeat(this.director.tick(localMs));
    if (this.#planPolicy.isStranded(localMs)) this.takeOver();
    if (this.#planPolicy.isClockless(localMs)) this.resign();
    this.#writePlan(this.#planPolicy.tick(localMs));
    this.#changed();
  }

  #writePlan(change: PlanChange | null): void {
    if (!change) return;
    this.#sendHeartbeat(this.director.changePlan(change, this.#nowMs()));
    this.#changed();
  }

  #readiness(): readonly Readiness[] {
    const { fileId } = this.director.plan;
    const shareOf = (userId: UserId) => fileId && this.#shares.of(userId, fileId, this.#nowMs());
    return readReadiness(fileId, this.me, this.#status(), this.roster.peers, shareOf);
  }

  #readFile(fileId: FileId): Promise<ArrayBuffer> | null {
    const file = this.swarm.files.value.find((candidate) => candidate.fileId === fileId);
    return file?.seeded
      ? this.swarm.readFile(fileId).then((bytes) => this.songs.remember(fileId, bytes))
      : null;
  }

  /** After any event: the rest follows from the state as it now is. */
  #changed(): void {
    const localMs = this.#nowMs();
    const { plan, directorId } = this.director;
    const { player } = this.#options;
    this.swarm.prioritize(plan.fileId);
    const isClicking = this.#othersClicking.isHeard(this.roster.peers, localMs) || this.#isClicking;
    this.calibration.look();
    this.controller.setTones(this.calibration.tones ?? (isClicking ? CLICKS : null));
    this.controller.follow(plan, localMs);
    // Tags wait until nothing else reads or decodes.
    const isIdle = plan.state === "stopped" && !this.controller.isDecoding && !this.calibration.tones;
    if (isIdle) this.songs.readOne(this.swarm.files.value, (fileId) => this.swarm.readFile(fileId));
    const playback = player.read();
    this.clock.setActivity(
      playback.state === "playing" ? "playing" : plan.state === "stopped" ? "idle" : "pre-roll",
    );
    // Bulk must not disturb the clock when it counts: from the pre-roll to the last sample.
    const isComparing = plan.state === "preparing" || this.roomTime.disagreement !== null;
    this.swarm.setPlaying(plan.state !== "stopped", isComparing);
    if (playback.state === "playing") this.#recordTiming("firstSoundMs");
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

  #recordTiming(timing: keyof Timings): void {
    this.timings[timing] ??= this.#nowMs() - this.#options.tappedLocalMs;
  }

  #nowMs(): number {
    return this.#options.clock.nowMs();
  }
}
