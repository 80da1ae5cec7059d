// Whether this device's global time is the room's (rules T17 to T19). Every neighbour's answer to a ping names its own global
// time, so each is one more clock to measure, by the same bounds as the server's: a server, or whoever sits on the path to it,
// can tell every device another time, but it cannot change what devices tell each other over their own channels. Pure; local
// ms, global µs. What is compared is what each has from the server, never what it made of the others, so that nobody follows an
// echo.

import type { UserId } from "../lib/index.ts";
import {
  COMPARISON_FRESH_MS,
  COMPARISON_SIGMAS,
  COMPARISON_SPACING_MS,
  DIRECTOR_WEIGHT,
  DISAGREE_FROM_MS,
  PERSISTENT_JUDGEMENTS,
  PERSISTENT_JUDGEMENTS_MS,
  PROVEN_FROM_MS,
  RELEASE_SHARE,
} from "../protocol/constants/clock.gen.ts";
import { type OffsetEstimate, OffsetEstimator } from "./offset-estimator.ts";
import { lowerBoundMs, type Probe, upperBoundMs } from "./probe.ts";

/** What this device goes by, and how its own clock stands to it. */
export interface RoomVerdict {
  /** The estimate to go by: its own, or the one of the clock in the middle. */
  readonly estimate: OffsetEstimate;
  /** null while this device is one of most. */
  readonly disagreement: Disagreement | null;
  /** Neighbours that could be compared with. */
  readonly compared: number;
}

export interface Disagreement {
  /** `outvoted`: most others agree with each other. `undecided`: nobody can tell who is right. */
  readonly code: "outvoted" | "undecided";
  readonly byMs: number;
}

interface Neighbour {
  readonly estimator: OffsetEstimator;
  estimate: OffsetEstimate | null;
  /** Its fresh answers, each a proof by itself. */
  answers: readonly Probe[];
  lastLocalMs: number;
  /** Its last answer contradicts those before: it or this device's clock has stepped, or neither. */
  isSuspect: boolean;
}

/** A clock as this device sees it. */
interface Ballot {
  readonly differenceMs: number;
  readonly driftPpm: number;
  /** What the difference cannot be told from 0 within. */
  readonly limitMs: number;
  /** By how much the answers prove that the clocks differ, whatever the channel did (T17). */
  readonly provenMs: number;
  readonly weight: number;
}

export class PeerComparison {
  readonly #neighbours = new Map<UserId, Neighbour>();
  #isOff = false;
  #wishes: { readonly sinceLocalMs: number; readonly count: number } | null = null;

  /** An answered ping: when it was sent and answered, local ms, and the neighbour's global time in between. */
  take(peer: UserId, probe: Probe, resolutionMs: number): void {
    const known = this.#neighbours.get(peer);
    if (known && probe.t3LocalMs - known.lastLocalMs < COMPARISON_SPACING_MS) return;
    const neighbour = known ?? {
      estimator: new OffsetEstimator(),
      estimate: null,
      answers: [],
      lastLocalMs: 0,
      isSuspect: false,
    };
    this.#neighbours.set(peer, neighbour);
    neighbour.estimator.resolutionMs = resolutionMs;
    const admission = neighbour.estimator.add(probe);
    neighbour.isSuspect = admission === "refused";
    neighbour.lastLocalMs = probe.t3LocalMs;
    if (neighbour.isSuspect) return;
    neighbour.estimate = neighbour.estimator.estimate(probe.t3LocalMs);
    const isOfNow = ({ clockId, t3LocalMs }: Probe): boolean =>
      clockId === probe.clockId && probe.t3LocalMs - t3LocalMs <= COMPARISON_FRESH_MS;
    const former = admission === "stepped" ? [] : neighbour.answers.filter(isOfNow);
    neighbour.answers = [...former, probe];
  }

  /**
   * Judges a fresh estimate of the server's clock. `directorId` may be this device's own id, `me`. Who is not linked any more has no
   * say, or one person who comes and goes under new names would be many.
   */
  judge(
    own: OffsetEstimate,
    me: UserId,
    directorId: UserId | null,
    isLinked: (peer: UserId) => boolean = () => true,
  ): RoomVerdict {
    const localMs = own.atLocalMs;
    for (const [peer, { lastLocalMs }] of this.#neighbours) {
      if (localMs - lastLocalMs > COMPARISON_FRESH_MS || !isLinked(peer)) this.#neighbours.delete(peer);
    }
    const weightOf = (userId: UserId): number => (userId === directorId ? DIRECTOR_WEIGHT : 1);
    const mine = { differenceMs: 0, driftPpm: own.driftPpm, limitMs: 0, provenMs: 0, weight: weightOf(me) };
    const ballots: Ballot[] = [mine];
    for (const [peer, { estimator, estimate, answers, lastLocalMs, isSuspect }] of this.#neighbours) {
      // Before the window of the server's probes began, this device's clock may have been another.
      const isUsable = !isSuspect && estimate?.clockId === own.clockId && lastLocalMs >= own.sinceLocalMs;
      if (!isUsable) continue;
      const sinceMs = localMs - estimate.atLocalMs;
      const differenceMs = estimate.offsetMs + sinceMs * estimate.driftPpm * 1e-6 - own.offsetMs;
      const limitMs = estimate.boundMs + COMPARISON_SIGMAS * (estimate.uncertaintyMs + own.uncertaintyMs);
      const provenMs = provenDifferenceMs(own, answers) - estimator.resolutionMs;
      ballots.push({
        ...{ differenceMs, limitMs, provenMs },
        driftPpm: estimate.driftPpm,
        weight: weightOf(peer),
      });
    }
    return this.#decide(own, ballots);
  }

