// The Japanese words. Polite and plain. What a message promises is said in en.ts.

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
import { errorWords, refusals } from "./errors/ja.ts";
import { isCommonFormat, makeFormat, songTitle } from "./format.ts";
import { heardWords } from "./heard/ja.ts";
import { calibrationWords } from "./measure/ja.ts";
import { makeQuantities, type PlotFigure, type PlotRange } from "./quantities.ts";
import { queueWords } from "./queue/ja.ts";

const format = makeFormat("ja");
const quantities = makeQuantities(format, {
  hours: (count) => `${count}時間`,
  minutes: (count) => `${count}分`,
  seconds: (count) => `${count}秒`,
  unknown: "まだ不明",
});
const { wait, length } = quantities;

const quoted = (fileName: string): string => `「${songTitle(fileName)}」`;
const quotedFile = (fileName: string | null): string =>
  fileName === null ? "このファイル" : `「${format.fence(fileName)}」`;
const named = (name: string): string => `${format.list([name])}さん`;

const status = {
  joining: ({ stage }) =>
    ({
      key: "スウォームを開いています…",
      server: "ほかの人を探しています…",
      clock: "ほかの人とタイミングを合わせています…",
    })[stage],
  alone: () => "まだあなただけです。ほかの人を招待するか、曲を追加してください。",
  "no-files": () => "まだ再生できる曲がありません。曲を追加すると、全員に届きます。",
  "ready-to-play": ({ isDirector, directorName }) => {
    if (isDirector) return "準備ができました。曲を選んで再生を押してください。";
    return directorName
      ? `準備ができました。${named(directorName)}が曲を選びます。`
      : "再生の準備ができました。";
  },
  electing: () => "音楽を進める人を決めています…",
  fetching: ({ fileName, sources }) => {
    if (fileName === "") return "選ばれた曲を探しています…"; // of whose files this phone knows nothing yet
    return sources.length > 0
      ? `${quoted(fileName)}を受け取っています`
      : `${quoted(fileName)}を持っている人を探しています…`;
  },
  decoding: ({ fileName }) => `${quoted(fileName)}を準備しています…`,
  "waiting-for": ({ names, canStart }) => {
    if (names.length === 0) return "全員の準備ができました。";
    const waiting = `${format.list(names)}を待っています。`;
    return canStart ? `${waiting}今すぐ始めると、準備ができしだい加わります。` : waiting;
  },
  starting: ({ fileName }) => `${quoted(fileName)}が始まります`,
  playing: ({ fileName, isDirector, directorName }) => {
    const playing = `${quoted(fileName)}を再生中です。`;
    if (isDirector) return `${playing}あなたが音楽を進めています。`;
    return directorName ? `${playing}${named(directorName)}が音楽を進めています。` : playing;
  },
  paused: ({ fileName, isDirector, directorName }) => {
    const paused = `${quoted(fileName)}を一時停止しています。`;
    if (isDirector) return `${paused}「再生」で続けられます。`;
    return directorName ? `${paused}${named(directorName)}が再開します。` : paused;
  },
  entering: ({ fileName }) => `${quoted(fileName)}に途中から加わっています…`,
  undecodable: ({ fileName, tooLong, isAnyoneAble }) => {
    if (!isAnyoneAble) {
      return tooLong
        ? `${quoted(fileName)}は、ここにあるどの端末にも長すぎます。別の曲を選んでください。`
        : `${quoted(fileName)}を再生できる端末がここにありません。別の曲を選んでください。`;
    }
    return tooLong
      ? `${quoted(fileName)}は、この端末のメモリには長すぎます。ほかの端末では再生できるかもしれません。`
      : `この端末では${quoted(fileName)}を再生できません。ほかの端末では再生できるかもしれません。`;
  },
  "cut-short": ({ fileName }) =>
    `この端末では${quoted(fileName)}が途中で終わります。ほかの端末では続きます。`,
  ended: ({ fileName }) => `${quoted(fileName)}が終わりました。次の曲を選んでください。`,
} satisfies ByCode<Status>;

