// The French words for errors; what a sentence promises is said in ../en.ts.

import type { errorWords as words } from "./en.ts";

export const errorWords: typeof words = (quotedFile) => ({
  "key-empty": () => "Tape d’abord la clé de l’essaim ou crée un nouvel essaim.",
  "key-too-long": () => "C’est trop long pour une clé. Vérifie-la ou demande un nouveau lien.",
  "key-mistyped": () =>
    "La clé contient une faute de frappe : son caractère de contrôle ne correspond pas. Compare-la avec celle des autres. Si c’est ta propre clé, rejoins encore une fois.",
  "wire-malformed": () =>
    "Un message d’un autre téléphone n’avait pas de sens et a été ignoré. Rien n’est perdu.",
  "wire-too-large": () =>
    "Un message d’un autre téléphone était trop long et a été ignoré. Rien n’est perdu.",
  "wire-version": () =>
    "Un autre téléphone a une version différente de cette page. Rechargez les deux pour jouer ensemble.",
  "wire-unsealed": () =>
    "Un message ne correspondait pas à la clé de cet essaim et a été ignoré. Pour les autres, rien ne change.",
  "wire-unproven": () =>
    "Un téléphone qui n’a pas encore montré sa clé n’a pas été écouté. Cela prend un instant.",
  "wire-replayed": () => "Un message est venu deux fois et a été ignoré. Rien n’est perdu.",
  "file-empty": (fileName) =>
    `${quotedFile(fileName)} est vide, il n’y a donc rien à jouer. Choisis un autre fichier.`,
  "file-not-audio": (fileName) =>
    `${quotedFile(fileName)} n’est pas un fichier audio. Choisis un morceau\u00a0: MP3, FLAC ou WAV passent sur la plupart des téléphones.`,
  "file-too-large": (fileName) =>
    `${quotedFile(fileName)} est trop gros pour être partagé ici. Jusqu’à 4 Go, ça marche.`,
  "file-too-long": (fileName) =>
    `${quotedFile(fileName)} est trop long pour la mémoire de ce téléphone. Les autres peuvent peut-être le jouer.`,
  "file-too-many": (fileName) =>
    `${quotedFile(fileName)} n’a pas été ajouté\u00a0: dix fichiers par personne, c’est la limite. Désactive d’abord un des tiens.`,
  "file-undecodable": (fileName) =>
    `Ce téléphone ne peut pas jouer ${quotedFile(fileName)}. Les autres le peuvent peut-être.`,
  "file-unreadable": (fileName) =>
    `${quotedFile(fileName)} n’a pas pu être lu. Vérifie qu’il est toujours là, puis ajoute-le à nouveau.`,
  "file-is-folder": (fileName) =>
    `${quotedFile(fileName)} est un dossier. Ouvre-le et dépose les morceaux qu’il contient.`,
  "file-failed": (fileName) =>
    `${quotedFile(fileName)} n’a pas été ajouté, car quelque chose s’est mal passé sur cette page. Réessaie\u00a0; si cela persiste, recharge la page.`,
  "storage-full": (fileName) =>
    `${quotedFile(fileName)} n’a pas de place sur ce téléphone. Désactive un fichier, puis réessaie.`,
  "audio-blocked": () => "Le navigateur retient le son. Touche la page n’importe où pour le laisser jouer.",
  "audio-unsupported": () =>
    "Ce navigateur ne sait pas jouer au pas des autres, ce téléphone reste donc muet. Il reçoit les morceaux et les transmet quand même\u00a0; un Chrome, Firefox ou Safari récent les joue aussi.",
});

/** Why the swarm does not take this phone, by the reason's code. */
export const refusals: Readonly<Record<string, string>> = {
  "wrong-version": "Cette page est plus ancienne que le serveur. Recharge-la, puis rejoins à nouveau.",
  "taken-over":
    "Un autre onglet de cet appareil a pris cette place. Continue là-bas ou rejoins à nouveau ici.",
  "page-incomplete":
    "Une partie de cette page n’est pas arrivée, car le réseau s’est coupé. Recharge la page, puis rejoins à nouveau.",
  "page-failed":
    "Quelque chose s’est mal passé sur cette page, ce téléphone n’a donc pas pu rejoindre l’essaim. Recharge la page, puis rejoins à nouveau. Si cela persiste, copie le diagnostic pour qui tient le serveur.",
  "not-admitted":
    "Quelqu’un d’autre a ouvert un essaim à cet endroit sans ta clé et l’occupe. Crée un nouvel essaim et partage son lien.",
  "swarm-full": "Cet essaim est plein. Attends que quelqu’un parte ou crées-en un nouveau.",
};