  #decide(own: OffsetEstimate, ballots: readonly Ballot[]): RoomVerdict {
    const compared = ballots.length - 1;
    const share = this.#isOff ? RELEASE_SHARE : 1;
    const isNear = ({ differenceMs, limitMs }: Ballot, ofMs: number): boolean =>
      Math.abs(differenceMs - ofMs) <= share * Math.max(DISAGREE_FROM_MS, limitMs);
    const isMate = (ballot: Ballot): boolean =>
      isNear(ballot, 0) || ballot.provenMs <= share * PROVEN_FROM_MS;
    const mates = ballots.filter(isMate);
    const isOff = 2 * mates.length <= ballots.length;
    if (!this.#isLasting(isOff, own.atLocalMs)) return { estimate: own, disagreement: null, compared };
    const isFollowing = 2 * weigh(mates) <= weigh(ballots);
    const middle = medianOf(ballots);
    const agreed = ballots.filter((ballot) => isNear(ballot, middle.differenceMs)).length;
    return {
      estimate: isFollowing
        ? {
            ...own,
            offsetMs: own.offsetMs + middle.differenceMs,
            driftPpm: middle.driftPpm,
            isOfOthers: true,
          }
        : own,
      disagreement: {
        code: 2 * agreed > ballots.length ? "outvoted" : "undecided",
        byMs: Math.max(...ballots.map(({ differenceMs }) => Math.abs(differenceMs))),
      },
      compared,
    };
  }

  /** T19: changes its mind when the same was found several times over two seconds. */
  #isLasting(isOff: boolean, localMs: number): boolean {
    if (isOff === this.#isOff) {
      this.#wishes = null;
      return isOff;
    }
    const { sinceLocalMs, count } = this.#wishes ?? { sinceLocalMs: localMs, count: 0 };
    this.#wishes = { sinceLocalMs, count: count + 1 };
    if (count + 1 >= PERSISTENT_JUDGEMENTS && localMs - sinceLocalMs >= PERSISTENT_JUDGEMENTS_MS) {
      this.#isOff = isOff;
      this.#wishes = null;
    }
    return this.#isOff;
  }
}

/**
 * How far this device's clock lies outside of what any of a neighbour's answers allows, ms (T1). The fitted middle is no proof: where one
 * direction takes all of the round trip, and ever less of it, the fit's drift and bound are off by more than it tells.
 */
function provenDifferenceMs(own: OffsetEstimate, answers: readonly Probe[]): number {
  const offsetMsAt = (localMs: number): number =>
    own.offsetMs + (localMs - own.atLocalMs) * own.driftPpm * 1e-6;
  const beyondMs = answers
    .filter(({ t0LocalMs }) => t0LocalMs >= own.sinceLocalMs) // before, this device's clock may have been another
    .map((probe) =>
      Math.max(
        lowerBoundMs(probe) - offsetMsAt(probe.t0LocalMs),
        offsetMsAt(probe.t3LocalMs) - upperBoundMs(probe),
      ),
    );
  return Math.max(0, ...beyondMs);
}

const weigh = (ballots: readonly Ballot[]): number => ballots.reduce((sum, { weight }) => sum + weight, 0);

/** By weight; the mean of the two in the middle where both halves weigh the same, so that all find the same one. */
function medianOf(ballots: readonly Ballot[]): Pick<Ballot, "differenceMs" | "driftPpm"> {
  const sorted = [...ballots].sort((a, b) => a.differenceMs - b.differenceMs);
  const half = weigh(sorted) / 2;
  let below = 0;
  const at = sorted.findIndex(({ weight }) => {
    below += weight;
    return below >= half;
  });
  const lower = sorted[at] as Ballot;
  const upper = (below === half && sorted[at + 1]) || lower;
  return {
    differenceMs: (lower.differenceMs + upper.differenceMs) / 2,
    driftPpm: (lower.driftPpm + upper.driftPpm) / 2,
  };
}
