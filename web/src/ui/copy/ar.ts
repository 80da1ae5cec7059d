// The Arabic words, from right to left. What a message promises is said in en.ts. Names and titles are fenced, since most
// run the other way; digits are the European ones, so that sizes and delays look like the positions and keys beside them.

import type { ErrorCode } from "../../lib/index.ts";
import type {
  Banner,
  Held,
  Help,
  Notice,
  NotReadyReason,
  Shortage,
  Status,
  SyncWord,
  TooLong,
} from "../../view/index.ts";
import { type ByCode, phrase } from "./by-code.ts";
import type { Copy } from "./en.ts";
import { errorWords, refusals } from "./errors/ar.ts";
import { isCommonFormat, makeFormat, songTitle } from "./format.ts";
import { heardWords } from "./heard/ar.ts";
import { calibrationWords } from "./measure/ar.ts";
import { makeQuantities, type PlotFigure, type PlotRange } from "./quantities.ts";
import { queueWords } from "./queue/ar.ts";

const format = makeFormat("ar-u-nu-latn");
const quantities = makeQuantities(format, {
  hours: (count) => `${count} س`,
  minutes: (count) => `${count} د`,
  seconds: (count) => `${count} ث`,
  unknown: "غير معروف بعد",
});
const { wait, length } = quantities;

const quoted = (fileName: string): string => `«${format.fence(songTitle(fileName))}»`;
const quotedFile = (fileName: string | null): string =>
  fileName === null ? "هذا الملف" : `«${format.fence(fileName)}»`;

const status = {
  joining: ({ stage }) =>
    ({
      key: "جارٍ فتح السرب…",
      server: "جارٍ البحث عن الآخرين…",
      clock: "جارٍ ضبط الإيقاع مع الآخرين…",
    })[stage],
  alone: () => "لم يصل أحد غيرك بعد. ادعُ الآخرين أو أضف أغنية.",
  "no-files": () => "لا شيء للتشغيل بعد. أضف أغنية: يحصل الجميع على نسخة.",
  "ready-to-play": ({ isDirector, directorName }) => {
    if (isDirector) return "كل شيء جاهز. اختر أغنية واضغط تشغيل.";
    return directorName ? `كل شيء جاهز. اختيار الأغاني لدى ${format.list([directorName])}.` : "جاهز للتشغيل.";
  },
  electing: () => "جارٍ تحديد من يقود الموسيقى…",
  fetching: ({ fileName, sources }) => {
    if (fileName === "") return "جارٍ البحث عن الأغنية المختارة…"; // of whose files this phone knows nothing yet
    return sources.length > 0 ? `جارٍ استلام ${quoted(fileName)}` : `جارٍ البحث عمّن لديه ${quoted(fileName)}…`;
  },
  decoding: ({ fileName }) => `جارٍ تجهيز ${quoted(fileName)}…`,
  "waiting-for": ({ names, canStart }) => {
    if (names.length === 0) return "الجميع جاهزون.";
    const waiting = `في انتظار ${format.list(names)}.`;
    return canStart ? `${waiting} ابدأ الآن، وسينضم الباقون فور جاهزيتهم.` : waiting;
  },
  starting: ({ fileName }) => `تبدأ الآن ${quoted(fileName)}`,
  playing: ({ fileName, isDirector, directorName }) => {
    const playing = `يجري تشغيل ${quoted(fileName)}.`;
    if (isDirector) return `${playing} أنت تقود الموسيقى.`;
    return directorName ? `${playing} قيادة الموسيقى لدى ${format.list([directorName])}.` : playing;
  },
  paused: ({ fileName, isDirector, directorName }) => {
    const paused = `${quoted(fileName)} متوقفة مؤقتًا.`;
    if (isDirector) return `${paused} اضغط تشغيل للمتابعة.`;
    return directorName ? `${paused} المتابعة لدى ${format.list([directorName])}.` : paused;
  },
  entering: ({ fileName }) => `جارٍ الدخول إلى ${quoted(fileName)} حيث وصل الآخرون…`,
  undecodable: ({ fileName, tooLong, isAnyoneAble }) => {
    if (!isAnyoneAble) {
      return tooLong
        ? `${quoted(fileName)} أطول من ذاكرة كل الهواتف هنا. اختر أغنية أخرى.`
        : `لا يستطيع أي هاتف هنا تشغيل ${quoted(fileName)}. اختر أغنية أخرى.`;
    }
    return tooLong
      ? `${quoted(fileName)} أطول من ذاكرة هذا الهاتف. قد تعمل لدى الآخرين.`
      : `لا يستطيع هذا الهاتف تشغيل ${quoted(fileName)}. قد تعمل لدى الآخرين.`;
  },
  "cut-short": ({ fileName }) => `تنتهي ${quoted(fileName)} مبكرًا على هذا الهاتف. وتستمر لدى الآخرين.`,
  ended: ({ fileName }) => `انتهت ${quoted(fileName)}. اختر ما يأتي بعدها.`,
} satisfies ByCode<Status>;

