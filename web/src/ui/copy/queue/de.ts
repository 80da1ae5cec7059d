// The German words of the queue.

import type { Format } from "../format.ts";
import type { Quantities } from "../quantities.ts";

export const queueWords = (format: Format, length: Quantities["length"]) => ({
  title: "Warteschlange",
  empty: "Noch nichts eingereiht. Nimm ein Lied aus den Dateien unten.",
  lock: "Warteschlange sperren",
  clear: "Leeren",
  add: (name: string) => `${name} einreihen`,
  addNext: (name: string) => `Als Nächstes: ${name}`,
  remove: (name: string) => `${name} entfernen`,
  up: (name: string) => `${name} nach oben`,
  down: (name: string) => `${name} nach unten`,
  boost: (name: string) => `${name} vorziehen`,
  boosts: format.number,
  over: "gespielt",
  held: (heldShare: number) => `${format.percent(100 * heldShare)} hier`,
  skipped: {
    "nobody-has": "niemand hier hat es",
    "nobody-can-play": "kein Handy hier kann es abspielen",
  },
  cannotAdd: {
    locked: "Die Warteschlange ist gesperrt.",
    full: "Die Warteschlange ist voll.",
    "too-many-of-one": "50 deiner Lieder stehen noch an, mehr geht nicht.",
  },
  remaining: (sec: number) => `noch ${length(sec)}`,
});
