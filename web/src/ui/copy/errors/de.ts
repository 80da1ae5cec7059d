// The German words for errors; what a sentence promises is said in ../en.ts.

import type { errorWords as words } from "./en.ts";

export const errorWords: typeof words = (quotedFile) => ({
  "key-empty": () => "Gib zuerst den Schwarmschlüssel ein oder gründe einen neuen Schwarm.",
  "key-too-long": () => "Das ist zu lang für einen Schlüssel. Prüfe ihn oder bitte um einen neuen Link.",
  "key-mistyped": () =>
    "Im Schlüssel ist ein Tippfehler: Das Prüfzeichen passt nicht. Vergleiche ihn mit dem der anderen. Ist es ein eigener Schlüssel, tritt noch einmal bei.",
  "wire-malformed": () =>
    "Eine Nachricht von einem anderen Telefon war unverständlich und wurde nicht beachtet. Nichts ist verloren.",
  "wire-too-large": () =>
    "Eine Nachricht von einem anderen Telefon war zu lang und wurde nicht beachtet. Nichts ist verloren.",
  "wire-version": () =>
    "Ein anderes Telefon hat eine andere Version dieser Seite. Ladet beide neu, um zusammen zu spielen.",
  "wire-unsealed": () =>
    "Eine Nachricht passte nicht zum Schlüssel dieses Schwarms und wurde nicht beachtet. Für alle anderen geht es weiter wie bisher.",
  "wire-unproven": () =>
    "Ein Telefon, das seinen Schlüssel noch nicht gezeigt hat, wurde nicht angehört. Das dauert einen Moment.",
  "wire-replayed": () => "Eine Nachricht kam doppelt und wurde nicht beachtet. Nichts ist verloren.",
  "file-empty": (fileName) =>
    `${quotedFile(fileName)} ist leer, also gibt es nichts zu spielen. Wähle eine andere Datei.`,
  "file-not-audio": (fileName) =>
    `${quotedFile(fileName)} ist keine Tondatei. Wähle ein Lied: MP3, FLAC oder WAV laufen auf den meisten Telefonen.`,
  "file-too-large": (fileName) =>
    `${quotedFile(fileName)} ist zu groß, um hier geteilt zu werden. Dateien bis 4 GB gehen.`,
  "file-too-long": (fileName) =>
    `${quotedFile(fileName)} ist zu lang für den Speicher dieses Telefons. Bei den anderen läuft es vielleicht.`,
  "file-too-many": (fileName) =>
    `${quotedFile(fileName)} wurde nicht hinzugefügt: Zehn Dateien pro Person sind die Grenze. Schalte zuerst eine von deinen aus.`,
  "file-undecodable": (fileName) =>
    `Dieses Telefon kann ${quotedFile(fileName)} nicht abspielen. Bei den anderen läuft es vielleicht.`,
  "file-unreadable": (fileName) =>
    `${quotedFile(fileName)} konnte nicht gelesen werden. Prüfe, ob es sie noch gibt, und füge sie noch einmal hinzu.`,
  "file-is-folder": (fileName) =>
    `${quotedFile(fileName)} ist ein Ordner. Öffne ihn und lege die Lieder daraus hier ab.`,
  "file-failed": (fileName) =>
    `${quotedFile(fileName)} wurde nicht hinzugefügt, weil auf dieser Seite etwas schiefging. Versuch es noch einmal; bleibt es so, lade die Seite neu.`,
  "storage-full": (fileName) =>
    `${quotedFile(fileName)} hat auf diesem Telefon keinen Platz. Schalte eine Datei aus und versuch es noch einmal.`,
  "audio-blocked": () => "Der Browser hält den Ton zurück. Tippe irgendwo auf die Seite, damit er spielt.",
  "audio-unsupported": () =>
    "Dieser Browser kann nicht im Gleichschritt abspielen, darum bleibt dieses Telefon stumm. Lieder bekommt es und gibt sie weiter; ein aktueller Chrome, Firefox oder Safari spielt sie auch.",
});

/** Why the swarm does not take this phone, by the reason's code. */
export const refusals: Readonly<Record<string, string>> = {
  "wrong-version": "Diese Seite ist älter als der Server. Lade sie neu und tritt dann wieder bei.",
  "taken-over":
    "Ein anderer Tab auf diesem Gerät hat diesen Platz übernommen. Mach dort weiter oder tritt hier wieder bei.",
  "page-incomplete":
    "Ein Teil dieser Seite kam nicht an, weil das Netz weg war. Lade die Seite neu und tritt dann wieder bei.",
  "page-failed":
    "Auf dieser Seite ist etwas schiefgegangen, darum konnte dieses Telefon nicht beitreten. Lade die Seite neu und tritt dann wieder bei. Bleibt es so, kopiere die Diagnose für den, der den Server betreibt.",
  "not-admitted":
    "Jemand anderes hat an diesem Ort ohne deinen Schlüssel einen Schwarm eröffnet und hält ihn besetzt. Gründe einen neuen Schwarm und teile dessen Link.",
  "swarm-full": "Dieser Schwarm ist voll. Warte, bis jemand geht, oder gründe einen neuen.",
};
