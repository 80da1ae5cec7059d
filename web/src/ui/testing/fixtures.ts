// One sample view for every state a person can meet: for the tests of the words and for the gallery of screens. Plain
// data; the people are called ada, bo and cy.

import type { EntryId, FileId, UserId } from "../../lib/index.ts";
import { EMPTY_VIEW } from "../../view/empty-view.ts";
import type {
  DetailsView,
  FigurePoint,
  FileView,
  PersonView,
  PlayerControlsView,
  QueueEntryView,
  QueueView,
  View,
} from "../../view/view.ts";

const MEGABYTE = 1_000_000;

const userId = (digit: string) => digit.repeat(32) as UserId;
const fileId = (digit: string) => digit.repeat(64) as FileId;

const details: DetailsView = {
  controlState: "open",
  clockState: "locked",
  uncertaintyMs: 0.42,
  rttMs: 8.3,
  offsetMs: -182_734.2,
  driftPpm: 11.6,
  outputLatencyMs: 42.7,
  links: 2,
  sentBytes: 0,
  receivedBytes: 6_200_000,
  history: lastMinutes(),
  pieces: [
    {
      fileId: fileId("1"),
      name: "Glass Harbour.flac",
      holders: [
        { userId: userId("a"), name: "Ada", share: 0.5, cells: [1, 1, 1, 0.5, 0.5, 0, 0, 0] },
        { userId: userId("b"), name: "Bo", share: 1, cells: [1, 1, 1, 1, 1, 1, 1, 1] },
      ],
    },
  ],
};

/** Four minutes in which a song began, a second probe was slow and the sound was lost for ten seconds. */
function lastMinutes(): FigurePoint[] {
  return Array.from({ length: 240 }, (_, second) => {
    const isSounding = second > 30 && !(second > 150 && second < 160);
    const errorMs = 0.9 * Math.exp(-Math.max(0, second - 160) / 12) * Math.sin(second / 3);
    return {
      atLocalMs: 1_000 * second,
      offsetMs: 0.011 * second + 0.04 * Math.sin(second / 7),
      rttMs: second % 37 === 0 ? 46 : 8 + 2 * Math.sin(second * 1.7),
      playbackErrorMs: isSounding ? errorMs : null,
      ratePpm: isSounding ? -errorMs * 100 : null,
      others: isSounding ? { [userId("b")]: 1.4 + errorMs / 2, [userId("c")]: -0.6 - errorMs } : {},
    };
  });
}

const ada: PersonView = {
  userId: userId("a"),
  name: "Ada",
  isMe: true,
  isDirector: false,
  isAway: false,
  isVisible: true,
  isLinked: true,
  isRelayed: false,
  isReady: false,
  syncErrorMs: null,
  sync: "unknown",
  role: "all",
  askedRole: null,
  isSilent: false,
};
const bo: PersonView = { ...ada, userId: userId("b"), name: "Bo", isMe: false };
const cy: PersonView = { ...bo, userId: userId("c"), name: "Cy" };

const song: FileView = {
  fileId: fileId("1"),
  rowId: fileId("1"),
  name: "Midnight Train to Ludwigshafen.mp3",
  title: "Midnight Train to Ludwigshafen",
  artist: "The Signal Boxes",
  coverUrl: null,
  sizeBytes: 8.4 * MEGABYTE,
  held: { percent: 100, sound: { playableSec: 214, durationSec: 214 } },
  isSeeded: true,
  isEnabled: true,
  isChosen: false,
  isPlaying: false,
  isPaused: false,
  offeredBy: ["Ada"],
  sources: [],
  remainingSec: null,
  isOverBudget: false,
  hasLostWhole: false,
  isDecodable: true,
  tooLong: null,
  format: null,
  shortage: null,
  silentFor: [],
  shortFor: [],
};
const arriving: FileView = {
  ...song,
  fileId: fileId("2"),
  rowId: fileId("2"),
  name: "Glass Harbour.flac",
  title: null,
  artist: null,
  sizeBytes: 31.2 * MEGABYTE,
  held: { percent: 43, sound: { playableSec: 95, durationSec: 228 } },
  isSeeded: false,
  offeredBy: ["Bo"],
  sources: ["Bo", "Cy"],
  remainingSec: 11.2,
  isDecodable: null,
};
const turnedOff: FileView = {
  ...arriving,
  fileId: fileId("3"),
  rowId: fileId("3"),
  name: "2024-06-14_live_recording_rooftop_session_second_set_unmastered_v7_final.wav",
  sizeBytes: 96.1 * MEGABYTE,
  held: { percent: 0, sound: null },
  isEnabled: false,
  sources: [],
  remainingSec: null,
  offeredBy: ["Cy"],
};

