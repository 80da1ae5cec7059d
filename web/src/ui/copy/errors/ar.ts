// The Arabic words for errors; what a sentence promises is said in ../en.ts.

import type { errorWords as words } from "./en.ts";

export const errorWords: typeof words = (quotedFile) => ({
  "key-empty": () => "اكتب مفتاح السرب أولًا أو أنشئ سربًا جديدًا.",
  "key-too-long": () => "هذا أطول من أن يكون مفتاحًا. تحقق منه أو اطلب رابطًا جديدًا.",
  "key-mistyped": () =>
    "في المفتاح خطأ في الكتابة: حرف التحقق لا يطابق. قارنه بمفتاح الآخرين. وإن كان مفتاحًا من اختيارك فانضم مرة أخرى.",
  "wire-malformed": () => "وصلت رسالة غير مفهومة من هاتف آخر فأُهملت. لم يضِع شيء.",
  "wire-too-large": () => "وصلت رسالة أطول من اللازم من هاتف آخر فأُهملت. لم يضِع شيء.",
  "wire-version": () => "يستخدم هاتف آخر إصدارًا مختلفًا من هذه الصفحة. أعيدوا تحميل الصفحتين للتشغيل معًا.",
  "wire-unsealed": () => "رسالة لم تطابق مفتاح هذا السرب فأُهملت. يستمر الجميع كما كانوا.",
  "wire-unproven": () => "لم يُستمع إلى هاتف لم يُظهر مفتاحه بعد. يستغرق ذلك لحظة.",
  "wire-replayed": () => "وصلت رسالة مرتين فأُهملت. لم يضِع شيء.",
  "file-empty": (fileName) => `${quotedFile(fileName)} فارغ، فلا شيء للتشغيل. اختر ملفًا آخر.`,
  "file-not-audio": (fileName) =>
    `${quotedFile(fileName)} ليس ملفًا صوتيًا. اختر أغنية؛ تعمل MP3 وFLAC وWAV على معظم الهواتف.`,
  "file-too-large": (fileName) =>
    `${quotedFile(fileName)} أكبر من أن يُشارك هنا. تُقبل الملفات حتى 4 غيغابايت.`,
  "file-too-long": (fileName) => `${quotedFile(fileName)} أطول من ذاكرة هذا الهاتف. قد يعمل لدى الآخرين.`,
  "file-too-many": (fileName) =>
    `لم يُضَف ${quotedFile(fileName)}: الحد عشرة ملفات لكل شخص. أوقف أحد ملفاتك أولًا.`,
  "file-undecodable": (fileName) =>
    `لا يستطيع هذا الهاتف تشغيل ${quotedFile(fileName)}. قد يعمل لدى الآخرين.`,
  "file-unreadable": (fileName) =>
    `تعذّرت قراءة ${quotedFile(fileName)}. تأكد من أنه ما زال موجودًا ثم أضفه من جديد.`,
  "file-is-folder": (fileName) => `${quotedFile(fileName)} مجلد. افتحه وأفلت الأغاني التي فيه.`,
  "file-failed": (fileName) =>
    `لم يُضف ${quotedFile(fileName)} لأن خطأً حدث في هذه الصفحة. حاول من جديد، وإن بقي الأمر فأعد تحميل الصفحة.`,
  "storage-full": (fileName) =>
    `لا مكان لـ${quotedFile(fileName)} على هذا الهاتف. أوقف ملفًا ثم حاول من جديد.`,
  "audio-blocked": () => "يحجب المتصفح الصوت. المس أي مكان في الصفحة ليعمل.",
  "audio-unsupported": () =>
    "لا يستطيع هذا المتصفح التشغيل على الإيقاع، فيبقى هذا الهاتف صامتًا. يستقبل الأغاني ويمررها مع ذلك، وإصدار حديث من Chrome أو Firefox أو Safari يشغلها أيضًا.",
});

/** Why the swarm does not take this phone, by the reason's code. */
export const refusals: Readonly<Record<string, string>> = {
  "wrong-version": "هذه الصفحة أقدم من الخادم. أعد تحميلها ثم انضم من جديد.",
  "taken-over": "أخذت علامة تبويب أخرى على هذا الجهاز هذا المكان. تابع هناك أو انضم من جديد هنا.",
  "page-incomplete": "لم يصل جزء من هذه الصفحة لأن الشبكة انقطعت. أعد تحميل الصفحة ثم انضم من جديد.",
  "page-failed":
    "حدث خطأ في هذه الصفحة فلم يستطع هذا الهاتف الانضمام. أعد تحميل الصفحة ثم انضم من جديد. إن بقي الأمر، فانسخ بيانات التشخيص لمن يدير الخادم.",
  "not-admitted": "فتح شخص آخر سربًا في هذا المكان بلا مفتاحك وهو يشغله. أنشئ سربًا جديدًا وشارك رابطه.",
  "swarm-full": "هذا السرب ممتلئ. انتظر حتى يخرج أحد أو أنشئ سربًا جديدًا.",
};
