// The shell of a session: makes and closes the engines around its core, turns their changes and a person's taps into events, and
// performs the effects. Pongs, files and calibration go straight to their engine. Local ms, global µs.

import { decodeAnchor, isIndexLike } from "../audio/index.ts";
import { SyncedClock } from "../clock/index.ts";
import { type CheckedServerMessage, ControlLink, type ControlState, makeJoin } from "../control/index.ts";
import type { Director, Queue, QueueOp } from "../director/index.ts";
import { type EntryId, every, type FileId, toHex, type UserId } from "../lib/index.ts";
import type { Needs, Swarm } from "../transfer/index.ts";
import { Calibration } from "./calibration.ts";
import { readCalibrationContext } from "./calibration-context.ts";
import { SessionCore } from "./core/core.ts";
import type { OwnSettings, SessionEffect, SessionEvent } from "./core/event.ts";
import type { Waiting } from "./core/plan-policy.ts";
import type { PlaybackTarget } from "./core/playback-target.ts";
import type { ProgrammeSettings } from "./core/programme-policy.ts";
import type { RoleTap } from "./core/role-control.ts";
import type { Roster } from "./core/roster.ts";
import type { Timings } from "./core/timings.ts";
import { DistanceSeat } from "./distance-seat.ts";
import { DraftTaps } from "./draft-taps.ts";
import { HeldShares } from "./held-shares.ts";
import type { SessionOptions } from "./options.ts";
import { PeerWire } from "./peer-wire.ts";
import { browserPlatform } from "./platform.ts";
import { PlayableSongs } from "./playable-songs.ts";
import { PlaybackController } from "./playback-controller.ts";
import { RoomTime } from "./room-time.ts";
import { addSong } from "./song-adding.ts";
import { SongDurations } from "./song-durations.ts";
import { SongFiles } from "./song-files.ts";
import { TagCache } from "./tag-cache.ts";

const TICK_MS = 200;
/** Those of every event. */
const CONSTANT_EFFECTS: readonly SessionEffect["type"][] = ["aim", "set-background"];
/** More than anybody makes in one session. */
const ROLE_CHOICES_PER_SESSION = 4_096;

const firstChoiceOf = (epoch: number): number => (epoch * ROLE_CHOICES_PER_SESSION) % 2 ** 32;

