// What a session decides: who is here, who directs, what is heard here, what the others are told. Pure: it is told events and the
// local time (ms), reads the engines, and answers with what is to be done, in that order. Global µs, seconds in the file.
// A tap on Play comes from ui by app and session.ts; what it leads to goes by session.ts to playback controller, player and queue.
// Invariants
//  1. `#take` puts an event into the state and answers it: a tap's plan, a greeting, news. All that follows from the state as it then
//     is, is decided in `#evaluate`, always in the same order; only the first locked clock leaves that to the next event.
//  2. An event that changes nothing changes no decision, so it may come at any time.
//  3. Effects are performed after the event: what they change in an engine comes back as another one.
//  4. What time alone brings about is decided at ticks, so that what the others say of a plan has had a moment to arrive before
//     more is written. A prepared song alone starts at whatever event makes all ready, once its plan has reached the player.
//     Before both the shell looks whether the device has slept.

import type { Role } from "../../audio/index.ts";
import type { CheckedServerMessage, ControlState, IceServer } from "../../control/index.ts";
import {
  Director,
  type Heartbeat,
  type Plan,
  type PlanChange,
  programme,
  type Queue,
  type Readiness,
  type Stretch,
  upcoming,
} from "../../director/index.ts";
import type { FileId, UserId } from "../../lib/index.ts";
import { SERVER_SILENCE_MS } from "../../protocol/constants/session.gen.ts";
import type { Engines, OwnSettings, SessionEffect, SessionEvent } from "./event.ts";
import { HelloHandshake } from "./hello-handshake.ts";
import { MemberBudgets } from "./member-budgets.ts";
import type { SessionNews } from "./news.ts";
import { OthersClicking } from "./others-clicking.ts";
import { isStillHeard, readOwnStatus } from "./own-status.ts";
import type { PeerMessage, PeerStatus } from "./peer-message.ts";
import { PlanPolicy, type Waiting } from "./plan-policy.ts";
import { CLICKS } from "./playback-target.ts";
import { planUsAt } from "./programme-now.ts";
import { ProgrammePolicy } from "./programme-policy.ts";
import { QueueControl } from "./queue-control.ts";
import { readReadiness, readReadyFileId } from "./readiness.ts";
import { RoleControl } from "./role-control.ts";
import { Roster } from "./roster.ts";
import { readSkipReason } from "./skip-reason.ts";
import { StatusNews } from "./status-news.ts";
import { noTimings, type Timings } from "./timings.ts";

/** Of the programme, so much is told the player: what still fades out, and more than any window of sound. */
const BEHIND_US = 5e6;
const AHEAD_US = 90e6;

/** What a session remembers from one event to the next. Only the core changes it. */
export interface SessionState extends OwnSettings {
  readonly me: UserId;
  /** A tablet counts as one: it shares their memory, their radio and their browser. */
  readonly isPhone: boolean;
  /** The server's name, its word on relays for data channels. */
  nodeId: string | null;
  iceServers: readonly IceServer[];
  readonly roster: Roster;
  readonly director: Director;
  /** Whom the start of a prepared song waits for, and how long yet; null while none is prepared. */
  waiting: Waiting | null;
  readonly timings: Timings;
}

export type Own = Pick<SessionState, "me" | "isPhone" | "name"> & {
  /** As this device remembers it, and what its first choice of one is called (own-role.ts). */
  readonly role: Role;
  readonly firstChoice: number;
  /** When the person tapped Join. */
  readonly tappedLocalMs: number;
};

export class SessionCore {
  readonly #state: SessionState;
  readonly #engines: Engines;
  readonly #tappedLocalMs: number;
  readonly #planPolicy: PlanPolicy;
  readonly #queueControl: QueueControl;
  readonly #roleControl: RoleControl;
  readonly #budgets = new MemberBudgets();
  readonly #othersClicking = new OthersClicking(this.#budgets);
  readonly #statusNews = new StatusNews();
  readonly #handshake = new HelloHandshake((userId, asks) => this.#greet(userId, asks));
  /** Whom the file swarm is to know has changed; who may direct has. */
  #areMembersNew = false;
  #areCandidatesNew = false;
  #lastDirector: UserId | null = null;
  /** Of the event that is being handled. */
  #localMs = 0;
  /** What the player was last told to follow. */
  #aimedPlan: Plan | null = null;
  #effects: SessionEffect[] = [];

