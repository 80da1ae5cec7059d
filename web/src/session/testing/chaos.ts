// A storm over a room of simulated devices, all of it from one seed, and the judgement after it: one director, one plan,
// everyone in step, nobody left over who has gone. True ms from the beginning of the storm.

import { EMPTY_PLAN, type Plan, positionUsAt } from "../../director/index.ts";
import { type FileId, pickOne, randomBelow } from "../../lib/index.ts";
import { SeededRandom } from "../../lib/testing/index.ts";
import { QUEUE_SETTLE_MS, REQUEST_KEPT_MS } from "../../protocol/constants/director.gen.ts";
import { EventClock } from "../../transfer/testing/event-clock.ts";
import { FakeNetwork } from "../../transfer/testing/fake-connection.ts";
import { ACTS, MIN_SLEEP_MS } from "./acts.ts";
import { DraftStorm } from "./draft-storm.ts";
import { QueueStorm } from "./queue-storm.ts";
import { RoleStorm } from "./role-storm.ts";
import { type Depth, IDEAL_SONG_ID, SIM_SONG_ID, SimDevice, type SimWorld } from "./sim-device.ts";
import { memberId, SimMember } from "./sim-member.ts";
import { SimServer } from "./sim-server.ts";

const NAMES = ["ada", "bo", "cy", "di", "eve"];
const MIN_STORM_MS = 4_000;
const MAX_STORM_MS = 14_000;
/** The longest back-off, a connection that hung until its time-out, and the next back-off. */
const REOPEN_MS = 26_000;
/** With everybody connected, this long until there is one director and one plan. */
const AGREE_MS = 8_000;
const FETCH_MS = 30_000;
/** A page that is closed waits for what is under way in its store, and no longer than this. */
const CLOSE_MS = 20_000;
/** From a start, or from agreement, until the loudspeakers must be in step. */
const SETTLE_MS = 8_000;
const IN_STEP_MS = 5;
/** Of what happens in a storm around the queue or around roles. */
const SUBJECT_SHARE = 0.7;
const HEARTBEAT_MS = 1_000;
/** Share of the runs without real sound that are also listened to; it takes as long as all before. */
const LISTENED_SHARE = 0.15;
/** The server's heartbeat finds a dead socket in 30 s, and the grace is 15 s. */
const GONE_MS = 46_000;
/** Share of the runs with such a loss that wait for it. */
const WAITED_SHARE = 0.2;
/** Between two rounds of promises; the depths with real sound live on them. */
const ROUND_MS = 20;

/** A liar claims to direct this often, as long as the storm lasts. */
const LIE_PERIOD_MS = 300;
/** At and near every end that a number on the wire can have. */
const EDGES = [0, 1, 999_999_999, 1_000_000_000, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 2, 2 ** 32 - 1];

/** What most that people do in a storm is about, and what is judged then. */
export type Subject = "queue" | "roles" | "queue and roles" | "drafts";

/** What a run came to: no trouble is a good run. */
export interface Outcome {
  readonly seed: number;
  readonly trouble: string | null;
  /** What happened, a line each, for whoever looks into it. */
  readonly story: readonly string[];
}

