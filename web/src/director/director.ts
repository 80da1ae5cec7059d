// Who directs, and what the plan is (rules D1–D26 in docs/spec/director.md). A pure core: it is told the local
// time in ms and fed events, and answers with heartbeats to broadcast. Does not know files, sound, or how heartbeats travel.
//
// Invariants
//  1. `#latest` only ever grows in the order of register.ts.
//  2. Only the director of the latest record writes plans, and each with the next revision.
//  3. Nobody claims while detached from the server: who cannot hear heartbeats cannot miss them.
//  4. A claim keeps the plan unchanged, so failover is silent.

import type { UserId } from "../lib/index.ts";
import {
  ANSWER_PERIOD_MS,
  DIRECTOR_SILENCE_MS,
  HEARTBEAT_PERIOD_MS,
  MAX_PLAN_US,
  RANK_DELAY_MS,
  REATTACH_SILENCE_MS,
  SERVER_SILENCE_PATIENCE_MS,
} from "../protocol/constants/director.gen.ts";
import { EMPTY_PLAN, type Plan } from "./plan.ts";
import { compareHeartbeats, type DirectorRecord, type Heartbeat } from "./register.ts";
import { checkTransition, type DirectorRoleEvent } from "./role-transitions.ts";
import { nextSerial } from "./serial.ts";

export type DirectorRole =
  | { readonly name: "detached" }
  | { readonly name: "directing"; readonly nextHeartbeatLocalMs: number }
  | { readonly name: "following"; readonly lostAtLocalMs: number }
  | { readonly name: "vacant"; readonly sinceLocalMs: number };

export interface Candidate {
  readonly userId: UserId;
  readonly isVisible: boolean;
  readonly isAway: boolean;
}

/** What is not named stays as it is. */
export type PlanChange = Pick<Plan, "clockId" | "fileId" | "state" | "globalStartUs" | "positionUs"> &
  Partial<Pick<Plan, "entryId" | "repeat" | "loopUs" | "tempo" | "crossfadeMs">>;

export class Director {
  readonly #me: UserId;
  #role: DirectorRole = { name: "detached" };
  #latest: Heartbeat | null = null;
  #others: readonly Candidate[] = [];
  #isVisible = true;
  /** Whose silence or departure made the role vacant; it is not a candidate for its own succession. */
  #lost: UserId | null = null;
  /** When a stale heartbeat was last answered (D9). */
  #answeredLocalMs = Number.NEGATIVE_INFINITY;

  constructor(me: UserId) {
    this.#me = me;
  }

  get role(): DirectorRole {
    return this.#role;
  }

  get record(): DirectorRecord | null {
    return this.#latest?.record ?? null;
  }

  get plan(): Plan {
    return this.#latest?.plan ?? EMPTY_PLAN;
  }

  /** The director in office, as far as this peer knows. */
  get directorId(): UserId | null {
    const record = this.record;
    return record && !record.resigned && this.#role.name !== "vacant" ? record.userId : null;
  }

  get isMe(): boolean {
    return this.directorId === this.#me;
  }

  /** Plan and queue are this peer's to write, also while it hears no server (invariant 2). */
  get isWriter(): boolean {
    return this.record?.userId === this.#me && !this.record.resigned;
  }

  /** The control channel is open: `others` are the members found there. On a new server the director may be yet to come. */
  attach(others: readonly Candidate[], isNewServer: boolean, localMs: number): Heartbeat | null {
    this.detach(); // a server that says welcome twice changes nothing
    const { record } = this;
    const isSomeoneExpected = record !== null && !record.resigned;
    this.#others = others;
    this.#lost = null;
    if (!isSomeoneExpected && others.length === 0) {
      this.#take("attached", { name: "vacant", sinceLocalMs: localMs }); // nobody to wait for
    } else if (isSomeoneExpected && record.userId === this.#me) {
      this.#take("attached", { name: "directing", nextHeartbeatLocalMs: localMs });
    } else {
      const patienceMs = isSomeoneExpected && isNewServer ? REATTACH_SILENCE_MS : DIRECTOR_SILENCE_MS; // D6
      this.#take("attached", { name: "following", lostAtLocalMs: localMs + patienceMs });
    }
    return this.#evaluate(localMs);
  }

  /** The control channel is gone (invariant 3). */
  detach(): void {
    this.#take("detached", { name: "detached" });
  }

