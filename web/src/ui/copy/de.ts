// The German words. Informal, as among people in one room. What a message promises is said in en.ts.

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
import { errorWords, refusals } from "./errors/de.ts";
import { isCommonFormat, makeFormat, songTitle } from "./format.ts";
import { heardWords } from "./heard/de.ts";
import { calibrationWords } from "./measure/de.ts";
import { makeQuantities, type PlotFigure, type PlotRange } from "./quantities.ts";
import { queueWords } from "./queue/de.ts";

const format = makeFormat("de");
const quantities = makeQuantities(format, {
  hours: (count) => `${count} Std.`,
  minutes: (count) => `${count} Min.`,
  seconds: (count) => `${count} s`,
  unknown: "noch unbekannt",
});
const { wait, length } = quantities;

const quoted = (fileName: string): string => `„${songTitle(fileName)}“`;
const quotedFile = (fileName: string | null): string =>
  fileName === null ? "Diese Datei" : `„${format.fence(fileName)}“`;

const status = {
  joining: ({ stage }) =>
    ({
      key: "Der Schwarm wird geöffnet…",
      server: "Die anderen werden gesucht…",
      clock: "Gleichschritt mit den anderen wird gefunden…",
    })[stage],
  alone: () => "Du bist als Erste oder Erster hier. Lade die anderen ein oder füge ein Lied hinzu.",
  "no-files": () => "Noch gibt es nichts zu spielen. Füge ein Lied hinzu: Alle bekommen eine Kopie.",
  "ready-to-play": ({ isDirector, directorName }) => {
    if (isDirector) return "Bereit. Wähle ein Lied und drücke auf Abspielen.";
    return directorName
      ? `Bereit. ${format.list([directorName])} wählt aus, was läuft.`
      : "Bereit zum Abspielen.";
  },
  electing: () => "Es wird geklärt, wer die Musik leitet…",
  fetching: ({ fileName, sources }) => {
    if (fileName === "") return "Das gewählte Lied wird gesucht…"; // of whose files this phone knows nothing yet
    return sources.length > 0
      ? `${quoted(fileName)} wird geholt`
      : `Jemand, der ${quoted(fileName)} hat, wird gesucht…`;
  },
  decoding: ({ fileName }) => `${quoted(fileName)} wird vorbereitet…`,
  "waiting-for": ({ names, canStart }) => {
    if (names.length === 0) return "Alle sind bereit.";
    const waiting = `Warten auf ${format.list(names)}.`;
    return canStart ? `${waiting} Starte jetzt, und sie kommen dazu, sobald sie bereit sind.` : waiting;
  },
  starting: ({ fileName }) => `${quoted(fileName)} beginnt`,
  playing: ({ fileName, isDirector, directorName }) => {
    const playing = `${quoted(fileName)} läuft.`;
    if (isDirector) return `${playing} Du leitest die Musik.`;
    return directorName ? `${playing} ${format.list([directorName])} leitet die Musik.` : playing;
  },
  paused: ({ fileName, isDirector, directorName }) => {
    const paused = `${quoted(fileName)} ist angehalten.`;
    if (isDirector) return `${paused} Mit Abspielen geht es weiter.`;
    return directorName ? `${paused} ${format.list([directorName])} lässt es weiterlaufen.` : paused;
  },
  entering: ({ fileName }) => `Einstieg in ${quoted(fileName)}, dort, wo die anderen sind…`,
  undecodable: ({ fileName, tooLong, isAnyoneAble }) => {
    if (!isAnyoneAble) {
      return tooLong
        ? `${quoted(fileName)} ist für jedes Telefon hier zu lang. Wähle ein anderes Lied.`
        : `${quoted(fileName)} kann kein Telefon hier abspielen. Wähle ein anderes Lied.`;
    }
    return tooLong
      ? `${quoted(fileName)} ist zu lang für den Speicher dieses Telefons. Bei den anderen läuft es vielleicht.`
      : `Dieses Telefon kann ${quoted(fileName)} nicht abspielen. Bei den anderen läuft es vielleicht.`;
  },
  "cut-short": ({ fileName }) =>
    `${quoted(fileName)} endet auf diesem Telefon früher. Bei den anderen läuft es weiter.`,
  ended: ({ fileName }) => `${quoted(fileName)} ist zu Ende. Wähle, was als Nächstes kommt.`,
} satisfies ByCode<Status>;

