// When a prepared file may start, and with what lead (rules D13–D15, D19, D22). Pure.

import type { UserId } from "../lib/index.ts";
import {
  LEAD_MARGIN_MS,
  MAX_LEAD_MS,
  MIN_LEAD_MS,
  UNKNOWN_START_MS,
} from "../protocol/constants/director.gen.ts";

export interface Readiness {
  readonly userId: UserId;
  readonly isAway: boolean;
  /** Holds and decoded the file, sound unlocked, clock locked. */
  readonly isReady: boolean;
  /** Cannot play the file at all: nobody waits for it. */
  readonly isUnable: boolean;
  /**
   * How far it has come towards being ready: more is nearer. null: it fetches, and how much it holds cannot be seen. Absent:
   * none.
   */
  readonly progress?: number | null;
  readonly rttMs: number;
  readonly speakerDelayMs: number;
  /** How long it needs from a plan that arrives to sound at its loudspeaker. Absent: it has not told. */
  readonly startMs?: number;
}

export type StartDecision =
  | { readonly verdict: "wait"; readonly missing: readonly UserId[] }
  | { readonly verdict: "start"; readonly leadMs: number };

/**
 * Waits for all who are present, unless the director says otherwise; away peers are never waited for (D13, D14), nor are those
 * who cannot play the file, the director among them; what nobody can play does not start (D19). Once somebody is ready, those
 * are passed over whose time is up: `leftMs` is what start-wait.ts says of each (D22).
 */
export function decideStart(
  peers: readonly Readiness[],
  isForced: boolean,
  leftMs: ReadonlyMap<UserId, number> = new Map(),
): StartDecision {
  const present = peers.filter((peer) => !peer.isAway);
  const isAnyoneReady = present.some((peer) => peer.isReady);
  const isPassedOver = ({ userId }: Readiness): boolean => isAnyoneReady && leftMs.get(userId) === 0;
  const missing = present.filter((peer) => !peer.isReady && !peer.isUnable && !isPassedOver(peer));
  const isHopeless = present.every((peer) => peer.isUnable);
  if (isHopeless || (missing.length > 0 && !isForced)) {
    return { verdict: "wait", missing: missing.map((peer) => peer.userId) };
  }
  return { verdict: "start", leadMs: leadMsOf(present) };
}

/** D15: as long as a plan and its sound take where they take longest, with what may come between. */
function leadMsOf(present: readonly Readiness[]): number {
  // Whoever directs, a plan goes half of the director's round trip and half of the listener's.
  const slowestRttMs = Math.max(0, ...present.map((peer) => peer.rttMs));
  const neededMs = present
    .filter((peer) => peer.isReady || peer.startMs === undefined)
    .map(
      ({ rttMs, speakerDelayMs, startMs = UNKNOWN_START_MS }) =>
        (slowestRttMs + rttMs) / 2 + speakerDelayMs + startMs,
    );
  return Math.min(MAX_LEAD_MS, Math.max(MIN_LEAD_MS, Math.max(0, ...neededMs) + LEAD_MARGIN_MS));
}
