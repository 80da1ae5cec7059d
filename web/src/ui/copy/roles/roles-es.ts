// The Spanish words of the roles.

import type { Role } from "../../../view/index.ts";
import { makeFormat } from "../format.ts";
import { decibels } from "./decibels.ts";
import { metres } from "./metres.ts";
import type { RoleWords } from "./roles-en.ts";

const format = makeFormat("es");

const roles: Readonly<Record<Role, string>> = {
  all: "Todo",
  left: "Izquierda",
  right: "Derecha",
  low: "Graves",
  "without-low": "Sin graves",
  "front-left": "Frontal izquierdo",
  "front-right": "Frontal derecho",
  centre: "Central",
  lfe: "Efectos graves",
  "surround-left": "Envolvente izquierdo",
  "surround-right": "Envolvente derecho",
  "back-left": "Trasero izquierdo",
  "back-right": "Trasero derecho",
  "back-centre": "Trasero central",
};

const hints: Partial<Readonly<Record<Role, string>>> = {
  all: "Este teléfono reproduce todo el sonido.",
  left: "Solo el lado izquierdo: pon este teléfono a la izquierda.",
  right: "Solo el lado derecho: pon este teléfono a la derecha.",
  low: "Solo los graves: para un altavoz que los reproduzca bien.",
  "without-low": "Todo menos los graves: para un altavoz pequeño junto a otro que reproduce los graves.",
};

export const roleWords: RoleWords = {
  title: "Papel",
  roles,
  hint: (role) => hints[role] ?? "Solo este canal, en las canciones que lo tienen.",
  plays: (role) => `reproduce: ${roles[role]}`,
  asked: (role) => `se le ha pedido: ${roles[role]}`,
  roleOf: (name) => `Papel de ${format.fence(name)}`,
  ask: (name, role) => `${format.list([name])} pide que este teléfono reproduzca: ${roles[role]}.`,
  askHint:
    "Si lo permites, quien dirija la música podrá cambiarlo hasta que salgas. Siempre puedes elegir tú en Este teléfono.",
  allow: "Permitir",
  notNow: "Ahora no",
  spread: "Repartir por la sala",
  spreadHint: "Da una parte a cada teléfono: izquierda, derecha y, si son tres, los graves.",
  undo: "Deshacer el reparto",
  room: (parts) => `Quién reproduce qué: ${format.list(parts)}.`,
  part: (name, role) => `${format.list([name])} ${roles[role]}`,
  tone: "Tono de este altavoz",
  bass: "Graves",
  treble: "Agudos",
  gain: "Ganancia",
  decibels: (valueDb) => decibels(format, valueDb),
  distance: {
    title: "A qué distancia están los teléfonos",
    hint: "Un experimento: este teléfono y otro pían por turnos durante diez segundos, y los dos escuchan por su micrófono. Lo que oyen no sale de ellos; solo se dicen cuándo llegó. Guardad silencio.",
    measure: (name) => `Medir la distancia a ${format.fence(name)}`,
    of: (name, distanceM, uncertaintyM) =>
      `Distancia a ${format.fence(name)}: ${metres(format, distanceM)}\u00a0± ${metres(format, uncertaintyM)}`,
    nobody: "Hace falta otro teléfono que tenga esta página en pantalla.",
    asks: (name) => `${format.list([name])} pregunta a qué distancia están vuestros teléfonos.`,
    asksHint:
      "Si lo permites, los dos pían por turnos durante diez segundos y este escucha por su micrófono. Lo que oye no sale de él y se olvida enseguida.",
    waiting: (name) => `Esperando a que ${format.list([name])} lo permita.`,
    ready: "Los dos teléfonos van a piar.",
    failure: {
      declined: (name) => `${format.list([name])} prefiere que no, por ahora.`,
      busy: (name) =>
        `El teléfono de ${format.list([name])} ya está midiendo. Inténtalo dentro de un momento.`,
      microphone: (name) =>
        `El teléfono de ${format.list([name])} no tiene un micrófono que esta página pueda usar.`,
      stopped: (name) => `La medición se detuvo en el teléfono de ${format.list([name])}.`,
      silent: (name) =>
        `El teléfono de ${format.list([name])} no respondió a tiempo. ¿Tiene esta página en pantalla?`,
      left: (name) => `${format.list([name])} ya no está aquí.`,
      unheard: () =>
        "Los teléfonos no se oyeron lo bastante bien. Sube el volumen de los dos o acércalos, e inténtalo otra vez.",
      unsteady: () =>
        "Lo que se oyó varía demasiado de una vez a otra. Deja los dos teléfonos quietos e inténtalo otra vez.",
    },
  },
};
