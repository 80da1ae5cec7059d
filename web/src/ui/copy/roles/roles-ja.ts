// The Japanese words of the roles.

import type { Role } from "../../../view/index.ts";
import { makeFormat } from "../format.ts";
import { decibels } from "./decibels.ts";
import { metres } from "./metres.ts";
import type { RoleWords } from "./roles-en.ts";

const format = makeFormat("ja");

const roles: Readonly<Record<Role, string>> = {
  all: "すべて",
  left: "左",
  right: "右",
  low: "低音",
  "without-low": "低音なし",
  "front-left": "フロント左",
  "front-right": "フロント右",
  centre: "センター",
  lfe: "低域効果",
  "surround-left": "サラウンド左",
  "surround-right": "サラウンド右",
  "back-left": "リア左",
  "back-right": "リア右",
  "back-centre": "リア中央",
};

const hints: Partial<Readonly<Record<Role, string>>> = {
  all: "この端末はすべての音を鳴らします。",
  left: "左側の音だけを鳴らします。この端末は左に置いてください。",
  right: "右側の音だけを鳴らします。この端末は右に置いてください。",
  low: "低音だけを鳴らします。低音が得意なスピーカーに向いています。",
  "without-low": "低音以外を鳴らします。低音を鳴らす端末のそばに置く小さなスピーカーに向いています。",
};

export const roleWords: RoleWords = {
  title: "役割",
  roles,
  hint: (role) => hints[role] ?? "曲にこのチャンネルがあるとき、その音だけを鳴らします。",
  plays: (role) => `担当：${roles[role]}`,
  asked: (role) => `依頼中：${roles[role]}`,
  roleOf: (name) => `${format.fence(name)}さんの役割`,
  ask: (name, role) => `${format.list([name])}さんが、この端末に「${roles[role]}」を担当してほしいそうです。`,
  askHint: "許可すると、退出するまで進行役が役割を変えられます。「この端末」でいつでも自分で選び直せます。",
  allow: "許可",
  notNow: "今はしない",
  spread: "部屋に振り分ける",
  spreadHint: "各端末に役割を振り分けます。左と右、3台なら低音も。",
  undo: "振り分けを元に戻す",
  room: (parts) => `各端末の役割：${format.list(parts)}。`,
  part: (name, role) => `${format.list([name])}さん ${roles[role]}`,
  tone: "このスピーカーの音質",
  bass: "低音",
  treble: "高音",
  gain: "ゲイン",
  decibels: (valueDb) => decibels(format, valueDb),
  distance: {
    title: "端末どうしの距離",
    hint: "実験的な機能です。この端末ともう1台が10秒間、交互に短い音を鳴らし、両方のマイクで聞きます。聞いた音は端末の外に出ず、届いた時刻だけを伝え合います。静かにしてください。",
    measure: (name) => `${format.fence(name)}さんまでの距離を測る`,
    of: (name, distanceM, uncertaintyM) =>
      `${format.fence(name)}さんまでの距離：${metres(format, distanceM)}\u00a0± ${metres(format, uncertaintyM)}`,
    nobody: "このページを画面に表示している端末がもう1台必要です。",
    asks: (name) => `${format.list([name])}さんが、2台の端末の距離を測りたいそうです。`,
    asksHint:
      "許可すると、2台が10秒間、交互に短い音を鳴らし、この端末はマイクで聞きます。聞いた音はこの端末の外に出ず、すぐに消えます。",
    waiting: (name) => `${format.list([name])}さんの許可を待っています。`,
    ready: "まもなく2台が音を鳴らします。",
    failure: {
      declined: (name) => `${format.list([name])}さんは、今は測らないそうです。`,
      busy: (name) =>
        `${format.list([name])}さんの端末はすでに測定中です。少し待ってからもう一度試してください。`,
      microphone: (name) => `${format.list([name])}さんの端末には、このページで使えるマイクがありません。`,
      stopped: (name) => `${format.list([name])}さんの端末で測定が止められました。`,
      silent: (name) =>
        `${format.list([name])}さんの端末から時間内に返事がありませんでした。このページが画面に表示されていますか。`,
      left: (name) => `${format.list([name])}さんは退出しました。`,
      unheard: () =>
        "お互いの音がよく聞こえませんでした。両方の音量を上げるか、近づけてから、もう一度試してください。",
      unsteady: () => "聞こえ方が毎回違いすぎました。2台とも動かさずに、もう一度試してください。",
    },
  },
};