const notReadyReasons: Readonly<Record<NotReadyReason, (name: string) => string>> = {
  "turned-off": (name) => `الأغنية متوقفة لدى ${name}؛ مفتاح «مفعّل» ضمن «الملفات» يعيدها.`,
  "storage-full": (name) => `لا مكان للأغنية على هاتف ${name}؛ إيقاف ملف هناك يفسح المكان.`,
  fetching: (name) => `ما زال هاتف ${name} يستلم الأغنية.`,
  decoding: (name) => `ما زال هاتف ${name} يجهّز الأغنية.`,
  "sound-held": (name) => `يحجب هاتف ${name} الصوت؛ لمسة على شاشته تفيد.`,
  clock: (name) => `ما زال هاتف ${name} يضبط الإيقاع.`,
};

const help = {
  "slow-key": () => "فتح المفتاح عمل شاق على الهاتف، مرة واحدة فقط. يتابع من تلقاء نفسه.",
  offline: () => "هذا الهاتف غير متصل بالشبكة. شغّل Wi-Fi أو بيانات الجوال؛ ثم يتابع من تلقاء نفسه.",
  "server-silent": () =>
    "الخادم لا يرد. تأكد من أن هذا الهاتف على الشبكة الصحيحة أو اسأل من يدير الخادم. المحاولة مستمرة.",
  "server-barred": () =>
    "المتصفح ينتظر إذنًا. اسمح لهذا الموقع باستخدام الشبكة المحلية، في الطلب الظاهر أو بجانب العنوان، ثم يستمر وحده.",
  "compare-key": () => "إن كان الآخرون قد دخلوا فقارن مفتاحك بمفتاحهم: حرف مختلف يعني مجموعة أخرى.",
  "coarse-clock": () =>
    "هذا المتصفح يخفي الوقت الدقيق (إعداد «resist fingerprinting»)، لذا يستغرق ضبط الإيقاع وقتًا أطول. ويتابع من تلقاء نفسه.",
  "slow-network": () => "الشبكة بطيئة الآن. يتابع من تلقاء نفسه؛ والاقتراب من Wi-Fi يفيد.",
  "nobody-directs": () => "لا أحد يقود الموسيقى بعد. تولَّ القيادة ضمن «الأشخاص» فتقودها أنت.",
  "turned-off": () => "هي متوقفة على هذا الهاتف. مفتاح «مفعّل» ضمن «الملفات» يجلبها إلى هنا.",
  "storage-full": () => "لا مكان لها على هذا الهاتف. أوقف ملفًا آخر ضمن «الملفات».",
  linking: ({ names }) =>
    `ما زال الاتصال جاريًا مع ${format.list(names)} حيث توجد الأغنية. يتابع من تلقاء نفسه.`,
  "source-gone": ({ names }) =>
    names.length > 0
      ? `لا اتصال الآن مع ${format.list(names)}. يستطيع من لديه الأغنية نفسها إضافتها أيضًا.`
      : "لم تعد كاملة لدى أحد هنا. يستطيع من لديه الأغنية إضافتها من جديد.",
  "slow-decode": () => "الأغنية الطويلة تأخذ من الهاتف بعض الوقت. يتابع من تلقاء نفسه.",
  "others-wait": ({ waits }) =>
    waits
      .map(({ name, notReadyReason }) => {
        const who = format.list([name]);
        return notReadyReason ? notReadyReasons[notReadyReason](who) : `لم يصل رد من ${who} بعد.`;
      })
      .join(" "),
  "server-changed": () => "أُعيد تشغيل الخادم، لذلك يجري البحث عن موضع الأغنية من جديد. يستغرق ذلك بضع ثوانٍ.",
  "sound-settling": () => "صوت هذا الهاتف ما زال يبدأ. إن بقي صامتًا فغادر وانضم من جديد؛ والآخرون مستمرون.",
} satisfies ByCode<Help>;