const notReadyReasons: Readonly<Record<NotReadyReason, (name: string) => string>> = {
  "turned-off": (name) =>
    `Bei ${name} ist das Lied ausgeschaltet; der Schalter „An“ unter „Dateien“ bringt es zurück.`,
  "storage-full": (name) =>
    `Auf dem Telefon von ${name} ist kein Platz für das Lied; dort eine Datei auszuschalten, schafft welchen.`,
  fetching: (name) => `${name} bekommt das Lied noch.`,
  decoding: (name) => `Das Telefon von ${name} bereitet das Lied noch vor.`,
  "sound-held": (name) =>
    `Das Telefon von ${name} hält den Ton zurück; ein Tippen auf den Bildschirm dort hilft.`,
  clock: (name) => `Das Telefon von ${name} findet noch in den Gleichschritt.`,
};

const help = {
  "slow-key": () =>
    "Den Schlüssel zu öffnen, ist für ein Telefon einmalig schwere Arbeit. Es geht von selbst weiter.",
  offline: () => "Dieses Telefon ist offline. Schalte WLAN oder mobile Daten ein; es geht von selbst weiter.",
  "server-silent": () =>
    "Der Server antwortet nicht. Prüfe, ob dieses Telefon im richtigen Netz ist, oder frag, wer den Server betreibt. Es wird weiter versucht.",
  "server-barred": () =>
    "Der Browser wartet auf eine Erlaubnis. Erlaube dieser Website das lokale Netzwerk, im Dialog oder neben der Adresse; dann geht es weiter.",
  "compare-key": () =>
    "Sind die anderen schon drin? Dann vergleiche die Schlüssel: Ein anderer Buchstabe ist ein anderer Schwarm.",
  "coarse-clock": () =>
    "Dieser Browser verbirgt die genaue Zeit (Einstellung „resist fingerprinting“), daher dauert der Gleichschritt länger. Es geht von selbst weiter.",
  "slow-network": () =>
    "Das Netz antwortet gerade langsam. Es geht von selbst weiter; näher am WLAN zu sein, hilft.",
  "nobody-directs": () => "Noch leitet niemand die Musik. Übernimm unter „Leute“, dann leitest du sie.",
  "turned-off": () =>
    "Es ist auf diesem Telefon ausgeschaltet. Der Schalter „An“ unter „Dateien“ holt es hierher.",
  "storage-full": () =>
    "Auf diesem Telefon ist kein Platz dafür. Schalte unter „Dateien“ eine andere Datei aus.",
  linking: ({ names }) =>
    `Die Verbindung zu ${format.list(names)} mit dem Lied wird noch aufgebaut. Es geht von selbst weiter.`,
  "source-gone": ({ names }) =>
    names.length > 0
      ? `Gerade nicht erreichbar: ${format.list(names)}. Wer dasselbe Lied hat, kann es auch hinzufügen.`
      : "Niemand hier hat es noch ganz. Wer das Lied hat, kann es noch einmal hinzufügen.",
  "slow-decode": () => "Ein langes Lied braucht auf einem Telefon einen Moment. Es geht von selbst weiter.",
  "others-wait": ({ waits }) =>
    waits
      .map(({ name, notReadyReason }) => {
        const who = format.list([name]);
        return notReadyReason ? notReadyReasons[notReadyReason](who) : `${who} hat noch nicht geantwortet.`;
      })
      .join(" "),
  "server-changed": () =>
    "Der Server wurde neu gestartet, daher wird die Stelle im Lied neu gesucht. Das dauert einige Sekunden.",
  "sound-settling": () =>
    "Der Ton dieses Telefons läuft noch an. Bleibt es stumm, geh hinaus und tritt wieder bei; bei den anderen läuft die Musik weiter.",
} satisfies ByCode<Help>;

