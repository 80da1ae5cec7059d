// The swarm's state as signals, for whoever draws it: shown at most every 200 ms, and only what changed. Local ms.

import { type Signal as Cell, type ReadonlySignal, signal } from "@preact/signals-core";
import type { Clock, UserId } from "../lib/index.ts";
import type { FileState, LinkState, Totals } from "./core/state.ts";

/** A screen that paints every chunk starves the sound on a cheap phone. */
const SHOW_PERIOD_MS = 200;

export interface Shown {
  files(): readonly FileState[];
  links(): ReadonlyMap<UserId, LinkState>;
  totals(): Totals;
}

export class SwarmSignals {
  readonly #clock: Clock;
  readonly #shown: Shown;
  readonly #files: Cell<readonly FileState[]> = signal([]);
  readonly #links: Cell<ReadonlyMap<UserId, LinkState>> = signal(new Map());
  readonly #totals: Cell<Totals>;
  #cancel: (() => void) | null = null;
  #shownLocalMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(clock: Clock, shown: Shown) {
    this.#clock = clock;
    this.#shown = shown;
    this.#totals = signal(shown.totals());
  }

  get files(): ReadonlySignal<readonly FileState[]> {
    return this.#files;
  }

  get links(): ReadonlySignal<ReadonlyMap<UserId, LinkState>> {
    return this.#links;
  }

  get totals(): ReadonlySignal<Totals> {
    return this.#totals;
  }

  /** Something may have changed. */
  showSoon(): void {
    if (this.#cancel || this.#isClosed) return;
    const waitMs = this.#shownLocalMs + SHOW_PERIOD_MS - this.#clock.nowMs();
    this.#cancel = this.#clock.after(Math.max(0, waitMs), () => this.show());
  }

  show(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#shownLocalMs = this.#clock.nowMs();
    // Only what changed is shown as changed: every new value makes someone paint.
    const files = this.#shown.files();
    if (!isSamePlain(files, this.#files.value)) this.#files.value = files;
    const links = this.#shown.links();
    if (!isSamePlain([...links.values()], [...this.#links.value.values()])) this.#links.value = links;
    const totals = this.#shown.totals();
    if (!isSamePlain(totals, this.#totals.value)) this.#totals.value = totals;
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
    this.#cancel = null;
  }
}

/** For plain data with the same order of keys. */
const isSamePlain = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