export async function runChaos(
  seed: number,
  depth: Depth,
  withWhat: "liar" | Subject | null = null,
): Promise<Outcome> {
  const chaos = new Chaos(seed, depth, withWhat === "liar" ? null : withWhat);
  if (withWhat === "liar") chaos.lie();
  let trouble: string | null;
  try {
    trouble = await chaos.run();
  } catch (error) {
    trouble = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  await chaos.end();
  return { seed, trouble, story: chaos.story };
}

export class Chaos {
  readonly random: SeededRandom;
  readonly server: SimServer;
  readonly devices: SimDevice[] = [];
  readonly story: string[] = [];
  readonly #world: SimWorld;
  readonly #clock = new EventClock(0);
  readonly #gone = new Set<SimDevice>();
  #isCalm = false;
  /** Someone has gone without a word that could be heard. */
  #isSomeoneMissed = false;
  /** Most of what people do is about the queue, and that is what is judged. */
  readonly #queueStorm: QueueStorm | null;
  readonly #roleStorm: RoleStorm | null;
  readonly #draftStorm: DraftStorm | null;

  constructor(seed: number, depth: Depth, subject: Subject | null = null) {
    this.random = new SeededRandom(seed);
    this.#queueStorm = subject?.startsWith("queue") ? new QueueStorm(this.random) : null;
    this.#roleStorm = subject?.endsWith("roles") ? new RoleStorm(this.random) : null;
    this.#draftStorm = subject === "drafts" ? new DraftStorm(this.random) : null;
    this.server = new SimServer(this.#clock);
    const network = new FakeNetwork();
    const areStoresSlow = this.#draftStorm !== null;
    this.#world = {
      clock: this.#clock,
      random: this.random,
      server: this.server,
      network,
      depth,
      areStoresSlow,
    };
  }

  get songId(): FileId {
    return this.#world.depth === "whole" ? SIM_SONG_ID : IDEAL_SONG_ID;
  }

  get isFull(): boolean {
    return this.devices.length === NAMES.length;
  }

  get alive(): readonly SimDevice[] {
    return this.devices.filter((device) => !this.#gone.has(device));
  }

  async run(): Promise<string | null> {
    if (this.#queueStorm?.isOld) await this.#growOld(this.#queueStorm);
    const people = 2 + randomBelow(this.random, 3) - this.devices.length;
    for (let index = 0; index < people; index++)
      this.#clock.after(3_000 * this.random.fraction(), () => this.join());
    const stormMs = MIN_STORM_MS + this.random.fraction() * (MAX_STORM_MS - MIN_STORM_MS);
    const acts = (2 + randomBelow(this.random, 12)) * (this.#queueStorm || this.#roleStorm ? 3 : 1);
    for (let index = 0; index < acts; index++) {
      const afterMs = 1_000 + this.random.fraction() * (stormMs - 1_000 - MIN_SLEEP_MS);
      this.#clock.after(afterMs, () => this.#act());
    }
    await this.#advance(stormMs);
    this.#calm();
    const reopened = await this.#reopened();
    const [queueStorm, roleStorm] = [this.#queueStorm, this.#roleStorm];
    if (reopened || queueStorm || roleStorm) {
      const queue = reopened ?? (queueStorm && (await this.#sameQueue(queueStorm)));
      return queue ?? (roleStorm && (await this.#sameRoles(roleStorm)));
    }
    if (this.#draftStorm)
      return (await this.#agreed()) ?? this.#draftStorm.settle(this.alive, (ms) => this.#advance(ms));
    return (await this.#agreed()) ?? (await this.#inStep()) ?? (await this.#left());
  }

  async #growOld(storm: QueueStorm): Promise<void> {
    for (let count = 0; count < 2; count++) this.join();
    await this.#advance(6_000);
    for (const device of this.devices) storm.begin(device);
    await this.#advance(REQUEST_KEPT_MS + 5_000);
    this.#tell("the storm begins");
  }

  async end(): Promise<void> {
    for (const { clock } of this.devices) {
      clock.wake();
      clock.thaw();
    }
    const closed = Promise.all(this.devices.map(({ session }) => session.close()));
    if (this.#draftStorm) await this.#advance(CLOSE_MS);
    await closed;
  }

  join(): string {
    const device = new SimDevice(NAMES[this.devices.length] ?? "", this.#world);
    this.devices.push(device);
    if (this.devices.length === 1) device.addSong();
    this.#tell(`${device.name} joins as ${device.userId.slice(0, 4)}`);
    return device.name;
  }

  /** Somebody is a member who claims any term and revision, to all or to some, until the storm is over. */
  lie(): void {
    const random = new SeededRandom(-this.random.fraction() * 2 ** 31);
    const number = (): number =>
      random.fraction() < 0.5 ? pickOne(random, EDGES) : randomBelow(random, 2 ** 32);
    let liar: SimMember | null = null;
    const claim = (): void => {
      if (this.#isCalm) {
        liar?.leave();
        return;
      }
      liar ??= new SimMember(memberId(pickOne(random, ["0", "8", "f"])), this.#world);
      this.#clock.after(LIE_PERIOD_MS, claim);
      if (liar.others.length === 0) return;
      const record = { term: number(), userId: liar.userId, resigned: random.fraction() < 0.2 };
      const heartbeat = { record, plan: { ...EMPTY_PLAN, term: number(), rev: number() } };
      const to = random.fraction() < 0.5 ? null : pickOne(random, liar.others);
      liar.say(to, { kind: "heartbeat", heartbeat, queueStamp: null });
    };
    this.#clock.after(1_500, claim);
  }

  leave(device: SimDevice): string {
    this.#gone.add(device);
    const { session, path, clock } = device;
    if (session.controlState !== "open" || path.isCut || clock.isHalted) this.#isSomeoneMissed = true;
    device.clock.deliver(() => void device.session.close());
    return "";
  }

  die(device: SimDevice): string {
    this.#gone.add(device);
    device.isDead = true;
    this.#isSomeoneMissed = true;
    device.path.cut();
    device.clock.freeze();
    device.card?.take();
    return "";
  }

  restart(): void {
    if (!this.server.isUp) this.server.restart();
  }

  calmPath(path: SimDevice["path"]): void {
    [path.lossShare, path.shuffleMs] = [0, 0];
  }

  /** Undoes something within `maxMs`, unless calm has undone it before or it can no longer be undone. */
  later(maxMs: number, undo: () => void, device?: SimDevice, minMs = 0): string {
    const ms = minMs + maxMs * this.random.fraction() ** 2;
    this.#clock.after(ms, () => {
      if (!this.#isCalm && !device?.isDead) undo();
    });
    return `for ${(ms / 1000).toFixed(1)} s`;
  }

  #act(): void {
    if (this.alive.length === 0) return;
    const device = pickOne(this.random, this.alive);
    const storms = [this.#queueStorm, this.#roleStorm, this.#draftStorm].filter((each) => each !== null);
    const storm = storms[storms.length > 1 ? randomBelow(this.random, storms.length) : 0];
    if (storm && this.random.fraction() < SUBJECT_SHARE) {
      this.#tell(`${device.name} ${storm.act(device, this.alive)}`);
      return;
    }
    const name = pickOne(this.random, Object.keys(ACTS));
    const detail = ACTS[name]?.(this, device) ?? "";
    this.#tell(`${device.name} ${name} ${detail}`);
  }

  #calm(): void {
    this.#isCalm = true;
    this.restart();
    for (const { path, clock, card, isDead } of this.devices) {
      if (isDead) continue;
      this.calmPath(path);
      path.heal();
      clock.wake();
      clock.thaw();
      card?.give();
    }
    this.alive[0]?.addSong(); // who brought it may have left with it
    this.#tell("calm");
  }

  async #reopened(): Promise<string | null> {
    // Who slept may believe in a socket that the server has long forgotten.
    const isOpen = (): boolean => this.#connected().length === this.alive.length;
    let [group, unchangedMs] = [this.#connected(), 0];
    for (let waitedMs = 0; waitedMs < REOPEN_MS && !isOpen(); waitedMs += 250) {
      await this.#advance(250);
      const refused = this.alive.find((device) => device.refusal);
      if (refused) return `${refused.name} was refused: ${refused.refusal}`;
      // G1 holds of those who are connected while others still are not.
      const now = this.#connected();
      const isSame = now.length === group.length && now.every((device, index) => device === group[index]);
      unchangedMs = isSame ? unchangedMs + 250 : 0;
      group = now;
      const isJudged = unchangedMs >= AGREE_MS && !this.#queueStorm; // there the plan goes on by itself
      const trouble = isJudged ? this.#disagreement(group) : null;
      if (trouble) return `while others are missing, ${trouble}`;
    }
    this.#tell("all connected");
    return isOpen() ? null : `not connected: ${this.#each(({ session }) => session.controlState)}`;
  }

  /** A director whose clock has only just locked may start the song in this very moment: then all know within a heartbeat. */
  async #agreed(): Promise<string | null> {
    await this.#advance(AGREE_MS);
    for (let waitedMs = 0; waitedMs < HEARTBEAT_MS; waitedMs += 100) {
      if (this.#disagreement(this.alive) === null) return null;
      await this.#advance(100);
    }
    return this.#disagreement(this.alive);
  }

  /** Q25, Q26, Q36: within a heartbeat of agreement on who directs and knows the queue, everybody has all of one queue. */
  async #sameQueue(storm: QueueStorm): Promise<string | null> {
    await this.#advance(AGREE_MS);
    let trouble: string | null = null;
    for (let waitedMs = 0; waitedMs < HEARTBEAT_MS + QUEUE_SETTLE_MS; waitedMs += 100) {
      await this.#advance(100);
      trouble = this.#disagreement(this.alive) ?? storm.trouble(this.alive);
      if (trouble === null) return null;
    }
    return trouble;
  }

  /** R1, R2, R5: within a heartbeat of agreement everybody knows what each plays; and what one director gives to all is so everywhere. */
  async #sameRoles(storm: RoleStorm): Promise<string | null> {
    const agreed = await this.#agreed();
    if (agreed) return agreed;
    const isOne = async (withinMs: number): Promise<string | null> => {
      for (let waitedMs = 0; waitedMs < withinMs; waitedMs += 100) {
        if (storm.trouble(this.alive) === null) return null;
        await this.#advance(100);
      }
      return storm.trouble(this.alive);
    };
    const trouble = await isOne(HEARTBEAT_MS);
    if (trouble) return trouble;
    storm.spread(this.alive);
    return isOne(HEARTBEAT_MS);
  }

  #connected(): readonly SimDevice[] {
    return this.alive.filter(
      ({ userId, session }) => session.controlState === "open" && this.server.isPresent(userId),
    );
  }

  /** G1, of those who are connected: one of them directs, all know it, and all have the same plan. */
  #disagreement(group: readonly SimDevice[]): string | null {
    if (group.length === 0) return null;
    const directors = group.filter(({ session }) => session.director.isMe);
    const believed = new Set(group.map(({ session }) => session.director.directorId));
    if (directors.length !== 1 || believed.size !== 1) {
      return `director: ${this.#each(({ session }) => `${session.director.directorId?.slice(0, 4)} term ${session.director.record?.term} ${session.director.role.name}`)}`;
    }
    const plans = new Set(group.map(({ session }) => planText(session.director.plan)));
    return plans.size === 1 ? null : `plans: ${[...plans].join(" | ")}`;
  }

  async #inStep(): Promise<string | null> {
    const { depth } = this.#world;
    if (depth === "control" && this.random.fraction() > LISTENED_SHARE) return null;
    const lacking = await this.#lackingSong();
    if (lacking.length > 0) return `without the song: ${lacking.map(({ name }) => name).join(" · ")}`;
    const director = this.alive.find(({ session }) => session.director.isMe)?.session;
    if (director?.director.plan.state === "stopped") director.play(this.songId);
    await this.#advance(2_000);
    director?.startNow(); // the dead are not away yet, and would be waited for
    await this.#advance(SETTLE_MS);
    for (let look = 0; look < 4; look++) {
      const errors = this.alive.map((device) => this.#errorMs(device));
      if (errors.some((errorMs) => errorMs === null || Math.abs(errorMs) >= IN_STEP_MS)) {
        const { plan } = director?.director ?? {};
        return `out of step: ${errors.map((errorMs) => errorMs?.toFixed(2) ?? "silent").join(" · ")} (${plan?.state} ${plan?.clockId})`;
      }
      await this.#advance(700);
    }
    return null;
  }

  /** Who still has to fetch the song when links had time enough to fail once and be made again. */
  async #lackingSong(): Promise<readonly SimDevice[]> {
    const lacking = (): readonly SimDevice[] => this.alive.filter((device) => !device.holds(this.songId));
    for (let waitedMs = 0; waitedMs < FETCH_MS && lacking().length > 0; waitedMs += 500)
      await this.#advance(500);
    return lacking();
  }

  async #left(): Promise<string | null> {
    if (this.#isSomeoneMissed && this.random.fraction() > WAITED_SHARE) return null;
    if (this.#isSomeoneMissed) await this.#advance(GONE_MS);
    const expected = this.alive
      .map(({ userId }) => userId)
      .sort()
      .join();
    const seen = [
      [...this.server.members].sort().join(),
      ...this.alive.map(({ userId, session }) =>
        [userId, ...session.roster.peers.map((peer) => peer.userId)].sort().join(),
      ),
    ];
    return seen.every((members) => members === expected)
      ? null
      : `ghosts: ${seen.join(" | ")}, not ${expected}`;
  }

  /** How far ahead of the plan a loudspeaker is in truth; null while it is silent. */
  #errorMs(device: SimDevice): number | null {
    const { plan } = device.session.director;
    const { heardSec } = device;
    if (heardSec === null) return null;
    const delayedUs = this.server.globalUs(plan.clockId) + device.session.speakerDelayMs * 1000;
    return heardSec * 1000 - positionUsAt(plan, delayedUs) / 1000;
  }

  async #advance(ms: number): Promise<void> {
    if (this.#world.depth === "control") {
      this.#clock.advance(ms);
      return;
    }
    for (let leftMs = ms; leftMs > 0; leftMs -= ROUND_MS) {
      this.#clock.advance(Math.min(ROUND_MS, leftMs));
      await promisesRun();
    }
  }

  #each(say: (device: SimDevice) => string): string {
    return this.alive.map((device) => `${device.name} ${say(device)}`).join(" · ");
  }

  #tell(line: string): void {
    this.story.push(`${(this.#clock.nowMs() / 1000).toFixed(2).padStart(6)} s  ${line}`);
  }
}

const planText = ({ term, rev, clockId, state, entryId, globalStartUs, positionUs }: Plan): string =>
  `${term}.${rev} ${state} ${entryId} from ${positionUs} at ${globalStartUs} of ${clockId}`;

const promisesRun = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