export class SwarmSession {
  readonly me: UserId;
  readonly clock: SyncedClock;
  readonly roomTime: RoomTime;
  readonly swarm: Swarm;
  readonly controller: PlaybackController;
  readonly calibration: Calibration;
  readonly distance: DistanceSeat;
  readonly songs = new TagCache(() => this.#changed());
  readonly playable: PlayableSongs;
  readonly #options: SessionOptions;
  readonly #core: SessionCore;
  readonly #link: ControlLink;
  readonly #wire: PeerWire;
  readonly #durations: SongDurations;
  readonly #stopTicking: () => void;
  readonly #stopFetching: () => void;
  /** Events may be caused by effects of events: they wait their turn. */
  readonly #pending: SessionEvent[] = [];
  #isHandling = false;
  readonly #draftTaps: DraftTaps;
  readonly #songFiles: SongFiles;
  /** As the swarm was told them. */
  #needs = "";
  /** A song that was opened: its tags are read as soon as all of its file is here. */
  #untagged: FileId | null = null;
  /** Term, revision and state of the plan that the player has followed. */
  #aimed = "";

  constructor(options: SessionOptions) {
    const { clock, random, keys, player, name, role, tappedLocalMs, platform = browserPlatform } = options;
    this.#options = options;
    const isPhone = platform.isPhone();
    this.#stopFetching = platform.givePlayerParts(clock, (makeParts) => player.soundWith(makeParts));
    this.me = keys.userId;
    this.#wire = new PeerWire(keys, options.epoch, random, platform.primitives, (to, body) =>
      this.#link.send(to === null ? { type: "relay", body } : { type: "relay", to, body }),
    );
    this.#link = new ControlLink({
      clock,
      random,
      server: options.server,
      shard: keys.shard,
      userId: this.me,
      makeJoin: (nonce) => makeJoin(keys, this.#wire.sealer.announcement, nonce, platform.primitives),
      onState: (state) => this.#handle({ type: "control-changed", state }),
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
      home: options.home,
      isPhone,
      acceptsAnnotation: (annotation) => decodeAnchor(annotation) !== null,
      acceptsIndex: isIndexLike,
      prover: this.#wire.sealer,
      sendSignal: (to, signal) => this.#wire.send(to, { kind: "signal", signal }),
      iceServers: () => this.#core.state.iceServers.map((server) => ({ ...server, urls: [...server.urls] })),
      ...this.roomTime.forSwarm,
    });
    this.playable = new PlayableSongs(this.swarm, () => this.#changed());
    this.#draftTaps = new DraftTaps(this.swarm);
    this.#songFiles = new SongFiles(this.swarm, (fileId) => this.controller.reopen(fileId));
    this.controller = new PlaybackController({
      clock: this.clock,
      player,
      fileOf: (fileId) => {
        this.#untagged = fileId;
        this.#readTags();
        return this.#songFiles.fileOf(fileId);
      },
      annotationOf: (fileId) => this.swarm.annotationOf(fileId),
      onChange: () => this.#changed(),
    });
    this.calibration = new Calibration({
      me: this.me,
      nowMs: () => this.#nowMs(),
      look: () => readCalibrationContext(this, this.#nowMs(), this.distance),
      send: (to, calibration) => this.#wire.send(to, { kind: "calibration", calibration }),
      onDelay: (delayMs, by) => options.onEvent({ code: "lined-up", delayMs, by }),
      onFound: () => options.onEvent({ code: "measured" }),
      loadCalibration: platform.loadCalibration,
      onChange: () => this.#changed(),
    });
    this.distance = new DistanceSeat({
      ...{ me: this.me, random, load: platform.loadDistance },
      nowMs: () => this.#nowMs(),
      look: () => readCalibrationContext(this, this.#nowMs(), this.calibration),
      send: (to, distance) => this.#wire.send(to, { kind: "distance", distance }),
      onChange: () => this.#changed(),
    });
    this.#durations = new SongDurations({
      files: () => this.swarm.files.value,
      indexOf: (fileId) => this.swarm.indexOf(fileId),
      onChange: () => this.#changed(),
    });
    const shares = new HeldShares(() => this.swarm.pieceMaps);
    this.#core = new SessionCore(
      { me: this.me, isPhone, name, tappedLocalMs, role, firstChoice: firstChoiceOf(options.epoch) },
      {
        clock: this.clock,
        player,
        controller: this.controller,
        files: () => this.swarm.files.value,
        durationUsOf: (fileId) => this.#durations.usOf(fileId),
        shareOf: (userId, fileId, localMs) => shares.of(userId, fileId, localMs),
        chirps: () => this.calibration.tones ?? this.distance.tones,
        isClockDisputed: () => this.roomTime.disagreement !== null,
        serverSilentMs: () => this.#link.silentMs,
      },
    );
    this.clock.onEstimate((estimate) => {
      this.#link.trust();
      this.controller.estimated(estimate);
      if (this.clock.lastRttMs !== null) this.swarm.reportRtt(this.clock.lastRttMs);
      const isNew = this.timings.clockLockedMs === null && this.clock.state === "locked";
      if (isNew) this.#handle({ type: "clock-locked" });
    });
    this.clock.onSlept(() => {
      this.#link.doubt();
      this.controller.slept();
    });
    this.swarm.onEvent((news) => this.#handle({ type: "swarm", news }));
    this.#stopTicking = every(clock, TICK_MS, () => this.#tick());
    this.#link.open();
  }

  // ── what can be read of it ────────────────────────────────────────────────────────────────────────────────────

  get director(): Director {
    return this.#core.state.director;
  }

  get queue(): Queue {
    return this.#core.queue;
  }

  get roster(): Roster {
    return this.#core.state.roster;
  }

  get timings(): Timings {
    return this.#core.state.timings;
  }

  get controlState(): ControlState {
    return this.#link.state;
  }

  get nodeId(): string | null {
    return this.#core.state.nodeId;
  }

