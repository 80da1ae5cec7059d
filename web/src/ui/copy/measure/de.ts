// The German words for lining up through a microphone.

import type { CalibrationWords } from "./en.ts";

export const calibrationWords: CalibrationWords = (format, wait) => ({
  title: "Messen statt hören",
  consent:
    "Ein Handy hört mit seinem Mikrofon zu, während alle Handys der Reihe nach zirpen, je etwa fünf Sekunden. Was es hört, bleibt auf ihm und wird sofort vergessen. Leg es etwa gleich weit von allen entfernt hin und seid leise.",
  start: "Mit dem Mikrofon dieses Handys messen",
  stop: "Messen beenden",
  close: "Schließen",
  insecure: "Zum Messen mit dem Mikrofon braucht es einen https-Link.",
  notReadyReason: {
    alone: "Dazu braucht es ein zweites Handy.",
    music: "Stopp erst die Musik: Zirpen und Lieder vertragen sich nicht.",
    clock: "Dieses Handy findet gerade noch in den Takt.",
  },
  failure: {
    denied:
      "Das Mikrofon wurde nicht erlaubt, also wurde nichts gemessen. Erlaube es dieser Seite in den Einstellungen des Browsers, oder miss mit einem anderen Handy.",
    missing: "Hier ist kein Mikrofon, oder eine andere App hält es. Ein anderes Handy kann messen.",
    music: "Die Musik begann, darum wurde die Messung beendet. Es bleibt alles, wie es war.",
    clock:
      "Der Server hat unterwegs gewechselt, darum wurde die Messung beendet. Es bleibt alles, wie es war; versuch es noch einmal.",
    broken:
      "Das Messen ging auf diesem Handy nicht. Es bleibt alles, wie es war; ein anderes kann es vielleicht.",
  },
  asking: "Der Browser fragt, ob diese Seite das Mikrofon benutzen darf.",
  sounding: ({ isMe, listenerName, remainingSec }) =>
    isMe
      ? `Hört noch ${wait(remainingSec)} zu. Bitte Ruhe im Raum.`
      : `Das Handy von ${format.list([listenerName])} hört noch ${wait(remainingSec)} zu, während alle zirpen. Bitte Ruhe im Raum.`,
  reckoning: "Wird ausgerechnet …",
  caption: "Wie spät jedes Handy ist, und wie gut es zu hören war",
  late: (lateMs) => format.milliseconds(lateMs, 1),
  heard: {
    clear: "deutlich",
    fair: "brauchbar",
    unsteady: "unruhig",
    unheard: "nicht gehört",
    left: "gegangen",
  },
  missed: {
    unheard:
      "Nicht gehört: Mach es lauter, prüf den Stummschalter und hol es näher heran. Seine Verzögerung bleibt, wie sie ist.",
    unsteady: "Unruhig: Es wurde bewegt, oder etwas anderes war laut. Seine Verzögerung bleibt, wie sie ist.",
  },
  apply: "Alle Handys abgleichen",
  applied: "Fertig: Jedes Handy spielt um so viel früher, wie es zu spät war.",
  nothing: "Es gibt nichts zu ändern.",
  appliedCalibration: ({ name, isMe, delayMs }) =>
    `Abgeglichen durch das Mikrofon ${isMe ? "dieses Handys" : `von ${format.list([name])}`}: spielt ${format.milliseconds(delayMs, 0)} früher.`,
  undo: "Rückgängig",
});
