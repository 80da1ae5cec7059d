// The English words for errors, and the typed list of them for the other languages. Apart from the others for their length
// only; what a sentence promises is said in ../en.ts.

import type { ErrorCode } from "../../../lib/index.ts";

/** `quotedFile`: a file's name as it stands in a sentence; null: "That file". */
export const errorWords = (quotedFile: (fileName: string | null) => string) =>
  ({
    "key-empty": () => "Type the swarm key first, or start a new swarm.",
    "key-too-long": () => "That is too long for a key. Check it, or ask for a fresh link.",
    "key-mistyped": () =>
      "The key has a typing error: its check character doesn’t fit. Compare it with theirs. If it is a key of your own, join once more.",
    "wire-malformed": () => "A message from another phone made no sense and was ignored. Nothing is lost.",
    "wire-too-large": () => "A message from another phone was too long and was ignored. Nothing is lost.",
    "wire-version": () =>
      "Another phone runs a different version of this page. Reload both to play together.",
    "wire-unsealed": () =>
      "A message did not fit this swarm’s key and was ignored. Everyone else can go on as before.",
    "wire-unproven": () => "A phone that has not shown its key yet was not listened to. That takes a moment.",
    "wire-replayed": () => "A message came twice and was ignored. Nothing is lost.",
    "file-empty": (fileName) =>
      `${quotedFile(fileName)} is empty, so there is nothing to play. Choose another file.`,
    "file-not-audio": (fileName) =>
      `${quotedFile(fileName)} isn’t audio. Choose a song: an MP3, FLAC or WAV plays on most phones.`,
    "file-too-large": (fileName) =>
      `${quotedFile(fileName)} is too large to share here. Files up to 4 GB work.`,
    "file-too-long": (fileName) =>
      `${quotedFile(fileName)} is too long for this phone’s memory. The others may play it.`,
    "file-too-many": (fileName) =>
      `${quotedFile(fileName)} was not added: ten files per person is the limit. Turn one of yours off first.`,
    "file-undecodable": (fileName) => `This phone can’t play ${quotedFile(fileName)}. The others may.`,
    "file-unreadable": (fileName) =>
      `${quotedFile(fileName)} could not be read. Check that it is still there, then add it again.`,
    "file-is-folder": (fileName) =>
      `${quotedFile(fileName)} is a folder. Open it, and drop the songs that are in it.`,
    "file-failed": (fileName) =>
      `${quotedFile(fileName)} was not added, because something went wrong on this page. Try it again; if it stays, reload the page.`,
    "storage-full": (fileName) =>
      `No room for ${quotedFile(fileName)} on this phone. Turn a file off, then try again.`,
    "audio-blocked": () => "The browser holds the sound back. Tap anywhere on the page to let it play.",
    "audio-unsupported": () =>
      "This browser has no way to play in step, so this phone stays silent. It gets songs and passes them on all the same; a current Chrome, Firefox or Safari plays them, too.",
  }) satisfies Record<ErrorCode, (fileName: string | null) => string>;

/** Why the swarm does not take this phone, by the reason's code. */
export const refusals: Readonly<Record<string, string>> = {
  "wrong-version": "This page is older than the server. Reload it, then join again.",
  "taken-over":
    "This place was taken over by another tab on this device. Continue there, or join again here.",
  "page-incomplete":
    "Part of this page did not arrive, because the network went away. Reload the page, then join again.",
  "page-failed":
    "Something went wrong on this page, so this phone could not join. Reload the page, then join again. If it stays, copy the diagnostics for whoever runs the server.",
  "not-admitted":
    "Someone else opened a swarm at this place without your key, and holds it. Start a new swarm and share its link.",
  "swarm-full": "This swarm is full. Wait until someone leaves, or start a new one.",
};
