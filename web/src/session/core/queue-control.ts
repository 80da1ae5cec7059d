// What this device does about queue and programme: it takes taps and the others' messages, carries requests out where it directs, and
// says and writes what follows. Pure: it is told the local time (ms), and answers through what it is given.

import {
  type Asking,
  applyRequest,
  type Director,
  knownDurationUs,
  type PlanChange,
  type Queue,
  type QueueEntry,
  type QueueRefusal,
  type QueueRequest,
  type QueueStamp,
} from "../../director/index.ts";
import type { EntryId, FileId, UserId } from "../../lib/index.ts";
import type { ProgrammeChange, ProgrammePolicy, ProgrammeSettings } from "./programme-policy.ts";
import type { QueueMessage } from "./queue-message.ts";
import { type Office, QueueRegister } from "./queue-register.ts";
import { QueueRequests } from "./queue-requests.ts";

/** A tap about what plays; of those all but `ask` do nothing unless this device directs. */
export type ProgrammeTap =
  | { readonly type: "play"; readonly fileId: FileId; readonly requestId: EntryId }
  | { readonly type: "stop" | "next" | "previous" }
  | { readonly type: "set-programme"; readonly settings: ProgrammeSettings };

/** "drop" is what Remove comes to where it is tapped at what plays (Q38). */
type Tap = ProgrammeTap | { readonly type: "drop" };

export interface QueueControlOptions {
  readonly me: UserId;
  readonly director: Director;
  /** Of whom the server says that they are here. */
  readonly present: () => readonly UserId[];
  readonly durationUsOf: (fileId: FileId) => number | null;
  readonly send: (to: UserId | null, message: QueueMessage) => void;
  readonly writePlan: (change: PlanChange) => void;
  readonly refused: (refusal: QueueRefusal) => void;
}

export class QueueControl {
  readonly #options: QueueControlOptions;
  readonly #register = new QueueRegister();
  readonly #requests = new QueueRequests();
  /** It waits until this device, which directs since a moment ago, knows the queue. */
  #pendingTap: Tap | null = null;
  #wasDetached = true;
  /** Set right after construction: it reads the queue that is kept here. */
  #policy: ProgrammePolicy | null = null;

  constructor(options: QueueControlOptions) {
    this.#options = options;
  }

  get queue(): Queue {
    return this.#register.queue;
  }

  rule(policy: ProgrammePolicy): void {
    this.#policy = policy;
  }

  // ── taps ──────────────────────────────────────────────────────────────────────────────────────────────────────

