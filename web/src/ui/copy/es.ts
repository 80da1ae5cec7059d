// The Spanish words. Informal, as among people in one room. What a message promises is said in en.ts.

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
import { errorWords, refusals } from "./errors/es.ts";
import { isCommonFormat, makeFormat, songTitle } from "./format.ts";
import { heardWords } from "./heard/es.ts";
import { calibrationWords } from "./measure/es.ts";
import { makeQuantities, type PlotFigure, type PlotRange } from "./quantities.ts";
import { queueWords } from "./queue/es.ts";

const format = makeFormat("es");
const quantities = makeQuantities(format, {
  hours: (count) => `${count} h`,
  minutes: (count) => `${count} min`,
  seconds: (count) => `${count} s`,
  unknown: "aún no se sabe",
});
const { wait, length } = quantities;

const quoted = (fileName: string): string => `«${songTitle(fileName)}»`;
const quotedFile = (fileName: string | null): string =>
  fileName === null ? "Ese archivo" : `«${format.fence(fileName)}»`;

const status = {
  joining: ({ stage }) =>
    ({
      key: "Abriendo el enjambre…",
      server: "Buscando a los demás…",
      clock: "Poniéndose al compás de los demás…",
    })[stage],
  alone: () => "Nadie más ha llegado todavía. Invita a los demás o añade una canción.",
  "no-files": () => "Aún no hay nada que tocar. Añade una canción: todos reciben una copia.",
  "ready-to-play": ({ isDirector, directorName }) => {
    if (isDirector) return "Todo listo. Elige una canción y pulsa Reproducir.";
    return directorName
      ? `Todo listo. ${format.list([directorName])} elige lo que suena.`
      : "Todo listo para tocar.";
  },
  electing: () => "Averiguando quién dirige la música…",
  fetching: ({ fileName, sources }) => {
    if (fileName === "") return "Buscando la canción elegida…"; // of whose files this phone knows nothing yet
    return sources.length > 0
      ? `Recibiendo ${quoted(fileName)}`
      : `Buscando a alguien que tenga ${quoted(fileName)}…`;
  },
  decoding: ({ fileName }) => `Preparando ${quoted(fileName)}…`,
  "waiting-for": ({ names, canStart }) => {
    if (names.length === 0) return "Todos están listos.";
    const waiting = `Esperando a ${format.list(names)}.`;
    return canStart ? `${waiting} Empieza ya, y se unirán en cuanto puedan.` : waiting;
  },
  starting: ({ fileName }) => `Empieza ${quoted(fileName)}`,
  playing: ({ fileName, isDirector, directorName }) => {
    const playing = `Suena ${quoted(fileName)}.`;
    if (isDirector) return `${playing} Tú diriges la música.`;
    return directorName ? `${playing} ${format.list([directorName])} dirige la música.` : playing;
  },
  paused: ({ fileName, isDirector, directorName }) => {
    const paused = `${quoted(fileName)} está en pausa.`;
    if (isDirector) return `${paused} Pulsa Reproducir para seguir.`;
    return directorName ? `${paused} ${format.list([directorName])} la hará seguir.` : paused;
  },
  entering: ({ fileName }) => `Entrando en ${quoted(fileName)} donde van los demás…`,
  undecodable: ({ fileName, tooLong, isAnyoneAble }) => {
    if (!isAnyoneAble) {
      return tooLong
        ? `${quoted(fileName)} es demasiado larga para todos los teléfonos de aquí. Elige otra canción.`
        : `Ningún teléfono de aquí puede reproducir ${quoted(fileName)}. Elige otra canción.`;
    }
    return tooLong
      ? `${quoted(fileName)} es demasiado larga para la memoria de este teléfono. Quizá suene en los demás.`
      : `Este teléfono no puede reproducir ${quoted(fileName)}. Quizá suene en los demás.`;
  },
  "cut-short": ({ fileName }) => `${quoted(fileName)} termina antes en este teléfono. En los demás sigue.`,
  ended: ({ fileName }) => `${quoted(fileName)} ha terminado. Elige lo que viene ahora.`,
} satisfies ByCode<Status>;

