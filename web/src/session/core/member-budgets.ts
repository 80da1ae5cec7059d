// What one member may make this device do by words through the relay, all of them legal: a budget for each member and kind.
// What is over budget is not heard; heartbeats and statuses repeat themselves, so who means well loses nothing by it. One
// member's budget is no other's. Pure; local ms.

import type { UserId } from "../../lib/index.ts";
import { MAX_BUDGETS } from "../../protocol/constants/session.gen.ts";
import { TokenBucket } from "../../transfer/index.ts";
import type { PeerMessage } from "./peer-message.ts";

/**
 * Per second in the long run, and at once. What devices say of themselves stays far below: a heartbeat a second and one for each tap,
 * a status for each change that people could read, some thirty candidates for a link that is being made.
 */
const BUDGETS = {
  /** Before it is opened, which costs a phone a millisecond or two of signature check. The server lets 50 a second through. */
  message: [20, 200],
  heartbeat: [4, 20],
  status: [4, 20],
  /** The director's after each edit, and one that is handed to it; 16 KiB at most. */
  queue: [5, 20],
  /** Each may change the queue for everybody. Who adds an album sends them one after the other, and repeats what got lost. */
  "queue-request": [6, 60],
  /** Each is answered with the whole queue. */
  "queue-ask": [1, 5],
  /** Each is answered with a status, and may ask this device's person something (R7). */
  "role-request": [3, 20],
  /** Each is answered with a status of this device. */
  asked: [1, 5],
  /** Each makes a connection anew, and browsers collect old ones slowly. */
  offer: [0.5, 10],
  /** Candidates, answers, and the ends of sessions: they only count in a session that is under way. */
  signal: [10, 100],
  /** MC6: makes every phone chirp for a minute at most. */
  chirps: [1 / 120, 5],
  /** Moves this device's speaker delay after such a minute, or ends it. */
  calibration: [1, 20],
  /** MC16: a question to this device's person. */
  "distance-ask": [1 / 20, 5],
  /** All else of a measurement, which this device's person has begun or allowed. */
  distance: [1, 20],
  /** Starts of a click test, which sounds on every phone (others-clicking.ts). */
  clicks: [1 / 1200, 6],
  /** A notice about the member: one takes the place of the former, and a screen reader says each. */
  notice: [1 / 20, 4],
} as const satisfies Record<string, readonly [perSec: number, burst: number]>;

export type Budgeted = keyof typeof BUDGETS;

export class MemberBudgets {
  readonly #spent = new Map<UserId, Map<Budgeted, TokenBucket>>();

  /** Takes one of the member's budget for it; false: it has used that up. */
  admits(from: UserId, kind: Budgeted, localMs: number): boolean {
    const buckets = this.#spent.get(from) ?? new Map<Budgeted, TokenBucket>();
    this.#spent.delete(from);
    this.#spent.set(from, buckets); // as the last
    const [longestSilent] = this.#spent.keys();
    if (this.#spent.size > MAX_BUDGETS && longestSilent) this.#spent.delete(longestSilent);
    const [perSec, burst] = BUDGETS[kind];
    const bucket = buckets.get(kind) ?? new TokenBucket(perSec, burst);
    buckets.set(kind, bucket);
    return bucket.take(localMs);
  }

  get size(): number {
    return this.#spent.size;
  }
}

export function budgetFor(message: PeerMessage): Budgeted {
  if (message.kind === "signal") {
    const { kind } = message.signal;
    return kind === "offer" || kind === "call" ? "offer" : "signal";
  }
  if (message.kind === "calibration") return message.calibration.act === "call" ? "chirps" : "calibration";
  if (message.kind === "distance") return message.distance.act === "ask" ? "distance-ask" : "distance";
  return message.kind;
}
