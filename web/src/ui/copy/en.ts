// Every English word of the product, and the typed list of words for the other languages (`satisfies Copy`).
// The rule of each sentence: what is happening, what still works, what to do. No blame, no codes, no jargon.
// Phrases under `status` are announced by screen readers, so nothing in them counts; `figures` holds what counts.

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
import { errorWords, refusals } from "./errors/en.ts";
import { isCommonFormat, makeFormat, songTitle } from "./format.ts";
import { heardWords } from "./heard/en.ts";
import { calibrationWords } from "./measure/en.ts";
import { makeQuantities, type PlotFigure, type PlotRange } from "./quantities.ts";
import { queueWords } from "./queue/en.ts";

// British rules, because "Ada, Bo and Cy" reads better aloud than the list with a third comma.
const format = makeFormat("en-GB");
const quantities = makeQuantities(format, {
  hours: (count) => `${count} h`,
  minutes: (count) => `${count} min`,
  seconds: (count) => `${count} s`,
  unknown: "not known yet",
});
const { wait, length } = quantities;

const quoted = (fileName: string): string => `“${songTitle(fileName)}”`;
const quotedFile = (fileName: string | null): string => (fileName === null ? "That file" : `“${fileName}”`);

const status = {
  joining: ({ stage }) =>
    ({
      key: "Opening the swarm…",
      server: "Looking for the others…",
      clock: "Getting in step with the others…",
    })[stage],
  alone: () => "You’re the first one here. Invite the others, or add a song.",
  "no-files": () => "Nothing to play yet. Add a song: everyone gets a copy.",
  "ready-to-play": ({ isDirector, directorName }) => {
    if (isDirector) return "Ready. Choose a song and press Play.";
    return directorName ? `Ready. ${format.list([directorName])} chooses what plays.` : "Ready to play.";
  },
  electing: () => "Finding out who runs the music…",
  fetching: ({ fileName, sources }) => {
    if (fileName === "") return "Looking for the chosen song…"; // of whose files this phone knows nothing yet
    return sources.length > 0
      ? `Getting ${quoted(fileName)}`
      : `Looking for someone who has ${quoted(fileName)}…`;
  },
  decoding: ({ fileName }) => `Preparing ${quoted(fileName)}…`,
  "waiting-for": ({ names, canStart }) => {
    if (names.length === 0) return "Everyone is ready.";
    const waiting = `Waiting for ${format.list(names)}.`;
    return canStart ? `${waiting} Start now, and they join once ready.` : waiting;
  },
  starting: ({ fileName }) => `Starting ${quoted(fileName)}`,
  playing: ({ fileName, isDirector, directorName }) => {
    const playing = `Playing ${quoted(fileName)}.`;
    if (isDirector) return `${playing} You run the music.`;
    return directorName ? `${playing} ${format.list([directorName])} runs the music.` : playing;
  },
  paused: ({ fileName, isDirector, directorName }) => {
    const paused = `${quoted(fileName)} is paused.`;
    if (isDirector) return `${paused} Press Play to go on.`;
    return directorName ? `${paused} ${format.list([directorName])} continues it.` : paused;
  },
  entering: ({ fileName }) => `Joining ${quoted(fileName)} where the others are…`,
  undecodable: ({ fileName, tooLong, isAnyoneAble }) => {
    if (!isAnyoneAble) {
      const nobody = tooLong ? "is too long for every phone here" : "can’t be played by any phone here";
      return `${quoted(fileName)} ${nobody}. Choose another song.`;
    }
    return tooLong
      ? `${quoted(fileName)} is too long for this phone’s memory. The others may play it.`
      : `This phone can’t play ${quoted(fileName)}. The others may.`;
  },
  "cut-short": ({ fileName }) => `${quoted(fileName)} ends early on this phone. The others play on.`,
  ended: ({ fileName }) => `${quoted(fileName)} has ended. Choose what comes next.`,
} satisfies ByCode<Status>;

const notReadyReasons: Readonly<Record<NotReadyReason, (name: string) => string>> = {
  "turned-off": (name) => `${name} has turned the song off; its Enabled switch under Files brings it back.`,
  "storage-full": (name) => `${name}’s phone has no room for the song; turning a file off there makes some.`,
  fetching: (name) => `${name} is still getting the song.`,
  decoding: (name) => `${name}’s phone is still preparing the song.`,
  "sound-held": (name) => `${name}’s phone holds the sound back; a tap on its screen helps.`,
  clock: (name) => `${name}’s phone is still getting in step.`,
};