const entry = (digit: string, more: Partial<QueueEntryView>): QueueEntryView => ({
  entryId: digit.repeat(16) as EntryId,
  fileId: song.fileId,
  name: song.name,
  title: song.title,
  artist: song.artist,
  coverUrl: null,
  addedByName: "Ada",
  isMine: false,
  durationSec: 247,
  isCurrent: false,
  isOver: false,
  boosts: 0,
  isBoostedByMe: false,
  canBoost: true,
  canMove: true,
  canRemove: true,
  skipped: null,
  heldShare: 1,
  ...more,
});
/** As its director has it: what is over, what plays, what comes and what is passed over. */
const queue: QueueView = {
  entries: [
    entry("0", { title: "Paper Boats", artist: "Ada Lark", isOver: true, canBoost: false, canMove: false }),
    entry("1", { isMine: true, isCurrent: true, canBoost: false }),
    entry("2", {
      fileId: arriving.fileId,
      name: arriving.name,
      title: null,
      artist: null,
      addedByName: "Bo",
      durationSec: 185,
      boosts: 2,
      isBoostedByMe: true,
      heldShare: 0.43,
    }),
    entry("3", {
      title: "Harbour Lights, Slowly",
      artist: "Cy & the Tides",
      addedByName: "Cy",
      durationSec: 312,
    }),
    entry("4", {
      name: turnedOff.name,
      title: null,
      artist: null,
      addedByName: "Cy",
      durationSec: null,
      skipped: "nobody-has",
      heldShare: 0,
    }),
  ],
  planState: "playing",
  isLocked: false,
  canLock: true,
  canClear: true,
  cannotAdd: null,
  remainingSec: 642,
};

const tooLong = { durationSec: 11_520, roomSec: 2_410 };

const home: View = { ...EMPTY_VIEW, myName: "Ada", details };

const invited: View = { ...home, key: "K7QF-9TXM-2B4D" };
const swarm: View = {
  ...invited,
  phase: "joined",
  inviteLink: "https://unisono.example/#K7QF-9TXM-2B4D",
  isOnline: true,
};
const inStep = [
  { ...ada, isReady: true, sync: "tight", syncErrorMs: 0.1 },
  { ...bo, isReady: true, sync: "good", syncErrorMs: 9 },
  { ...cy, isReady: true, sync: "tight", syncErrorMs: 1.9 },
] as const;
const directing = ([me, ...others]: readonly PersonView[]): PersonView[] =>
  me ? [{ ...me, isDirector: true }, ...others] : [];

const playing: View = {
  ...swarm,
  people: directing(inStep),
  isDirector: true,
  canStop: true,
  files: [{ ...song, isChosen: true, isPlaying: true }, arriving, turnedOff],
  status: { code: "playing", fileName: song.name, directorName: "Ada", isDirector: true },
  nowPlaying: { name: song.name, durationSec: 247, positionSec: 102.4 },
  playerControls: {
    fileId: song.fileId,
    name: song.name,
    title: "Midnight Train to Ludwigshafen",
    artist: "The Signal Boxes",
    album: "Night Lines",
    coverUrl: null,
    positionSec: 102.4,
    durationSec: 247,
    loudness: Array.from(
      { length: 96 },
      (_, bar) => 0.35 + 0.3 * Math.sin(bar / 7) + 0.3 * Math.sin(bar * 2.3),
    ),
    isPaused: false,
    canPause: true,
    canGoOn: false,
    canSeek: true,
  },
};
/** Chosen, and not heard yet. */
const waiting: PlayerControlsView = {
  fileId: song.fileId,
  name: song.name,
  title: song.title,
  artist: song.artist,
  album: "Night Lines",
  coverUrl: null,
  positionSec: 0,
  durationSec: null,
  loudness: null,
  isPaused: false,
  canPause: false,
  canGoOn: false,
  canSeek: false,
};
const jukebox: View = {
  ...playing,
  queue,
  programmeControls: {
    ...EMPTY_VIEW.programmeControls,
    canChange: true,
    canGoNext: true,
    canGoBack: true,
  },
};
const following: View = {
  ...playing,
  people: inStep.map((person) => ({ ...person, isDirector: person.name === "Bo" })),
  isDirector: false,
  canStop: false,
  status: { code: "playing", fileName: song.name, directorName: "Bo", isDirector: false },
  playerControls: playing.playerControls && { ...playing.playerControls, canPause: false, canSeek: false },
};

