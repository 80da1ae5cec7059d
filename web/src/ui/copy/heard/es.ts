// The Spanish words of the question whether the chime was heard.

export const heardWords = {
  question: "Acaba de sonar una campanilla en este teléfono. ¿La has oído?",
  yes: "La oí",
  no: "No oí nada",
  again: "Otra vez",
  hintsTitle: "Qué puede tener mudo a este teléfono:",
  silentSwitch: "El interruptor de silencio del lateral o el modo silencio: desactívalo.",
  mediaVolume: "El volumen: pulsa la tecla de subir volumen con esta página abierta.",
  otherOutput: "Unos auriculares o un altavoz Bluetooth conectados: puede que suene por ahí.",
};
