// Where the measurement of distances has its place in a session: what measures is fetched once somebody asks for it, here or there. What
// is said meanwhile waits in order.

import { type Random, randomBelow, type UserId } from "../lib/index.ts";
import type { CalibrationContext } from "./core/calibration-core.ts";
import type {
  DistanceEvent,
  DistanceFailure,
  DistanceState,
  MeasuredDistance,
} from "./core/distance-core.ts";
import type { DistanceMessage } from "./core/distance-message.ts";
import type { Tones } from "./core/playback-target.ts";

/** What people are shown of it. */
export interface DistanceFacts {
  readonly code: DistanceState["code"];
  /** With whom. */
  readonly peer: UserId | null;
  /** This device asked. */
  readonly isFirst: boolean;
  /** Why the last one came to nothing. */
  readonly failure: DistanceFailure | null;
  /** While chirps sound. */
  readonly remainingSec: number;
  readonly measured: readonly MeasuredDistance[];
}

export interface DistanceEngineOptions {
  readonly me: UserId;
  readonly nowMs: () => number;
  readonly look: () => CalibrationContext;
  readonly send: (to: UserId, message: DistanceMessage) => void;
  readonly onChange: () => void;
}

export interface DistanceEngine {
  readonly tones: Tones | null;
  read(): DistanceFacts;
  handle(event: DistanceEvent): void;
  close(): void;
}

export type LoadDistance = () => Promise<(options: DistanceEngineOptions) => DistanceEngine>;

interface DistanceSeatOptions extends DistanceEngineOptions {
  readonly random: Random;
  readonly load: LoadDistance;
}

const NOT_LOADED: DistanceFacts = {
  code: "idle",
  peer: null,
  isFirst: true,
  failure: "broken",
  remainingSec: 0,
  measured: [],
};

export class DistanceSeat {
  readonly #options: DistanceSeatOptions;
  #loading: Promise<void> | null = null;
  #engine: DistanceEngine | null = null;
  #hasFailed = false;
  #isClosed = false;

  constructor(options: DistanceSeatOptions) {
    this.#options = options;
  }

  /** What this device is to sound now; null for nothing. */
  get tones(): Tones | null {
    return this.#engine?.tones ?? null;
  }

  /** Null while nobody has measured. */
  read(): DistanceFacts | null {
    return this.#engine?.read() ?? (this.#hasFailed ? NOT_LOADED : null);
  }

  /** Inside a tap. */
  measure(peer: UserId): void {
    this.#handle({ type: "measure", peer, id: randomBelow(this.#options.random, 2 ** 32) });
  }

  /** Inside a tap; to stop also puts away what came of it. */
  answer(type: "allow" | "decline" | "stop"): void {
    this.#handle({ type });
  }

  receive(from: UserId, message: DistanceMessage): void {
    this.#handle({ type: "message", from, message });
  }

  #handle(event: DistanceEvent): void {
    if (this.#engine) {
      this.#engine.handle(event);
      return;
    }
    this.#loading ??= this.#fetch();
    void this.#loading.then(() => this.#engine?.handle(event));
  }

  look(): void {
    this.#engine?.handle({ type: "look" });
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#engine?.close();
  }

  async #fetch(): Promise<void> {
    try {
      const makeEngine = await this.#options.load();
      if (!this.#isClosed) this.#engine = makeEngine(this.#options);
    } catch (error) {
      console.warn(`could not load what measures distances: ${String(error)}`);
      this.#hasFailed = true;
      this.#loading = null; // the next tap tries again
    }
    this.#options.onChange();
  }
}
