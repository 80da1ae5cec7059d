// What only the director does to queue and plan together: Play, Next and Previous, the programme's settings, going over to the next
// entry, the end, and what is passed over (Q27–Q34 in docs/spec/queue.md). Pure but for what it is given to read. Local ms, global µs,
// µs in the song. Answers with what is to be written; null while that is nothing.

import type { SyncedClock } from "../../clock/index.ts";
import {
  applyRequest,
  type Director,
  knownDurationUs,
  type Plan,
  type PlanChange,
  programme,
  programmeEndUs,
  type Queue,
  type QueueEntry,
  type QueueRefusal,
  type SkipReason,
  type Song,
  type Stretch,
  takeOut,
  upcoming,
} from "../../director/index.ts";
import type { EntryId, FileId, UserId } from "../../lib/index.ts";
import {
  GO_OVER_US,
  MAX_CROSSFADE_MS,
  MAX_QUEUE_ENTRIES,
  MAX_TEMPO,
  MIN_LOOP_US,
  MIN_TEMPO,
  NEXT_PATIENCE_MS,
  PREVIOUS_ENTRY_SEC,
  SKIP_AFTER_MS,
} from "../../protocol/constants/director.gen.ts";
import { AFTER_END_SEC, OVER_HEARD_AFTER_US } from "../../protocol/constants/session.gen.ts";
import type { PlanPolicy } from "./plan-policy.ts";
import type { PlaybackProgress } from "./playback-target.ts";
import { planUsAt, positionUsIn, stretchNow } from "./programme-now.ts";

export interface ProgrammePolicyOptions {
  readonly me: UserId;
  readonly director: Director;
  readonly planPolicy: PlanPolicy;
  readonly clock: Pick<SyncedClock, "state" | "estimate" | "globalUsAt">;
  readonly controller: Pick<PlaybackProgress, "soundingAt" | "positionSecAt">;
  readonly queue: () => Queue;
  /** By the file's index, or its decode here; null while this device has neither. */
  readonly durationUsOf: (fileId: FileId) => number | null;
  /** What of the file this device has decoded; less than its duration where it has only the beginning (P39). */
  readonly decodedUsOf: (fileId: FileId) => number | null;
  /** Why the file is to be passed over, as things stand. */
  readonly skipReasonOf: (fileId: FileId) => SkipReason | null;
  /** Someone who plays the chosen file says that it has ended. */
  readonly isOverElsewhere: () => boolean;
  /** Someone has more to play of the chosen file. */
  readonly isHeardElsewhere: () => boolean;
}

/** What is to be written; a queue first, so that the plan's heartbeat names it. */
export interface ProgrammeChange {
  readonly queue?: Queue;
  readonly plan?: PlanChange | null;
}

/** What a person sets of the programme; the song keeps its place. */
export type ProgrammeSettings = Partial<Pick<Plan, "repeat" | "loopUs" | "tempo" | "crossfadeMs">>;

type Chosen = Pick<Plan, "entryId" | "fileId">;

export class ProgrammePolicy {
  readonly #options: ProgrammePolicyOptions;
  /** Since when a file is to be passed over, and why. */
  readonly #skips = new Map<FileId, { readonly reason: SkipReason; readonly sinceLocalMs: number }>();

  constructor(options: ProgrammePolicyOptions) {
    this.#options = options;
  }

  /** What plays or keeps its place: it is not to come. */
  currentId(localMs: number): EntryId | null {
    return this.#current(localMs).entryId;
  }

