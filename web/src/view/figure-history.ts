// This device's figures over the last minutes, for the plots under Details: at most one point a second. Local ms. Pure,
// and without a timer: whoever reads the facts anyway records them here, so that a closed Details costs nothing.

import type { SessionFacts } from "../session/index.ts";
import type { FigurePoint } from "./view.ts";

/** Five minutes: a song, and long enough to see a card's drift of 10 ppm as 3 ms. */
export const HISTORY_MS = 300_000;
const PERIOD_MS = 1_000;

/** What is read off the session; `offsetMs` belongs to the server clock named by `clockId`. */
export interface Figures {
  readonly clockId: string | null;
  readonly offsetMs: number | null;
  readonly rttMs: number | null;
  readonly playbackErrorMs: number | null;
  readonly ratePpm: number | null;
  /** Playback errors of the others who told theirs, by user id. */
  readonly others?: Readonly<Record<string, number>>;
}

export class FigureHistory {
  #points: readonly FigurePoint[] = [];
  #base: { readonly clockId: string | null; readonly offsetMs: number } | null = null;

  /** Oldest first. The same array until a point is added, so that whoever draws it can tell by looking at it. */
  get points(): readonly FigurePoint[] {
    return this.#points;
  }

  /** Adds a point unless the last one is younger than a second. Returns whether it did. */
  record(atLocalMs: number, figures: Figures): boolean {
    const last = this.#points.at(-1);
    if (last && atLocalMs - last.atLocalMs < PERIOD_MS) return false;
    const { rttMs, playbackErrorMs, ratePpm, others = {} } = figures;
    const point = { atLocalMs, offsetMs: this.#sinceFirst(figures), rttMs, playbackErrorMs, ratePpm, others };
    const kept = this.#points.filter((each) => atLocalMs - each.atLocalMs <= HISTORY_MS);
    this.#points = [...kept, point];
    return true;
  }

  clear(): void {
    this.#points = [];
    this.#base = null;
  }

  /** Against the first offset of the same clock: the offset itself is when two computers were switched on. */
  #sinceFirst({ clockId, offsetMs }: Figures): number | null {
    if (offsetMs === null) return null;
    if (this.#base?.clockId === clockId) return offsetMs - this.#base.offsetMs;
    const isFirst = this.#base === null;
    this.#base = { clockId, offsetMs };
    return isFirst ? 0 : null; // a new clock begins a new line: no stroke may lead from the old to the new
  }
}

export function readFigures({ estimate, lastRttMs, playback, people }: SessionFacts): Figures {
  const others: Record<string, number> = {};
  for (const { userId, isMe, isAway, syncErrorMs } of people) {
    if (!isMe && !isAway && syncErrorMs !== null) others[userId] = syncErrorMs;
  }
  return {
    others,
    clockId: estimate?.clockId ?? null,
    offsetMs: estimate?.offsetMs ?? null,
    rttMs: lastRttMs,
    playbackErrorMs: playback.errorMs,
    ratePpm: playback.ratePpm,
  };
}
