// The French words. Informal, as among people in one room. What a message promises is said in en.ts.
// Before : ; ? ! and inside quotation marks stands a space that does not break, as French sets type.

import type { ErrorCode } from "../../lib/index.ts";
import type {
  Banner,
  Held,
  Help,
  Notice,
  NotReadyReason,
  Shortage,
  Status,
  SyncWord,
  TooLong,
} from "../../view/index.ts";
import { type ByCode, phrase } from "./by-code.ts";
import type { Copy } from "./en.ts";
import { errorWords, refusals } from "./errors/fr.ts";
import { isCommonFormat, makeFormat, songTitle } from "./format.ts";
import { heardWords } from "./heard/fr.ts";
import { calibrationWords } from "./measure/fr.ts";
import { makeQuantities, type PlotFigure, type PlotRange } from "./quantities.ts";
import { queueWords } from "./queue/fr.ts";

const format = makeFormat("fr");
const quantities = makeQuantities(format, {
  hours: (count) => `${count} h`,
  minutes: (count) => `${count} min`,
  seconds: (count) => `${count} s`,
  unknown: "pas encore connu",
});
const { wait, length } = quantities;

const quoted = (fileName: string): string => `«\u00a0${songTitle(fileName)}\u00a0»`;
const quotedFile = (fileName: string | null): string =>
  fileName === null ? "Ce fichier" : `«\u00a0${format.fence(fileName)}\u00a0»`;

const status = {
  joining: ({ stage }) =>
    ({
      key: "Ouverture de l’essaim…",
      server: "Recherche des autres…",
      clock: "Mise au pas avec les autres…",
    })[stage],
  alone: () => "Tu es ici avant tout le monde. Invite les autres ou ajoute un morceau.",
  "no-files": () =>
    "Rien à jouer pour l’instant. Ajoute un morceau\u00a0: tout le monde en reçoit une copie.",
  "ready-to-play": ({ isDirector, directorName }) => {
    if (isDirector) return "C’est prêt. Choisis un morceau et appuie sur Jouer.";
    return directorName
      ? `C’est prêt. ${format.list([directorName])} choisit ce qui passe.`
      : "C’est prêt à jouer.";
  },
  electing: () => "Qui mène la musique\u00a0? Un instant…",
  fetching: ({ fileName, sources }) => {
    if (fileName === "") return "Recherche du morceau choisi…"; // of whose files this phone knows nothing yet
    return sources.length > 0
      ? `Réception de ${quoted(fileName)}`
      : `Recherche de quelqu’un qui a ${quoted(fileName)}…`;
  },
  decoding: ({ fileName }) => `Préparation de ${quoted(fileName)}…`,
  "waiting-for": ({ names, canStart }) => {
    if (names.length === 0) return "Tout le monde est prêt.";
    const waiting = `On attend ${format.list(names)}.`;
    return canStart ? `${waiting} Démarre tout de suite, et les autres suivront une fois prêts.` : waiting;
  },
  starting: ({ fileName }) => `${quoted(fileName)} va commencer`,
  playing: ({ fileName, isDirector, directorName }) => {
    const playing = `${quoted(fileName)} passe en ce moment.`;
    if (isDirector) return `${playing} Tu mènes la musique.`;
    return directorName ? `${playing} ${format.list([directorName])} mène la musique.` : playing;
  },
  paused: ({ fileName, isDirector, directorName }) => {
    const paused = `${quoted(fileName)} est en pause.`;
    if (isDirector) return `${paused} Touche Lire pour reprendre.`;
    return directorName ? `${paused} ${format.list([directorName])} le reprendra.` : paused;
  },
  entering: ({ fileName }) => `Entrée dans ${quoted(fileName)}, là où sont les autres…`,
  undecodable: ({ fileName, tooLong, isAnyoneAble }) => {
    if (!isAnyoneAble) {
      return tooLong
        ? `${quoted(fileName)} est trop long pour tous les téléphones d’ici. Choisis un autre morceau.`
        : `Aucun téléphone d’ici ne peut jouer ${quoted(fileName)}. Choisis un autre morceau.`;
    }
    return tooLong
      ? `${quoted(fileName)} est trop long pour la mémoire de ce téléphone. Les autres peuvent peut-être le jouer.`
      : `Ce téléphone ne peut pas jouer ${quoted(fileName)}. Les autres le peuvent peut-être.`;
  },
  "cut-short": ({ fileName }) =>
    `${quoted(fileName)} finit plus tôt sur ce téléphone. Les autres continuent.`,
  ended: ({ fileName }) => `${quoted(fileName)} est fini. Choisis la suite.`,
} satisfies ByCode<Status>;

