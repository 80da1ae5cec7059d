// The director's record is a max-register: beats merge by maximum in one total order, so no order of messages, no loss
// and no duplicate can split the swarm (rules D1–D3 in docs/spec/director.md). Pure.

import type { UserId } from "../lib/index.ts";
import type { Plan } from "./plan.ts";

export interface DirectorRecord {
  readonly term: number;
  readonly userId: UserId;
  /** The director gave up its seat; the ranks may claim the next term. */
  readonly resigned: boolean;
}

/** What the director broadcasts every second: its record and the whole plan. */
export interface Beat {
  readonly record: DirectorRecord;
  readonly plan: Plan;
}

/** D1: higher term first, then lower user id, then resigned. Positive when `a` wins. */
export function compareRecords(a: DirectorRecord, b: DirectorRecord): number {
  if (a.term !== b.term) return a.term - b.term;
  if (a.userId !== b.userId) return a.userId < b.userId ? 1 : -1;
  return Number(a.resigned) - Number(b.resigned);
}

/** D2: beats order by record (resigning aside), then by plan, then resigned. Positive when `a` wins. */
export function compareBeats(a: Beat, b: Beat): number {
  const seat = compareRecords({ ...a.record, resigned: false }, { ...b.record, resigned: false });
  if (seat !== 0) return seat;
  if (a.plan.term !== b.plan.term) return a.plan.term - b.plan.term;
  if (a.plan.rev !== b.plan.rev) return a.plan.rev - b.plan.rev;
  return Number(a.record.resigned) - Number(b.record.resigned);
}