const banner = {
  "server-lost": ({ isPlaying, isDirecting }) => {
    if (isDirecting)
      return "انقطع الاتصال بالخادم. ما يُشغَّل يستمر؛ وحين يعود يتبع الآخرون لمساتك ويستطيع الجدد الانضمام. تجري المحاولة من جديد.";
    return isPlaying
      ? "انقطع الاتصال بالخادم. الموسيقى مستمرة، ولا يمكن لأحد جديد الانضمام حتى يعود. تجري المحاولة من جديد."
      : "انقطع الاتصال بالخادم. أغانيك باقية هنا. تجري المحاولة من جديد.";
  },
  offline: ({ isPlaying }) =>
    isPlaying
      ? "هذا الهاتف غير متصل بالشبكة. الموسيقى مستمرة هنا. شغّل Wi-Fi أو بيانات الجوال؛ والباقي يأتي من تلقاء نفسه."
      : "هذا الهاتف غير متصل بالشبكة. شغّل Wi-Fi أو بيانات الجوال؛ والباقي يأتي من تلقاء نفسه.",
  "audio-interrupted": () => "أوقف هذا الهاتف الصوت. الآخرون مستمرون.",
  "clocks-disagree": ({ isOutvoted }) =>
    isOutvoted
      ? "ساعة هذا الهاتف لا توافق الآخرين: الخادم، أو الطريق إليه، يعطيه وقتًا آخر. وهو يعزف بحسب ساعتهم."
      : "ساعات الهواتف لا تتوافق، ولا يمكن لأيٍّ منها معرفة الصحيحة: الخادم، أو الطريق إليه، يعطيها أوقاتًا مختلفة. الجميع يتبع الهاتف الذي يدير الموسيقى.",
  "coarse-clock": ({ withinMs }) =>
    `هذا المتصفح يخفي الوقت الدقيق (إعداد «resist fingerprinting»)، لذا قد ينحرف هذا الهاتف ${withinMs} مللي ثانية. والموسيقى تعزف مع ذلك.`,
  "clock-watch": () => "هذا الهاتف ينحرف قليلًا. الموسيقى مستمرة ريثما يعود إلى الإيقاع.",
  unreachable: ({ names, isEveryone, isBarred }) => {
    if (isBarred)
      return `تعذّر الوصول إلى ${format.list(names)} بعد: هذا المتصفح يسأل أولًا. اسمح لهذا الموقع باستخدام الشبكة المحلية، في الطلب الظاهر أو بجانب العنوان. يكفي أحد الهاتفين.`;
    return isEveryone
      ? `لا اتصال مباشر مع ${format.list(names)}: تمنع هذه الشبكة أو هذا المتصفح الاتصال بين الهواتف. تفيد شبكة أخرى أو إضافة الأغنية نفسها هنا.`
      : `لا اتصال مباشر مع ${format.list(names)}: ربما تمنع هذه الشبكة الاتصال بين الهواتف. تأتي الأغاني من الآخرين بدلًا من ذلك.`;
  },
  refused: ({ reason }) => refusals[reason] ?? "لم يتمكن الخادم من إدخال هذا الهاتف. حاول من جديد بعد دقيقة.",
  insecure: () =>
    "وصلت هذه الصفحة عبر http غير مشفّر، لذلك قد تنطفئ الشاشة. أبقها مضاءة بيدك أو اطلب رابط https.",
} satisfies ByCode<Banner>;

const error = errorWords(quotedFile);