const notReadyReasons: Readonly<Record<NotReadyReason, (name: string) => string>> = {
  "turned-off": (name) =>
    `Le morceau est désactivé chez ${name}\u00a0; l’interrupteur Activé sous Fichiers le ramène.`,
  "storage-full": (name) =>
    `Le téléphone de ${name} n’a pas de place pour le morceau\u00a0; y désactiver un fichier en libère.`,
  fetching: (name) => `${name} reçoit encore le morceau.`,
  decoding: (name) => `Le téléphone de ${name} prépare encore le morceau.`,
  "sound-held": (name) => `Le téléphone de ${name} retient le son\u00a0; toucher son écran aide.`,
  clock: (name) => `Le téléphone de ${name} se met encore au pas.`,
};

const help = {
  "slow-key": () =>
    "Ouvrir la clé est un gros travail pour un téléphone, une seule fois. La suite vient toute seule.",
  offline: () =>
    "Ce téléphone est hors ligne. Active le Wi-Fi ou les données mobiles\u00a0; la suite vient toute seule.",
  "server-silent": () =>
    "Le serveur ne répond pas. Vérifie que ce téléphone est sur le bon réseau, ou demande à qui tient le serveur. Les essais continuent.",
  "server-barred": () =>
    "Le navigateur attend une autorisation. Autorise ce site à utiliser le réseau local, dans la demande ou à côté de l’adresse ; la suite vient d’elle-même.",
  "compare-key": () =>
    "Si les autres sont déjà là, compare ta clé avec la leur : une autre lettre est un autre groupe.",
  "coarse-clock": () =>
    "Ce navigateur cache l’heure exacte (son réglage « resist fingerprinting ») ; la mise au pas prend donc plus de temps. Elle continue d’elle-même.",
  "slow-network": () =>
    "Le réseau répond lentement en ce moment. La suite vient toute seule\u00a0; se rapprocher du Wi-Fi aide.",
  "nobody-directs": () =>
    "Personne ne mène encore la musique. Prends la main sous Personnes, et tu la mènes.",
  "turned-off": () =>
    "Il est désactivé sur ce téléphone. Son interrupteur Activé sous Fichiers le fait venir ici.",
  "storage-full": () => "Ce téléphone n’a pas de place pour lui. Désactive un autre fichier sous Fichiers.",
  linking: ({ names }) =>
    `Connexion en cours avec ${format.list(names)}, où se trouve le morceau. La suite vient toute seule.`,
  "source-gone": ({ names }) =>
    names.length > 0
      ? `Injoignable en ce moment\u00a0: ${format.list(names)}. Qui a le même morceau peut aussi l’ajouter.`
      : "Plus personne ici ne l’a en entier. Qui a le morceau peut l’ajouter à nouveau.",
  "slow-decode": () => "Un long morceau prend un moment à un téléphone. La suite vient toute seule.",
  "others-wait": ({ waits }) =>
    waits
      .map(({ name, notReadyReason }) => {
        const who = format.list([name]);
        return notReadyReason ? notReadyReasons[notReadyReason](who) : `${who} n’a pas encore répondu.`;
      })
      .join(" "),
  "server-changed": () =>
    "Le serveur a redémarré, donc l’endroit du morceau est recherché à nouveau. Cela prend quelques secondes.",
  "sound-settling": () =>
    "Le son de ce téléphone démarre encore. S’il reste muet, quitte l’essaim et rejoins-le à nouveau\u00a0; les autres continuent.",
} satisfies ByCode<Help>;

