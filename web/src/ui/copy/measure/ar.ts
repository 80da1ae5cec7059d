// The Arabic words for lining up through a microphone.

import type { CalibrationWords } from "./en.ts";

export const calibrationWords: CalibrationWords = (format, wait) => ({
  title: "القياس بدل السمع",
  consent:
    "يستمع هاتف واحد عبر ميكروفونه بينما يصدر كل هاتف صفيرًا بدوره، نحو خمس ثوانٍ لكل واحد. ما يسمعه يبقى فيه ويُنسى فورًا. ضعه على مسافة متقاربة من الجميع، واحرصوا على الهدوء.",
  start: "القياس بميكروفون هذا الهاتف",
  stop: "إيقاف القياس",
  close: "إغلاق",
  insecure: "يتطلب القياس بالميكروفون رابط https.",
  notReadyReason: {
    alone: "يتطلب ذلك هاتفًا ثانيًا.",
    music: "أوقف الموسيقى أولًا: الصفير والأغاني لا يجتمعان.",
    clock: "ما زال هذا الهاتف يضبط توقيته.",
  },
  failure: {
    denied:
      "لم يُسمح باستخدام الميكروفون، فلم يُقَس شيء. اسمح به لهذه الصفحة في إعدادات المتصفح، أو قِس بهاتف آخر.",
    missing: "لا يوجد ميكروفون هنا، أو يستخدمه تطبيق آخر. يمكن القياس بهاتف آخر.",
    music: "بدأت الموسيقى فتوقف القياس. لم يتغير شيء.",
    clock: "تغيّر الخادم أثناء ذلك فتوقف القياس. لم يتغير شيء؛ حاول مرة أخرى.",
    broken: "لم ينجح القياس على هذا الهاتف. لم يتغير شيء؛ قد ينجح على هاتف آخر.",
  },
  asking: "يسأل المتصفح إن كان لهذه الصفحة أن تستخدم الميكروفون.",
  sounding: ({ isMe, listenerName, remainingSec }) =>
    isMe
      ? `يستمع لمدة ${wait(remainingSec)}. الهدوء من فضلكم.`
      : `يستمع هاتف ${format.list([listenerName])} لمدة ${wait(remainingSec)} بينما تصفر الهواتف. الهدوء من فضلكم.`,
  reckoning: "جارٍ الحساب…",
  caption: "تأخر كل هاتف ومدى وضوح سماعه",
  late: (lateMs) => format.milliseconds(lateMs, 1),
  heard: {
    clear: "واضح",
    fair: "مقبول",
    unsteady: "غير ثابت",
    unheard: "لم يُسمع",
    left: "غادر",
  },
  missed: {
    unheard: "لم يُسمع: ارفع صوته، وتحقق من وضع الصامت، وقرّبه. يبقى تأخيره كما هو.",
    unsteady: "غير ثابت: تحرّك أو صدر صوت آخر. يبقى تأخيره كما هو.",
  },
  apply: "ضبط جميع الهواتف",
  applied: "تم: يعزف كل هاتف أبكر بقدر ما كان متأخرًا.",
  nothing: "لا شيء يحتاج إلى تغيير.",
  appliedCalibration: ({ name, isMe, delayMs }) =>
    `ضُبط بميكروفون ${isMe ? "هذا الهاتف" : `هاتف ${format.list([name])}`}: يعزف أبكر بمقدار ${format.milliseconds(delayMs, 0)}.`,
  undo: "تراجع",
});