const notReadyReasons: Readonly<Record<NotReadyReason, (name: string) => string>> = {
  "turned-off": (name) => `${name}の端末で曲がオフになっています。「ファイル」の「オン」スイッチで戻せます。`,
  "storage-full": (name) =>
    `${name}の端末に曲を置く場所がありません。その端末でファイルを1つオフにすると空きます。`,
  fetching: (name) => `${name}はまだ曲を受け取っています。`,
  decoding: (name) => `${name}の端末はまだ曲を準備しています。`,
  "sound-held": (name) => `${name}の端末が音を止めています。画面をタップすると鳴ります。`,
  clock: (name) => `${name}の端末はまだタイミングを合わせています。`,
};

const help = {
  "slow-key": () => "キーを開くのは端末には重い作業ですが、1回だけです。このまま自動で進みます。",
  offline: () => "この端末はオフラインです。Wi-Fiかモバイルデータをオンにすると、自動で進みます。",
  "server-silent": () =>
    "サーバーから返事がありません。この端末が正しいネットワークにつながっているか確かめるか、サーバーを動かす人に聞いてください。試し続けています。",
  "server-barred": () =>
    "ブラウザーが許可を待っています。表示された確認、またはアドレスの横で、このサイトにローカルネットワークの使用を許可すると先へ進みます。",
  "compare-key": () =>
    "ほかの人がもう入っているなら、キーを見比べてください。一文字違うと別の場所になります。",
  "coarse-clock": () =>
    "このブラウザは正確な時刻を隠すため（設定「resist fingerprinting」）、タイミング合わせに時間がかかります。自動で続きます。",
  "slow-network": () =>
    "今はネットワークの返事が遅くなっています。このまま自動で進みます。Wi-Fiに近づくと速くなります。",
  "nobody-directs": () => "音楽を進める人がまだいません。「メンバー」で引き継ぐと、あなたが進められます。",
  "turned-off": () => "この端末ではオフになっています。「ファイル」の「オン」スイッチで届くようになります。",
  "storage-full": () => "この端末には置く場所がありません。「ファイル」で別のファイルをオフにしてください。",
  linking: ({ names }) => `曲を持っている${format.list(names)}とまだ接続中です。このまま自動で進みます。`,
  "source-gone": ({ names }) =>
    names.length > 0
      ? `今は${format.list(names)}とつながりません。同じ曲を持っている人も追加できます。`
      : "すべてを持っている人がもういません。曲を持っている人がもう一度追加できます。",
  "slow-decode": () => "長い曲は端末で少し時間がかかります。このまま自動で進みます。",
  "others-wait": ({ waits }) =>
    waits
      .map(({ name, notReadyReason }) => {
        const who = named(name);
        return notReadyReason ? notReadyReasons[notReadyReason](who) : `${who}からまだ返事がありません。`;
      })
      .join(""),
  "server-changed": () => "サーバーが再起動したため、曲の位置を探し直しています。数秒かかります。",
  "sound-settling": () =>
    "この端末の音はまだ始まるところです。鳴らないままなら、退出してもう一度参加してください。ほかの端末は再生を続けます。",
} satisfies ByCode<Help>;

