// The Spanish words for errors; what a sentence promises is said in ../en.ts.

import type { errorWords as words } from "./en.ts";

export const errorWords: typeof words = (quotedFile) => ({
  "key-empty": () => "Escribe primero la clave del enjambre o crea uno nuevo.",
  "key-too-long": () => "Es demasiado largo para ser una clave. Revísala o pide un enlace nuevo.",
  "key-mistyped": () =>
    "La clave tiene una errata: su carácter de control no encaja. Compárala con la de los demás. Si es una clave tuya, entra otra vez.",
  "wire-malformed": () => "Un mensaje de otro teléfono no tenía sentido y se ignoró. No se ha perdido nada.",
  "wire-too-large": () =>
    "Un mensaje de otro teléfono era demasiado largo y se ignoró. No se ha perdido nada.",
  "wire-version": () =>
    "Otro teléfono usa una versión distinta de esta página. Recargad las dos para tocar juntos.",
  "wire-unsealed": () =>
    "Un mensaje no encajaba con la clave de este enjambre y se ignoró. Para los demás todo sigue igual.",
  "wire-unproven": () => "No se escuchó a un teléfono que aún no ha mostrado su clave. Eso tarda un momento.",
  "wire-replayed": () => "Un mensaje llegó dos veces y se ignoró. No se ha perdido nada.",
  "file-empty": (fileName) =>
    `${quotedFile(fileName)} está vacío, así que no hay nada que tocar. Elige otro archivo.`,
  "file-not-audio": (fileName) =>
    `${quotedFile(fileName)} no es un archivo de sonido. Elige una canción: MP3, FLAC o WAV suenan en casi todos los teléfonos.`,
  "file-too-large": (fileName) =>
    `${quotedFile(fileName)} es demasiado grande para compartirlo aquí. Valen archivos de hasta 4 GB.`,
  "file-too-long": (fileName) =>
    `${quotedFile(fileName)} es demasiado largo para la memoria de este teléfono. Quizá suene en los demás.`,
  "file-too-many": (fileName) =>
    `${quotedFile(fileName)} no se añadió: el límite son diez archivos por persona. Desactiva antes uno de los tuyos.`,
  "file-undecodable": (fileName) =>
    `Este teléfono no puede reproducir ${quotedFile(fileName)}. Quizá suene en los demás.`,
  "file-unreadable": (fileName) =>
    `${quotedFile(fileName)} no se pudo leer. Comprueba que sigue ahí y añádelo otra vez.`,
  "file-is-folder": (fileName) =>
    `${quotedFile(fileName)} es una carpeta. Ábrela y suelta las canciones que contiene.`,
  "file-failed": (fileName) =>
    `${quotedFile(fileName)} no se añadió porque algo salió mal en esta página. Inténtalo de nuevo; si sigue igual, recarga la página.`,
  "storage-full": (fileName) =>
    `${quotedFile(fileName)} no cabe en este teléfono. Desactiva un archivo e inténtalo de nuevo.`,
  "audio-blocked": () =>
    "El navegador retiene el sonido. Toca en cualquier parte de la página para que suene.",
  "audio-unsupported": () =>
    "Este navegador no puede tocar al compás, así que este teléfono queda en silencio. Aun así recibe canciones y las pasa; un Chrome, Firefox o Safari actual también las toca.",
});

/** Why the swarm does not take this phone, by the reason's code. */
export const refusals: Readonly<Record<string, string>> = {
  "wrong-version": "Esta página es más antigua que el servidor. Recárgala y vuelve a entrar.",
  "taken-over": "Otra pestaña de este dispositivo ocupó este lugar. Sigue allí o vuelve a entrar aquí.",
  "page-incomplete":
    "Parte de esta página no llegó porque se perdió la red. Recarga la página y vuelve a entrar.",
  "page-failed":
    "Algo salió mal en esta página y este teléfono no pudo entrar. Recarga la página y vuelve a entrar. Si sigue igual, copia el diagnóstico para quien lleva el servidor.",
  "not-admitted":
    "Otra persona abrió un enjambre en este lugar sin tu clave y lo ocupa. Crea un enjambre nuevo y comparte su enlace.",
  "swarm-full": "Este enjambre está lleno. Espera a que alguien salga o crea uno nuevo.",
};
