// The Arabic words of the roles.

import type { Role } from "../../../view/index.ts";
import { makeFormat } from "../format.ts";
import { decibels } from "./decibels.ts";
import { metres } from "./metres.ts";
import type { RoleWords } from "./roles-en.ts";

const format = makeFormat("ar-u-nu-latn");

const roles: Readonly<Record<Role, string>> = {
  all: "كل الصوت",
  left: "اليسار",
  right: "اليمين",
  low: "الجهير",
  "without-low": "بلا الجهير",
  "front-left": "الأمامي الأيسر",
  "front-right": "الأمامي الأيمن",
  centre: "الأوسط",
  lfe: "المؤثرات الجهيرة",
  "surround-left": "المحيطي الأيسر",
  "surround-right": "المحيطي الأيمن",
  "back-left": "الخلفي الأيسر",
  "back-right": "الخلفي الأيمن",
  "back-centre": "الخلفي الأوسط",
};

const hints: Partial<Readonly<Record<Role, string>>> = {
  all: "يشغّل هذا الهاتف الصوت كله.",
  left: "الجانب الأيسر فقط: ضع هذا الهاتف إلى اليسار.",
  right: "الجانب الأيمن فقط: ضع هذا الهاتف إلى اليمين.",
  low: "الجهير فقط: لمكبّر صوت يجيده.",
  "without-low": "كل شيء عدا الجهير: لمكبّر صوت صغير بجانب آخر يشغّل الجهير.",
};

export const roleWords: RoleWords = {
  title: "الدور",
  roles,
  hint: (role) => hints[role] ?? "هذه القناة وحدها، في الأغاني التي تحتوي عليها.",
  plays: (role) => `يشغّل: ${roles[role]}`,
  asked: (role) => `طُلب منه: ${roles[role]}`,
  roleOf: (name) => `دور ${format.fence(name)}`,
  ask: (name, role) => `طلب من ${format.list([name])}: أن يشغّل هذا الهاتف «${roles[role]}».`,
  askHint: "إذا سمحت، يمكن لمن يقود الموسيقى تغييره حتى تغادر. ويمكنك دائمًا الاختيار بنفسك تحت «هذا الهاتف».",
  allow: "سماح",
  notNow: "ليس الآن",
  spread: "توزيع الأدوار في الغرفة",
  spreadHint: "يعطي كل هاتف جزءًا: اليسار واليمين، ومع ثلاثة هواتف الجهير أيضًا.",
  undo: "التراجع عن التوزيع",
  room: (parts) => `من يشغّل ماذا: ${format.list(parts)}.`,
  part: (name, role) => `${format.list([name])} ${roles[role]}`,
  tone: "نغمة مكبّر الصوت هذا",
  bass: "الجهير",
  treble: "الحادّ",
  gain: "المستوى",
  decibels: (valueDb) => decibels(format, valueDb),
  distance: {
    title: "المسافة بين الهواتف",
    hint: "تجربة: يصدر هذا الهاتف وهاتف آخر صفيرًا بالتناوب عشر ثوانٍ، ويستمع كلاهما عبر ميكروفونه. ما يسمعانه يبقى فيهما، ولا يتبادلان إلا وقت وصوله. الهدوء من فضلكم.",
    measure: (name) => `قياس المسافة إلى ${format.fence(name)}`,
    of: (name, distanceM, uncertaintyM) =>
      `المسافة إلى ${format.fence(name)}: ${metres(format, distanceM, "م")}\u00a0± ${metres(format, uncertaintyM, "م")}`,
    nobody: "يتطلب ذلك هاتفًا آخر تظهر هذه الصفحة على شاشته.",
    asks: (name) => `سؤال من ${format.list([name])}: ما المسافة بين هاتفيكما؟`,
    asksHint:
      "إذا سمحت، يصدر الهاتفان صفيرًا بالتناوب عشر ثوانٍ، ويستمع هذا الهاتف عبر ميكروفونه. ما يسمعه يبقى فيه ويُنسى فورًا.",
    waiting: (name) => `بانتظار موافقة ${format.list([name])}.`,
    ready: "سيصدر الهاتفان الصفير بعد لحظات.",
    failure: {
      declined: (name) => `لا موافقة من ${format.list([name])} الآن.`,
      busy: (name) => `هاتف ${format.list([name])} يقيس الآن. حاول مرة أخرى بعد قليل.`,
      microphone: (name) => `ليس في هاتف ${format.list([name])} ميكروفون متاح لهذه الصفحة.`,
      stopped: (name) => `أُوقف القياس على هاتف ${format.list([name])}.`,
      silent: (name) => `لم يجب هاتف ${format.list([name])} في الوقت المناسب. هل تظهر هذه الصفحة على شاشته؟`,
      left: (name) => `لم يعد ${format.list([name])} هنا.`,
      unheard: () => "لم يسمع الهاتفان أحدهما الآخر بوضوح كافٍ. ارفع صوتهما أو قرّبهما، ثم حاول مرة أخرى.",
      unsteady: () => "اختلف المسموع كثيرًا من مرة إلى أخرى. اترك الهاتفين في مكانهما، ثم حاول مرة أخرى.",
    },
  },
};
