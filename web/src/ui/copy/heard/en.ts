// The English words of the question whether the chime was heard.

export const heardWords = {
  question: "A chime just rang on this phone. Did you hear it?",
  yes: "I heard it",
  no: "I heard nothing",
  again: "Ring again",
  hintsTitle: "What may keep this phone silent:",
  silentSwitch: "The silent switch on its side, or silent mode: turn it off.",
  mediaVolume: "The volume: press the volume key up while this page is open.",
  otherOutput:
    "Headphones or a Bluetooth speaker that is connected elsewhere: the sound may come from there.",
};