  constructor({ me, isPhone, name, tappedLocalMs, role, firstChoice }: Own, engines: Engines) {
    this.#engines = engines;
    this.#tappedLocalMs = tappedLocalMs;
    const director = new Director(me);
    const roster = new Roster();
    this.#state = {
      me,
      isPhone,
      name,
      isVisible: true,
      isClicking: false,
      speakerDelayMs: 0,
      nodeId: null,
      iceServers: [],
      roster,
      director,
      waiting: null,
      timings: noTimings(),
    };
    const { clock, controller, player } = engines;
    const usOf = (sec: number | undefined): number | null => (sec === undefined ? null : sec * 1e6);
    const durationUsOf = (fileId: FileId): number | null =>
      engines.durationUsOf(fileId) ?? usOf(player.lengthOf(fileId)?.durationSec);
    const queue = (): Queue => this.#queueControl.queue;
    this.#queueControl = new QueueControl({
      me,
      director,
      present: () => roster.peers.flatMap(({ userId, isAway }) => (isAway ? [] : [userId])),
      durationUsOf,
      send: (to, message) => this.#send(to, message),
      writePlan: (change) => this.#writePlan(change),
      refused: (refusal) => this.#perform({ type: "tell", news: { code: "queue-refused", refusal } }),
    });
    this.#roleControl = new RoleControl({
      ...{ me, role, firstChoice, director, roster },
      send: (to, message) => this.#send(to, message),
    });
    this.#planPolicy = new PlanPolicy({
      director,
      clock,
      controller,
      queue,
      durationUsOf: ({ entryId, fileId }) =>
        upcoming({ ...director.plan, entryId, fileId }, queue()).current?.durationUs ??
        (fileId && durationUsOf(fileId)),
      readiness: () => this.#readiness(),
      onPassedOver: (userIds) => this.#perform({ type: "tell", news: { code: "started-without", userIds } }),
    });
    const isRefused = (fileId: FileId) => controller.refusalOf(fileId) !== null;
    this.#queueControl.rule(
      new ProgrammePolicy({
        me,
        director,
        planPolicy: this.#planPolicy,
        clock,
        controller,
        queue,
        durationUsOf,
        decodedUsOf: (fileId) => usOf(player.lengthOf(fileId)?.decodedSec),
        skipReasonOf: (fileId) =>
          readSkipReason(fileId, { files: engines.files(), peers: roster.peers, isRefused }),
        isOverElsewhere: () => roster.peers.some(({ status }) => status?.isOver === true),
        isHeardElsewhere: () => roster.peers.some((peer) => isStillHeard(director.plan.fileId, peer)),
      }),
    );
  }

  get queue(): Queue {
    return this.#queueControl.queue;
  }

  get roles(): Pick<RoleControl, "told" | "asked" | "askedOf"> {
    return this.#roleControl;
  }

  get state(): Readonly<SessionState> {
    return this.#state;
  }

  handle(event: SessionEvent, localMs: number): readonly SessionEffect[] {
    this.#effects = [];
    this.#localMs = localMs;
    this.#take(event);
    // Of these nothing follows: a first estimate is worth more a moment later, and who is not believed has said nothing.
    if (event.type !== "clock-locked" && event.type !== "unproven") this.#evaluate(event.type === "tick");
    return this.#effects;
  }

  // ── events ────────────────────────────────────────────────────────────────────────────────────────────────────

  #take(event: SessionEvent): void {
    const state = this.#state;
    const { director } = state;
    switch (event.type) {
      case "control-changed":
        this.#takeControl(event.state);
        return;
      case "server":
        this.#takeServer(event.message);
        return;
      case "peer":
        this.#takePeer(event.from, event.message);
        return;
      case "unproven":
        this.#handshake.miss(event.from, this.#localMs);
        return;
      case "swarm":
        this.#tell(event.news, "from" in event.news ? event.news.from : null);
        return;
      case "own-set":
        Object.assign(state, event.own);
        this.#areCandidatesNew = true;
        return;
      case "play":
      case "stop":
      case "next":
      case "previous":
      case "set-programme":
        this.#queueControl.tap(event, this.#localMs);
        return;
      case "choose-role":
      case "assign-role":
      case "allow-role":
      case "decline-role":
        this.#roleControl.tap(event, this.#localMs);
        return;
      case "ask-queue":
        this.#queueControl.ask(event.request, this.#localMs);
        return;
      case "pause":
        this.#writePlan(this.#planPolicy.pause(this.#localMs));
        return;
      case "seek":
        this.#writePlan(this.#planPolicy.seek(event.toSec, this.#localMs));
        return;
      case "start-now":
        this.#planPolicy.forceStart();
        return;
      case "take-over":
        this.#sendHeartbeat(director.takeOver(this.#localMs));
        return;
      case "resign":
        this.#sendHeartbeat(director.resign(this.#localMs));
        return;
      case "tick":
        this.#handshake.tick();
        return;
      case "clock-locked":
        this.#mark("clockLockedMs");
        return;
      case "engine-changed":
        return;
      default:
        event satisfies never;
    }
  }

  #takeControl(control: ControlState): void {
    if (control === "open") return; // the welcome says more
    this.#perform({ type: "stop-clock" });
    this.#state.director.detach();
  }

  #takeServer(message: CheckedServerMessage): void {
    const { roster } = this.#state;
    switch (message.type) {
      case "welcome":
        this.#takeWelcome(message);
        break;
      case "joined":
        this.#perform({ type: "meet", member: message });
        if (message.iceServers) this.#state.iceServers = message.iceServers; // who was alone had no relay
        roster.joined(message.userId);
        this.#mark("firstPeerMs");
        this.#perform({ type: "tell", news: { code: "joined", userId: message.userId, name: null } });
        this.#handshake.give(message.userId);
        break;
      case "presence":
        this.#perform({ type: "meet", member: message });
        roster.presence(message.userId, message.away);
        if (!message.away) this.#handshake.give(message.userId);
        break;
      case "left":
        this.#takeLeft(message.userId);
        break;
      case "ice":
        this.#state.iceServers = message.iceServers;
        return;
      default:
        return; // the shell and the link know what to do
    }
    this.#areMembersNew = true;
    this.#areCandidatesNew = true;
  }

  #takeWelcome(welcome: Extract<CheckedServerMessage, { type: "welcome" }>): void {
    const state = this.#state;
    const { members } = welcome;
    const isNewServer = welcome.nodeId !== state.nodeId;
    state.nodeId = welcome.nodeId;
    state.iceServers = welcome.iceServers;
    for (const member of members) this.#perform({ type: "meet", member });
    for (const userId of state.roster.replace(members).gone) this.#forget(userId);
    this.#mark("controlOpenMs");
    if (members.length > 0) this.#mark("firstPeerMs");
    this.#perform({ type: "start-clock" });
    this.#handshake.found(members.filter(({ away }) => !away).map(({ userId }) => userId));
    this.#sendHeartbeat(state.director.attach(state.roster.candidates, isNewServer, this.#localMs));
  }

  #takeLeft(userId: UserId): void {
    const peer = this.#state.roster.left(userId);
    if (!peer) return;
    this.#forget(userId);
    this.#tell({ code: "left", userId, name: peer.status?.name ?? null }, userId);
    this.#sendHeartbeat(this.#state.director.memberLeft(userId, this.#localMs));
  }

  /** What is kept of a member while it is one. */
  #forget(userId: UserId): void {
    this.#handshake.left(userId);
    this.#perform({ type: "forget", userId });
  }

  #takePeer(from: UserId, message: PeerMessage): void {
    const { roster, director } = this.#state;
    switch (message.kind) {
      case "signal":
      case "distance":
        return; // the shell hands it to their engines
      case "calibration":
        this.#perform({ type: "take-calibration", from, calibration: message.calibration });
        return;
      case "heartbeat":
        this.#sendHeartbeat(director.receiveHeartbeat(from, message.heartbeat, this.#localMs));
        if (director.directorId === from && director.record?.term === message.heartbeat.record.term)
          this.#queueControl.heardStamp(from, message.queueStamp);
        return;
      case "status": {
        const wasPhone = roster.get(from)?.status?.isPhone ?? false;
        if (!roster.heard(from, message.status)) return;
        this.#areCandidatesNew = true;
        if (message.status.isPhone !== wasPhone) this.#areMembersNew = true;
        if (message.asks) this.#handshake.give(from);
        return;
      }
      case "queue":
      case "queue-request":
      case "queue-ask":
        if (roster.get(from)) this.#queueControl.take(from, message, this.#localMs);
        return;
      case "role-request":
        this.#roleControl.take(from, message.request, this.#localMs);
        return;
      default:
        message satisfies never;
    }
  }

  // ── what follows from the state ───────────────────────────────────────────────────────────────────────────────

  #evaluate(isTick: boolean): void {
    const localMs = this.#localMs;
    const { director, roster, isVisible } = this.#state;
    // 1. Who is here. First of all whether the server is heard, without which nobody is known to be gone.
    if (this.#engines.serverSilentMs() > SERVER_SILENCE_MS) director.serverIsSilent(localMs);
    if (this.#areMembersNew) this.#perform({ type: "set-members", members: roster.swarmMembers });
    this.#areMembersNew = false;
    if (this.#areCandidatesNew)
      this.#sendHeartbeat(director.setCandidates(roster.candidates, isVisible, localMs));
    this.#areCandidatesNew = false;
    // 2. Who directs: a role that is vacant, a plan that its director can neither start nor move is somebody else's now.
    // 3. What plays, and what next: the director starts, ends and moves it.
    if (isTick) this.#letTimePass();
    else if (director.plan.state === "preparing" && director.plan === this.#aimedPlan)
      this.#writePlan(this.#planPolicy.start(localMs));
    const isPreparing = director.plan.state === "preparing";
    this.#state.waiting = isPreparing ? this.#planPolicy.waiting(localMs) : null;
    this.#queueControl.evaluate(localMs);
    this.#roleControl.evaluate(localMs);
    // 4. What is heard here, and what else may use this device and its network meanwhile.
    this.#aim();
    // 5. What is told: the page of a new director, the others of this device.
    this.#tellDirector();
    const status = this.#status();
    if (this.#statusNews.take(status, localMs) && roster.peers.length > 0)
      this.#send(null, { kind: "status", status, asks: false });
  }

  #letTimePass(): void {
    const localMs = this.#localMs;
    const { director } = this.#state;
    this.#sendHeartbeat(director.tick(localMs));
    if (this.#planPolicy.isStranded(localMs)) this.#sendHeartbeat(director.takeOver(localMs));
    if (this.#planPolicy.isClockless(localMs)) this.#sendHeartbeat(director.resign(localMs));
    // A plan that moved to another clock or starts is heard as that, before it is written on.
    const change = this.#planPolicy.tick(localMs);
    if (change) this.#writePlan(change);
    else this.#queueControl.tick(localMs);
  }

  #aim(): void {
    const { player, controller, chirps, isClockDisputed } = this.#engines;
    const { director, roster, speakerDelayMs, isClicking } = this.#state;
    const { plan } = director;
    const { role } = this.#roleControl.told;
    const areClicksHeard = this.#othersClicking.isHeard(roster.peers, this.#localMs) || isClicking;
    const tones = chirps() ?? (areClicksHeard ? CLICKS : null);
    const isReady = plan.fileId !== null && readReadyFileId(this.#parts()) === plan.fileId;
    this.#perform({
      type: "aim",
      target: { plan, stretches: this.#stretches(), tones, speakerDelayMs, isReady, role },
    });
    this.#aimedPlan = plan;
    const isSounding = player.read().state === "playing";
    const isStopped = plan.state === "stopped";
    this.#perform({
      type: "set-background",
      ...this.#needs(),
      hasChosen: plan.fileId !== null,
      activity: isSounding ? "playing" : isStopped ? "idle" : "pre-roll",
      // Bulk must not disturb the clock when it counts: from the pre-roll to the last sample.
      // While it is only prepared nothing sounds that a queue on the way could disturb.
      isPlaying: plan.state === "playing",
      isComparing: plan.state === "preparing" || isClockDisputed(),
      // Tags wait until nothing else reads or decodes.
      readsTags: isStopped && !controller.isDecoding && !chirps(),
    });
    if (isSounding) this.#mark("firstSoundMs");
  }

  #stretches(): readonly Stretch[] {
    const { plan } = this.#state.director;
    const planUs = plan.state === "playing" ? planUsAt(plan, this.#engines, this.#localMs) : null;
    return planUs === null ? [] : programme(plan, this.queue, planUs - BEHIND_US, planUs + AHEAD_US);
  }

  /** Files by when they will be heard, and those that were. */
  #needs(): { readonly needed: readonly FileId[]; readonly played: readonly FileId[] } {
    const { plan } = this.#state.director;
    const { entries, played } = this.queue;
    const { current, next } = upcoming(plan, this.queue);
    const songs = current ? [current, ...next] : entries;
    const needed = new Set(songs.map(({ fileId }) => fileId));
    if (!current && plan.fileId !== null) needed.add(plan.fileId);
    const over = new Set(played.map(({ fileId }) => fileId).filter((fileId) => !needed.has(fileId)));
    return { needed: [...needed], played: [...over] };
  }

  #tellDirector(): void {
    const { directorId } = this.#state.director;
    const former = this.#lastDirector;
    if (directorId === null || directorId === former) return;
    this.#lastDirector = directorId;
    this.#tell({ code: "director-changed", userId: directorId, former }, directorId);
  }

  // ── what it says ──────────────────────────────────────────────────────────────────────────────────────────────

  #writePlan(change: PlanChange | null): void {
    if (change) this.#sendHeartbeat(this.#state.director.changePlan(change, this.#localMs));
  }

  #sendHeartbeat(heartbeat: Heartbeat | null): void {
    if (heartbeat) this.#send(null, { kind: "heartbeat", heartbeat, queueStamp: this.queue.stamp });
  }

  #greet(userId: UserId, asks: boolean): void {
    this.#send(userId, { kind: "status", status: this.#status(), asks });
  }

  #status(): PeerStatus {
    return readOwnStatus({ ...this.#state, role: this.#roleControl.told }, this.#parts(), this.#localMs);
  }

  #parts() {
    const { clock, controller, player, files } = this.#engines;
    return { plan: this.#state.director.plan, clock, controller, player, files: files() };
  }

  #readiness(): readonly Readiness[] {
    const { me, roster, director } = this.#state;
    const { fileId } = director.plan;
    const shareOf = (userId: UserId) => fileId && this.#engines.shareOf(userId, fileId, this.#localMs);
    return readReadiness(fileId, me, this.#status(), roster.peers, shareOf);
  }

  /** Tells the page, unless it has been told of the same member again and again (E18). */
  #tell(news: SessionNews, about: UserId | null): void {
    if (about === null || this.#budgets.admits(about, "notice", this.#localMs))
      this.#perform({ type: "tell", news });
  }

  #mark(timing: keyof Timings): void {
    this.#state.timings[timing] ??= this.#localMs - this.#tappedLocalMs;
  }

  #send(to: UserId | null, message: PeerMessage): void {
    this.#perform({ type: "send", to, message });
  }

  #perform(effect: SessionEffect): void {
    this.#effects.push(effect);
  }
}