const notReadyReasons: Readonly<Record<NotReadyReason, (name: string) => string>> = {
  "turned-off": (name) =>
    `La canción está desactivada en el teléfono de ${name}; su interruptor Activado en Archivos la trae de vuelta.`,
  "storage-full": (name) =>
    `En el teléfono de ${name} no cabe la canción; desactivar allí un archivo hace sitio.`,
  fetching: (name) => `${name} aún está recibiendo la canción.`,
  decoding: (name) => `El teléfono de ${name} aún está preparando la canción.`,
  "sound-held": (name) => `El teléfono de ${name} retiene el sonido; tocar su pantalla ayuda.`,
  clock: (name) => `El teléfono de ${name} aún se está poniendo al compás.`,
};

const help = {
  "slow-key": () => "Abrir la clave es un trabajo duro para un teléfono, una sola vez. Seguirá por sí solo.",
  offline: () => "Este teléfono está sin conexión. Activa el wifi o los datos móviles; seguirá por sí solo.",
  "server-silent": () =>
    "El servidor no responde. Comprueba que este teléfono está en la red correcta, o pregunta a quien lleva el servidor. Se sigue intentando.",
  "server-barred": () =>
    "El navegador espera un permiso. Permite a este sitio usar la red local, en el aviso o junto a la dirección; después sigue solo.",
  "compare-key": () =>
    "Si los demás ya están dentro, compara tu clave con la suya: otra letra es otro grupo.",
  "coarse-clock": () =>
    "Este navegador oculta la hora exacta (su ajuste «resist fingerprinting»), así que ponerse al compás tarda más. Seguirá por sí solo.",
  "slow-network": () => "La red responde despacio ahora mismo. Seguirá por sí solo; acercarse al wifi ayuda.",
  "nobody-directs": () => "Nadie dirige aún la música. Toma el mando en Personas, y la diriges tú.",
  "turned-off": () => "Está desactivada en este teléfono. Su interruptor Activado en Archivos la trae aquí.",
  "storage-full": () => "No cabe en este teléfono. Desactiva otro archivo en Archivos.",
  linking: ({ names }) =>
    `Conectando todavía con ${format.list(names)}, donde está la canción. Seguirá por sí solo.`,
  "source-gone": ({ names }) =>
    names.length > 0
      ? `Sin conexión ahora mismo: ${format.list(names)}. Quien tenga la misma canción también puede añadirla.`
      : "Ya nadie aquí la tiene entera. Quien tenga la canción puede añadirla de nuevo.",
  "slow-decode": () => "Una canción larga le lleva un momento a un teléfono. Seguirá por sí solo.",
  "others-wait": ({ waits }) =>
    waits
      .map(({ name, notReadyReason }) => {
        const who = format.list([name]);
        return notReadyReason ? notReadyReasons[notReadyReason](who) : `${who} aún no ha respondido.`;
      })
      .join(" "),
  "server-changed": () =>
    "El servidor se reinició, así que se está buscando de nuevo el punto de la canción. Tarda unos segundos.",
  "sound-settling": () =>
    "El sonido de este teléfono aún está arrancando. Si sigue en silencio, sal y vuelve a entrar; los demás siguen sonando.",
} satisfies ByCode<Help>;