const notice = {
  error: ({ error: code, fileName }) => error[code](fileName),
  "bad-piece": ({ name, fileName }) =>
    `أُهملت قطعة تالفة من ${quoted(fileName)} وصلت من ${format.list([name])}. تُطلب من جديد.`,
  "source-silent": ({ name, fileName }) =>
    `لا يصل شيء من ${quoted(fileName)} من ${format.list([name])} الآن. تأتي من الآخرين.`,
  "link-unproven": ({ name }) =>
    `شيء ما بين هذا الهاتف وهاتف ${format.list([name])}، لذلك فُصلا قبل مشاركة أي شيء. تجري المحاولة من جديد.`,
  "peer-dropped": ({ name }) =>
    `وصل شيء غير مفهوم من هاتف ${format.list([name])}. لن تُؤخذ منه أغانٍ، والآخرون مستمرون.`,
  "director-changed": ({ name, isMe, formerName }) => {
    const now = isMe ? "أنت تقود الموسيقى الآن." : `قيادة الموسيقى الآن لدى ${format.list([name])}.`;
    return formerName ? `انتهت قيادة ${format.list([formerName])}. ${now}` : now;
  },
  "output-changed": ({ outputName, isKnown }) => {
    if (outputName === null)
      return "ربما يخرج الصوت الآن من طريق آخر. إن تأخر هذا الهاتف عن الآخرين أو سبقهم فحرّك تأخير مكبّر الصوت.";
    return isKnown
      ? `يخرج الصوت الآن من ${format.fence(outputName)}. أُعيد ضبط تأخيره السابق.`
      : `يخرج الصوت الآن من ${format.fence(outputName)} ولم يُضبط هنا من قبل. هل يبدو متأخرًا؟ انظر تأخير مكبّر الصوت.`;
  },
  "started-without": ({ names }) => `بدأت الموسيقى من دون ${format.list(names)}. سينضمون فور جاهزيتهم.`,
  joined: ({ name }) => `انضمام جديد: ${format.list([name])}.`,
  left: ({ name }) => `مغادرة: ${format.list([name])}.`,
  measured: () => "انتهى القياس: انظر تأخر كل هاتف تحت «مكبر الصوت هذا».",
  "lined-up": ({ name }) =>
    `ضبط ميكروفون ${format.list([name])} هذا الهاتف. يمكن التراجع تحت «مكبر الصوت هذا».`,
  "files-wait": () => "محفوظة الآن. تُضاف أغانيك فور انضمامك.",
  copied: () => "تم النسخ.",
  "queue-refused": ({ refusal }) =>
    ({
      locked: "قائمة الانتظار مقفلة.",
      full: "قائمة الانتظار ممتلئة.",
      "too-many-of-one": "لك خمسون أغنية في قائمة الانتظار: دع بعضها يُشغَّل أولًا.",
      "not-yours": "لا يستطيع ذلك إلا من أضافها أو من يدير الموسيقى.",
      "not-there": "هذه الأغنية لم تعد في الانتظار.",
    })[refusal],
} satisfies ByCode<Notice>;

const sync = {
  tight: "متطابق",
  good: "جيد",
  loose: "متفاوت",
  off: "خارج الإيقاع",
  unaligned: "ربما منزاح",
  unknown: "صامت",
} satisfies Record<SyncWord, string>;

function figures(current: Status): string {
  if (current.code === "starting")
    return current.inSec > 0 ? `بعد ${format.number(current.inSec)} ث` : "الآن";
  if (current.code === "waiting-for")
    return current.withoutInSec === null ? "" : `تبدأ من دونهم بعد ${format.number(current.withoutInSec)} ث`;
  if (current.code === "cut-short") return short(current.shortage);
  if (current.code === "undecodable") return current.tooLong ? tooLong(current.tooLong) : whyNot(current);
  if (current.code !== "fetching") return "";
  const parts = [held(current.held)];
  if (current.sources.length > 0) parts.unshift(`من ${format.list(current.sources)}`);
  if (current.remainingSec !== null) parts.push(`جاهزة بعد نحو ${wait(current.remainingSec)}`);
  return parts.join(" · ");
}