export const fixtures = {
  home,
  "home-invited": invited,
  "home-weak-key-over-http": { ...home, key: "party", isKeyWeak: true, isSecureContext: false },
  "home-key-missing": {
    ...home,
    notice: { id: 1, notice: { code: "error", error: "key-empty", fileName: null } },
  },
  joining: { ...swarm, phase: "joining", isOnline: false, status: { code: "joining", stage: "server" } },
  "joining-for-long": {
    ...swarm,
    phase: "joining",
    isOnline: false,
    status: { code: "joining", stage: "server" },
    help: { code: "server-silent" },
  },
  alone: { ...swarm, people: directing([ada]), isDirector: true, status: { code: "alone" } },
  "asks-if-heard": {
    ...swarm,
    people: directing([ada]),
    isDirector: true,
    status: { code: "alone" },
    asksIfHeard: true,
  },
  "no-files": {
    ...swarm,
    people: directing([ada, bo, cy]),
    isDirector: true,
    status: { code: "no-files", others: 2 },
  },
  "ready-to-play": {
    ...swarm,
    people: directing([ada, bo, { ...cy, isAway: true }]),
    isDirector: true,
    files: [song, arriving],
    status: { code: "ready-to-play", isDirector: true, directorName: "Ada" },
    notice: { id: 2, notice: { code: "joined", name: "Cy" } },
  },
  fetching: {
    ...swarm,
    people: [ada, { ...bo, isDirector: true, isReady: true }, { ...cy, isReady: true }],
    files: [{ ...arriving, isChosen: true }],
    playerControls: {
      ...waiting,
      fileId: arriving.fileId,
      name: arriving.name,
      title: null,
      artist: null,
      album: null,
    },
    status: {
      code: "fetching",
      fileName: arriving.name,
      held: arriving.held,
      sources: arriving.sources,
      remainingSec: arriving.remainingSec,
    },
  },
  "waiting-for": {
    ...swarm,
    people: directing([{ ...ada, isReady: true }, { ...bo, isReady: true }, cy]),
    isDirector: true,
    canStop: true,
    canStartNow: true,
    playerControls: waiting,
    files: [{ ...song, isChosen: true }],
    status: { code: "waiting-for", names: ["Cy"], canStart: true, withoutInSec: 12 },
    help: { code: "others-wait", waits: [{ name: "Cy", notReadyReason: "fetching" }] },
  },
  starting: {
    ...playing,
    status: { code: "starting", fileName: song.name, inSec: 3 },
    nowPlaying: null,
    people: directing([ada, bo, cy].map((person) => ({ ...person, isReady: true }))),
  },
  playing,
  paused: {
    ...playing,
    canStop: false,
    nowPlaying: null,
    status: { code: "paused", fileName: song.name, directorName: "Ada", isDirector: true },
    people: directing([ada, bo, cy].map((person) => ({ ...person, isReady: true }))),
    files: [{ ...song, isChosen: true, isPaused: true }, arriving, turnedOff],
    playerControls: playing.playerControls && {
      ...playing.playerControls,
      isPaused: true,
      canPause: false,
      canGoOn: true,
    },
  },
  jukebox,
  "practice-room": {
    ...jukebox,
    programmeControls: {
      ...jukebox.programmeControls,
      repeat: "one",
      tempo: 70,
      crossfadeSec: 4,
      loopSec: [96.5, 112.25],
    },
  },
  "queue-to-start": {
    ...swarm,
    people: directing([ada, bo, cy]),
    isDirector: true,
    files: [song, arriving],
    status: { code: "ready-to-play", isDirector: true, directorName: "Ada" },
    queue: {
      ...queue,
      entries: queue.entries.slice(2).map((each) => ({ ...each, boosts: 0, isBoostedByMe: false })),
    },
    programmeControls: { ...jukebox.programmeControls, canGoBack: false },
  },
  "queue-of-a-guest": {
    ...following,
    programmeControls: { ...EMPTY_VIEW.programmeControls, repeat: "all", tempo: 90, crossfadeSec: 6 },
    queue: {
      ...queue,
      entries: queue.entries.map((each) => ({
        ...each,
        isMine: each.addedByName === "Cy",
        canMove: each.addedByName === "Cy",
        canRemove: each.addedByName === "Cy",
      })),
      isLocked: true,
      canLock: false,
      canClear: false,
      cannotAdd: "locked",
    },
  },
  following,
  "out-of-step": {
    ...following,
    people: following.people.map((person, index) => ({
      ...person,
      sync: (["loose", "tight", "off"] as const)[index] ?? "unknown",
      isLinked: person.name !== "Cy",
    })),
    banner: { code: "unreachable", names: ["Cy"], isEveryone: false, isBarred: false },
    speakerDelayMs: 120,
    isClickTestOn: true,
    notice: { id: 4, notice: { code: "output-changed", outputName: "Kitchen Boom", isKnown: false } },
  },
  calibration: {
    ...swarm,
    people: directing([ada, bo, cy]),
    files: [song],
    status: { code: "ready-to-play", isDirector: true, directorName: "Ada" },
    calibration: { code: "sounding", isMe: true, listenerName: "Ada", remainingSec: 12 },
  },
  measured: {
    ...swarm,
    people: directing([ada, bo, cy]),
    files: [song],
    status: { code: "ready-to-play", isDirector: true, directorName: "Ada" },
    appliedCalibration: { name: "Bo", isMe: false, delayMs: 35 },
    speakerDelayMs: 35,
    calibration: {
      code: "found",
      canApply: true,
      isApplied: false,
      devices: [
        { userId: ada.userId, name: "Ada", isMe: true, heard: "clear", lateMs: 0 },
        { userId: bo.userId, name: "Bo", isMe: false, heard: "fair", lateMs: 182.37 },
        { userId: cy.userId, name: "Cy", isMe: false, heard: "unheard", lateMs: null },
      ],
    },
  },
  "server-lost": {
    ...playing,
    isOnline: false,
    banner: { code: "server-lost", isPlaying: true, isDirecting: false },
  },
  "sound-lost": {
    ...following,
    needsTapToRejoin: true,
    nowPlaying: null,
    banner: { code: "audio-interrupted" },
    people: following.people.map((person) => (person.isMe ? { ...person, sync: "unknown" } : person)),
  },
  undecodable: {
    ...following,
    nowPlaying: null,
    files: [
      { ...arriving, isChosen: true, isSeeded: true, isDecodable: false, format: "Apple Lossless (ALAC)" },
    ],
    status: {
      code: "undecodable",
      fileName: arriving.name,
      tooLong: null,
      format: "Apple Lossless (ALAC)",
      reason: "refused",
      isAnyoneAble: true,
    },
    notice: { id: 3, notice: { code: "error", error: "file-not-audio", fileName: "notes.pdf" } },
  },
  "too-long": {
    ...following,
    nowPlaying: null,
    files: [
      { ...turnedOff, isEnabled: true, isChosen: true, isSeeded: true, isDecodable: false, tooLong },
      song,
    ],
    status: {
      code: "undecodable",
      fileName: turnedOff.name,
      tooLong,
      format: null,
      reason: "refused",
      isAnyoneAble: true,
    },
  },
  left: { ...swarm, phase: "left", isOnline: false },
  refused: { ...swarm, phase: "left", isOnline: false, banner: { code: "refused", reason: "taken-over" } },
} satisfies Readonly<Record<string, View>>;

export type FixtureName = keyof typeof fixtures;