const banner = {
  "server-lost": ({ isPlaying, isDirecting }) => {
    if (isDirecting)
      return "Le serveur ne répond plus. Ce qui passe continue\u00a0; à son retour, les autres suivront tes gestes et on pourra de nouveau entrer. Nouvel essai en cours.";
    return isPlaying
      ? "Le serveur ne répond plus. La musique continue\u00a0; personne d’autre ne peut entrer avant son retour. Nouvel essai en cours."
      : "Le serveur ne répond plus. Tes morceaux restent ici. Nouvel essai en cours.";
  },
  offline: ({ isPlaying }) =>
    isPlaying
      ? "Ce téléphone est hors ligne. La musique continue ici. Active le Wi-Fi ou les données mobiles\u00a0; le reste suit tout seul."
      : "Ce téléphone est hors ligne. Active le Wi-Fi ou les données mobiles\u00a0; le reste suit tout seul.",
  "audio-interrupted": () => "Ce téléphone a mis le son en pause. Les autres continuent.",
  "clocks-disagree": ({ isOutvoted }) =>
    isOutvoted
      ? "L’horloge de ce téléphone contredit les autres : le serveur, ou le chemin qui y mène, lui donne une autre heure. Il joue selon la leur."
      : "Les horloges des téléphones se contredisent, et aucun ne peut dire laquelle est juste : le serveur, ou le chemin qui y mène, leur donne des heures différentes. Tous suivent celui qui mène la musique.",
  "coarse-clock": ({ withinMs }) =>
    `Ce navigateur cache l’heure exacte (son réglage « resist fingerprinting ») ; ce téléphone peut donc être décalé de ${withinMs} ms. La musique joue quand même.`,
  "clock-watch": () => "Ce téléphone se décale un peu. La musique continue pendant qu’il se recale.",
  unreachable: ({ names, isEveryone, isBarred }) => {
    if (isBarred)
      return `${format.list(names)} pas encore joignable : ce navigateur demande d’abord. Autorise ce site à utiliser le réseau local, dans la demande ou à côté de l’adresse. Un des deux téléphones suffit.`;
    return isEveryone
      ? `Pas de lien direct avec ${format.list(names)}\u00a0: ce réseau ou ce navigateur bloque les liens entre téléphones. Un autre réseau aide, ou ajoute le même morceau ici.`
      : `Pas de lien direct avec ${format.list(names)}\u00a0: ce réseau bloque peut-être les liens entre téléphones. Les morceaux viennent des autres.`;
  },
  refused: ({ reason }) =>
    refusals[reason] ?? "Le serveur n’a pas pu laisser entrer ce téléphone. Réessaie dans une minute.",
  insecure: () =>
    "Cette page est venue par http simple, donc l’écran peut s’éteindre. Garde-le allumé à la main ou demande un lien https.",
} satisfies ByCode<Banner>;

const error = errorWords(quotedFile);

const notice = {
  error: ({ error: code, fileName }) => error[code](fileName),
  "bad-piece": ({ name, fileName }) =>
    `Un fragment abîmé de ${quoted(fileName)} reçu de ${format.list([name])} a été jeté. Il est redemandé.`,
  "source-silent": ({ name, fileName }) =>
    `Rien de ${quoted(fileName)} ne vient de ${format.list([name])} pour l’instant. On le reçoit des autres.`,
  "link-unproven": ({ name }) =>
    `Quelque chose se trouve entre ce téléphone et celui de ${format.list([name])}, donc ils ont été séparés avant tout partage. Nouvel essai en cours.`,
  "peer-dropped": ({ name }) =>
    `Le téléphone de ${format.list([name])} a envoyé quelque chose d’incompréhensible. Plus aucun morceau n’en est reçu\u00a0; les autres continuent.`,
  "director-changed": ({ name, isMe, formerName }) => {
    const now = isMe
      ? "Tu mènes maintenant la musique."
      : `${format.list([name])} mène maintenant la musique.`;
    return formerName ? `${format.list([formerName])} a passé la main. ${now}` : now;
  },
  "output-changed": ({ outputName, isKnown }) => {
    if (outputName === null)
      return "Le son prend peut-être un autre chemin. Si ce téléphone est en retard ou en avance sur les autres, règle Retard du haut-parleur.";
    return isKnown
      ? `Le son sort maintenant par ${format.fence(outputName)}. Son retard de la dernière fois est remis.`
      : `Le son sort maintenant par ${format.fence(outputName)}, pas encore réglé ici. Il sonne en retard\u00a0? Vois Retard du haut-parleur.`;
  },
  "started-without": ({ names }) =>
    `La musique a démarré sans ${format.list(names)}. Les autres suivront une fois prêts.`,
  joined: ({ name }) => `${format.list([name])} est là.`,
  left: ({ name }) => `${format.list([name])} a quitté l’essaim.`,
  measured: () => "La mesure est faite : voyez le retard de chaque téléphone sous « Ce haut-parleur ».",
  "lined-up": ({ name }) =>
    `Le micro de ${format.list([name])} a aligné ce téléphone. Cela s’annule sous « Ce haut-parleur ».`,
  "files-wait": () => "Gardés pour l’instant. Tes morceaux seront ajoutés dès que tu rejoins un essaim.",
  copied: () => "Copié.",
  "queue-refused": ({ refusal }) =>
    ({
      locked: "La file est verrouillée.",
      full: "La file est pleine.",
      "too-many-of-one": "Cinquante de tes morceaux sont dans la file\u00a0: laisse d’abord en passer.",
      "not-yours": "Seul qui l’a ajouté, ou qui mène la musique, peut faire cela.",
      "not-there": "Ce morceau n’est plus à venir.",
    })[refusal],
} satisfies ByCode<Notice>;

