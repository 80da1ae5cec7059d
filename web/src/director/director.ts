// Who directs, and what the plan is (rules D1–D24 in docs/spec/director.md). A pure core: it is told the local
// time in ms and fed events, and answers with beats to broadcast. Does not know files, sound, or how beats travel.
//
// Invariants
//  1. `#latest` only ever grows in the order of register.ts.
//  2. Only the director of the latest record writes plans, and each with the next revision.
//  3. Nobody claims while detached from the server: who cannot hear beats cannot miss them.
//  4. A claim keeps the plan unchanged, so failover is silent.

import type { UserId } from "../lib/index.ts";
import { EMPTY_PLAN, MAX_PLAN_US, type Plan } from "./plan.ts";
import { type Beat, compareBeats, type DirectorRecord } from "./register.ts";
import { checkWay, type SeatEvent } from "./seat-table.ts";
import { nextSerial } from "./serial.ts";

export type Seat =
  | { readonly name: "detached" }
  | { readonly name: "directing"; readonly nextBeatLocalMs: number }
  | { readonly name: "following"; readonly lostAtLocalMs: number }
  | { readonly name: "vacant"; readonly sinceLocalMs: number };

export interface Candidate {
  readonly userId: UserId;
  readonly isVisible: boolean;
  readonly isAway: boolean;
}

export type PlanChange = Pick<Plan, "clockId" | "fileId" | "state" | "globalStartUs" | "positionUs">;

export const BEAT_PERIOD_MS = 1_000;
/** D4: three beats may be lost before anyone acts. */
export const SILENCE_MS = 3_000;
/** D5: ranks wait in turn; longer than a relay round trip on a phone network, so that one claim is usually enough. */
export const RANK_DELAY_MS = 500;
/** D18: with the server heard again, a beat follows within a second. */
const DEAF_PATIENCE_MS = 1_500;
/** D6: after a server restart the director may need its longest back-off (4 s, see back-off.ts) and a slow connection. */
export const REATTACH_SILENCE_MS = 6_000;
/** D25: stale beats are answered to all, so who sends them at the server's limit would use this device's own up. */
const ANSWER_PERIOD_MS = 250;

export class Director {
  readonly #me: UserId;
  #seat: Seat = { name: "detached" };
  #latest: Beat | null = null;
  #others: readonly Candidate[] = [];
  #isVisible = true;
  /** Whose silence or departure made the seat vacant; it is not a candidate for its own succession. */
  #lost: UserId | null = null;
  /** When a stale beat was last answered (D9). */
  #answeredLocalMs = Number.NEGATIVE_INFINITY;

  constructor(me: UserId) {
    this.#me = me;
  }

  get seat(): Seat {
    return this.#seat;
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
    return record && !record.resigned && this.#seat.name !== "vacant" ? record.userId : null;
  }

  get isMe(): boolean {
    return this.directorId === this.#me;
  }

  /** The control channel is open: `others` are the members found there. On a new server the director may be yet to come. */
  attach(others: readonly Candidate[], isNewServer: boolean, localMs: number): Beat | null {
    this.detach(); // a server that says welcome twice changes nothing
    const { record } = this;
    const isSomeoneExpected = record !== null && !record.resigned;
    this.#others = others;
    this.#lost = null;
    if (!isSomeoneExpected && others.length === 0) {
      this.#take("attached", { name: "vacant", sinceLocalMs: localMs }); // nobody to wait for
    } else if (isSomeoneExpected && record.userId === this.#me) {
      this.#take("attached", { name: "directing", nextBeatLocalMs: localMs });
    } else {
      const patienceMs = isSomeoneExpected && isNewServer ? REATTACH_SILENCE_MS : SILENCE_MS; // D6
      this.#take("attached", { name: "following", lostAtLocalMs: localMs + patienceMs });
    }
    return this.#evaluate(localMs);
  }

  /** The control channel is gone (invariant 3). */
  detach(): void {
    this.#take("detached", { name: "detached" });
  }