const banner = {
  "server-lost": ({ isPlaying, isDirecting }) => {
    if (isDirecting)
      return "Der Server ist nicht erreichbar. Was läuft, läuft weiter; die anderen folgen dir, und neue Leute können beitreten, sobald er wieder da ist. Neuer Versuch läuft.";
    return isPlaying
      ? "Der Server ist nicht erreichbar. Die Musik läuft weiter; neue Leute können erst beitreten, wenn er wieder da ist. Neuer Versuch läuft."
      : "Der Server ist nicht erreichbar. Deine Lieder bleiben hier. Neuer Versuch läuft.";
  },
  offline: ({ isPlaying }) =>
    isPlaying
      ? "Dieses Telefon ist offline. Die Musik läuft hier weiter. Schalte WLAN oder mobile Daten ein; der Rest folgt von selbst."
      : "Dieses Telefon ist offline. Schalte WLAN oder mobile Daten ein; der Rest folgt von selbst.",
  "audio-interrupted": () => "Dieses Telefon hat den Ton angehalten. Bei den anderen läuft die Musik weiter.",
  "clocks-disagree": ({ isOutvoted }) =>
    isOutvoted
      ? "Die Uhr dieses Telefons widerspricht den anderen: Der Server oder der Weg zu ihm nennt ihm eine andere Zeit. Es spielt nach ihrer Uhr."
      : "Die Uhren der Telefone widersprechen sich, und keines kann sagen, welche stimmt: Der Server oder der Weg zu ihm nennt ihnen verschiedene Zeiten. Alle spielen nach dem Telefon, das die Musik steuert.",
  "coarse-clock": ({ withinMs }) =>
    `Dieser Browser verbirgt die genaue Zeit (Einstellung „resist fingerprinting“), daher kann dieses Telefon ${withinMs} ms danebenliegen. Die Musik spielt trotzdem.`,
  "clock-watch": () =>
    "Dieses Telefon weicht etwas ab. Die Musik läuft weiter, während es in den Takt zurückfindet.",
  unreachable: ({ names, isEveryone, isBarred }) => {
    if (isBarred)
      return `${format.list(names)} noch nicht erreichbar: Dieser Browser fragt zuerst. Erlaube dieser Website das lokale Netzwerk, im Dialog oder neben der Adresse. Eines der beiden Telefone genügt.`;
    return isEveryone
      ? `Keine direkte Verbindung zu ${format.list(names)}: Dieses Netz oder dieser Browser sperrt Verbindungen zwischen Telefonen. Ein anderes Netz hilft, oder füge dasselbe Lied hier hinzu.`
      : `${format.list(names)} ist nicht direkt erreichbar: Dieses Netz lässt vielleicht keine Verbindungen zwischen Telefonen zu. Die Lieder kommen stattdessen von den anderen.`;
  },
  refused: ({ reason }) =>
    refusals[reason] ??
    "Der Server konnte dieses Telefon nicht hereinlassen. Versuch es in einer Minute noch einmal.",
  insecure: () =>
    "Diese Seite kam über einfaches http, daher kann der Bildschirm einschlafen. Halte ihn von Hand wach oder bitte um einen https-Link.",
} satisfies ByCode<Banner>;

const error = errorWords(quotedFile);

