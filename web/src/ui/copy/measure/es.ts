// The Spanish words for lining up through a microphone.

import type { CalibrationWords } from "./en.ts";

export const calibrationWords: CalibrationWords = (format, wait) => ({
  title: "Medir en vez de escuchar",
  consent:
    "Un teléfono escucha por su micrófono mientras todos pían por turnos, unos cinco segundos cada uno. Lo que oye no sale de él y se olvida enseguida. Ponlo más o menos a la misma distancia de todos y guardad silencio.",
  start: "Medir con el micrófono de este teléfono",
  stop: "Dejar de medir",
  close: "Cerrar",
  insecure: "Para medir con el micrófono hace falta un enlace https.",
  notReadyReason: {
    alone: "Hace falta otro teléfono.",
    music: "Primero para la música: los pitidos y las canciones no se llevan bien.",
    clock: "Este teléfono aún se está sincronizando.",
  },
  failure: {
    denied:
      "No se permitió el micrófono, así que no se midió nada. Permítelo a esta página en los ajustes del navegador o mide con otro teléfono.",
    missing: "Aquí no hay micrófono, o lo usa otra aplicación. Otro teléfono puede medir.",
    music: "Empezó la música y la medición se detuvo. No ha cambiado nada.",
    clock:
      "El servidor cambió por el camino y la medición se detuvo. No ha cambiado nada; inténtalo otra vez.",
    broken: "Este teléfono no pudo medir. No ha cambiado nada; quizá otro pueda.",
  },
  asking: "El navegador pregunta si esta página puede usar el micrófono.",
  sounding: ({ isMe, listenerName, remainingSec }) =>
    isMe
      ? `Escuchando durante ${wait(remainingSec)}. Silencio, por favor.`
      : `El teléfono de ${format.list([listenerName])} escucha durante ${wait(remainingSec)} mientras todos pían. Silencio, por favor.`,
  reckoning: "Calculando…",
  caption: "Cuánto se retrasa cada teléfono y cómo se oyó",
  late: (lateMs) => format.milliseconds(lateMs, 1),
  heard: {
    clear: "claro",
    fair: "aceptable",
    unsteady: "inestable",
    unheard: "no se oyó",
    left: "se fue",
  },
  missed: {
    unheard:
      "No se oyó: sube su volumen, mira si está en silencio y acércalo. Su retraso se queda como está.",
    unsteady: "Inestable: se movió, o hubo otro ruido. Su retraso se queda como está.",
  },
  apply: "Alinear todos los teléfonos",
  applied: "Hecho: cada teléfono suena antes, justo lo que se retrasaba.",
  nothing: "No hay nada que cambiar.",
  appliedCalibration: ({ name, isMe, delayMs }) =>
    `Alineado por el micrófono ${isMe ? "de este teléfono" : `de ${format.list([name])}`}: suena ${format.milliseconds(delayMs, 0)} antes.`,
  undo: "Deshacer",
});
