// What is said of events, one at a time: a newer word takes the place of an older one. Only words about files wait for each
// other, so that of several files that could not be added each is named (G9). Pure.

import type { Notice, View } from "../view/index.ts";

export class Notices {
  readonly #onChange: () => void;
  #shown: View["notice"] = null;
  #lastId = 0;
  #waiting: readonly Notice[] = [];

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get shown(): View["notice"] {
    return this.#shown;
  }

  say(notice: Notice): void {
    if (isOfFile(notice) && this.#shown && isOfFile(this.#shown.notice)) {
      this.#waiting = [...this.#waiting, notice];
      return;
    }
    this.#lastId += 1;
    this.#shown = { id: this.#lastId, notice };
    this.#onChange();
  }

  /** What was said is past: something else has begun. */
  clear(): void {
    this.#shown = null;
    this.#waiting = [];
  }

  dismiss(id: number): void {
    if (this.#shown?.id !== id) return;
    this.#shown = null;
    const [next, ...rest] = this.#waiting;
    this.#waiting = rest;
    if (next) this.say(next);
    else this.#onChange();
  }
}

const isOfFile = (notice: Notice): boolean => notice.code === "error" && notice.fileName !== null;
