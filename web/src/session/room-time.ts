// Binds this device's clock to what its neighbours say of theirs: what it goes by is judged with every estimate (T18). Local ms.

import { type Disagreement, PeerComparison, type SyncedClock } from "../clock/index.ts";
import type { UserId } from "../lib/index.ts";
import type { SwarmOptions } from "../transfer/index.ts";

export class RoomTime {
  readonly #clock: SyncedClock;
  readonly #comparison = new PeerComparison();
  #disagreement: Disagreement | null = null;

  constructor(
    clock: SyncedClock,
    me: UserId,
    directorId: () => UserId | null,
    isLinked: (peer: UserId) => boolean,
  ) {
    this.#clock = clock;
    clock.roomEstimate = (own) => {
      const verdict = this.#comparison.judge(own, me, directorId(), isLinked);
      this.#disagreement = verdict.disagreement;
      return verdict.estimate;
    };
  }

  /** How this device's clock stands to the others'; null while it is one of most. */
  get disagreement(): Disagreement | null {
    return this.#disagreement;
  }

  readonly forSwarm: Required<Pick<SwarmOptions, "timeAt" | "onPeerTime">> = {
    timeAt: (localMs) => this.#clock.ownGlobalUsAt(localMs),
    onPeerTime: (peer, { clockId, globalUs }, t0LocalMs, t3LocalMs) => {
      const probe = { clockId, t0LocalMs, t1GlobalUs: globalUs, t2GlobalUs: globalUs, t3LocalMs };
      this.#comparison.take(peer, probe, this.#clock.resolutionMs);
    },
  };
}
