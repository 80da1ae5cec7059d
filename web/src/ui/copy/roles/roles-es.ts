// The Spanish words of the roles.

import type { Role } from "../../../view/index.ts";
import { makeFormat } from "../format.ts";
import { decibels } from "./decibels.ts";
import type { RoleWords } from "./roles-en.ts";

const format = makeFormat("es");

const roles: Readonly<Record<Role, string>> = {
  all: "Todo",
  left: "Izquierda",
  right: "Derecha",
  low: "Graves",
  "without-low": "Sin graves",
  "front-left": "Delante izquierda",
  "front-right": "Delante derecha",
  centre: "Centro",
  lfe: "Efectos graves",
  "surround-left": "Envolvente izquierda",
  "surround-right": "Envolvente derecha",
  "back-left": "Detrás izquierda",
  "back-right": "Detrás derecha",
  "back-centre": "Detrás centro",
};

const hints: Partial<Readonly<Record<Role, string>>> = {
  all: "Este teléfono suena entero.",
  left: "Solo el lado izquierdo: pon este teléfono a la izquierda.",
  right: "Solo el lado derecho: pon este teléfono a la derecha.",
  low: "Solo los graves: para un altavoz que los da bien.",
  "without-low": "Todo menos los graves: para un altavoz pequeño junto a uno que da los graves.",
};

export const roleWords: RoleWords = {
  title: "Papel",
  roles,
  hint: (role) => hints[role] ?? "Solo este canal de una canción que lo tenga.",
  plays: (role) => `suena: ${roles[role]}`,
  asked: (role) => `se le pidió: ${roles[role]}`,
  roleOf: (name) => `Papel de ${format.fence(name)}`,
  ask: (name, role) => `${format.list([name])} pide que este teléfono suene así: ${roles[role]}.`,
  askHint:
    "Si lo permites, quien dirige la música puede cambiarlo hasta que salgas. Siempre puedes elegir tú en Este teléfono.",
  allow: "Permitir",
  notNow: "Ahora no",
  spread: "Repartir por la sala",
  spreadHint: "Da a cada teléfono una parte: izquierda, derecha y, si son tres, graves.",
  undo: "Deshacer el reparto",
  room: (parts) => `Quién suena cómo: ${format.list(parts)}.`,
  part: (name, role) => `${format.list([name])} ${roles[role]}`,
  tone: "Tono de este altavoz",
  bass: "Bajos",
  treble: "Agudos",
  gain: "Ganancia",
  decibels: (valueDb) => decibels(format, valueDb),
};