function whyNot({ format, reason }: Extract<Status, { code: "undecodable" }>): string {
  if (reason === "late" || reason === "failed")
    return "لم يكفِ وقت هذا الهاتف أو ذاكرته. زر التشغيل يحاول مرة أخرى.";
  if (format === null) return "إذا حُوّلت إلى MP3 أو FLAC أو WAV فقد تعمل.";
  return isCommonFormat(format)
    ? `قد يكون هذا الملف (${format}) تالفًا. قد تعمل نسخة أخرى.`
    : `هذه أغنية بصيغة ${format}. إذا حُوّلت إلى MP3 أو FLAC أو WAV عملت على هواتف أكثر.`;
}

const held = ({ percent, sound }: Held): string =>
  sound
    ? `${format.position(sound.playableSec)} من ${format.position(sound.durationSec)} هنا`
    : format.percent(percent);

const short = ({ heardSec, wholeSec }: Shortage): string =>
  `لا يُسمع هنا إلا أول ${format.position(heardSec)} من ${format.position(wholeSec)}`;

const tooLong = ({ durationSec, roomSec }: TooLong): string =>
  `طول هذه الأغنية ${length(durationSec)}؛ وذاكرة هذا الجهاز تتسع لنحو ${length(roomSec)}.`;

const lastMinutes = (minutes: number): string =>
  format.plural(minutes, {
    one: "الدقيقة الأخيرة",
    two: "الدقيقتين الأخيرتين",
    few: `آخر ${format.number(minutes)} دقائق`,
    other: `آخر ${format.number(minutes)} دقيقة`,
  });

