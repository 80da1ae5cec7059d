// The Japanese words of the roles.

import type { Role } from "../../../view/index.ts";
import { makeFormat } from "../format.ts";
import { decibels } from "./decibels.ts";
import type { RoleWords } from "./roles-en.ts";

const format = makeFormat("ja");

const roles: Readonly<Record<Role, string>> = {
  all: "すべて",
  left: "左",
  right: "右",
  low: "低音",
  "without-low": "低音なし",
  "front-left": "前方左",
  "front-right": "前方右",
  centre: "センター",
  lfe: "低域効果",
  "surround-left": "サラウンド左",
  "surround-right": "サラウンド右",
  "back-left": "後方左",
  "back-right": "後方右",
  "back-centre": "後方中央",
};

const hints: Partial<Readonly<Record<Role, string>>> = {
  all: "この端末はすべての音を鳴らします。",
  left: "左の音だけです。この端末を左に置いてください。",
  right: "右の音だけです。この端末を右に置いてください。",
  low: "低音だけです。低音が得意なスピーカー向けです。",
  "without-low": "低音以外です。低音を鳴らす端末のそばの小さなスピーカー向けです。",
};

export const roleWords: RoleWords = {
  title: "役割",
  roles,
  hint: (role) => hints[role] ?? "このチャンネルがある曲の、そのチャンネルだけです。",
  plays: (role) => `担当：${roles[role]}`,
  asked: (role) => `依頼中：${roles[role]}`,
  roleOf: (name) => `${format.fence(name)}の役割`,
  ask: (name, role) => `${format.list([name])}がこの端末に「${roles[role]}」を頼んでいます。`,
  askHint: "許可すると、退出するまで進行役が変更できます。「この端末」でいつでも自分で選べます。",
  allow: "許可",
  notNow: "今はしない",
  spread: "部屋に広げる",
  spreadHint: "端末ごとに受け持ちを決めます。左、右、3台なら低音も。",
  undo: "広げたのを元に戻す",
  room: (parts) => `だれが何を鳴らすか：${format.list(parts)}。`,
  part: (name, role) => `${format.list([name])} ${roles[role]}`,
  tone: "このスピーカーの音色",
  bass: "低域",
  treble: "高域",
  gain: "音量差",
  decibels: (valueDb) => decibels(format, valueDb),
};