  /** Someone came, went away, or became visible or hidden. A newcomer hears a beat at once. */
  setCandidates(others: readonly Candidate[], isVisible: boolean, localMs: number): Beat | null {
    const known = new Set(this.#others.map((candidate) => candidate.userId));
    const hasNewcomer = others.some((candidate) => !known.has(candidate.userId));
    this.#others = others;
    this.#isVisible = isVisible;
    if (hasNewcomer && this.#seat.name === "directing") return this.#beat("second", localMs); // D7
    return this.#evaluate(localMs);
  }

  /** A member left for good (a dropped socket is only away). */
  memberLeft(userId: UserId, localMs: number): Beat | null {
    this.#others = this.#others.filter((candidate) => candidate.userId !== userId);
    if (this.record?.userId === userId && this.#seat.name === "following")
      this.#vacate("left", userId, localMs);
    return this.#evaluate(localMs);
  }

  /** Merges a beat heard from `from`; one that speaks for somebody else is ignored (D8). */
  receiveBeat(from: UserId, beat: Beat, localMs: number): Beat | null {
    if (beat.record.userId !== from || from === this.#me) return null;
    const isStale = this.#latest !== null && compareBeats(beat, this.#latest) < 0;
    if (isStale) {
      // D9: a director that slept must hear of its successor, or of the one that has resigned since.
      if (localMs - this.#answeredLocalMs < ANSWER_PERIOD_MS) return null;
      this.#answeredLocalMs = localMs;
      if (this.#seat.name === "directing") return this.#beat("second", localMs);
      return this.#seat.name !== "detached" && this.record?.userId === this.#me ? this.#latest : null;
    }
    this.#latest = beat; // invariant 1
    if (this.#seat.name === "detached") return null;
    if (beat.record.resigned) {
      this.#vacate("resigned beat", from, localMs);
    } else {
      this.#lost = null;
      this.#take("beat", { name: "following", lostAtLocalMs: localMs + SILENCE_MS });
    }
    return this.#evaluate(localMs);
  }

  /** D18: not even the server is heard, so a missing beat says nothing of the director. Call it as often as `tick`. */
  hearNothing(localMs: number): void {
    const seat = this.#seat;
    if (seat.name !== "following") return;
    const lostAtLocalMs = Math.max(seat.lostAtLocalMs, localMs + DEAF_PATIENCE_MS);
    this.#take("deaf", { name: "following", lostAtLocalMs });
  }

  /** D10: claims the next term by hand. */
  takeOver(localMs: number): Beat | null {
    return this.#seat.name === "detached" || this.isMe ? null : this.#claim("taken", localMs);
  }

  /** D11: leaves the seat to the ranks. */
  resign(localMs: number): Beat | null {
    if (this.#seat.name !== "directing" || !this.#latest) return null;
    this.#latest = { ...this.#latest, record: { ...this.#latest.record, resigned: true } };
    this.#vacate("resigned", this.#me, localMs);
    return this.#latest;
  }

  /** Writes a new plan (invariant 2); null when this peer does not direct. Works detached: the beat goes out later. */
  changePlan(change: PlanChange, localMs: number): Beat | null {
    const record = this.record;
    if (!record || record.userId !== this.#me || record.resigned || !this.#latest) return null;
    const plan = { ...change, term: record.term, rev: nextSerial(this.plan.rev), ...withinReach(change) };
    this.#latest = { record, plan };
    return this.#seat.name === "directing" ? this.#beat("second", localMs) : this.#latest;
  }

  /** Lets time pass; call it a few times a second. */
  tick(localMs: number): Beat | null {
    return this.#evaluate(localMs);
  }

  /** The one place that decides on account of time. */
  #evaluate(localMs: number): Beat | null {
    const seat = this.#seat;
    if (seat.name === "directing")
      return localMs >= seat.nextBeatLocalMs ? this.#beat("second", localMs) : null;
    if (seat.name === "following" && localMs >= seat.lostAtLocalMs) {
      this.#vacate("silence", this.record?.userId ?? null, seat.lostAtLocalMs); // D4
    }
    if (this.#seat.name !== "vacant") return null;
    const claimAtLocalMs = this.#seat.sinceLocalMs + this.#myRank() * RANK_DELAY_MS;
    return localMs >= claimAtLocalMs ? this.#claim("turn", localMs) : null; // D5
  }

  /** The one setter: only ways that the table knows. */
  #take(event: SeatEvent, seat: Seat): void {
    checkWay(this.#seat.name, event, seat.name);
    this.#seat = seat;
  }

  #vacate(event: SeatEvent, lost: UserId | null, sinceLocalMs: number): void {
    // A seat that is vacant already stays so since then: who resigns again and again would keep everybody waiting for its turn.
    const seat = this.#seat;
    this.#lost = lost;
    this.#take(event, {
      name: "vacant",
      sinceLocalMs: seat.name === "vacant" ? seat.sinceLocalMs : sinceLocalMs,
    });
  }

  #claim(event: "turn" | "taken", localMs: number): Beat | null {
    const term = nextSerial(this.record?.term ?? 0); // D20: there always is one
    this.#latest = { record: { term, userId: this.#me, resigned: false }, plan: this.plan }; // invariant 4
    this.#lost = null;
    return this.#beat(event, localMs);
  }

  #beat(event: "turn" | "taken" | "second", localMs: number): Beat | null {
    this.#take(event, { name: "directing", nextBeatLocalMs: localMs + BEAT_PERIOD_MS });
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

/** D21: reckoned on from a plan at the end of time, a moment would be past it, and the others would refuse the beat. */
function withinReach({ globalStartUs, positionUs }: PlanChange): Pick<Plan, "globalStartUs" | "positionUs"> {
  const bounded = (us: number, minUs: number): number => Math.min(MAX_PLAN_US, Math.max(minUs, us));
  return { globalStartUs: bounded(globalStartUs, -MAX_PLAN_US), positionUs: bounded(positionUs, 0) };
}
