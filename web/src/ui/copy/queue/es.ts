// The Spanish words of the queue.

import type { Format } from "../format.ts";
import type { Quantities } from "../quantities.ts";

export const queueWords = (format: Format, length: Quantities["length"]) => ({
  title: "Cola",
  empty: "La cola está vacía. Añade una canción de los archivos de abajo.",
  lock: "Bloquear la cola",
  clear: "Vaciar",
  add: (name: string) => `A la cola: ${name}`,
  addNext: (name: string) => `Poner después: ${name}`,
  remove: (name: string) => `Quitar ${name}`,
  up: (name: string) => `Subir ${name}`,
  down: (name: string) => `Bajar ${name}`,
  boost: (name: string) => `Impulsar ${name}`,
  boosts: format.number,
  over: "ya sonó",
  held: (heldShare: number) => `${format.percent(100 * heldShare)} aquí`,
  skipped: {
    "nobody-has": "nadie aquí la tiene",
    "nobody-can-play": "ningún teléfono aquí puede reproducirla",
  },
  cannotAdd: {
    locked: "La cola está bloqueada.",
    full: "La cola está llena.",
    "too-many-of-one": "Tienes 50 canciones por sonar, el máximo por persona.",
  },
  remaining: (sec: number) => `quedan ${length(sec)}`,
});