const notice = {
  error: ({ error: code, fileName }) => error[code](fileName),
  "bad-piece": ({ name, fileName }) =>
    `Ein beschädigtes Stück von ${quoted(fileName)}, das von ${format.list([name])} kam, wurde verworfen. Es wird neu geholt.`,
  "source-silent": ({ name, fileName }) =>
    `Von ${format.list([name])} kommt gerade nichts von ${quoted(fileName)}. Es wird von den anderen geholt.`,
  "link-unproven": ({ name }) =>
    `Etwas sitzt zwischen diesem Telefon und dem von ${format.list([name])}; sie wurden getrennt, bevor etwas geteilt wurde. Neuer Versuch läuft.`,
  "peer-dropped": ({ name }) =>
    `Vom Telefon von ${format.list([name])} kam etwas Unverständliches. Von dort werden keine Lieder mehr geholt; für die anderen geht es weiter.`,
  "director-changed": ({ name, isMe, formerName }) => {
    const now = isMe ? "Du leitest jetzt die Musik." : `${format.list([name])} leitet jetzt die Musik.`;
    return formerName ? `${format.list([formerName])} hat abgegeben. ${now}` : now;
  },
  "output-changed": ({ outputName, isKnown }) => {
    if (outputName === null)
      return "Der Ton nimmt jetzt vielleicht einen anderen Weg. Ist dieses Telefon später oder früher als die anderen, verschiebe die Lautsprecherverzögerung.";
    return isKnown
      ? `Der Ton kommt jetzt aus ${format.fence(outputName)}. Die Verzögerung vom letzten Mal ist wieder eingestellt.`
      : `Der Ton kommt jetzt aus ${format.fence(outputName)}, hier noch nicht abgestimmt. Klingt es zu spät? Sieh unter Lautsprecherverzögerung nach.`;
  },
  "started-without": ({ names }) =>
    `Ohne ${format.list(names)} begonnen. Sie kommen dazu, sobald sie bereit sind.`,
  joined: ({ name }) => `${format.list([name])} ist dazugekommen.`,
  left: ({ name }) => `${format.list([name])} ist gegangen.`,
  measured: () => "Die Messung ist fertig: Wie spät jedes Handy ist, steht unter „Dieser Lautsprecher“.",
  "lined-up": ({ name }) =>
    `Das Mikrofon von ${format.list([name])} hat dieses Handy abgeglichen. Rückgängig geht es unter „Dieser Lautsprecher“.`,
  "files-wait": () => "Vorgemerkt. Deine Lieder werden hinzugefügt, sobald du beitrittst.",
  copied: () => "Kopiert.",
  "queue-refused": ({ refusal }) =>
    ({
      locked: "Die Warteschlange ist gesperrt.",
      full: "Die Warteschlange ist voll.",
      "too-many-of-one": "Fünfzig deiner Lieder stehen in der Warteschlange: Lass erst einige laufen.",
      "not-yours": "Das kann nur, wer es hinzugefügt hat oder die Musik leitet.",
      "not-there": "Dieses Lied kommt nicht mehr.",
    })[refusal],
} satisfies ByCode<Notice>;

const sync = {
  tight: "genau",
  good: "gut",
  loose: "lose",
  off: "daneben",
  unaligned: "vielleicht daneben",
  unknown: "stumm",
} satisfies Record<SyncWord, string>;

function figures(current: Status): string {
  if (current.code === "starting")
    return current.inSec > 0 ? `in ${format.number(current.inSec)} s` : "jetzt";
  if (current.code === "waiting-for")
    return current.withoutInSec === null
      ? ""
      : `beginnt ohne sie in ${format.number(current.withoutInSec)} s`;
  if (current.code === "cut-short") return short(current.shortage);
  if (current.code === "undecodable") return current.tooLong ? tooLong(current.tooLong) : whyNot(current);
  if (current.code !== "fetching") return "";
  const parts = [held(current.held)];
  if (current.sources.length > 0) parts.unshift(`von ${format.list(current.sources)}`);
  if (current.remainingSec !== null) parts.push(`fertig in etwa ${wait(current.remainingSec)}`);
  return parts.join(" · ");
}

