// The French words for lining up through a microphone.

import type { CalibrationWords } from "./en.ts";

export const calibrationWords: CalibrationWords = (format, wait) => ({
  title: "Mesurer au lieu d’écouter",
  consent:
    "Un téléphone écoute par son micro pendant que tous gazouillent à tour de rôle, cinq secondes environ chacun. Ce qu’il entend ne le quitte pas et est aussitôt oublié. Placez-le à peu près à égale distance de tous, dans le calme.",
  start: "Mesurer avec le micro de ce téléphone",
  stop: "Arrêter la mesure",
  close: "Fermer",
  insecure: "Pour mesurer avec le micro, il faut un lien https.",
  notReadyReason: {
    alone: "Il faut un deuxième téléphone.",
    music: "Arrêtez d’abord la musique : gazouillis et chansons ne vont pas ensemble.",
    clock: "Ce téléphone se met encore au pas.",
  },
  failure: {
    denied:
      "Le micro n’a pas été autorisé, rien n’a donc été mesuré. Autorisez-le pour cette page dans les réglages du navigateur, ou mesurez avec un autre téléphone.",
    missing: "Pas de micro ici, ou une autre application l’occupe. Un autre téléphone peut mesurer.",
    music: "La musique a commencé, la mesure s’est donc arrêtée. Rien n’a changé.",
    clock: "Le serveur a changé en chemin, la mesure s’est donc arrêtée. Rien n’a changé ; réessayez.",
    broken: "La mesure n’a pas marché sur ce téléphone. Rien n’a changé ; un autre y arrivera peut-être.",
  },
  asking: "Le navigateur demande si cette page peut utiliser le micro.",
  sounding: ({ isMe, listenerName, remainingSec }) =>
    isMe
      ? `À l’écoute pendant ${wait(remainingSec)}. Silence, s’il vous plaît.`
      : `Le téléphone de ${format.list([listenerName])} écoute pendant ${wait(remainingSec)} tandis que tous gazouillent. Silence, s’il vous plaît.`,
  reckoning: "Calcul en cours…",
  caption: "Le retard de chaque téléphone, et comment on l’a entendu",
  late: (lateMs) => format.milliseconds(lateMs, 1),
  heard: {
    clear: "net",
    fair: "correct",
    unsteady: "instable",
    unheard: "pas entendu",
    left: "parti",
  },
  missed: {
    unheard:
      "Pas entendu : montez son volume, vérifiez son bouton silencieux et rapprochez-le. Son décalage reste tel quel.",
    unsteady: "Instable : il a bougé, ou un bruit s’y est mêlé. Son décalage reste tel quel.",
  },
  apply: "Aligner tous les téléphones",
  applied: "C’est fait : chaque téléphone joue plus tôt, d’autant qu’il était en retard.",
  nothing: "Il n’y a rien à changer.",
  appliedCalibration: ({ name, isMe, delayMs }) =>
    `Aligné par le micro ${isMe ? "de ce téléphone" : `de ${format.list([name])}`} : joue ${format.milliseconds(delayMs, 0)} plus tôt.`,
  undo: "Annuler",
});
