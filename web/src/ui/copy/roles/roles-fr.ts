// The French words of the roles.

import type { Role } from "../../../view/index.ts";
import { makeFormat } from "../format.ts";
import { decibels } from "./decibels.ts";
import { metres } from "./metres.ts";
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
  centre: "Central",
  lfe: "Effets graves",
  "surround-left": "Surround gauche",
  "surround-right": "Surround droite",
  "back-left": "Arrière gauche",
  "back-right": "Arrière droite",
  "back-centre": "Arrière central",
};

const hints: Partial<Readonly<Record<Role, string>>> = {
  all: "Ce téléphone joue le son en entier.",
  left: "Seulement le côté gauche\u00a0: pose ce téléphone à gauche.",
  right: "Seulement le côté droit\u00a0: pose ce téléphone à droite.",
  low: "Seulement les basses\u00a0: pour une enceinte qui les rend bien.",
  "without-low": "Tout sauf les basses\u00a0: pour une petite enceinte à côté d’une autre qui les joue.",
};

export const roleWords: RoleWords = {
  title: "Rôle",
  roles,
  hint: (role) => hints[role] ?? "Seulement ce canal, dans les morceaux qui l’ont.",
  plays: (role) => `joue\u00a0: ${roles[role]}`,
  asked: (role) => `on lui a demandé\u00a0: ${roles[role]}`,
  roleOf: (name) => `Rôle de ${format.fence(name)}`,
  ask: (name, role) => `${format.list([name])} demande à ce téléphone de jouer\u00a0: ${roles[role]}.`,
  askHint:
    "Si tu l’autorises, la personne qui mène la musique pourra le changer jusqu’à ton départ. Tu peux toujours choisir toi-même sous Ce téléphone.",
  allow: "Autoriser",
  notNow: "Pas maintenant",
  spread: "Répartir dans la pièce",
  spreadHint: "Donne une partie à chaque téléphone\u00a0: gauche, droite et, s’ils sont trois, les basses.",
  undo: "Annuler la répartition",
  room: (parts) => `Qui joue quoi\u00a0: ${format.list(parts)}.`,
  part: (name, role) => `${format.list([name])} ${roles[role]}`,
  tone: "Tonalité de ce haut-parleur",
  bass: "Graves",
  treble: "Aigus",
  gain: "Niveau",
  decibels: (valueDb) => decibels(format, valueDb),
  distance: {
    title: "La distance entre les téléphones",
    hint: "Une expérience\u00a0: ce téléphone et un autre gazouillent à tour de rôle pendant dix secondes, et les deux écoutent par leur micro. Ce qu’ils entendent ne les quitte pas\u00a0; ils se disent seulement quand c’est arrivé. Silence, s’il te plaît.",
    measure: (name) => `Mesurer la distance avec ${format.fence(name)}`,
    of: (name, distanceM, uncertaintyM) =>
      `Distance avec ${format.fence(name)}\u00a0: ${metres(format, distanceM)}\u00a0± ${metres(format, uncertaintyM)}`,
    nobody: "Il faut un autre téléphone qui affiche cette page.",
    asks: (name) => `${format.list([name])} demande à quelle distance se trouvent vos deux téléphones.`,
    asksHint:
      "Si tu l’autorises, les deux gazouillent à tour de rôle pendant dix secondes, et celui-ci écoute par son micro. Ce qu’il entend ne le quitte pas et est aussitôt oublié.",
    waiting: (name) => `En attente de l’accord de ${format.list([name])}.`,
    ready: "Les deux téléphones vont gazouiller.",
    failure: {
      declined: (name) => `${format.list([name])} préfère ne pas le faire maintenant.`,
      busy: (name) => `Le téléphone de ${format.list([name])} mesure déjà. Réessaie dans un instant.`,
      microphone: (name) =>
        `Le téléphone de ${format.list([name])} n’a pas de micro que cette page puisse utiliser.`,
      stopped: (name) => `La mesure a été arrêtée sur le téléphone de ${format.list([name])}.`,
      silent: (name) =>
        `Le téléphone de ${format.list([name])} n’a pas répondu à temps. Affiche-t-il bien cette page\u00a0?`,
      left: (name) => `${format.list([name])} n’est plus là.`,
      unheard: () =>
        "Les téléphones ne se sont pas assez bien entendus. Monte le son des deux ou rapproche-les, puis réessaie.",
      unsteady: () =>
        "Ce qui a été entendu varie trop d’une fois à l’autre. Laisse les deux téléphones en place, puis réessaie.",
    },
  },
};
