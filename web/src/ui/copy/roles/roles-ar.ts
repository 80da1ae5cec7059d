// The Arabic words of the roles.

import type { Role } from "../../../view/index.ts";
import { makeFormat } from "../format.ts";
import { decibels } from "./decibels.ts";
import type { RoleWords } from "./roles-en.ts";

const format = makeFormat("ar-u-nu-latn");

const roles: Readonly<Record<Role, string>> = {
  all: "كل الصوت",
  left: "اليسار",
  right: "اليمين",
  low: "المنخفض",
  "without-low": "بلا المنخفض",
  "front-left": "أمام يسار",
  "front-right": "أمام يمين",
  centre: "الوسط",
  lfe: "مؤثرات منخفضة",
  "surround-left": "محيطي يسار",
  "surround-right": "محيطي يمين",
  "back-left": "خلف يسار",
  "back-right": "خلف يمين",
  "back-centre": "خلف وسط",
};

const hints: Partial<Readonly<Record<Role, string>>> = {
  all: "يشغّل هذا الهاتف الصوت كله.",
  left: "الجانب الأيسر فقط: ضع هذا الهاتف إلى اليسار.",
  right: "الجانب الأيمن فقط: ضع هذا الهاتف إلى اليمين.",
  low: "الصوت المنخفض فقط: لمكبّر يجيده.",
  "without-low": "كل شيء عدا المنخفض: لمكبّر صغير بجانب آخر يشغّل المنخفض.",
};

export const roleWords: RoleWords = {
  title: "الدور",
  roles,
  hint: (role) => hints[role] ?? "هذه القناة فقط من أغنية تحتوي عليها.",
  plays: (role) => `يشغّل: ${roles[role]}`,
  asked: (role) => `طُلب منه: ${roles[role]}`,
  roleOf: (name) => `دور ${format.fence(name)}`,
  ask: (name, role) => `يطلب ${format.list([name])} من هذا الهاتف أن يشغّل: ${roles[role]}.`,
  askHint: "إن سمحت، يمكن لمن يقود الموسيقى تغييره حتى تغادر. ويمكنك دائمًا الاختيار بنفسك تحت «هذا الهاتف».",
  allow: "سماح",
  notNow: "ليس الآن",
  spread: "التوزيع في الغرفة",
  spreadHint: "يعطي كل هاتف جزءًا: اليسار واليمين، ومع ثلاثة المنخفض.",
  undo: "إلغاء التوزيع",
  room: (parts) => `من يشغّل ماذا: ${format.list(parts)}.`,
  part: (name, role) => `${format.list([name])} ${roles[role]}`,
  tone: "نبرة هذا المكبّر",
  bass: "الجهير",
  treble: "الحاد",
  gain: "الكسب",
  decibels: (valueDb) => decibels(format, valueDb),
};