function whyNot({ format, reason }: Extract<Status, { code: "undecodable" }>): string {
  if (reason === "late" || reason === "failed")
    return "Diesem Telefon fehlte dafür die Zeit oder der Speicher. Abspielen versucht es noch einmal.";
  if (format === null) return "Umgewandelt in MP3, FLAC oder WAV läuft es vielleicht.";
  return isCommonFormat(format)
    ? `Diese Datei (${format}) ist vielleicht beschädigt. Eine andere Kopie läuft vielleicht.`
    : `Das ist ${format}. Umgewandelt in MP3, FLAC oder WAV läuft es auf mehr Telefonen.`;
}

const held = ({ percent, sound }: Held): string =>
  sound
    ? `${format.position(sound.playableSec)} von ${format.position(sound.durationSec)} hier`
    : format.percent(percent);

const short = ({ heardSec, wholeSec }: Shortage): string =>
  `hier sind nur die ersten ${format.position(heardSec)} von ${format.position(wholeSec)} zu hören`;

const tooLong = ({ durationSec, roomSec }: TooLong): string =>
  `Dieses Lied dauert ${length(durationSec)}; der Speicher dieses Geräts reicht für etwa ${length(roomSec)}.`;

const lastMinutes = (minutes: number): string =>
  format.plural(minutes, {
    one: "in der letzten Minute",
    other: `in den letzten ${format.number(minutes)} Minuten`,
  });