const sync = {
  tight: "exact",
  good: "bon",
  loose: "lâche",
  off: "décalé",
  unaligned: "peut-être décalé",
  unknown: "muet",
} satisfies Record<SyncWord, string>;

function figures(current: Status): string {
  if (current.code === "starting") {
    return current.inSec > 0 ? `dans ${format.number(current.inSec)} s` : "maintenant";
  }
  if (current.code === "waiting-for")
    return current.withoutInSec === null
      ? ""
      : `démarre sans eux dans ${format.number(current.withoutInSec)} s`;
  if (current.code === "cut-short") return short(current.shortage);
  if (current.code === "undecodable") return current.tooLong ? tooLong(current.tooLong) : whyNot(current);
  if (current.code !== "fetching") return "";
  const parts = [held(current.held)];
  if (current.sources.length > 0) parts.unshift(`de ${format.list(current.sources)}`);
  if (current.remainingSec !== null) parts.push(`prêt dans ${wait(current.remainingSec)} environ`);
  return parts.join(" · ");
}

function whyNot({ format, reason }: Extract<Status, { code: "undecodable" }>): string {
  if (reason === "late" || reason === "failed")
    return "Ce téléphone a manqué de temps ou de mémoire. Lecture fait un nouvel essai.";
  if (format === null) return "Converti en MP3, FLAC ou WAV, il passera peut-être.";
  return isCommonFormat(format)
    ? `Ce fichier (${format}) est peut-être abîmé. Une autre copie passera peut-être.`
    : `C’est du ${format}. Converti en MP3, FLAC ou WAV, il passe sur plus de téléphones.`;
}

const held = ({ percent, sound }: Held): string =>
  sound
    ? `${format.position(sound.playableSec)} sur ${format.position(sound.durationSec)} ici`
    : format.percent(percent);

const short = ({ heardSec, wholeSec }: Shortage): string =>
  `on n’entend ici que les ${format.position(heardSec)} premières sur ${format.position(wholeSec)}`;

const tooLong = ({ durationSec, roomSec }: TooLong): string =>
  `Ce morceau dure ${length(durationSec)}\u00a0; la mémoire de cet appareil suffit pour ${length(roomSec)} environ.`;

const lastMinutes = (minutes: number): string =>
  format.plural(minutes, {
    one: "la dernière minute",
    other: `les ${format.number(minutes)} dernières minutes`,
  });

