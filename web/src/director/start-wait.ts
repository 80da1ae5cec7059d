// How long the start of a prepared song waits for each person. Pure; local ms. Everybody present is waited for while there is
// reason to; nobody holds the others up for good, whatever they suffer from or say of themselves (D22).

import type { FileId, UserId } from "../lib/index.ts";
import { START_STANDSTILL_MS, UNSEEN_PROGRESS_MS } from "../protocol/constants/director.gen.ts";
import type { Plan } from "./plan.ts";
import type { Readiness } from "./start-gate.ts";

/** Whoever fetches for longer enters while the song plays. It also ends a progress that is only claimed. */
export const LONGEST_WAIT_MS = 180_000;

interface Course {
  /** What it had reached when it last came further. */
  best: number;
  movedLocalMs: number;
}

export class StartWait {
  #fileId: FileId | null = null;
  #sinceLocalMs = 0;
  readonly #courses = new Map<UserId, Course>();

  /** Another preparation begins, be it of the same song: everybody is waited for anew. */
  reset(): void {
    this.#fileId = null;
  }

  /** For each who is present, neither ready nor unable: how long it is still waited for, ms; 0: it is passed over. */
  leftMs(plan: Plan, peers: readonly Readiness[], localMs: number): ReadonlyMap<UserId, number> {
    const fileId = plan.state === "preparing" ? plan.fileId : null;
    if (fileId !== this.#fileId) {
      this.#fileId = fileId;
      this.#sinceLocalMs = localMs;
      this.#courses.clear();
    }
    if (fileId === null) return new Map();
    const awaited = peers.filter(({ isAway, isReady, isUnable }) => !isAway && !isReady && !isUnable);
    const left = new Map(awaited.map((peer) => [peer.userId, this.#leftMsOf(peer, localMs)]));
    for (const userId of this.#courses.keys()) // who has gone; who comes back is waited for again
      if (!peers.some((peer) => peer.userId === userId)) this.#courses.delete(userId);
    return left;
  }

  #leftMsOf({ userId, progress = 0 }: Readiness, localMs: number): number {
    const course = this.#courses.get(userId) ?? { best: progress ?? 0, movedLocalMs: localMs };
    this.#courses.set(userId, course);
    if (progress !== null && progress > course.best) {
      course.best = progress;
      course.movedLocalMs = localMs;
    }
    const patienceMs = progress === null ? UNSEEN_PROGRESS_MS : START_STANDSTILL_MS;
    const endLocalMs = Math.min(course.movedLocalMs + patienceMs, this.#sinceLocalMs + LONGEST_WAIT_MS);
    return Math.max(0, endLocalMs - localMs);
  }
}