const help = {
  "slow-key": () => "Opening the key is hard work for a phone, once. It goes on by itself.",
  offline: () => "This phone is offline. Turn on Wi-Fi or mobile data; it goes on by itself.",
  "server-silent": () =>
    "The server doesn’t answer. Check that this phone is on the right network, or ask who runs the server. It keeps trying.",
  "server-barred": () =>
    "The browser waits for a permission. Allow this site to use the local network, in the prompt or beside the address; then it goes on.",
  "compare-key": () =>
    "If the others are in already, compare your key with theirs: one other letter is another swarm.",
  "coarse-clock": () =>
    "This browser hides the exact time (its setting “resist fingerprinting”), so getting in step takes longer. It goes on by itself.",
  "slow-network": () =>
    "The network answers slowly just now. It goes on by itself; being nearer to the Wi-Fi helps.",
  "nobody-directs": () => "Nobody answers for the music yet. Take over under People, and you run it.",
  "turned-off": () => "It is turned off on this phone. Its Enabled switch under Files brings it here.",
  "storage-full": () => "There is no room for it on this phone. Turn another file off under Files.",
  linking: ({ names }) => `Still connecting to ${format.list(names)}, who has it. It goes on by itself.`,
  "source-gone": ({ names }) =>
    names.length > 0
      ? `${format.list(names)} can’t be reached just now. Whoever has the same song can add it, too.`
      : "Nobody here has all of it any more. Whoever has the song can add it again.",
  "slow-decode": () => "A long song takes a phone a moment. It goes on by itself.",
  "others-wait": ({ waits }) =>
    waits
      .map(({ name, notReadyReason }) => {
        const who = format.list([name]);
        return notReadyReason ? notReadyReasons[notReadyReason](who) : `${who} has not answered yet.`;
      })
      .join(" "),
  "server-changed": () =>
    "The server was restarted, so the place in the song is being found again. It takes some seconds.",
  "sound-settling": () =>
    "This phone’s sound is still starting. If it stays silent, leave and join again; the others play on.",
} satisfies ByCode<Help>;

const banner = {
  "server-lost": ({ isPlaying, isDirecting }) => {
    if (isDirecting)
      return "Lost touch with the server. What plays goes on; the others follow your taps, and new people can join, once it is back. Trying again.";
    return isPlaying
      ? "Lost touch with the server. The music keeps playing; new people can’t join until it is back. Trying again."
      : "Lost touch with the server. Your songs stay here. Trying again.";
  },
  offline: ({ isPlaying }) =>
    isPlaying
      ? "This phone is offline. The music keeps playing here. Turn on Wi-Fi or mobile data; the rest follows by itself."
      : "This phone is offline. Turn on Wi-Fi or mobile data; the rest follows by itself.",
  "audio-interrupted": () => "This phone paused the sound. The others keep playing.",
  "clocks-disagree": ({ isOutvoted }) =>
    isOutvoted
      ? "This phone’s clock disagrees with the others: the server, or the way to it, tells it another time. It plays by theirs."
      : "The phones’ clocks disagree, and none can tell which is right: the server, or the way to it, tells them different times. All play by the one that runs the music.",
  "coarse-clock": ({ withinMs }) =>
    `This browser hides the exact time (its setting “resist fingerprinting”), so this phone may be ${withinMs} ms off. The music plays all the same.`,
  "clock-watch": () => "This phone is drifting a little. The music goes on while it finds its way back.",
  unreachable: ({ names, isEveryone, isBarred }) => {
    if (isBarred)
      return `Can’t reach ${format.list(names)} yet: this browser asks first. Allow this site to use the local network, in the prompt or beside the address. One of the two phones is enough.`;
    return isEveryone
      ? `Can’t reach ${format.list(names)} directly: this network or browser blocks phone-to-phone links. Another network helps, or adding the same song here.`
      : `Can’t reach ${format.list(names)} directly: this network may block phone-to-phone links. Songs come from the others instead.`;
  },
  refused: ({ reason }) =>
    refusals[reason] ?? "The server could not let this phone in. Try again in a minute.",
  insecure: () =>
    "This page came over plain http, so the screen may fall asleep. Keep it awake by hand, or ask the host for an https link.",
} satisfies ByCode<Banner>;