const banner = {
  "server-lost": ({ isPlaying, isDirecting }) => {
    if (isDirecting)
      return "Se perdió el contacto con el servidor. Lo que suena sigue; cuando vuelva, los demás seguirán tus toques y podrá entrar gente nueva. Reintentando.";
    return isPlaying
      ? "Se perdió el contacto con el servidor. La música sigue; nadie nuevo puede entrar hasta que vuelva. Reintentando."
      : "Se perdió el contacto con el servidor. Tus canciones siguen aquí. Reintentando.";
  },
  offline: ({ isPlaying }) =>
    isPlaying
      ? "Este teléfono está sin conexión. La música sigue sonando aquí. Activa el wifi o los datos móviles; lo demás vendrá por sí solo."
      : "Este teléfono está sin conexión. Activa el wifi o los datos móviles; lo demás vendrá por sí solo.",
  "audio-interrupted": () => "Este teléfono detuvo el sonido. Los demás siguen sonando.",
  "clocks-disagree": ({ isOutvoted }) =>
    isOutvoted
      ? "El reloj de este teléfono no coincide con los demás: el servidor, o el camino hasta él, le da otra hora. Suena según el de ellos."
      : "Los relojes de los teléfonos no coinciden y ninguno puede saber cuál acierta: el servidor, o el camino hasta él, les da horas distintas. Todos siguen al que dirige la música.",
  "coarse-clock": ({ withinMs }) =>
    `Este navegador oculta la hora exacta (su ajuste «resist fingerprinting»), así que este teléfono puede desviarse ${withinMs} ms. La música suena igualmente.`,
  "clock-watch": () => "Este teléfono se desvía un poco. La música sigue mientras recupera el compás.",
  unreachable: ({ names, isEveryone, isBarred }) => {
    if (isBarred)
      return `Aún no se llega a ${format.list(names)}: este navegador pregunta antes. Permite a este sitio usar la red local, en el aviso o junto a la dirección. Basta uno de los dos teléfonos.`;
    return isEveryone
      ? `No hay conexión directa con ${format.list(names)}: esta red o este navegador bloquea los enlaces entre teléfonos. Otra red ayuda, o añadir aquí la misma canción.`
      : `No hay conexión directa con ${format.list(names)}: puede que esta red bloquee los enlaces entre teléfonos. Las canciones llegan de los demás.`;
  },
  refused: ({ reason }) =>
    refusals[reason] ?? "El servidor no pudo dejar entrar a este teléfono. Inténtalo de nuevo en un minuto.",
  insecure: () =>
    "Esta página llegó por http sin cifrar, así que la pantalla puede apagarse. Mantenla encendida a mano o pide un enlace https.",
} satisfies ByCode<Banner>;

const error = errorWords(quotedFile);

const notice = {
  error: ({ error: code, fileName }) => error[code](fileName),
  "bad-piece": ({ name, fileName }) =>
    `Un trozo dañado de ${quoted(fileName)} que llegó de ${format.list([name])} se descartó. Se pide otra vez.`,
  "source-silent": ({ name, fileName }) =>
    `De ${format.list([name])} no llega nada de ${quoted(fileName)} ahora mismo. Se recibe de los demás.`,
  "link-unproven": ({ name }) =>
    `Hay algo entre este teléfono y el de ${format.list([name])}, así que se separaron antes de compartir nada. Reintentando.`,
  "peer-dropped": ({ name }) =>
    `El teléfono de ${format.list([name])} envió algo sin sentido. Ya no se reciben canciones de él; los demás siguen.`,
  "director-changed": ({ name, isMe, formerName }) => {
    const now = isMe ? "Ahora diriges tú la música." : `Ahora ${format.list([name])} dirige la música.`;
    return formerName ? `${format.list([formerName])} ha cedido el turno. ${now}` : now;
  },
  "output-changed": ({ outputName, isKnown }) => {
    if (outputName === null)
      return "Puede que el sonido salga ahora por otro camino. Si este teléfono va tarde o adelantado respecto a los demás, mueve Retardo del altavoz.";
    return isKnown
      ? `El sonido sale ahora por ${format.fence(outputName)}. Se ha vuelto a poner su retardo de la última vez.`
      : `El sonido sale ahora por ${format.fence(outputName)}, que aún no se había ajustado aquí. ¿Suena tarde? Mira Retardo del altavoz.`;
  },
  "started-without": ({ names }) => `Ha empezado sin ${format.list(names)}. Se unirán en cuanto puedan.`,
  joined: ({ name }) => `${format.list([name])} se ha unido.`,
  left: ({ name }) => `${format.list([name])} ha salido.`,
  measured: () => "La medición está lista: mira el retraso de cada teléfono en «Este altavoz».",
  "lined-up": ({ name }) =>
    `El micrófono de ${format.list([name])} ha alineado este teléfono. Se deshace en «Este altavoz».`,
  "files-wait": () => "Guardadas por ahora. Tus canciones se añaden en cuanto entres.",
  copied: () => "Copiado.",
  "queue-refused": ({ refusal }) =>
    ({
      locked: "La cola está bloqueada.",
      full: "La cola está llena.",
      "too-many-of-one": "Ya hay cincuenta canciones tuyas en la cola: deja que suenen algunas.",
      "not-yours": "Eso solo puede hacerlo quien la añadió o quien lleva la música.",
      "not-there": "Esa canción ya no está por venir.",
    })[refusal],
} satisfies ByCode<Notice>;

