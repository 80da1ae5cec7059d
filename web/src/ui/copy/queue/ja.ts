// The Japanese words of the queue.

import type { Format } from "../format.ts";
import type { Quantities } from "../quantities.ts";

export const queueWords = (format: Format, length: Quantities["length"]) => ({
  title: "再生待ち",
  empty: "再生待ちの曲はありません。下のファイルから追加してください。",
  lock: "再生待ちをロック",
  clear: "空にする",
  add: (name: string) => `${name}を再生待ちに追加`,
  addNext: (name: string) => `次に再生：${name}`,
  remove: (name: string) => `${name}を外す`,
  up: (name: string) => `${name}を上へ`,
  down: (name: string) => `${name}を下へ`,
  boost: (name: string) => `${name}を推す`,
  boosts: format.number,
  over: "再生済み",
  held: (heldShare: number) => `受信${format.percent(100 * heldShare)}`,
  skipped: {
    "nobody-has": "持っている人がいません",
    "nobody-can-play": "再生できる端末がありません",
  },
  cannotAdd: {
    locked: "再生待ちはロック中です。",
    full: "再生待ちがいっぱいです。",
    "too-many-of-one": "再生待ちの曲が上限の50曲に達しています。",
  },
  remaining: (sec: number) => `残り${length(sec)}`,
});
