// The French words of the queue.

import type { Format } from "../format.ts";
import type { Quantities } from "../quantities.ts";

export const queueWords = (format: Format, length: Quantities["length"]) => ({
  title: "File d’attente",
  empty: "La file est vide. Ajoute un morceau depuis les fichiers ci-dessous.",
  lock: "Verrouiller la file",
  clear: "Vider",
  add: (name: string) => `Mettre en file ${name}`,
  addNext: (name: string) => `Jouer ensuite\u00a0: ${name}`,
  remove: (name: string) => `Retirer ${name}`,
  up: (name: string) => `Monter ${name}`,
  down: (name: string) => `Descendre ${name}`,
  boost: (name: string) => `Soutenir ${name}`,
  boosts: format.number,
  over: "déjà joué",
  held: (heldShare: number) => `${format.percent(100 * heldShare)} ici`,
  skipped: {
    "nobody-has": "personne ici ne l’a",
    "nobody-can-play": "aucun téléphone ici ne peut le jouer",
  },
  cannotAdd: {
    locked: "La file est verrouillée.",
    full: "La file est pleine.",
    "too-many-of-one": "Tu as 50 morceaux à venir, le maximum par personne.",
  },
  remaining: (sec: number) => `encore ${length(sec)}`,
});