const sync = {
  tight: "exacto",
  good: "bien",
  loose: "flojo",
  off: "fuera",
  unaligned: "quizá desfasado",
  unknown: "en silencio",
} satisfies Record<SyncWord, string>;

function figures(current: Status): string {
  if (current.code === "starting") return current.inSec > 0 ? `en ${format.number(current.inSec)} s` : "ya";
  if (current.code === "waiting-for")
    return current.withoutInSec === null
      ? ""
      : `empieza sin ellos en ${format.number(current.withoutInSec)} s`;
  if (current.code === "cut-short") return short(current.shortage);
  if (current.code === "undecodable") return current.tooLong ? tooLong(current.tooLong) : whyNot(current);
  if (current.code !== "fetching") return "";
  const parts = [held(current.held)];
  if (current.sources.length > 0) parts.unshift(`de ${format.list(current.sources)}`);
  if (current.remainingSec !== null) parts.push(`lista en unos ${wait(current.remainingSec)}`);
  return parts.join(" · ");
}

function whyNot({ format, reason }: Extract<Status, { code: "undecodable" }>): string {
  if (reason === "late" || reason === "failed")
    return "A este teléfono le faltó tiempo o memoria. Reproducir lo intenta otra vez.";
  if (format === null) return "Convertida a MP3, FLAC o WAV, quizá suene.";
  return isCommonFormat(format)
    ? `Este archivo (${format}) puede estar dañado. Quizá suene otra copia.`
    : `Es ${format}. Convertida a MP3, FLAC o WAV, suena en más teléfonos.`;
}

const held = ({ percent, sound }: Held): string =>
  sound
    ? `${format.position(sound.playableSec)} de ${format.position(sound.durationSec)} aquí`
    : format.percent(percent);

const short = ({ heardSec, wholeSec }: Shortage): string =>
  `aquí solo se oyen los primeros ${format.position(heardSec)} de ${format.position(wholeSec)}`;

const tooLong = ({ durationSec, roomSec }: TooLong): string =>
  `Esta canción dura ${length(durationSec)}; la memoria de este dispositivo alcanza para unos ${length(roomSec)}.`;

const lastMinutes = (minutes: number): string =>
  format.plural(minutes, { one: "el último minuto", other: `los últimos ${format.number(minutes)} minutos` });

