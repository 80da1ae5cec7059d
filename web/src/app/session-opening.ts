// What a session needs after a tap on Join: the part of the page behind it, the stretched key, the store. The first two are begun
// before the tap, while the person still looks at the button.

import { canonicalKey, KeyStretcher, type SwarmKeys } from "../control/index.ts";
import type { Clock } from "../lib/index.ts";
import {
  type KeptPieces,
  letGo,
  loadSession,
  type ParkedSession,
  type SessionParts,
} from "./parked-session.ts";
import type { Identity } from "./storage/identity.ts";

export interface Opened {
  readonly parts: SessionParts;
  readonly keys: SwarmKeys;
  readonly kept: KeptPieces;
}

export class SessionOpening {
  readonly #clock: Clock;
  readonly #stretcher = new KeyStretcher();

  readonly #fetchParts: () => Promise<SessionParts>;

  constructor(clock: Clock, fetchParts: () => Promise<SessionParts>) {
    this.#clock = clock;
    this.#fetchParts = fetchParts;
  }

  /**
   * Behind what the page is doing now, so that the join screen is there first. Whatever of it fails, the tap tries again. `key`: as it
   * stands in the address; empty where there is none.
   */
  prepare(key: string): void {
    this.#clock.after(0, () => this.#begin(key));
  }

  #begin(key: string): void {
    loadSession(this.#fetchParts)
      .then((parts) => parts.prepareBulkHome())
      .catch((error: unknown) => {
        console.warn(`could not load ahead: ${String(error)}`);
      });
    if (key === "") return;
    this.#stretcher.stretch(canonicalKey(key)).catch((error: unknown) => {
      console.warn(`could not prepare the key ahead: ${String(error)}`);
    });
  }

  /** Null when it is not wanted any more. Rejects PartMissing, and whatever keeps the page from working. */
  async open(
    canonical: string,
    { sessionSeed }: Identity,
    parked: ParkedSession | null,
    isWanted: () => boolean,
  ): Promise<Opened | null> {
    const [parts, stretched] = await Promise.all([
      loadSession(this.#fetchParts),
      this.#stretcher.stretch(canonical),
      parked?.closing,
    ]);
    const keys = parts.keysOfSession(stretched, sessionSeed);
    // A reload of this tab in this swarm finds its pieces again; another tab or swarm never does.
    const session = `${keys.userId.slice(0, 16)}-${keys.swarmId.slice(0, 16)}`;
    const kept = parked?.kept?.session === session ? parked.kept : null;
    if (!kept && parked?.kept) await letGo(this.#clock, parked.kept.home);
    const home = kept?.home ?? (await parts.openBulkHome({ clock: this.#clock, session }));
    if (isWanted()) return { parts, keys, kept: { session, home } };
    if (!kept) await letGo(this.#clock, home); // else it waits for the next return, or was closed on leaving
    return null;
  }
}