  tap(tap: Tap, localMs: number): void {
    const policy = this.#policy;
    if (!policy || !this.#options.director.isWriter) return;
    if (!this.#isSettled(localMs)) {
      this.#pendingTap = tap;
      return;
    }
    switch (tap.type) {
      case "play": {
        const change = policy.play(tap.fileId, tap.requestId, localMs);
        if ("refusal" in change) this.#options.refused(change.refusal);
        else this.#write(change);
        return;
      }
      case "stop":
        this.#write(policy.stop(localMs));
        return;
      case "next":
        this.#write(policy.next(localMs));
        return;
      case "drop":
        this.#write(policy.drop(localMs));
        return;
      case "previous":
        this.#write(policy.previous(localMs));
        return;
      case "set-programme":
        this.#write(policy.set(tap.settings, localMs));
        return;
      default:
        tap satisfies never;
    }
  }

  /** Anybody's tap. What this device knows to be refused is not even asked. */
  ask(request: QueueRequest, localMs: number): void {
    const asking = this.#asking(this.#options.me, localMs);
    const { op } = request;
    if (asking.isDirector && op.type === "remove" && op.entryId === asking.currentId) {
      this.tap({ type: "drop" }, localMs);
      return;
    }
    const { refusal } = applyRequest(this.queue, this.#withDuration(request), asking);
    if (refusal) this.#options.refused(refusal);
    else if (!this.#requests.add(request)) this.#options.refused("full");
  }

  // ── what others say ───────────────────────────────────────────────────────────────────────────────────────────

  heardStamp(from: UserId, stamp: QueueStamp | null): void {
    this.#register.heardStamp(from, stamp);
  }

  take(from: UserId, message: QueueMessage, localMs: number): void {
    const { director, me } = this.#options;
    switch (message.kind) {
      case "queue":
        this.#register.receive(from, message.queue, this.#office(), director.record);
        return;
      case "queue-request":
        if (director.directorId === me && this.#isSettled(localMs))
          this.#carryOut(message.request, from, localMs);
        return;
      case "queue-ask":
        if (director.directorId === me) this.#register.asked(from);
        return;
      default:
        message satisfies never;
    }
  }

  // ── what follows ──────────────────────────────────────────────────────────────────────────────────────────────

  tick(localMs: number): void {
    const tap = this.#pendingTap;
    if (!this.#isSettled(localMs)) return;
    this.#pendingTap = null;
    if (tap) this.tap(tap, localMs);
    else this.#write(this.#policy?.tick(localMs) ?? null);
  }

  evaluate(localMs: number): void {
    const { director, me, send } = this.#options;
    const isDetached = director.role.name === "detached";
    if (this.#wasDetached && !isDetached) this.#requests.reattached(localMs);
    this.#wasDetached = isDetached;
    this.#askAgain(this.#register.takeDisplaced());
    this.#look(localMs);
    if (director.isWriter ? this.#isSettled(localMs) : !isDetached) {
      for (const request of this.#requests.due(localMs)) {
        if (director.isWriter) this.#carryOut(request, me, localMs);
        else send(null, { kind: "queue-request", request });
      }
    }
    this.#look(localMs);
    for (const { to, message } of this.#register.turn(this.#office(), localMs)) send(to, message);
  }

  /** Q37: what this person added, and those who are gone, comes behind what the other queue holds. */
  #askAgain(displaced: readonly QueueEntry[]): void {
    if (displaced.length === 0) return;
    const present = this.#options.present();
    for (const { entryId, fileId, durationUs, addedBy } of displaced) {
      if (present.includes(addedBy)) continue;
      this.#requests.add({ requestId: entryId, op: { type: "add", fileId, durationUs, place: "end" } });
    }
  }

  /** Tells of what was refused since it was asked. */
  #look(localMs: number): void {
    for (const { requestId, op } of this.#requests.look(this.queue, localMs, !this.#wasDetached)) {
      if (op.type === "add" && this.queue.entries.some(({ entryId }) => entryId === requestId)) continue;
      const undone = { ...this.queue, done: this.queue.done.filter((id) => id !== requestId) };
      const { refusal } = applyRequest(undone, { requestId, op }, this.#asking(this.#options.me, localMs));
      if (refusal && refusal !== "not-there") this.#options.refused(refusal);
    }
  }

  #carryOut(request: QueueRequest, by: UserId, localMs: number): void {
    const { queue } = applyRequest(this.queue, this.#withDuration(request), this.#asking(by, localMs));
    this.#write({ queue });
  }

  /** This device's own word counts, where it has one. */
  #withDuration({ requestId, op }: QueueRequest): QueueRequest {
    if (op.type !== "add") return { requestId, op };
    const durationUs = knownDurationUs(this.#options.durationUsOf(op.fileId)) ?? op.durationUs;
    return { requestId, op: { ...op, durationUs } };
  }

  #asking(by: UserId, localMs: number): Asking {
    const { me, director } = this.#options;
    const isDirector = by === me && director.isWriter;
    return { by, isDirector, currentId: this.#policy?.currentId(localMs) ?? null };
  }

  #write(change: ProgrammeChange | null): void {
    const { director, writePlan } = this.#options;
    if (!change || !director.record || !director.isWriter) return;
    if (change.queue) this.#register.write(change.queue, director.record);
    if (change.plan) writePlan(change.plan);
  }

  #isSettled(localMs: number): boolean {
    return this.#register.isSettled(this.#office(), localMs);
  }

  #office(): Office {
    const { me, director, present } = this.#options;
    return {
      me,
      isAlone: present().length === 0,
      directorId: director.directorId,
      isDirecting: director.role.name === "directing",
    };
  }
}
