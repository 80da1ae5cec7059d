// The Japanese words of the question whether the chime was heard.

export const heardWords = {
  question: "この端末でチャイムが鳴りました。聞こえましたか？",
  yes: "聞こえた",
  no: "聞こえなかった",
  again: "もう一度鳴らす",
  hintsTitle: "この端末の音が出ない理由：",
  silentSwitch: "側面の消音スイッチやマナーモード：オフにしてください。",
  mediaVolume: "音量：このページを開いたまま音量を上げてください。",
  otherOutput: "接続中のイヤホンやBluetoothスピーカー：そちらから鳴っているかもしれません。",
};