const error = errorWords(quotedFile);

const notice = {
  error: ({ error: code, fileName }) => error[code](fileName),
  "bad-piece": ({ name, fileName }) =>
    `A damaged piece of ${quoted(fileName)} from ${format.list([name])} was thrown away. Getting it again.`,
  "source-silent": ({ name, fileName }) =>
    `${format.list([name])} sends nothing of ${quoted(fileName)} just now. Getting it from the others.`,
  "link-unproven": ({ name }) =>
    `Something sits between this phone and ${format.list([name])}’s, so they were parted before anything was shared. Trying again.`,
  "peer-dropped": ({ name }) =>
    `${format.list([name])}’s phone sent something that made no sense. No songs are taken from it; the others go on.`,
  "director-changed": ({ name, isMe, formerName }) => {
    const now = isMe ? "You now run the music." : `${format.list([name])} now runs the music.`;
    return formerName ? `${format.list([formerName])} stepped back. ${now}` : now;
  },
  "output-changed": ({ outputName, isKnown }) => {
    if (outputName === null)
      return "The sound may go another way now. If this phone is late or early next to the others, move Speaker delay.";
    return isKnown
      ? `The sound comes from ${format.fence(outputName)} now. Its delay from last time is set again.`
      : `The sound comes from ${format.fence(outputName)} now, which was not lined up here before. Does it sound late? See Speaker delay.`;
  },
  "started-without": ({ names }) => `Started without ${format.list(names)}. They join once ready.`,
  joined: ({ name }) => `${format.list([name])} joined.`,
  left: ({ name }) => `${format.list([name])} left.`,
  measured: () => "The measurement is done: see how late each phone is under This speaker.",
  "lined-up": ({ name }) =>
    `${format.list([name])}’s microphone lined this phone up. Undo is under This speaker.`,
  "files-wait": () => "Kept for now. Your songs are added as soon as you join.",
  copied: () => "Copied.",
  "queue-refused": ({ refusal }) =>
    ({
      locked: "The queue is locked.",
      full: "The queue is full.",
      "too-many-of-one": "Fifty of your songs are in the queue: let some play first.",
      "not-yours": "Only who added it, or who runs the music, can do that.",
      "not-there": "That song is no longer to come.",
    })[refusal],
} satisfies ByCode<Notice>;

const sync = {
  tight: "tight",
  good: "good",
  loose: "loose",
  off: "off",
  unaligned: "may be off",
  unknown: "silent",
} satisfies Record<SyncWord, string>;

/** The second line, never announced: what counts (nobody wants every percent read out) and what helps. */
function figures(current: Status): string {
  if (current.code === "starting") return current.inSec > 0 ? `in ${format.number(current.inSec)} s` : "now";
  if (current.code === "waiting-for")
    return current.withoutInSec === null
      ? ""
      : `starts without them in ${format.number(current.withoutInSec)} s`;
  if (current.code === "cut-short") return short(current.shortage);
  if (current.code === "undecodable") return current.tooLong ? tooLong(current.tooLong) : whyNot(current);
  if (current.code !== "fetching") return "";
  const parts = [held(current.held)];
  if (current.sources.length > 0) parts.unshift(`from ${format.list(current.sources)}`);
  if (current.remainingSec !== null) parts.push(`ready in about ${wait(current.remainingSec)}`);
  return parts.join(" · ");
}

function whyNot({ format, reason }: Extract<Status, { code: "undecodable" }>): string {
  if (reason === "late" || reason === "failed")
    return "This phone ran out of time or memory for it. Play tries once more.";
  if (format === null) return "Converted to MP3, FLAC or WAV, it may play.";
  return isCommonFormat(format)
    ? `This ${format} may be damaged. Another copy may play.`
    : `It is ${format}. Converted to MP3, FLAC or WAV, it plays on more phones.`;
}

const held = ({ percent, sound }: Held): string =>
  sound
    ? `${format.position(sound.playableSec)} of ${format.position(sound.durationSec)} here`
    : format.percent(percent);

const short = ({ heardSec, wholeSec }: Shortage): string =>
  `only the first ${format.position(heardSec)} of ${format.position(wholeSec)} can be heard here`;