const banner = {
  "server-lost": ({ isPlaying, isDirecting }) => {
    if (isDirecting)
      return "サーバーとの接続が切れました。再生中の曲は続きます。戻ると、あなたの操作がほかの人に伝わり、新しい人も参加できます。再試行しています。";
    return isPlaying
      ? "サーバーとの接続が切れました。音楽は続きますが、戻るまで新しい人は参加できません。再試行しています。"
      : "サーバーとの接続が切れました。曲はこの端末に残っています。再試行しています。";
  },
  offline: ({ isPlaying }) =>
    isPlaying
      ? "この端末はオフラインです。ここでの音楽は続きます。Wi-Fiかモバイルデータをオンにすると、あとは自動で進みます。"
      : "この端末はオフラインです。Wi-Fiかモバイルデータをオンにすると、あとは自動で進みます。",
  "audio-interrupted": () => "この端末が音を止めました。ほかの端末は再生を続けています。",
  "clocks-disagree": ({ isOutvoted }) =>
    isOutvoted
      ? "この端末の時計がほかの端末と合いません。サーバーかそこまでの経路が、違う時刻を伝えています。ほかの端末の時計に合わせて鳴らします。"
      : "端末どうしの時計が合わず、どれが正しいか分かりません。サーバーかそこまでの経路が、違う時刻を伝えています。音楽を操作している端末に全員が合わせます。",
  "coarse-clock": ({ withinMs }) =>
    `このブラウザは正確な時刻を隠すため（設定「resist fingerprinting」）、この端末は${withinMs}ミリ秒ほどずれることがあります。音楽はそのまま鳴ります。`,
  "clock-watch": () => "この端末が少しずれています。音楽を続けながら戻しています。",
  unreachable: ({ names, isEveryone, isBarred }) => {
    if (isBarred)
      return `${format.list(names)}にはまだつながりません。このブラウザーは先に確認します。表示された確認、またはアドレスの横で、このサイトにローカルネットワークの使用を許可してください。どちらか一台で足ります。`;
    return isEveryone
      ? `${format.list(names)}と直接つながりません。このネットワークかブラウザーが端末どうしの接続を止めています。別のネットワークを使うか、ここに同じ曲を追加してください。`
      : `${format.list(names)}と直接つながりません。このネットワークは端末どうしの接続を止めているかもしれません。曲はほかの人から受け取ります。`;
  },
  refused: ({ reason }) =>
    refusals[reason] ?? "サーバーがこの端末を受け入れられませんでした。1分後にもう一度お試しください。",
  insecure: () =>
    "このページは暗号化なしのhttpで開かれたため、画面が消えることがあります。手で画面をつけておくか、httpsのリンクをもらってください。",
} satisfies ByCode<Banner>;

const error = errorWords(quotedFile);

const notice = {
  error: ({ error: code, fileName }) => error[code](fileName),
  "bad-piece": ({ name, fileName }) =>
    `${named(name)}から届いた${quoted(fileName)}の壊れた部分を捨てました。取り直しています。`,
  "source-silent": ({ name, fileName }) =>
    `今は${named(name)}から${quoted(fileName)}が届きません。ほかの人から受け取っています。`,
  "link-unproven": ({ name }) =>
    `この端末と${named(name)}の端末の間に何かが入り込んでいるため、何も共有しないうちに切り離しました。再試行しています。`,
  "peer-dropped": ({ name }) =>
    `${named(name)}の端末から意味の通らないものが届きました。そこからは曲を受け取りません。ほかの人はそのまま続きます。`,
  "director-changed": ({ name, isMe, formerName }) => {
    const now = isMe ? "これからはあなたが音楽を進めます。" : `これからは${named(name)}が音楽を進めます。`;
    return formerName ? `${named(formerName)}が役を降りました。${now}` : now;
  },
  "output-changed": ({ outputName, isKnown }) => {
    if (outputName === null)
      return "音の出力先が変わったかもしれません。この端末がほかより遅れたり早かったりするときは、「スピーカーの遅れ」を動かしてください。";
    return isKnown
      ? `音は${format.fence(outputName)}から出ています。前回の遅れを設定し直しました。`
      : `音は${format.fence(outputName)}から出ています。ここではまだ合わせていません。遅れて聞こえたら「スピーカーの遅れ」をご覧ください。`;
  },
  "started-without": ({ names }) => `${format.list(names)}を待たずに始めました。準備ができしだい加わります。`,
  joined: ({ name }) => `${named(name)}が参加しました。`,
  left: ({ name }) => `${named(name)}が抜けました。`,
  measured: () => "測定が終わりました。各スマホの遅れは「このスピーカー」にあります。",
  "lined-up": ({ name }) =>
    `${format.list([name])}さんのマイクでこのスマホをそろえました。「このスピーカー」で元に戻せます。`,
  "files-wait": () => "預かりました。参加するとすぐに追加されます。",
  copied: () => "コピーしました。",
  "queue-refused": ({ refusal }) =>
    ({
      locked: "再生待ちの一覧はロックされています。",
      full: "再生待ちの一覧はいっぱいです。",
      "too-many-of-one": "あなたの曲がすでに50曲入っています。いくつか再生されてから追加してください。",
      "not-yours": "それができるのは、追加した人か音楽を進めている人だけです。",
      "not-there": "その曲はもう再生待ちにありません。",
    })[refusal],
} satisfies ByCode<Notice>;