export const ar = {
  language: "اللغة",
  product: {
    name: "Unisono",
    promise: "كل هواتف الغرفة، مكبّر صوت واحد.",
    privacy: "تنتقل الأغاني من هاتف إلى هاتف. الخادم يعرّفكم ببعضكم ويضبط الوقت فقط.",
  },
  how: "كيف؟",
  tabs: { music: "الموسيقى", people: "الأشخاص", phone: "هذا الهاتف" },
  home: {
    invited: "وصلتك دعوة. لمسة واحدة، ويعزف هذا الهاتف مع الآخرين.",
    keyLabel: "مفتاح السرب",
    keyHint: "اكتب المفتاح أو الصق الرابط كاملًا.",
    join: "انضمام",
    joinInvited: "انضمام مع الصوت",
    newSwarm: "سرب جديد",
    weakKey:
      "سهل التخمين: قد يعثر من يدير الخادم على هذا المفتاح بالتجربة. يكفي للاختبار؛ والسرب الجديد يحصل على مفتاح قوي.",
    insecure:
      "وصلت هذه الصفحة عبر http غير مشفّر. الموسيقى تعمل، لكن الشاشة قد تنطفئ ويجب نسخ الروابط يدويًا. مع رابط https يعمل الأمران.",
  },
  swarm: {
    people: (count: number) =>
      format.plural(count, {
        zero: "لا أحد",
        one: "شخص واحد",
        two: "شخصان",
        few: `${format.number(count)} أشخاص`,
        many: `${format.number(count)} شخصًا`,
        other: `${format.number(count)} شخص`,
      }),
    connected: "متصل",
    connecting: "جارٍ الاتصال…",
    reconnecting: "تجري المحاولة من جديد…",
    invite: "دعوة",
    leave: "مغادرة",
    title: "السرب",
  },
  status: (current: Status) => phrase<Status>(status, current),
  help: (current: Help) => phrase<Help>(help, current),
  figures,
  banner: (current: Banner) => phrase<Banner>(banner, current),
  notice: (current: Notice) => phrase<Notice>(notice, current),
  error: (code: ErrorCode, fileName: string | null) => error[code](fileName),
  dismiss: "إغلاق",
  sound: {
    rejoin: "المس للعودة إلى الموسيقى",
    returning: "أخذ هذا الهاتف الصوت. يعود من تلقاء نفسه حالما يسمح الهاتف؛ والآخرون مستمرون.",
    held: "الصوت محجوب على هذا الهاتف. الآخرون مستمرون.",
  },
  now: {
    title: "يُشغَّل الآن",
    time: format.position,
    stop: "إيقاف",
    startNow: "ابدأ الآن",
    pause: "إيقاف مؤقت",
    goOn: "تشغيل",
    seek: "الموضع في الأغنية",
    seekValue: (positionSec: number, durationSec: number) =>
      `${format.position(positionSec)} من ${format.position(durationSec)}`,
    back: "رجوع 10 ثوانٍ",
    forward: "تقديم 10 ثوانٍ",
    player: "المشغّل",
    previous: "السابقة",
    next: "التالية",
    repeat: { off: "التكرار: متوقف", all: "التكرار: الكل", one: "التكرار: أغنية واحدة" },
    tempo: "السرعة",
    tempoValue: format.percent,
    crossfade: "تداخل الأغاني",
    crossfadeValue: (sec: number) => (sec > 0 ? `${format.number(sec)} ث` : "بلا تداخل"),
    loop: "تكرار مقطع",
    loopEnds: ["بداية المقطع", "نهاية المقطع"],
    fineTime: format.finePosition,
  },
  queue: queueWords(format, length),
  files: {
    title: "الملفات",
    add: "إضافة ملفات",
    drop: "أفلت الأغاني هنا لتُضاف للجميع.",
    limits: "حتى عشر أغانٍ لكل شخص. تعمل MP3 وFLAC وWAV على معظم الهواتف.",
    empty: "لا أغاني بعد. أضف واحدة من هذا الهاتف؛ يحصل الجميع على نسخة.",
    size: format.bytes,
    from: (names: readonly string[]) => `من ${format.list(names)}`,
    seeded: "مكتمل",
    held,
    remaining: (remainingSec: number) => `نحو ${wait(remainingSec)}`,
    waiting: "في انتظار مصدر",
    off: "متوقف على هذا الهاتف",
    noRoom: "لا مكان لها على هذا الهاتف",
    lostWhole: "غادر كل من كانت لديه كاملة؛ وما لدى الآخرين ما زال يصل",
    undecodable: (format: string | null) =>
      format === null ? "لا يمكن تشغيله هنا" : `لا يمكن تشغيله هنا: ${format}`,
    short,
    silentFor: (names: readonly string[]) => `لا يعمل لدى ${format.list(names)}`,
    shortFor: (names: readonly string[]) => `لا يعمل إلا أوله لدى ${format.list(names)}`,
    giveLittle: "عطاء قليل",
    giveLittleHint: (isGivingLittle: boolean) =>
      isGivingLittle
        ? "يمرّر هذا الهاتف الأغاني ببطء لتوفير بياناته. ويستلمها بالسرعة نفسها."
        : "باقة بيانات محدودة؟ يمكن لهذا الهاتف أن يمرّر الأغاني ببطء.",
    tooLong,
    fetching: (name: string) => `جارٍ استلام ${format.fence(name)}`,
    enabled: "مفعّل",
    enabledName: (name: string) => `مفعّل: ${format.fence(name)}`,
    play: (name: string) => `تشغيل ${format.fence(name)}`,
    playing: "يُشغَّل",
    chosen: "التالي",
    paused: "متوقفة مؤقتًا",
  },
  people: {
    title: "الأشخاص",
    you: "أنت",
    director: "القائد",
    away: "غائب",
    relayed: "عبر مُرحِّل، مع بقاء التشفير",
    unaligned: "تعذّرت محاذاة هذه الأغنية هنا",
    ready: "جاهز",
    notLinked: "لا اتصال مباشر",
    unnamed: "شخص ما",
    sync,
    alone: "أنت وحدك حتى الآن. ادعُ الآخرين: مسحة واحدة، وتعزف هواتفهم معك.",
    takeOver: "تولّي القيادة",
    resign: "ترك القيادة",
    directing: "أنت تقود الموسيقى.",
    following: (directorName: string) => `قيادة الموسيقى لدى ${format.list([directorName])}.`,
    noDirector: "لا أحد يقود الموسيقى بعد.",
    rename: "تغيير الاسم",
    nameLabel: "اسمك",
    save: "حفظ",
  },
  speaker: {
    title: "مكبّر الصوت هذا",
    label: "تأخير مكبّر الصوت",
    hint: "هل يتأخر صوته عن الآخرين؟ هذا شأن مكبّرات Bluetooth. شغّل اختبار النقر واستمع، وحرّك هذا الهاتف حتى تصبح النقرات نقرة واحدة.",
    value: (delayMs: number) =>
      delayMs === 0 ? "بلا تصحيح" : `يسبق بمقدار ${format.milliseconds(delayMs, 0)}`,
    late: "هذا الهاتف متأخر",
    lateStep: "أبكر بـ 10 م.ث",
    early: "هذا الهاتف مبكر",
    earlyStep: "أبعد بـ 10 م.ث",
    clickTest: "اختبار النقر",
    clicking: "تنقر هواتف الجميع في اللحظة نفسها.",
    volume: "صوت هذا الهاتف",
    volumeValue: (volume: number) => format.percent(100 * volume),
    glow: "توهّج مع الموسيقى",
    fineLate: "أبكر بـ 1 م.ث",
    fineEarly: "أبعد بـ 1 م.ث",
    typed: "التأخير بالضبط بالميلي ثانية",
    reset: "إلغاء التصحيح",
  },
  measure: calibrationWords(format, wait),
  details: {
    title: "التفاصيل",
    copy: "نسخ بيانات التشخيص",
    copied: "تم النسخ. لا مفتاح فيها ولا عنوان.",
    copyFailed: "لا يسمح هذا المتصفح للصفحة بالنسخ. رابط https يسمح بذلك.",
    ms: quantities.ms,
    rows: {
      control: "الخادم",
      clock: "الساعة",
      uncertainty: "عدم يقين الساعة",
      rtt: "أقصر ذهاب وإياب",
      offset: "فرق الساعة",
      drift: "انحراف الساعة",
      latency: "تأخير الإخراج",
      links: "الروابط مع الآخرين",
      sent: "المُرسَل",
      received: "المُستلَم",
    },
    ppm: quantities.ppm,
    bytes: format.bytes,
    count: format.number,
    pieces: {
      title: "من لديه أي أجزاء",
      share: (share: number) => format.percent(Math.floor(100 * share)),
    },
    plots: {
      title: "هذا الجهاز عبر الوقت",
      people: "خطأ التشغيل لدى الآخرين",
      figures: {
        offsetMs: "فرق الساعة منذ البداية",
        rttMs: "الذهاب والإياب",
        playbackErrorMs: "خطأ التشغيل",
        ratePpm: "تصحيح السرعة",
      },
      none: "لا شيء بعد",
      silent: "لا شيء الآن",
      value: quantities.plotValue,
      range: (figure: PlotFigure, { from, to }: PlotRange, minutes: number) =>
        `من ${quantities.plotNumber(figure, from)} إلى ${quantities.plotValue(figure, to)} في ${lastMinutes(minutes)}`,
    },
    control: { idle: "خامل", connecting: "جارٍ الاتصال", open: "متصل", retrying: "تجري المحاولة" },
    clock: {
      unsynced: "ليس على الإيقاع بعد",
      coarse: "يكاد يكون على الإيقاع",
      locked: "على الإيقاع",
      stale: "يحتاج إلى ضبط جديد",
    },
  },
  invite: {
    title: "دعوة",
    how: "امسح بالكاميرا أو افتح الرابط على هاتف آخر.",
    qr: "رمز QR للرابط إلى هذا السرب",
    qrFailed: "تعذّر رسم رمز QR. الرابط أدناه يؤدي الغرض نفسه.",
    link: "الرابط",
    key: "مفتاح السرب",
    copy: "نسخ الرابط",
    copied: "تم النسخ.",
    copyFailed: "لا يسمح هذا المتصفح للصفحة بالنسخ. الرابط محدَّد: انسخه يدويًا.",
    share: "مشاركة",
    close: "إغلاق",
  },
  left: {
    title: "غادرت السرب",
    refusedTitle: "لست في السرب",
    explain: "هذا الهاتف صامت. الآخرون مستمرون، والرابط ما زال صالحًا.",
    joinAgain: "الانضمام من جديد",
    newSwarm: "سرب جديد",
  },
  heard: heardWords,
} satisfies Copy;
