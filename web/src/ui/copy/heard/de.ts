// The German words of the question whether the chime was heard.

export const heardWords = {
  question: "Auf diesem Telefon erklang gerade ein Ton. Hast du ihn gehört?",
  yes: "Gehört",
  no: "Nichts gehört",
  again: "Noch einmal",
  hintsTitle: "Was dieses Telefon stumm halten kann:",
  silentSwitch: "Der Stummschalter an der Seite oder der Lautlos-Modus: Schalte ihn aus.",
  mediaVolume: "Die Lautstärke: Drücke auf dieser Seite die Lauter-Taste.",
  otherOutput: "Verbundene Kopfhörer oder ein Bluetooth-Lautsprecher: Der Ton kommt vielleicht von dort.",
};
