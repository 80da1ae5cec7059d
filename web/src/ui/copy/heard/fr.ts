// The French words of the question whether the chime was heard.

export const heardWords = {
  question: "Un carillon vient de sonner sur ce téléphone. L’as-tu entendu\u00a0?",
  yes: "Entendu",
  no: "Rien entendu",
  again: "Encore une fois",
  hintsTitle: "Ce qui peut rendre ce téléphone muet\u00a0:",
  silentSwitch: "Le bouton silence sur le côté ou le mode silencieux\u00a0: désactive-le.",
  mediaVolume: "Le volume\u00a0: appuie sur la touche plus fort, cette page ouverte.",
  otherOutput: "Un casque ou une enceinte Bluetooth connectés\u00a0: le son sort peut-être par là.",
};