export const fr = {
  language: "Langue",
  product: {
    name: "Unisono",
    promise: "Tous les téléphones de la pièce, un seul haut-parleur.",
    privacy:
      "Les morceaux vont de téléphone à téléphone. Le serveur ne fait que vous présenter et donner l’heure.",
  },
  how: "Comment\u00a0?",
  tabs: { music: "Musique", people: "Personnes", phone: "Ce téléphone" },
  home: {
    invited: "On t’invite. Touche une fois, et ce téléphone joue avec les autres.",
    keyLabel: "Clé de l’essaim",
    keyHint: "Tape la clé ou colle le lien entier.",
    join: "Rejoindre",
    joinInvited: "Rejoindre avec le son",
    newSwarm: "Nouvel essaim",
    weakKey:
      "Facile à deviner\u00a0: qui tient le serveur pourrait trouver cette clé en essayant. Suffisant pour un test\u00a0; un nouvel essaim en reçoit une solide.",
    insecure:
      "Cette page est venue par http simple. La musique marche, mais l’écran peut s’éteindre et les liens se copient à la main. Avec un lien https, tout marche.",
  },
  swarm: {
    people: (count: number) =>
      `${format.number(count)} ${format.plural(count, { one: "personne", other: "personnes" })}`,
    connected: "Connecté",
    connecting: "Connexion…",
    reconnecting: "Nouvel essai…",
    invite: "Inviter",
    leave: "Quitter",
    title: "Essaim",
  },
  status: (current: Status) => phrase<Status>(status, current),
  help: (current: Help) => phrase<Help>(help, current),
  figures,
  banner: (current: Banner) => phrase<Banner>(banner, current),
  notice: (current: Notice) => phrase<Notice>(notice, current),
  error: (code: ErrorCode, fileName: string | null) => error[code](fileName),
  dismiss: "Fermer",
  sound: {
    rejoin: "Touche pour revenir dans la musique",
    returning:
      "Ce téléphone a coupé le son. Il revient tout seul dès que le téléphone le permet\u00a0; les autres continuent.",
    held: "Le son est retenu sur ce téléphone. Les autres continuent.",
  },
  now: {
    title: "En ce moment",
    time: format.position,
    stop: "Arrêter",
    startNow: "Démarrer maintenant",
    pause: "Pause",
    goOn: "Lire",
    seek: "Position dans le morceau",
    seekValue: (positionSec: number, durationSec: number) =>
      `${format.position(positionSec)} sur ${format.position(durationSec)}`,
    back: "Reculer de 10 secondes",
    forward: "Avancer de 10 secondes",
    player: "Lecteur",
    previous: "Précédent",
    next: "Suivant",
    repeat: { off: "Répéter\u00a0: non", all: "Répéter\u00a0: tout", one: "Répéter\u00a0: un morceau" },
    tempo: "Vitesse",
    tempoValue: format.percent,
    crossfade: "Fondu",
    crossfadeValue: (sec: number) => (sec > 0 ? `${format.number(sec)} s` : "aucun"),
    loop: "Boucle A–B",
    loopEnds: ["Début de boucle", "Fin de boucle"],
    fineTime: format.finePosition,
  },
  queue: queueWords(format, length),
  files: {
    title: "Fichiers",
    add: "Ajouter des fichiers",
    drop: "Dépose des morceaux pour les ajouter pour tous.",
    limits: "Jusqu’à dix morceaux par personne. MP3, FLAC et WAV passent sur la plupart des téléphones.",
    empty: "Pas encore de morceau. Ajoutes-en un de ce téléphone\u00a0; tout le monde en reçoit une copie.",
    size: format.bytes,
    from: (names: readonly string[]) => `de ${format.list(names)}`,
    seeded: "complet",
    held,
    remaining: (remainingSec: number) => `${wait(remainingSec)} environ`,
    waiting: "en attente d’une source",
    off: "désactivé sur ce téléphone",
    noRoom: "pas de place sur ce téléphone",
    lostWhole: "ceux qui l’avaient en entier sont partis\u00a0; ce que les autres en ont arrive encore",
    undecodable: (format: string | null) =>
      format === null ? "ne peut pas être joué ici" : `ne peut pas être joué ici (${format})`,
    short,
    silentFor: (names: readonly string[]) => `ne peut pas être joué chez ${format.list(names)}`,
    shortFor: (names: readonly string[]) => `seul le début passe chez ${format.list(names)}`,
    giveLittle: "Donner peu",
    giveLittleHint: (isGivingLittle: boolean) =>
      isGivingLittle
        ? "Ce téléphone transmet les morceaux lentement, pour ménager ses données. Il les reçoit aussi vite qu’avant."
        : "Forfait limité\u00a0? Ce téléphone peut transmettre les morceaux lentement.",
    tooLong,
    fetching: (name: string) => `Réception de ${name}`,
    enabled: "Activé",
    enabledName: (name: string) => `Activé\u00a0: ${name}`,
    play: (name: string) => `Jouer ${name}`,
    playing: "en cours",
    chosen: "à suivre",
    paused: "en pause",
  },
  people: {
    title: "Personnes",
    you: "toi",
    director: "mène",
    away: "absent",
    relayed: "par un relais, toujours chiffré",
    unaligned: "ce morceau n’a pas pu être aligné ici",
    ready: "prêt",
    notLinked: "pas de lien direct",
    unnamed: "Quelqu’un",
    sync,
    alone:
      "Rien que toi pour l’instant. Invite les autres\u00a0: un scan, et leurs téléphones jouent avec le tien.",
    takeOver: "Prendre la main",
    resign: "Passer la main",
    directing: "Tu mènes la musique.",
    following: (directorName: string) => `${format.list([directorName])} mène la musique.`,
    noDirector: "Personne ne mène encore la musique.",
    rename: "Changer de nom",
    nameLabel: "Ton nom",
    save: "Enregistrer",
  },
  speaker: {
    title: "Ce haut-parleur",
    label: "Retard du haut-parleur",
    hint: "Il sonne après les autres\u00a0? Les enceintes Bluetooth le font. Lance le test de clics, écoute, et décale ce téléphone jusqu’à n’entendre qu’un seul clic.",
    value: (delayMs: number) =>
      delayMs === 0 ? "aucune correction" : `joue ${format.milliseconds(delayMs, 0)} plus tôt`,
    late: "Ce téléphone est en retard",
    lateStep: "10 ms plus tôt",
    early: "Ce téléphone est en avance",
    earlyStep: "10 ms plus tard",
    clickTest: "Test de clics",
    clicking: "Tous les téléphones cliquent au même instant.",
    volume: "Volume de ce téléphone",
    volumeValue: (volume: number) => format.percent(100 * volume),
    glow: "Briller avec la musique",
    fineLate: "1 ms plus tôt",
    fineEarly: "1 ms plus tard",
    typed: "Retard exact en millisecondes",
    reset: "Sans correction",
  },
  measure: calibrationWords(format, wait),
  details: {
    title: "Détails",
    copy: "Copier le diagnostic",
    copied: "Copié. Il ne contient ni clé ni adresse.",
    copyFailed: "Ce navigateur ne laisse pas la page copier. Un lien https le permettrait.",
    ms: quantities.ms,
    rows: {
      control: "Serveur",
      clock: "Horloge",
      uncertainty: "Incertitude de l’horloge",
      rtt: "Aller-retour le plus court",
      offset: "Décalage de l’horloge",
      drift: "Dérive de l’horloge",
      latency: "Latence de sortie",
      links: "Liens avec les autres",
      sent: "Envoyé",
      received: "Reçu",
    },
    ppm: quantities.ppm,
    bytes: format.bytes,
    count: format.number,
    pieces: {
      title: "Qui a quels morceaux",
      share: (share: number) => format.percent(Math.floor(100 * share)),
    },
    plots: {
      title: "Cet appareil au fil du temps",
      people: "Décalage des autres appareils",
      figures: {
        offsetMs: "Décalage de l’horloge depuis le début",
        rttMs: "Aller-retour",
        playbackErrorMs: "Erreur de lecture",
        ratePpm: "Correction de vitesse",
      },
      none: "rien encore",
      silent: "rien en ce moment",
      value: quantities.plotValue,
      range: (figure: PlotFigure, { from, to }: PlotRange, minutes: number) =>
        `de ${quantities.plotNumber(figure, from)} à ${quantities.plotValue(figure, to)} sur ${lastMinutes(minutes)}`,
    },
    control: { idle: "au repos", connecting: "connexion", open: "connecté", retrying: "nouvel essai" },
    clock: {
      unsynced: "pas encore au pas",
      coarse: "presque au pas",
      locked: "au pas",
      stale: "à recaler",
    },
  },
  invite: {
    title: "Inviter",
    how: "Scanne avec un appareil photo ou ouvre le lien sur un autre téléphone.",
    qr: "Code QR du lien vers cet essaim",
    qrFailed: "Le code QR n’a pas pu être dessiné. Le lien ci-dessous marche tout aussi bien.",
    link: "Lien",
    key: "Clé de l’essaim",
    copy: "Copier le lien",
    copied: "Copié.",
    copyFailed:
      "Ce navigateur ne laisse pas la page copier. Le lien est sélectionné\u00a0: copie-le à la main.",
    share: "Partager",
    close: "Fermer",
  },
  left: {
    title: "Tu as quitté l’essaim",
    refusedTitle: "Tu n’es pas dans l’essaim",
    explain: "Ce téléphone est muet. Les autres continuent, et le lien marche toujours.",
    joinAgain: "Rejoindre à nouveau",
    newSwarm: "Nouvel essaim",
  },
  heard: heardWords,
} satisfies Copy;