export const de = {
  language: "Sprache",
  product: {
    name: "Unisono",
    promise: "Alle Telefone im Raum, ein Lautsprecher.",
    privacy: "Lieder gehen von Telefon zu Telefon. Der Server macht euch nur bekannt und gibt die Zeit an.",
  },
  how: "Wie geht das?",
  tabs: { music: "Musik", people: "Leute", phone: "Dieses Handy" },
  home: {
    invited: "Du bist eingeladen. Einmal tippen, und dieses Telefon spielt mit.",
    keyLabel: "Schwarmschlüssel",
    keyHint: "Gib den Schlüssel ein oder füge den ganzen Link ein.",
    join: "Beitreten",
    joinInvited: "Mit Ton beitreten",
    newSwarm: "Neuer Schwarm",
    weakKey:
      "Leicht zu erraten: Wer den Server betreibt, könnte diesen Schlüssel durch Probieren finden. Gut genug für einen Test; ein neuer Schwarm bekommt einen starken.",
    insecure:
      "Diese Seite kam über einfaches http. Musik geht, aber der Bildschirm kann einschlafen, und Links müssen von Hand kopiert werden. Mit einem https-Link geht beides.",
  },
  swarm: {
    people: (count: number) =>
      `${format.number(count)} ${format.plural(count, { one: "Person", other: "Personen" })}`,
    connected: "Verbunden",
    connecting: "Verbindung wird aufgebaut…",
    reconnecting: "Neuer Versuch…",
    invite: "Einladen",
    leave: "Verlassen",
    title: "Schwarm",
  },
  status: (current: Status) => phrase<Status>(status, current),
  help: (current: Help) => phrase<Help>(help, current),
  figures,
  banner: (current: Banner) => phrase<Banner>(banner, current),
  notice: (current: Notice) => phrase<Notice>(notice, current),
  error: (code: ErrorCode, fileName: string | null) => error[code](fileName),
  dismiss: "Schließen",
  sound: {
    rejoin: "Tippen, um wieder mitzuspielen",
    returning:
      "Dieses Telefon hat den Ton weggenommen. Er kommt von selbst wieder, sobald das Telefon es erlaubt; bei den anderen läuft die Musik weiter.",
    held: "Der Ton wird auf diesem Telefon zurückgehalten. Bei den anderen läuft die Musik weiter.",
  },
  now: {
    title: "Läuft gerade",
    time: format.position,
    stop: "Stopp",
    startNow: "Jetzt starten",
    pause: "Pause",
    goOn: "Abspielen",
    seek: "Stelle im Lied",
    seekValue: (positionSec: number, durationSec: number) =>
      `${format.position(positionSec)} von ${format.position(durationSec)}`,
    back: "10 Sekunden zurück",
    forward: "10 Sekunden vor",
    player: "Wiedergabe",
    previous: "Voriges Lied",
    next: "Nächstes Lied",
    repeat: { off: "Wiederholen: aus", all: "Wiederholen: alle", one: "Wiederholen: ein Lied" },
    tempo: "Tempo",
    tempoValue: format.percent,
    crossfade: "Überblenden",
    crossfadeValue: (sec: number) => (sec > 0 ? `${format.number(sec)} s` : "aus"),
    loop: "Schleife A–B",
    loopEnds: ["Schleife von", "Schleife bis"],
    fineTime: format.finePosition,
  },
  queue: queueWords(format, length),
  files: {
    title: "Dateien",
    add: "Dateien hinzufügen",
    drop: "Lieder hier ablegen: alle bekommen sie.",
    limits: "Bis zu zehn Lieder pro Person. MP3, FLAC und WAV laufen auf den meisten Telefonen.",
    empty: "Noch keine Lieder. Füge eines von diesem Telefon hinzu; alle bekommen eine Kopie.",
    size: format.bytes,
    from: (names: readonly string[]) => `von ${format.list(names)}`,
    seeded: "vollständig",
    held,
    remaining: (remainingSec: number) => `etwa ${wait(remainingSec)}`,
    waiting: "wartet auf eine Quelle",
    off: "auf diesem Telefon aus",
    noRoom: "auf diesem Telefon kein Platz dafür",
    lostWhole: "alle, die es ganz hatten, sind gegangen; was die anderen haben, kommt noch an",
    undecodable: (format: string | null) =>
      format === null ? "hier nicht abspielbar" : `hier nicht abspielbar: ${format}`,
    short,
    silentFor: (names: readonly string[]) => `nicht abspielbar bei ${format.list(names)}`,
    shortFor: (names: readonly string[]) => `nur der Anfang bei ${format.list(names)}`,
    giveLittle: "Wenig geben",
    giveLittleHint: (isGivingLittle: boolean) =>
      isGivingLittle
        ? "Dieses Telefon gibt Lieder langsam weiter, um sein Datenvolumen zu schonen. Es bekommt sie so schnell wie zuvor."
        : "Begrenztes Datenvolumen? Dieses Telefon kann Lieder langsam weitergeben.",
    tooLong,
    fetching: (name: string) => `${name} wird geholt`,
    enabled: "An",
    enabledName: (name: string) => `An: ${name}`,
    play: (name: string) => `${name} abspielen`,
    playing: "läuft",
    chosen: "als Nächstes",
    paused: "angehalten",
  },
  people: {
    title: "Leute",
    you: "du",
    director: "leitet",
    away: "weg",
    relayed: "über ein Relais, weiterhin verschlüsselt",
    unaligned: "dieses Lied ließ sich hier nicht angleichen",
    ready: "bereit",
    notLinked: "keine direkte Verbindung",
    unnamed: "Jemand",
    sync,
    alone: "Bisher nur du. Lade die anderen ein: einmal scannen, und ihre Telefone spielen mit.",
    takeOver: "Übernehmen",
    resign: "Abgeben",
    directing: "Du leitest die Musik.",
    following: (directorName: string) => `${format.list([directorName])} leitet die Musik.`,
    noDirector: "Noch leitet niemand die Musik.",
    rename: "Namen ändern",
    nameLabel: "Dein Name",
    save: "Speichern",
  },
  speaker: {
    title: "Dieser Lautsprecher",
    label: "Lautsprecherverzögerung",
    hint: "Klingt er später als die anderen? Bluetooth-Lautsprecher tun das. Schalte den Klicktest ein, hör hin und verschiebe dieses Telefon, bis alle Klicks einer sind.",
    value: (delayMs: number) =>
      delayMs === 0 ? "keine Korrektur" : `spielt ${format.milliseconds(delayMs, 0)} früher`,
    late: "Dieses Telefon ist zu spät",
    lateStep: "10 ms früher",
    early: "Dieses Telefon ist zu früh",
    earlyStep: "10 ms später",
    clickTest: "Klicktest",
    clicking: "Alle Telefone klicken im selben Moment.",
    volume: "Lautstärke dieses Telefons",
    volumeValue: (volume: number) => format.percent(100 * volume),
    glow: "Mit der Musik leuchten",
    fineLate: "1 ms früher",
    fineEarly: "1 ms später",
    typed: "Genaue Verzögerung in Millisekunden",
    reset: "Ohne Korrektur",
  },
  measure: calibrationWords(format, wait),
  details: {
    title: "Details",
    copy: "Diagnose kopieren",
    copied: "Kopiert. Kein Schlüssel und keine Adresse ist darin.",
    copyFailed: "Dieser Browser lässt die Seite nicht kopieren. Mit einem https-Link ginge es.",
    ms: quantities.ms,
    rows: {
      control: "Server",
      clock: "Uhr",
      uncertainty: "Unsicherheit der Uhr",
      rtt: "Kürzester Hin- und Rückweg",
      offset: "Versatz der Uhr",
      drift: "Gang der Uhr",
      latency: "Verzögerung der Ausgabe",
      links: "Verbindungen zu anderen",
      sent: "Gesendet",
      received: "Empfangen",
    },
    ppm: quantities.ppm,
    bytes: format.bytes,
    count: format.number,
    pieces: {
      title: "Wer welche Stücke hat",
      share: (share: number) => format.percent(Math.floor(100 * share)),
    },
    plots: {
      title: "Dieses Gerät im Lauf der Zeit",
      people: "Abweichung der anderen beim Abspielen",
      figures: {
        offsetMs: "Versatz der Uhr seit dem Start",
        rttMs: "Hin- und Rückweg",
        playbackErrorMs: "Abweichung der Wiedergabe",
        ratePpm: "Korrektur der Geschwindigkeit",
      },
      none: "noch nichts",
      silent: "gerade nichts",
      value: quantities.plotValue,
      range: (figure: PlotFigure, { from, to }: PlotRange, minutes: number) =>
        `${quantities.plotNumber(figure, from)} bis ${quantities.plotValue(figure, to)} ${lastMinutes(minutes)}`,
    },
    control: {
      idle: "untätig",
      connecting: "wird verbunden",
      open: "verbunden",
      retrying: "neuer Versuch",
    },
    clock: {
      unsynced: "noch nicht im Takt",
      coarse: "fast im Takt",
      locked: "im Takt",
      stale: "muss neu gestellt werden",
    },
  },
  invite: {
    title: "Einladen",
    how: "Mit einer Kamera scannen oder den Link auf einem anderen Telefon öffnen.",
    qr: "QR-Code des Links in diesen Schwarm",
    qrFailed: "Der QR-Code konnte nicht gezeichnet werden. Der Link darunter geht genauso gut.",
    link: "Link",
    key: "Schwarmschlüssel",
    copy: "Link kopieren",
    copied: "Kopiert.",
    copyFailed: "Dieser Browser lässt die Seite nicht kopieren. Der Link ist markiert: Kopiere ihn von Hand.",
    share: "Teilen",
    close: "Schließen",
  },
  left: {
    title: "Du hast den Schwarm verlassen",
    refusedTitle: "Du bist nicht im Schwarm",
    explain: "Dieses Telefon ist stumm. Bei den anderen läuft die Musik weiter, und der Link gilt noch.",
    joinAgain: "Wieder beitreten",
    newSwarm: "Neuer Schwarm",
  },
  heard: heardWords,
} satisfies Copy;