  /** Q27: a paused song goes on; the entry that would be next is taken; else a new one is put in front. */
  play(
    fileId: FileId,
    requestId: EntryId,
    localMs: number,
  ): ProgrammeChange | { readonly refusal: QueueRefusal } {
    const { director, planPolicy } = this.#options;
    const { plan } = director;
    const current = this.#current(localMs);
    if (current.fileId === fileId && current.entryId !== null) {
      return { plan: planPolicy.prepare(current, plan.state === "playing" ? 0 : plan.positionUs) };
    }
    const [first] = this.#behind(current);
    if (current.entryId === null && first?.fileId === fileId)
      return this.#turnTo(first, "preparing", localMs);
    const durationUs = knownDurationUs(this.#options.durationUsOf(fileId));
    const op = { type: "add", fileId, durationUs, place: "next" } as const;
    const asking = { by: this.#options.me, isDirector: true, currentId: null };
    const { queue, refusal } = applyRequest(
      this.#withoutCurrent(current, localMs),
      { requestId, op },
      asking,
    );
    if (refusal) return { refusal };
    return { queue, plan: planPolicy.prepare({ entryId: requestId, fileId }, 0) };
  }

  /** Q28: the entry behind, also from the last one that plays again and again. */
  next(localMs: number): ProgrammeChange | null {
    const [next] = this.#behind(this.#current(localMs));
    const { plan } = this.#options.director;
    const isPaused = plan.state === "stopped" && plan.entryId !== null;
    return next ? this.#turnTo(next, isPaused ? "stopped" : "preparing", localMs) : null;
  }

  /** Q29: to the beginning of this entry, or, within its first seconds, to what played before. */
  previous(localMs: number): ProgrammeChange | null {
    const { director, planPolicy } = this.#options;
    const { plan } = director;
    const current = this.#current(localMs);
    const queue = this.#trimmed(current.entryId);
    const before =
      queue.played.findLast(({ skipped }) => skipped === null) ?? this.#lastOfRound(queue, current);
    const isEarly = this.#reachedUs(localMs) < PREVIOUS_ENTRY_SEC * 1e6;
    if (!before || (current.entryId !== null && !isEarly))
      return current.entryId === null ? null : { plan: planPolicy.seek(0, localMs) };
    const others = (entries: readonly QueueEntry[]) => entries.filter((entry) => entry !== before);
    const entries = [before, ...others(queue.entries)];
    const isPaused = plan.state === "stopped" && plan.entryId !== null;
    return {
      queue: { ...queue, entries, played: others(queue.played) },
      plan: isPaused ? planPolicy.rest(before, 0) : planPolicy.prepare(before, 0, localMs + NEXT_PATIENCE_MS),
    };
  }

  /** By hand: what has begun is over. */
  stop(localMs: number): ProgrammeChange {
    return {
      queue: this.#withoutCurrent(this.#current(localMs), localMs),
      plan: this.#options.planPolicy.stop(),
    };
  }

  /** Q38: as Next, or Stop where nothing else follows, and it does not come again with repeat all. */
  drop(localMs: number): ProgrammeChange {
    const { entryId } = this.#current(localMs);
    const next = this.next(localMs);
    const change = next?.plan && next.plan.entryId !== entryId ? next : this.stop(localMs);
    const queue = change.queue ?? this.#options.queue();
    const entries = queue.entries.filter((entry) => entry.entryId !== entryId);
    return { ...change, queue: { ...queue, entries } };
  }

  /** Q30; null where a playing plan cannot be written, as its clock is not known here. */
  set(settings: ProgrammeSettings, localMs: number): ProgrammeChange | null {
    const { plan } = this.#options.director;
    const stretch = stretchNow(plan, this.#options.queue(), this.#options, localMs);
    const planUs = planUsAt(plan, this.#options, localMs);
    if (plan.state === "playing" && (!stretch || planUs === null)) return null;
    const { entryId, fileId } = stretch ?? plan;
    const loopUs = entryId === plan.entryId ? plan.loopUs : null;
    const from = stretch
      ? { entryId, fileId, loopUs, globalStartUs: stretch.startUs, positionUs: stretch.positionUs }
      : plan;
    const { clockId, state, globalStartUs, positionUs } = { ...plan, ...from };
    const written: PlanChange = { clockId, state, entryId, fileId, loopUs, globalStartUs, positionUs };
    const { tempo, crossfadeMs, ...others } = settings;
    const change: PlanChange = {
      ...written,
      ...others,
      ...(tempo !== undefined && { tempo: Math.min(MAX_TEMPO, Math.max(MIN_TEMPO, Math.round(tempo))) }),
      ...(crossfadeMs !== undefined && {
        crossfadeMs: Math.min(MAX_CROSSFADE_MS, Math.max(0, Math.round(crossfadeMs))),
      }),
    };
    const reachedUs = stretch && planUs !== null ? positionUsIn(stretch, planUs) : positionUs;
    const movedUs = Math.max(globalStartUs, planUs ?? 0);
    if (settings.loopUs) {
      const loop = loopWithin(settings.loopUs, this.#durationUsOf({ entryId, fileId }));
      if (!loop || entryId === null) return null;
      const isInside = reachedUs >= loop[0] && reachedUs < loop[1];
      const atUs = isInside ? reachedUs : loop[0];
      const startUs = stretch ? movedUs : globalStartUs;
      return { plan: { ...change, loopUs: loop, globalStartUs: startUs, positionUs: atUs } };
    }
    // At another pace the song would have begun at another moment.
    const isPaceNew = change.tempo !== undefined && change.tempo !== plan.tempo && stretch !== null;
    return { plan: isPaceNew ? { ...change, globalStartUs: movedUs, positionUs: reachedUs } : change };
  }

  /** What time and the others bring about. */
  tick(localMs: number): ProgrammeChange | null {
    const { director, clock } = this.#options;
    const { plan } = director;
    if (!director.isMe) return null;
    const globalUs = clock.globalUsAt(localMs);
    const isTimeKnown =
      globalUs !== null && clock.state === "locked" && plan.clockId === clock.estimate?.clockId;
    const change =
      (plan.state === "playing" && isTimeKnown && this.#goOn(globalUs, localMs)) ||
      (plan.state === "preparing" && this.#passOver(localMs)) ||
      null;
    if (change) return change;
    const queue = this.#tidied(localMs);
    return queue === this.#options.queue() ? null : { queue };
  }

  /** Q31, Q32: the plan is written on to what plays now; at the programme's end it is stopped. */
  #goOn(globalUs: number, localMs: number): ProgrammeChange | null {
    const { director, planPolicy } = this.#options;
    const { plan } = director;
    const queue = this.#options.queue();
    const begun = programme(plan, queue, globalUs - GO_OVER_US, globalUs).findLast(
      ({ startUs, fadeInUs }) => startUs + fadeInUs + GO_OVER_US <= globalUs,
    );
    if (begun && begun.entryId !== plan.entryId) return this.#writtenOn(begun);
    if (globalUs > programmeEndUs(plan, queue) + AFTER_END_SEC * 1e6)
      return { queue: takeOut(queue, queue.entries.length, "off"), plan: planPolicy.stop() };
    const isOwn = begun?.entryId === plan.entryId && begun.lap === 0 && plan.loopUs === null;
    if (!isOwn || !this.#isOver(globalUs, localMs)) return null;
    const [next] = upcoming(plan, queue).next;
    if (next) return this.#turnTo(next, "preparing", localMs);
    return { queue: takeOut(queue, queue.entries.length, "off"), plan: planPolicy.stop() };
  }

  #writtenOn({ entryId, fileId, startUs, positionUs }: Stretch): ProgrammeChange {
    const { plan } = this.#options.director;
    const { clockId, state } = plan;
    const change = { clockId, state, entryId, fileId, globalStartUs: startUs, positionUs, loopUs: null };
    return { queue: this.#trimmed(entryId), plan: change };
  }

  /** The song ended, though the programme does not say so: nobody has more of it, or nobody knew how long it is. */
  #isOver(globalUs: number, localMs: number): boolean {
    const { director, controller, decodedUsOf, isHeardElsewhere, isOverElsewhere } = this.#options;
    const { plan } = director;
    const positionSec = controller.positionSecAt(localMs);
    const durationUs = this.#durationUsOf(plan);
    const decodedUs = plan.fileId && decodedUsOf(plan.fileId);
    if (positionSec !== null && durationUs !== null && decodedUs !== null) {
      const endedUs = (positionSec - AFTER_END_SEC) * 1e6;
      // P39: who has only the beginning leaves the rest to the others, who may say so up to the song's length and no longer.
      return endedUs > durationUs || (endedUs > decodedUs && !isHeardElsewhere());
    }
    // D19: it does not sound here; those where it does know its end.
    return globalUs - plan.globalStartUs > OVER_HEARD_AFTER_US && isOverElsewhere();
  }

  /** As everybody reckons, else as this device knows it. */
  #durationUsOf({ entryId, fileId }: Chosen): number | null {
    const { current } = upcoming({ ...this.#options.director.plan, entryId, fileId }, this.#options.queue());
    return current?.durationUs ?? (fileId && this.#options.durationUsOf(fileId));
  }

  /** Q33: nobody waits for a song that is to be passed over, if another one follows. */
  #passOver(localMs: number): ProgrammeChange | null {
    const current = this.#current(localMs);
    const [next] = this.#behind(current);
    if (!next || next.entryId === current.entryId || !current.fileId) return null;
    return this.#skipOf(current.fileId, localMs) ? this.#turnTo(next, "preparing", localMs) : null;
  }

  /** What is over is out, what is to be passed over is marked, and durations that this device knows are told. */
  #tidied(localMs: number): Queue {
    const { director, durationUsOf } = this.#options;
    // What the plan is of is in the list until the plan is written on, though another entry may have begun.
    const queue = this.#withChosen(this.#trimmed(director.plan.entryId));
    const lastBegun = placeOf(queue, this.currentId(localMs));
    let isNew = false;
    const entries = queue.entries.map((entry, place) => {
      const isCurrent = place <= lastBegun;
      const skipped = isCurrent ? entry.skipped : this.#skipOf(entry.fileId, localMs);
      const knownUs = knownDurationUs(durationUsOf(entry.fileId));
      // Of what plays, everybody has reckoned with what was told.
      const durationUs = isCurrent ? (entry.durationUs ?? knownUs) : (knownUs ?? entry.durationUs);
      if (skipped === entry.skipped && durationUs === entry.durationUs) return entry;
      isNew = true;
      return { ...entry, skipped, durationUs };
    });
    return isNew ? { ...queue, entries } : queue;
  }

  #skipOf(fileId: FileId, localMs: number): SkipReason | null {
    const reason = this.#options.skipReasonOf(fileId);
    const known = this.#skips.get(fileId);
    if (reason === null) {
      this.#skips.delete(fileId);
      return null;
    }
    const sinceLocalMs = known?.sinceLocalMs ?? localMs;
    this.#skips.set(fileId, { reason, sinceLocalMs });
    return localMs - sinceLocalMs >= SKIP_AFTER_MS ? reason : null;
  }

  #current(localMs: number): Chosen {
    const { plan } = this.#options.director;
    return stretchNow(plan, this.#options.queue(), this.#options, localMs) ?? plan;
  }

  /** µs in what plays or keeps its place. */
  #reachedUs(localMs: number): number {
    const { plan } = this.#options.director;
    const stretch = stretchNow(plan, this.#options.queue(), this.#options, localMs);
    const planUs = planUsAt(plan, this.#options, localMs);
    return stretch && planUs !== null ? positionUsIn(stretch, planUs) : plan.positionUs;
  }

  /** What may be gone to by hand, in order. */
  #behind({ entryId, fileId }: Chosen): readonly Song[] {
    const { plan } = this.#options.director;
    const queue = this.#options.queue();
    if (entryId === null) return queue.entries.filter(({ skipped }) => skipped === null);
    const repeat = plan.repeat === "one" ? "off" : plan.repeat;
    return upcoming({ ...plan, entryId, fileId, repeat }, queue).next;
  }

  #turnTo(song: Song, state: "preparing" | "stopped", localMs: number): ProgrammeChange {
    const { director, planPolicy } = this.#options;
    const isSounding = director.plan.state === "playing";
    const patienceEndLocalMs = isSounding ? localMs + NEXT_PATIENCE_MS : Number.POSITIVE_INFINITY;
    const plan =
      state === "stopped" ? planPolicy.rest(song, 0) : planPolicy.prepare(song, 0, patienceEndLocalMs);
    const current = this.#current(localMs);
    const queue = this.#trimmed(current.entryId);
    if (song.entryId === current.entryId) return { queue, plan };
    // Where the list goes round, the song may stand before what it follows.
    const isAhead = placeOf(queue, song.entryId) > placeOf(queue, current.entryId);
    const round = isAhead ? queue : takeOut(queue, 1 + placeOf(queue, current.entryId), director.plan.repeat);
    return { queue: takeOut(round, Math.max(0, placeOf(round, song.entryId)), director.plan.repeat), plan };
  }

  /** What precedes an entry is over. */
  #trimmed(entryId: EntryId | null): Queue {
    const queue = this.#options.queue();
    const place = placeOf(queue, entryId);
    return place > 0 ? takeOut(queue, place, this.#options.director.plan.repeat) : queue;
  }

  /** A plan that was heard when its director's queue was not: what it plays is in the list. */
  #withChosen(queue: Queue): Queue {
    const { me, director } = this.#options;
    const { entryId, fileId } = director.plan;
    if (entryId === null || fileId === null || placeOf(queue, entryId) >= 0) return queue;
    const known = queue.played.find((entry) => entry.entryId === entryId);
    const fresh = { entryId, fileId, addedBy: me, durationUs: null, skipped: null, boosts: [] };
    const played = queue.played.filter((entry) => entry !== known);
    return { ...queue, entries: [known ?? fresh, ...queue.entries].slice(0, MAX_QUEUE_ENTRIES), played };
  }

  /** With what plays, if it has begun: something else is put in its place. */
  #withoutCurrent(current: Chosen, localMs: number): Queue {
    const { director } = this.#options;
    const queue = this.#trimmed(current.entryId);
    const isThere = placeOf(queue, current.entryId) >= 0;
    return isThere && this.#reachedUs(localMs) > 0 ? takeOut(queue, 1, director.plan.repeat) : queue;
  }

  /** Where the list goes round, what played before is at its end. */
  #lastOfRound(queue: Queue, current: Chosen): QueueEntry | undefined {
    if (this.#options.director.plan.repeat !== "all") return undefined;
    return queue.entries.findLast(({ entryId, skipped }) => skipped === null && entryId !== current.entryId);
  }
}

const placeOf = ({ entries }: Queue, id: EntryId | null): number =>
  entries.findIndex(({ entryId }) => entryId === id);

function loopWithin(
  [fromUs, toUs]: readonly [number, number],
  durationUs: number | null,
): readonly [number, number] | null {
  const endUs = Math.min(toUs, durationUs ?? Infinity);
  return fromUs >= 0 && endUs - fromUs >= MIN_LOOP_US ? [fromUs, endUs] : null;
}