const sync = {
  tight: "ぴったり",
  good: "良好",
  loose: "ややずれ",
  off: "ずれ",
  unaligned: "ずれているかも",
  unknown: "無音",
} satisfies Record<SyncWord, string>;

function figures(current: Status): string {
  if (current.code === "starting") return current.inSec > 0 ? `あと${format.number(current.inSec)}秒` : "今";
  if (current.code === "waiting-for")
    return current.withoutInSec === null
      ? ""
      : `あと${format.number(current.withoutInSec)}秒で待たずに始めます`;
  if (current.code === "cut-short") return short(current.shortage);
  if (current.code === "undecodable") return current.tooLong ? tooLong(current.tooLong) : whyNot(current);
  if (current.code !== "fetching") return "";
  const parts = [held(current.held)];
  if (current.sources.length > 0) parts.unshift(`${format.list(current.sources)}から`);
  if (current.remainingSec !== null) parts.push(`あと約${wait(current.remainingSec)}`);
  return parts.join(" · ");
}

function whyNot({ format, reason }: Extract<Status, { code: "undecodable" }>): string {
  if (reason === "late" || reason === "failed")
    return "この端末では時間かメモリが足りませんでした。もう一度再生すると、再び試します。";
  if (format === null) return "MP3、FLAC、WAVに変換すると、再生できるかもしれません。";
  return isCommonFormat(format)
    ? `この${format}ファイルは壊れているかもしれません。別のコピーなら再生できるかもしれません。`
    : `形式は${format}です。MP3、FLAC、WAVに変換すると、より多くの端末で再生できます。`;
}

const held = ({ percent, sound }: Held): string =>
  sound
    ? `${format.position(sound.durationSec)}のうち${format.position(sound.playableSec)}まで受信済み`
    : format.percent(percent);

const short = ({ heardSec, wholeSec }: Shortage): string =>
  `ここで聞けるのは${format.position(wholeSec)}のうち最初の${format.position(heardSec)}だけです`;

const tooLong = ({ durationSec, roomSec }: TooLong): string =>
  `この曲の長さは${length(durationSec)}です。この端末のメモリに入るのは約${length(roomSec)}です。`;

