// When a prepared file may start, and with what lead (DESIGN §7; rules D13–D15). Pure.

import type { UserId } from "../lib/index.ts";

export interface Readiness {
  readonly userId: UserId;
  readonly isAway: boolean;
  /** Holds and decoded the file, sound unlocked, clock locked. */
  readonly isReady: boolean;
  /** Cannot play the file at all: nobody waits for it. */
  readonly isUnable: boolean;
  readonly rttMs: number;
  readonly speakerDelayMs: number;
}

export type StartDecision =
  | { readonly verdict: "wait"; readonly missing: readonly UserId[] }
  | { readonly verdict: "start"; readonly leadMs: number };

/** D15: a beat, a decode hiccup and a relay round trip fit into this. */
const LEAD_BASE_MS = 1_000;
const MIN_LEAD_MS = 1_500;
const MAX_LEAD_MS = 4_000;

/**
 * Waits for all who are present, unless the director says otherwise; away peers are never waited for (D13, D14), nor are those
 * who cannot play the file, the director among them; what nobody can play does not start (D19).
 */
export function decideStart(peers: readonly Readiness[], isForced: boolean): StartDecision {
  const present = peers.filter((peer) => !peer.isAway);
  const missing = present.filter((peer) => !peer.isReady && !peer.isUnable);
  const isHopeless = present.every((peer) => peer.isUnable);
  if (isHopeless || (missing.length > 0 && !isForced)) {
    return { verdict: "wait", missing: missing.map((peer) => peer.userId) };
  }
  const slowestRttMs = Math.max(0, ...present.map((peer) => peer.rttMs));
  const largestDelayMs = Math.max(0, ...present.map((peer) => peer.speakerDelayMs));
  const wantedMs = slowestRttMs + largestDelayMs + LEAD_BASE_MS;
  return { verdict: "start", leadMs: Math.min(MAX_LEAD_MS, Math.max(MIN_LEAD_MS, wantedMs)) };
}
