// The English words of the queue. Apart from the others for their length only; what a sentence promises is said in ../en.ts.

import type { Format } from "../format.ts";
import type { Quantities } from "../quantities.ts";

export const queueWords = (format: Format, length: Quantities["length"]) => ({
  title: "Queue",
  empty: "Nothing is queued. Add a song from the files below.",
  lock: "Lock the queue",
  clear: "Clear",
  add: (name: string) => `Queue ${name}`,
  addNext: (name: string) => `Play next: ${name}`,
  remove: (name: string) => `Remove ${name}`,
  up: (name: string) => `Move up ${name}`,
  down: (name: string) => `Move down ${name}`,
  boost: (name: string) => `Boost ${name}`,
  boosts: format.number,
  over: "played",
  held: (heldShare: number) => `${format.percent(100 * heldShare)} here`,
  skipped: {
    "nobody-has": "nobody here has it",
    "nobody-can-play": "no phone here can play it",
  },
  cannotAdd: {
    locked: "The queue is locked.",
    full: "The queue is full.",
    "too-many-of-one": "50 of your songs are still to come: the most one person may have.",
  },
  remaining: (sec: number) => `${length(sec)} to go`,
});