export const ja = {
  language: "言語",
  product: {
    name: "Unisono",
    promise: "部屋じゅうのスマホが、ひとつのスピーカーに。",
    privacy: "曲は端末から端末へ直接届きます。サーバーは引き合わせと時刻合わせだけをします。",
  },
  how: "使い方",
  tabs: { music: "音楽", people: "メンバー", phone: "この端末" },
  home: {
    invited: "招待されています。1回タップすると、この端末も一緒に鳴ります。",
    keyLabel: "スウォームキー",
    keyHint: "キーを入力するか、リンク全体を貼り付けてください。",
    join: "参加する",
    joinInvited: "音を出して参加する",
    newSwarm: "新しいスウォーム",
    weakKey:
      "推測されやすいキーです。サーバーを動かす人は、試すうちに見つけられるかもしれません。試しに使うなら十分です。新しいスウォームには強いキーが付きます。",
    insecure:
      "このページは暗号化なしのhttpで開かれました。音楽は使えますが、画面が消えることがあり、リンクは手でコピーする必要があります。httpsのリンクならどちらも解決します。",
  },
  swarm: {
    people: (count: number) => `${format.number(count)}人`,
    connected: "接続済み",
    connecting: "接続中…",
    reconnecting: "再試行中…",
    invite: "招待",
    leave: "退出",
    title: "スウォーム",
  },
  status: (current: Status) => phrase<Status>(status, current),
  help: (current: Help) => phrase<Help>(help, current),
  figures,
  banner: (current: Banner) => phrase<Banner>(banner, current),
  notice: (current: Notice) => phrase<Notice>(notice, current),
  error: (code: ErrorCode, fileName: string | null) => error[code](fileName),
  dismiss: "閉じる",
  sound: {
    rejoin: "タップして音楽に戻る",
    returning: "この端末が音を止めました。端末が許せばすぐに自動で戻ります。ほかの端末は再生を続けています。",
    held: "この端末では音が止められています。ほかの端末は再生を続けています。",
  },
  now: {
    title: "再生中",
    time: format.position,
    stop: "停止",
    startNow: "今すぐ始める",
    pause: "一時停止",
    goOn: "再生",
    seek: "曲の再生位置",
    seekValue: (positionSec: number, durationSec: number) =>
      `${format.position(durationSec)}のうち${format.position(positionSec)}`,
    back: "10秒戻る",
    forward: "10秒進む",
    player: "プレーヤー",
    previous: "前の曲",
    next: "次の曲",
    repeat: { off: "リピート：オフ", all: "リピート：全曲", one: "リピート：1曲" },
    tempo: "テンポ",
    tempoValue: format.percent,
    crossfade: "クロスフェード",
    crossfadeValue: (sec: number) => (sec > 0 ? `${format.number(sec)}秒` : "なし"),
    loop: "A–Bループ",
    loopEnds: ["ループの始まり", "ループの終わり"],
    fineTime: format.finePosition,
  },
  queue: queueWords(format, length),
  files: {
    title: "ファイル",
    add: "ファイルを追加",
    drop: "曲をドロップすると、全員に追加されます。",
    limits: "1人10曲まで。MP3、FLAC、WAVならたいていの端末で再生できます。",
    empty: "まだ曲がありません。この端末から追加すると、全員に届きます。",
    size: format.bytes,
    from: (names: readonly string[]) => `${format.list(names)}から`,
    seeded: "受信済み",
    held,
    remaining: (remainingSec: number) => `約${wait(remainingSec)}`,
    waiting: "持っている人を待っています",
    off: "この端末ではオフ",
    noRoom: "この端末には置く場所がありません",
    lostWhole: "すべてを持っていた人は退出しました。ほかの人が持つ分は届きます",
    undecodable: (format: string | null) =>
      format === null ? "ここでは再生できません" : `ここでは再生できません（${format}）`,
    short,
    silentFor: (names: readonly string[]) => `${format.list(names)}の端末では再生できません`,
    shortFor: (names: readonly string[]) => `${format.list(names)}の端末では最初の部分だけ再生できます`,
    giveLittle: "控えめに渡す",
    giveLittleHint: (isGivingLittle: boolean) =>
      isGivingLittle
        ? "通信量を抑えるため、この端末は曲をゆっくり渡します。受け取る速さは変わりません。"
        : "通信量に限りがありますか？この端末は曲をゆっくり渡すこともできます。",
    tooLong,
    fetching: (name: string) => `${name}を受信中`,
    enabled: "オン",
    enabledName: (name: string) => `オン：${name}`,
    play: (name: string) => `再生：${name}`,
    playing: "再生中",
    chosen: "次の曲",
    paused: "一時停止中",
  },
  people: {
    title: "メンバー",
    you: "あなた",
    director: "進行役",
    away: "離席中",
    relayed: "中継経由（暗号化されたまま）",
    unaligned: "この曲はここでは位置を合わせられませんでした",
    ready: "準備完了",
    notLinked: "直接の接続なし",
    unnamed: "だれか",
    sync,
    alone: "まだあなただけです。ほかの人を招待しましょう。1回読み取るだけで一緒に鳴ります。",
    takeOver: "引き継ぐ",
    resign: "役を降りる",
    directing: "あなたが音楽を進めています。",
    following: (directorName: string) => `${named(directorName)}が音楽を進めています。`,
    noDirector: "まだだれも音楽を進めていません。",
    rename: "名前を変える",
    nameLabel: "あなたの名前",
    save: "保存",
  },
  speaker: {
    title: "このスピーカー",
    label: "スピーカーの遅れ",
    hint: "ほかより遅れて聞こえますか？Bluetoothスピーカーは遅れます。クリックテストをオンにして、クリックが1つに聞こえるまでこの端末をずらしてください。",
    value: (delayMs: number) => (delayMs === 0 ? "補正なし" : `${format.milliseconds(delayMs, 0)}早く再生`),
    late: "この端末は遅れている",
    lateStep: "10 ms早く",
    early: "この端末は早すぎる",
    earlyStep: "10 ms遅く",
    clickTest: "クリックテスト",
    clicking: "全員の端末が同じ瞬間にクリック音を鳴らします。",
    volume: "この端末の音量",
    volumeValue: (volume: number) => format.percent(100 * volume),
    glow: "音楽に合わせて光る",
    fineLate: "1 ms早く",
    fineEarly: "1 ms遅く",
    typed: "正確な遅れ（ミリ秒）",
    reset: "補正をなくす",
  },
  measure: calibrationWords(format, wait),
  details: {
    title: "詳細",
    copy: "診断情報をコピー",
    copied: "コピーしました。キーもアドレスも含まれていません。",
    copyFailed: "このブラウザーではページからコピーできません。httpsのリンクならできます。",
    ms: quantities.ms,
    rows: {
      control: "サーバー",
      clock: "時計",
      uncertainty: "時計の不確かさ",
      rtt: "最短の往復時間",
      offset: "時計のずれ",
      drift: "時計の進み",
      latency: "出力の遅れ",
      links: "ほかの端末との接続",
      sent: "送信",
      received: "受信",
    },
    ppm: quantities.ppm,
    bytes: format.bytes,
    count: format.number,
    pieces: {
      title: "だれがどの部分を持っているか",
      share: (share: number) => format.percent(Math.floor(100 * share)),
    },
    plots: {
      title: "この端末の推移",
      people: "ほかの端末の再生誤差",
      figures: {
        offsetMs: "開始からの時計のずれ",
        rttMs: "往復時間",
        playbackErrorMs: "再生の誤差",
        ratePpm: "速度の補正",
      },
      none: "まだなし",
      silent: "今はなし",
      value: quantities.plotValue,
      range: (figure: PlotFigure, { from, to }: PlotRange, minutes: number) =>
        `直近${format.number(minutes)}分で${quantities.plotNumber(figure, from)}から${quantities.plotValue(figure, to)}`,
    },
    control: { idle: "待機中", connecting: "接続中", open: "接続済み", retrying: "再試行中" },
    clock: {
      unsynced: "まだ合っていません",
      coarse: "ほぼ合っています",
      locked: "合っています",
      stale: "合わせ直しが必要です",
    },
  },
  invite: {
    title: "招待",
    how: "カメラで読み取るか、別の端末でリンクを開いてください。",
    qr: "このスウォームへのリンクのQRコード",
    qrFailed: "QRコードを描けませんでした。下のリンクも同じように使えます。",
    link: "リンク",
    key: "スウォームキー",
    copy: "リンクをコピー",
    copied: "コピーしました。",
    copyFailed:
      "このブラウザーではページからコピーできません。リンクを選択したので、手でコピーしてください。",
    share: "共有",
    close: "閉じる",
  },
  left: {
    title: "スウォームを退出しました",
    refusedTitle: "スウォームに入っていません",
    explain: "この端末は無音です。ほかの端末は再生を続け、リンクはまだ使えます。",
    joinAgain: "もう一度参加",
    newSwarm: "新しいスウォーム",
  },
  heard: heardWords,
} satisfies Copy;
