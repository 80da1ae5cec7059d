// The director's record is a max-register: heartbeats merge by maximum, so no order of messages, no loss and no duplicate can
// split the swarm (rules D1–D3 in docs/spec/director.md). Terms and revisions are serial numbers: the order is total among
// those within half the circle, which is all that succession ever makes. Who claims numbers farther off than that
// can make records that beat each other in a ring, but of any two one wins, on every device the same, and a claim
// always wins over what it succeeds: so the swarm agrees again (D20). Pure.

import type { UserId } from "../lib/index.ts";
import type { Plan } from "./plan.ts";
import { compareSerials } from "./serial.ts";

export interface DirectorRecord {
  readonly term: number;
  readonly userId: UserId;
  /** The director gave up its role; the ranks may claim the next term. */
  readonly resigned: boolean;
}

/** What the director broadcasts every second: its record and the whole plan. */
export interface Heartbeat {
  readonly record: DirectorRecord;
  readonly plan: Plan;
}

/** D1: later term first, then lower user id, then resigned. Positive when `a` wins. */
export function compareRecords(a: DirectorRecord, b: DirectorRecord): number {
  if (a.term !== b.term) return compareSerials(a.term, b.term);
  if (a.userId !== b.userId) return a.userId < b.userId ? 1 : -1;
  return Number(a.resigned) - Number(b.resigned);
}

/** D2: heartbeats order by record (resigning aside), then by the plan's revision, then resigned. Positive when `a` wins. */
export function compareHeartbeats(a: Heartbeat, b: Heartbeat): number {
  const byRecord = compareRecords({ ...a.record, resigned: false }, { ...b.record, resigned: false });
  if (byRecord !== 0) return byRecord;
  if (a.plan.rev !== b.plan.rev) return compareSerials(a.plan.rev, b.plan.rev);
  return Number(a.record.resigned) - Number(b.record.resigned);
}
