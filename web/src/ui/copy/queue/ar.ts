// The Arabic words of the queue.

import type { Format } from "../format.ts";
import type { Quantities } from "../quantities.ts";

export const queueWords = (format: Format, length: Quantities["length"]) => ({
  title: "قائمة الانتظار",
  empty: "القائمة فارغة. أضف أغنية من الملفات أدناه.",
  lock: "قفل القائمة",
  clear: "إفراغ",
  add: (name: string) => `إضافة ${format.fence(name)} إلى القائمة`,
  addNext: (name: string) => `تشغيل بعد الحالية: ${format.fence(name)}`,
  remove: (name: string) => `إزالة ${format.fence(name)}`,
  up: (name: string) => `رفع ${format.fence(name)}`,
  down: (name: string) => `خفض ${format.fence(name)}`,
  boost: (name: string) => `تقديم ${format.fence(name)}`,
  boosts: format.number,
  over: "شُغّلت",
  held: (heldShare: number) => `${format.percent(100 * heldShare)} هنا`,
  skipped: {
    "nobody-has": "ليست لدى أحد هنا",
    "nobody-can-play": "لا هاتف هنا يستطيع تشغيلها",
  },
  cannotAdd: {
    locked: "القائمة مقفلة.",
    full: "القائمة ممتلئة.",
    "too-many-of-one": "لك 50 أغنية قادمة، وهو الحد لكل شخص.",
  },
  remaining: (sec: number) => `باقٍ ${length(sec)}`,
});