  get name(): string {
    return this.#core.state.name;
  }

  get isClicking(): boolean {
    return this.#core.state.isClicking;
  }

  get speakerDelayMs(): number {
    return this.#core.state.speakerDelayMs;
  }

  get isVisible(): boolean {
    return this.#core.state.isVisible;
  }

  /** This device's own, what somebody asks it to play, and what it asks of others. */
  get roles(): SessionCore["roles"] {
    return this.#core.roles;
  }

  get waiting(): Waiting | null {
    return this.#core.state.waiting;
  }

  /** The song turned out to play here only once all of its file is here. */
  playsWhole(fileId: FileId): boolean {
    return this.#songFiles.playsWhole(fileId);
  }

  // ── what a person does, and the page around it ────────────────────────────────────────────────────────────────

  rename(name: string): void {
    this.#set({ name });
  }

  setSpeakerDelay(speakerDelayMs: number): void {
    this.#set({ speakerDelayMs });
  }

  /** A person's tap about roles (role-control.ts). */
  setRoles(tap: RoleTap): void {
    this.#handle(tap);
  }

  setClicking(isClicking: boolean): void {
    this.#set({ isClicking });
  }

  setVisible(isVisible: boolean): void {
    this.#options.player.setHidden(!isVisible);
    this.#set({ isVisible });
    if (isVisible) this.wake();
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

  /** Director: chooses an entry for the file and prepares it; it starts when all are ready. */
  play(fileId: FileId): void {
    this.#draftTaps.play(fileId, (known) =>
      this.#handle({ type: "play", fileId: known, requestId: this.#newEntryId() }),
    );
  }

  /** Director, like all that follow up to `setProgramme`. */
  stop(): void {
    this.#handle({ type: "stop" });
  }

  goNext(): void {
    this.#handle({ type: "next" });
  }

  goBack(): void {
    this.#handle({ type: "previous" });
  }

  setProgramme(settings: ProgrammeSettings): void {
    this.#handle({ type: "set-programme", settings });
  }

  /** Anyone, like all that is asked of the queue. */
  queueFile(fileId: FileId, place: "end" | "next"): void {
    this.#draftTaps.queue(fileId, (known) =>
      this.askQueue({ type: "add", fileId: known, place, durationUs: this.#durations.usOf(known) }),
    );
  }

  /** Asks whoever directs to change the queue; returns the request's id, which is that of an entry it adds. */
  askQueue(op: QueueOp): EntryId {
    const requestId = this.#newEntryId();
    this.#handle({ type: "ask-queue", request: { requestId, op } });
    return requestId;
  }

  pause(): void {
    this.#handle({ type: "pause" });
  }

  seek(toSec: number): void {
    this.#handle({ type: "seek", toSec });
  }

  startNow(): void {
    this.#handle({ type: "start-now" });
  }

  takeOver(): void {
    this.#handle({ type: "take-over" });
  }

  resign(): void {
    this.#handle({ type: "resign" });
  }

  /**
   * Leaves: others see it at once, nothing of the swarm stays here. Idempotent. `keepsStore`: the pieces stay, for another
   * session under the same name.
   */
  async close(keepsStore = false): Promise<void> {
    this.#stopTicking();
    this.#stopFetching();
    this.clock.stop();
    this.#link.close();
    this.calibration.close();
    this.distance.close();
    this.controller.close();
    this.#options.player.unload();
    this.songs.close();
    await this.swarm.close(keepsStore);
  }

  /** The page is going away: say so while there is still time. */
  sayLeave(): void {
    this.#link.close();
  }

  // ── events ────────────────────────────────────────────────────────────────────────────────────────────────────

  #tick(): void {
    this.clock.checkForSleep(); // also while there is no server to probe
    this.#link.checkSilence();
    this.#readTags();
    this.playable.follow(this.swarm.files.value);
    this.#draftTaps.follow();
    this.#handle({ type: "tick" });
  }

