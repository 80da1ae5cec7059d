// The French words of the roles.

import type { Role } from "../../../view/index.ts";
import { makeFormat } from "../format.ts";
import { decibels } from "./decibels.ts";
import type { RoleWords } from "./roles-en.ts";

const format = makeFormat("fr");

const roles: Readonly<Record<Role, string>> = {
  all: "Tout",
  left: "Gauche",
  right: "Droite",
  low: "Basses",
  "without-low": "Sans les basses",
  "front-left": "Avant gauche",
  "front-right": "Avant droite",
  centre: "Centre",
  lfe: "Effets graves",
  "surround-left": "Ambiance gauche",
  "surround-right": "Ambiance droite",
  "back-left": "Arrière gauche",
  "back-right": "Arrière droite",
  "back-centre": "Arrière centre",
};

const hints: Partial<Readonly<Record<Role, string>>> = {
  all: "Ce téléphone joue tout le son.",
  left: "Seulement le côté gauche\u00a0: pose ce téléphone à gauche.",
  right: "Seulement le côté droit\u00a0: pose ce téléphone à droite.",
  low: "Seulement les basses\u00a0: pour une enceinte qui les rend bien.",
  "without-low": "Tout sauf les basses\u00a0: pour une petite enceinte à côté d’une qui les joue.",
};

export const roleWords: RoleWords = {
  title: "Rôle",
  roles,
  hint: (role) => hints[role] ?? "Seulement ce canal d’un morceau qui l’a.",
  plays: (role) => `joue\u00a0: ${roles[role]}`,
  asked: (role) => `invité à jouer\u00a0: ${roles[role]}`,
  roleOf: (name) => `Rôle de ${format.fence(name)}`,
  ask: (name, role) => `${format.list([name])} demande à ce téléphone de jouer\u00a0: ${roles[role]}.`,
  askHint:
    "Si tu l’autorises, la personne qui mène la musique peut le changer jusqu’à ton départ. Tu peux toujours choisir toi-même sous Ce téléphone.",
  allow: "Autoriser",
  notNow: "Pas maintenant",
  spread: "Répartir dans la pièce",
  spreadHint: "Donne une partie à chaque téléphone\u00a0: gauche, droite et, à trois, les basses.",
  undo: "Annuler la répartition",
  room: (parts) => `Qui joue quoi\u00a0: ${format.list(parts)}.`,
  part: (name, role) => `${format.list([name])} ${roles[role]}`,
  tone: "Tonalité de ce haut-parleur",
  bass: "Graves",
  treble: "Aigus",
  gain: "Niveau",
  decibels: (valueDb) => decibels(format, valueDb),
};