const tooLong = ({ durationSec, roomSec }: TooLong): string =>
  `This song is ${length(durationSec)} long; this device has memory for about ${length(roomSec)}.`;

const lastMinutes = (minutes: number): string =>
  format.plural(minutes, { one: "minute", other: `${format.number(minutes)} min` });

export const en = {
  language: "Language",
  product: {
    name: "Unisono",
    promise: "Every phone in the room, one loudspeaker.",
    privacy: "Songs go phone to phone. The server only introduces you and keeps time.",
  },
  how: "How?",
  tabs: { music: "Music", people: "People", phone: "This phone" },
  home: {
    invited: "You’re invited. One tap, and this phone plays along.",
    keyLabel: "Swarm key",
    keyHint: "Type the key, or paste the whole link.",
    join: "Join",
    joinInvited: "Join with sound",
    newSwarm: "New swarm",
    weakKey:
      "Easy to guess: whoever runs the server could find this key by trying. Fine for a test; a new swarm gets a strong one.",
    insecure:
      "This page came over plain http. Music works, but the screen may fall asleep and links must be copied by hand. Ask the host for an https link to have both.",
  },
  swarm: {
    people: (count: number) =>
      `${format.number(count)} ${format.plural(count, { one: "person", other: "people" })}`,
    connected: "Connected",
    connecting: "Connecting…",
    reconnecting: "Retrying…",
    invite: "Invite",
    leave: "Leave",
    title: "Swarm",
  },
  status: (current: Status) => phrase<Status>(status, current),
  help: (current: Help) => phrase<Help>(help, current),
  figures,
  banner: (current: Banner) => phrase<Banner>(banner, current),
  notice: (current: Notice) => phrase<Notice>(notice, current),
  error: (code: ErrorCode, fileName: string | null) => error[code](fileName),
  dismiss: "Dismiss",
  sound: {
    rejoin: "Tap to rejoin the music",
    returning:
      "This phone took the sound away. It comes back by itself as soon as the phone allows; the others keep playing.",
    held: "The sound is held back on this phone. The others keep playing.",
  },
  now: {
    title: "Now playing",
    time: format.position,
    stop: "Stop",
    startNow: "Start now",
    pause: "Pause",
    goOn: "Play",
    seek: "Position in the song",
    seekValue: (positionSec: number, durationSec: number) =>
      `${format.position(positionSec)} of ${format.position(durationSec)}`,
    back: "Back 10 seconds",
    forward: "Forward 10 seconds",
    player: "Player",
    previous: "Previous",
    next: "Next",
    repeat: { off: "Repeat: off", all: "Repeat: all", one: "Repeat: one" },
    tempo: "Tempo",
    tempoValue: format.percent,
    crossfade: "Crossfade",
    crossfadeValue: (sec: number) => (sec > 0 ? `${format.number(sec)} s` : "off"),
    loop: "Loop A–B",
    loopEnds: ["Loop from", "Loop to"],
    fineTime: format.finePosition,
  },
  queue: queueWords(format, length),
  files: {
    title: "Files",
    add: "Add files",
    drop: "Drop songs to add them for everyone.",
    limits: "Up to ten songs per person. MP3, FLAC and WAV play on most phones.",
    empty: "No songs yet. Add one from this phone; everyone gets a copy.",
    size: format.bytes,
    from: (names: readonly string[]) => `from ${format.list(names)}`,
    seeded: "seeded",
    held,
    remaining: (remainingSec: number) => `about ${wait(remainingSec)}`,
    waiting: "waiting for a source",
    off: "off on this phone",
    noRoom: "no room for it on this phone",
    lostWhole: "everyone who had all of it has left; what the others have still arrives",
    undecodable: (format: string | null) =>
      format === null ? "can’t be played here" : `can’t be played here: ${format}`,
    short,
    silentFor: (names: readonly string[]) => `${format.list(names)} can’t play it`,
    shortFor: (names: readonly string[]) => `${format.list(names)} can play only the beginning`,
    giveLittle: "Give little",
    giveLittleHint: (isGivingLittle: boolean) =>
      isGivingLittle
        ? "This phone passes songs on slowly, to spare its data. It gets them as fast as before."
        : "On a data plan? This phone can pass songs on slowly.",
    tooLong,
    fetching: (name: string) => `Getting ${name}`,
    enabled: "Enabled",
    enabledName: (name: string) => `Enabled: ${name}`,
    play: (name: string) => `Play ${name}`,
    playing: "playing",
    chosen: "up next",
    paused: "paused",
  },
  people: {
    title: "People",
    you: "you",
    director: "director",
    away: "away",
    relayed: "through a relay, still encrypted",
    unaligned: "this song could not be lined up here",
    ready: "ready",
    notLinked: "no direct link",
    unnamed: "Someone",
    sync,
    alone: "Only you so far. Invite the others: one scan, and their phones play along.",
    takeOver: "Take over",
    resign: "Resign",
    directing: "You run the music.",
    following: (directorName: string) => `${format.list([directorName])} runs the music.`,
    noDirector: "Nobody runs the music yet.",
    rename: "Change name",
    nameLabel: "Your name",
    save: "Save",
  },
  speaker: {
    title: "This speaker",
    label: "Speaker delay",
    hint: "Sounds late next to the others? Bluetooth speakers are. Turn on the click test, listen, and shift this phone until the clicks are one.",
    value: (delayMs: number) =>
      delayMs === 0 ? "no correction" : `plays ${format.milliseconds(delayMs, 0)} earlier`,
    late: "This phone is late",
    lateStep: "10 ms earlier",
    early: "This phone is early",
    earlyStep: "10 ms later",
    clickTest: "Click test",
    clicking: "Everyone’s phone clicks at the same moment.",
    volume: "Volume on this phone",
    volumeValue: (volume: number) => format.percent(100 * volume),
    glow: "Glow with the music",
    fineLate: "1 ms earlier",
    fineEarly: "1 ms later",
    typed: "Exact delay in milliseconds",
    reset: "No correction",
  },
  measure: calibrationWords(format, wait),
  details: {
    title: "Details",
    copy: "Copy diagnostics",
    copied: "Copied. No key and no address is in it.",
    copyFailed: "This browser does not let the page copy. An https link would.",
    ms: quantities.ms,
    rows: {
      control: "Server",
      clock: "Clock",
      uncertainty: "Clock uncertainty",
      rtt: "Shortest round trip",
      offset: "Clock offset",
      drift: "Clock drift",
      latency: "Output latency",
      links: "Links to others",
      sent: "Sent",
      received: "Received",
    },
    ppm: quantities.ppm,
    bytes: format.bytes,
    count: format.number,
    pieces: {
      title: "Who has which pieces",
      share: (share: number) => format.percent(Math.floor(100 * share)),
    },
    plots: {
      title: "This device, over time",
      people: "Playback error of the others",
      figures: {
        offsetMs: "Clock offset since the start",
        rttMs: "Round trip",
        playbackErrorMs: "Playback error",
        ratePpm: "Rate correction",
      },
      none: "nothing yet",
      silent: "none now",
      value: quantities.plotValue,
      range: (figure: PlotFigure, { from, to }: PlotRange, minutes: number) =>
        `${quantities.plotNumber(figure, from)} to ${quantities.plotValue(figure, to)} in the last ${lastMinutes(minutes)}`,
    },
    control: { idle: "idle", connecting: "connecting", open: "connected", retrying: "trying again" },
    clock: {
      unsynced: "not in step yet",
      coarse: "nearly in step",
      locked: "in step",
      stale: "needs a fresh look",
    },
  },
  invite: {
    title: "Invite",
    how: "Scan with a camera, or open the link on another phone.",
    qr: "QR code of the link into this swarm",
    qrFailed: "The QR code could not be drawn. The link below works just as well.",
    link: "Link",
    key: "Swarm key",
    copy: "Copy link",
    copied: "Copied.",
    copyFailed: "This browser does not let the page copy. The link is selected: copy it by hand.",
    share: "Share",
    close: "Close",
  },
  left: {
    title: "You left the swarm",
    refusedTitle: "You are not in the swarm",
    explain: "This phone is silent. The others keep playing, and the link still works.",
    joinAgain: "Join again",
    newSwarm: "New swarm",
  },
  heard: heardWords,
};

/** What another language must say: the same messages, told the same things, in words of its own. */
type InOtherWords<Said> = Said extends string
  ? string
  : Said extends (...told: infer Told) => infer Result
    ? (...told: Told) => InOtherWords<Result>
    : { readonly [Message in keyof Said]: InOtherWords<Said[Message]> };

export type Copy = InOtherWords<typeof en>;