  #set(own: Partial<OwnSettings>): void {
    this.#handle({ type: "own-set", own });
  }

  #changed(): void {
    this.#handle({ type: "engine-changed" });
  }

  #received(message: CheckedServerMessage, receivedLocalMs: number): void {
    if (message.type === "pong") this.clock.receivePong(message, receivedLocalMs);
    else if (message.type === "relayed") this.#relayed(message.from, message.body, receivedLocalMs);
    else if (message.type === "error") console.warn(`the server says: ${message.code}: ${message.message}`);
    else this.#handle({ type: "server", message });
  }

  #relayed(from: UserId, body: string, localMs: number): void {
    if (!this.roster.get(from)) return; // the server speaks for someone it never introduced
    const message = this.#wire.receive(from, body, localMs, () => this.#handle({ type: "unproven", from }));
    if (message?.kind === "signal") this.swarm.receiveSignal(from, message.signal);
    else if (message?.kind === "distance") this.distance.receive(from, message.distance);
    else if (message) this.#handle({ type: "peer", from, message });
  }

  #handle(event: SessionEvent): void {
    this.#pending.push(event);
    if (this.#isHandling) return;
    this.clock.checkForSleep(); // any event may start a song, and must not by a clock that slept
    this.#isHandling = true;
    let isChanged = false;
    let isQuiet = true;
    try {
      for (let next = this.#pending.shift(); next; next = this.#pending.shift()) {
        this.calibration.look();
        this.distance.look();
        const effects = this.#core.handle(next, this.#nowMs());
        for (const effect of effects) {
          // The core counts an effect as done: one engine's fault must not keep the others from theirs.
          try {
            this.#perform(effect);
          } catch (error) {
            console.error(error);
          }
        }
        isChanged ||= effects.some(({ type }) => type === "aim");
        isQuiet &&= next.type === "tick" && effects.every(({ type }) => CONSTANT_EFFECTS.includes(type));
      }
    } finally {
      this.#isHandling = false;
    }
    if (isChanged) this.#options.onChange(isQuiet);
  }

  #perform(effect: SessionEffect): void {
    switch (effect.type) {
      case "send":
        this.#wire.send(effect.to, effect.message);
        return;
      case "meet":
        this.#wire.meet(effect.member);
        return;
      case "forget":
        this.#wire.left(effect.userId);
        return;
      case "start-clock":
        this.clock.start();
        return;
      case "stop-clock":
        this.clock.stop();
        return;
      case "set-members":
        this.swarm.setMembers(effect.members);
        return;
      case "take-calibration":
        this.calibration.receive(effect.from, effect.calibration);
        this.#changed();
        return;
      case "aim":
        this.#aim(effect.target);
        return;
      case "set-background":
        this.swarm.prioritize((effect.hasChosen && effect.needed[0]) || null);
        this.#setNeeds(effect);
        this.swarm.setPlaying(effect.isPlaying, effect.isComparing);
        this.clock.setActivity(effect.activity);
        if (effect.readsTags && !this.controller.isDecoding)
          this.songs.readOne(this.swarm.files.value, (fileId) => this.#songFiles.fileOf(fileId));
        return;
      case "tell":
        this.#options.onEvent(effect.news);
        return;
      default:
        effect satisfies never;
    }
  }

  /** What a new plan does to the player is known only now: what is told of this device may have to be told anew. */
  #aim(target: PlaybackTarget): void {
    const { term, rev, state } = target.plan;
    const aim = `${term} ${rev} ${state}`;
    this.controller.follow(target, this.#nowMs());
    if (aim !== this.#aimed) this.#changed();
    this.#aimed = aim;
  }

  #setNeeds({ needed, played }: Needs): void {
    const needs = `${needed}|${played}`;
    if (needs !== this.#needs) this.swarm.setNeeds({ needed, played });
    this.#needs = needs;
  }

  #readTags(): void {
    const file = this.#untagged && this.#songFiles.fileOf(this.#untagged);
    if (!this.#untagged || !file || file.arriving) return;
    this.songs.remember(this.#untagged, file);
    this.#untagged = null;
  }

  #newEntryId(): EntryId {
    return toHex(this.#options.random.bytes(8)) as EntryId;
  }

  #nowMs(): number {
    return this.#options.clock.nowMs();
  }
}