  /** Someone came, went away, or became visible or hidden. A newcomer hears a heartbeat at once. */
  setCandidates(others: readonly Candidate[], isVisible: boolean, localMs: number): Heartbeat | null {
    const known = new Set(this.#others.map((candidate) => candidate.userId));
    const hasNewcomer = others.some((candidate) => !known.has(candidate.userId));
    this.#others = others;
    this.#isVisible = isVisible;
    if (hasNewcomer && this.#role.name === "directing") return this.#heartbeat("heartbeat due", localMs); // D7
    return this.#evaluate(localMs);
  }

  /** A member left for good (a dropped socket is only away). */
  memberLeft(userId: UserId, localMs: number): Heartbeat | null {
    this.#others = this.#others.filter((candidate) => candidate.userId !== userId);
    if (this.record?.userId === userId && this.#role.name === "following")
      this.#vacate("director left", userId, localMs);
    return this.#evaluate(localMs);
  }

  /** Merges a heartbeat heard from `from`; one that speaks for somebody else is ignored (D8). */
  receiveHeartbeat(from: UserId, heartbeat: Heartbeat, localMs: number): Heartbeat | null {
    if (heartbeat.record.userId !== from || from === this.#me) return null;
    const isStale = this.#latest !== null && compareHeartbeats(heartbeat, this.#latest) < 0;
    if (isStale) {
      // D9: a director that slept must hear of its successor, or of the one that has resigned since.
      if (localMs - this.#answeredLocalMs < ANSWER_PERIOD_MS) return null;
      this.#answeredLocalMs = localMs;
      if (this.#role.name === "directing") return this.#heartbeat("heartbeat due", localMs);
      return this.#role.name !== "detached" && this.record?.userId === this.#me ? this.#latest : null;
    }
    this.#latest = heartbeat; // invariant 1
    if (this.#role.name === "detached") return null;
    if (heartbeat.record.resigned) {
      this.#vacate("resignation heard", from, localMs);
    } else {
      this.#lost = null;
      this.#take("heartbeat heard", { name: "following", lostAtLocalMs: localMs + DIRECTOR_SILENCE_MS });
    }
    return this.#evaluate(localMs);
  }

  /** D18: not even the server is heard, so a missing heartbeat says nothing of the director. Call it as often as `tick`. */
  serverIsSilent(localMs: number): void {
    const role = this.#role;
    if (role.name !== "following") return;
    const lostAtLocalMs = Math.max(role.lostAtLocalMs, localMs + SERVER_SILENCE_PATIENCE_MS);
    this.#take("server silence", { name: "following", lostAtLocalMs });
  }

  /** D10: claims the next term by hand. */
  takeOver(localMs: number): Heartbeat | null {
    return this.#role.name === "detached" || this.isMe ? null : this.#claim("taken over", localMs);
  }

  /** D11: leaves the role to the ranks. */
  resign(localMs: number): Heartbeat | null {
    if (this.#role.name !== "directing" || !this.#latest) return null;
    this.#latest = { ...this.#latest, record: { ...this.#latest.record, resigned: true } };
    this.#vacate("resigned", this.#me, localMs);
    return this.#latest;
  }

  /** Writes a new plan (invariant 2); null when this peer does not direct. Works detached: the heartbeat goes out later. */
  changePlan(change: PlanChange, localMs: number): Heartbeat | null {
    if (!this.isWriter || !this.#latest) return null;
    const { record } = this.#latest;
    const { plan: former } = this;
    const rev = nextSerial(former.rev);
    const plan = { ...former, ...change, ...withinReach(change), term: record.term, rev };
    this.#latest = { record, plan };
    return this.#role.name === "directing" ? this.#heartbeat("heartbeat due", localMs) : this.#latest;
  }

  /** Lets time pass; call it a few times a second. */
  tick(localMs: number): Heartbeat | null {
    return this.#evaluate(localMs);
  }

  /** The one place that decides on account of time. */
  #evaluate(localMs: number): Heartbeat | null {
    const role = this.#role;
    if (role.name === "directing")
      return localMs >= role.nextHeartbeatLocalMs ? this.#heartbeat("heartbeat due", localMs) : null;
    if (role.name === "following" && localMs >= role.lostAtLocalMs) {
      this.#vacate("director silence", this.record?.userId ?? null, role.lostAtLocalMs); // D4
    }
    if (this.#role.name !== "vacant") return null;
    const claimAtLocalMs = this.#role.sinceLocalMs + this.#myRank() * RANK_DELAY_MS;
    return localMs >= claimAtLocalMs ? this.#claim("election timeout", localMs) : null; // D5
  }

  /** The one setter: only transitions that the table knows. */
  #take(event: DirectorRoleEvent, role: DirectorRole): void {
    checkTransition(this.#role.name, event, role.name);
    this.#role = role;
  }

  #vacate(event: DirectorRoleEvent, lost: UserId | null, sinceLocalMs: number): void {
    // A role that is vacant already stays so since then: who resigns again and again would keep everybody waiting for its turn.
    const role = this.#role;
    this.#lost = lost;
    this.#take(event, {
      name: "vacant",
      sinceLocalMs: role.name === "vacant" ? role.sinceLocalMs : sinceLocalMs,
    });
  }

  #claim(event: "election timeout" | "taken over", localMs: number): Heartbeat | null {
    // D26: whose silence this is may have directed for long; it must find its plan again when it wakes.
    const isUnaware = this.record === null && this.#others.length > 0 && event === "election timeout";
    const term = isUnaware ? 0 : nextSerial(this.record?.term ?? 0); // D20: there always is one
    this.#latest = { record: { term, userId: this.#me, resigned: false }, plan: this.plan }; // invariant 4
    this.#lost = null;
    return this.#heartbeat(event, localMs);
  }

  #heartbeat(event: "election timeout" | "taken over" | "heartbeat due", localMs: number): Heartbeat | null {
    this.#take(event, { name: "directing", nextHeartbeatLocalMs: localMs + HEARTBEAT_PERIOD_MS });
    return this.#latest;
  }

  /** D5: visible before hidden, then lowest user id; away peers and the lost director do not count. */
  #myRank(): number {
    const isBetter = (candidate: Candidate): boolean => {
      if (candidate.isAway || candidate.userId === this.#lost) return false;
      if (this.#lost === this.#me) return true; // who resigned ranks last
      if (candidate.isVisible !== this.#isVisible) return candidate.isVisible;
      return candidate.userId < this.#me;
    };
    return this.#others.filter(isBetter).length;
  }
}

/** D21: reckoned on from a plan at the end of time, a moment would be past it, and the others would refuse the heartbeat. */
function withinReach({ globalStartUs, positionUs }: PlanChange): Pick<Plan, "globalStartUs" | "positionUs"> {
  const bounded = (us: number, minUs: number): number => Math.min(MAX_PLAN_US, Math.max(minUs, us));
  return { globalStartUs: bounded(globalStartUs, -MAX_PLAN_US), positionUs: bounded(positionUs, 0) };
}