export const es = {
  language: "Idioma",
  product: {
    name: "Unisono",
    promise: "Todos los teléfonos de la sala, un solo altavoz.",
    privacy: "Las canciones van de teléfono a teléfono. El servidor solo os presenta y marca la hora.",
  },
  how: "¿Cómo?",
  tabs: { music: "Música", people: "Personas", phone: "Este teléfono" },
  home: {
    invited: "Te han invitado. Un toque, y este teléfono suena con los demás.",
    keyLabel: "Clave del enjambre",
    keyHint: "Escribe la clave o pega el enlace entero.",
    join: "Entrar",
    joinInvited: "Entrar con sonido",
    newSwarm: "Nuevo enjambre",
    weakKey:
      "Fácil de adivinar: quien lleva el servidor podría dar con esta clave probando. Sirve para una prueba; un enjambre nuevo recibe una fuerte.",
    insecure:
      "Esta página llegó por http sin cifrar. La música funciona, pero la pantalla puede apagarse y los enlaces se copian a mano. Con un enlace https funciona todo.",
  },
  swarm: {
    people: (count: number) =>
      `${format.number(count)} ${format.plural(count, { one: "persona", other: "personas" })}`,
    connected: "Conectado",
    connecting: "Conectando…",
    reconnecting: "Reintentando…",
    invite: "Invitar",
    leave: "Salir",
    title: "Enjambre",
  },
  status: (current: Status) => phrase<Status>(status, current),
  help: (current: Help) => phrase<Help>(help, current),
  figures,
  banner: (current: Banner) => phrase<Banner>(banner, current),
  notice: (current: Notice) => phrase<Notice>(notice, current),
  error: (code: ErrorCode, fileName: string | null) => error[code](fileName),
  dismiss: "Cerrar",
  sound: {
    rejoin: "Toca para volver a la música",
    returning:
      "Este teléfono quitó el sonido. Vuelve solo en cuanto el teléfono lo permita; los demás siguen sonando.",
    held: "El sonido está retenido en este teléfono. Los demás siguen sonando.",
  },
  now: {
    title: "Suena ahora",
    time: format.position,
    stop: "Parar",
    startNow: "Empezar ya",
    pause: "Pausa",
    goOn: "Reproducir",
    seek: "Posición en la canción",
    seekValue: (positionSec: number, durationSec: number) =>
      `${format.position(positionSec)} de ${format.position(durationSec)}`,
    back: "10 segundos atrás",
    forward: "10 segundos adelante",
    player: "Reproductor",
    previous: "Anterior",
    next: "Siguiente",
    repeat: { off: "Repetir: no", all: "Repetir: todas", one: "Repetir: una" },
    tempo: "Velocidad",
    tempoValue: format.percent,
    crossfade: "Fundido",
    crossfadeValue: (sec: number) => (sec > 0 ? `${format.number(sec)} s` : "sin fundido"),
    loop: "Bucle A–B",
    loopEnds: ["Bucle desde", "Bucle hasta"],
    fineTime: format.finePosition,
  },
  queue: queueWords(format, length),
  files: {
    title: "Archivos",
    add: "Añadir archivos",
    drop: "Suelta canciones para añadirlas para todos.",
    limits: "Hasta diez canciones por persona. MP3, FLAC y WAV suenan en casi todos los teléfonos.",
    empty: "Aún no hay canciones. Añade una de este teléfono; todos reciben una copia.",
    size: format.bytes,
    from: (names: readonly string[]) => `de ${format.list(names)}`,
    seeded: "completo",
    held,
    remaining: (remainingSec: number) => `unos ${wait(remainingSec)}`,
    waiting: "esperando a quien lo tenga",
    off: "desactivado en este teléfono",
    noRoom: "no cabe en este teléfono",
    lostWhole: "quienes la tenían entera han salido; lo que tienen los demás aún llega",
    undecodable: (format: string | null) =>
      format === null ? "no se puede reproducir aquí" : `no se puede reproducir aquí: ${format}`,
    short,
    silentFor: (names: readonly string[]) => `no suena en el teléfono de ${format.list(names)}`,
    shortFor: (names: readonly string[]) => `solo suena el principio en el teléfono de ${format.list(names)}`,
    giveLittle: "Dar poco",
    giveLittleHint: (isGivingLittle: boolean) =>
      isGivingLittle
        ? "Este teléfono pasa las canciones despacio para ahorrar datos. Las recibe tan rápido como antes."
        : "¿Datos limitados? Este teléfono puede pasar las canciones despacio.",
    tooLong,
    fetching: (name: string) => `Recibiendo ${name}`,
    enabled: "Activado",
    enabledName: (name: string) => `Activado: ${name}`,
    play: (name: string) => `Reproducir ${name}`,
    playing: "sonando",
    chosen: "a continuación",
    paused: "en pausa",
  },
  people: {
    title: "Personas",
    you: "tú",
    director: "dirige",
    away: "ausente",
    relayed: "a través de un repetidor, siempre cifrado",
    unaligned: "esta canción no se pudo alinear aquí",
    ready: "a punto",
    notLinked: "sin enlace directo",
    unnamed: "Alguien",
    sync,
    alone: "De momento solo tú. Invita a los demás: un escaneo, y sus teléfonos suenan contigo.",
    takeOver: "Tomar el mando",
    resign: "Ceder el mando",
    directing: "Tú diriges la música.",
    following: (directorName: string) => `${format.list([directorName])} dirige la música.`,
    noDirector: "Nadie dirige la música todavía.",
    rename: "Cambiar nombre",
    nameLabel: "Tu nombre",
    save: "Guardar",
  },
  speaker: {
    title: "Este altavoz",
    label: "Retardo del altavoz",
    hint: "¿Suena más tarde que los demás? Los altavoces Bluetooth lo hacen. Activa la prueba de clics, escucha y mueve este teléfono hasta que los clics sean uno.",
    value: (delayMs: number) =>
      delayMs === 0 ? "sin corrección" : `suena ${format.milliseconds(delayMs, 0)} antes`,
    late: "Este teléfono va tarde",
    lateStep: "10 ms antes",
    early: "Este teléfono va pronto",
    earlyStep: "10 ms después",
    clickTest: "Prueba de clics",
    clicking: "Los teléfonos de todos hacen clic en el mismo instante.",
    volume: "Volumen de este teléfono",
    volumeValue: (volume: number) => format.percent(100 * volume),
    glow: "Brillar con la música",
    fineLate: "1 ms antes",
    fineEarly: "1 ms después",
    typed: "Retardo exacto en milisegundos",
    reset: "Quitar la corrección",
  },
  measure: calibrationWords(format, wait),
  details: {
    title: "Detalles",
    copy: "Copiar diagnóstico",
    copied: "Copiado. No contiene ninguna clave ni dirección.",
    copyFailed: "Este navegador no deja copiar a la página. Con un enlace https sí podría.",
    ms: quantities.ms,
    rows: {
      control: "Servidor",
      clock: "Reloj",
      uncertainty: "Incertidumbre del reloj",
      rtt: "Ida y vuelta más corta",
      offset: "Desfase del reloj",
      drift: "Deriva del reloj",
      latency: "Retardo de salida",
      links: "Enlaces con los demás",
      sent: "Enviado",
      received: "Recibido",
    },
    ppm: quantities.ppm,
    bytes: format.bytes,
    count: format.number,
    pieces: {
      title: "Quién tiene qué partes",
      share: (share: number) => format.percent(Math.floor(100 * share)),
    },
    plots: {
      title: "Este dispositivo a lo largo del tiempo",
      people: "Desfase de los demás",
      figures: {
        offsetMs: "Desfase del reloj desde el inicio",
        rttMs: "Ida y vuelta",
        playbackErrorMs: "Error de reproducción",
        ratePpm: "Corrección de velocidad",
      },
      none: "nada todavía",
      silent: "nada ahora",
      value: quantities.plotValue,
      range: (figure: PlotFigure, { from, to }: PlotRange, minutes: number) =>
        `de ${quantities.plotNumber(figure, from)} a ${quantities.plotValue(figure, to)} en ${lastMinutes(minutes)}`,
    },
    control: { idle: "inactivo", connecting: "conectando", open: "conectado", retrying: "reintentando" },
    clock: {
      unsynced: "aún no va al compás",
      coarse: "casi al compás",
      locked: "al compás",
      stale: "necesita ajustarse",
    },
  },
  invite: {
    title: "Invitar",
    how: "Escanea con una cámara o abre el enlace en otro teléfono.",
    qr: "Código QR del enlace a este enjambre",
    qrFailed: "No se pudo dibujar el código QR. El enlace de abajo sirve igual.",
    link: "Enlace",
    key: "Clave del enjambre",
    copy: "Copiar enlace",
    copied: "Copiado.",
    copyFailed: "Este navegador no deja copiar a la página. El enlace está seleccionado: cópialo a mano.",
    share: "Compartir",
    close: "Cerrar",
  },
  left: {
    title: "Has salido del enjambre",
    refusedTitle: "No estás en el enjambre",
    explain: "Este teléfono está en silencio. Los demás siguen sonando, y el enlace aún sirve.",
    joinAgain: "Volver a entrar",
    newSwarm: "Nuevo enjambre",
  },
  heard: heardWords,
} satisfies Copy;
