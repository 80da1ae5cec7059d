// The Japanese words for lining up through a microphone.

import type { CalibrationWords } from "./en.ts";

export const calibrationWords: CalibrationWords = (format, wait) => ({
  title: "耳の代わりに測る",
  consent:
    "一台がマイクで聞き、全員のスマホが順番に約5秒ずつ短い音を鳴らします。聞いた音はそのスマホの外に出ず、すぐに消えます。どのスマホからも同じくらいの距離に置き、静かにしてください。",
  start: "このスマホのマイクで測る",
  stop: "測定をやめる",
  close: "閉じる",
  insecure: "マイクで測るには https のリンクが必要です。",
  notReadyReason: {
    alone: "もう一台必要です。",
    music: "先に音楽を止めてください。曲と測定音は一緒に鳴らせません。",
    clock: "このスマホはまだ時計を合わせています。",
  },
  failure: {
    denied:
      "マイクが許可されなかったので、測れませんでした。ブラウザーの設定でこのページに許可するか、別のスマホで測ってください。",
    missing: "マイクが見つからないか、ほかのアプリが使っています。別のスマホで測れます。",
    music: "音楽が始まったので測定を止めました。何も変わっていません。",
    clock: "途中でサーバーが替わったので測定を止めました。何も変わっていません。もう一度どうぞ。",
    broken: "このスマホでは測れませんでした。何も変わっていません。別のスマホなら測れるかもしれません。",
  },
  asking: "ブラウザーがマイクの許可を求めています。",
  sounding: ({ isMe, listenerName, remainingSec }) =>
    isMe
      ? `あと${wait(remainingSec)}聞いています。静かにしてください。`
      : `${format.list([listenerName])}さんのスマホがあと${wait(remainingSec)}聞いています。順番に音が鳴ります。静かにしてください。`,
  reckoning: "計算しています…",
  caption: "各スマホの遅れと聞こえ方",
  late: (lateMs) => format.milliseconds(lateMs, 1),
  heard: {
    clear: "はっきり",
    fair: "まずまず",
    unsteady: "不安定",
    unheard: "聞こえず",
    left: "退出",
  },
  missed: {
    unheard:
      "聞こえないスマホは、音量を上げ、消音スイッチを確かめ、近づけてください。遅れの設定はそのままです。",
    unsteady: "不安定なスマホは、動いたか、ほかの音が入りました。遅れの設定はそのままです。",
  },
  apply: "全員のスマホをそろえる",
  applied: "完了です。どのスマホも遅れていた分だけ早く鳴ります。",
  nothing: "変えるものはありません。",
  appliedCalibration: ({ name, isMe, delayMs }) =>
    `${isMe ? "このスマホ" : `${format.list([name])}さんのスマホ`}のマイクでそろえました：${format.milliseconds(delayMs, 0)}早く鳴ります。`,
  undo: "元に戻す",
});
