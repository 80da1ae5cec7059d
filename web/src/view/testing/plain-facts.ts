// Plain facts for the tests of what people see: ada (this device) and bo, who directs; nothing plays.

import { EMPTY_PLAN, EMPTY_QUEUE } from "../../director/index.ts";
import type { FileId, UserId } from "../../lib/index.ts";
import type { PersonFacts, SessionFacts } from "../../session/facts.ts";
import type { FileState } from "../../transfer/index.ts";

export const id = (letter: string) => letter.repeat(32) as UserId;
export const songId = "5".repeat(64) as FileId;

export const person = (name: string, overrides: Partial<PersonFacts> = {}): PersonFacts => ({
  userId: id(name.charAt(0)),
  name,
  isMe: name === "ada",
  isAway: false,
  isVisible: true,
  isReady: true,
  isUnable: false,
  troubles: [],
  notReadyReason: null,
  syncErrorMs: null,
  uncertaintyMs: 0,
  isUnaligned: false,
  link: "open",
  isRelayed: false,
  role: "all",
  askedRole: null,
  ...overrides,
});

export const song = (overrides: Partial<FileState> = {}): FileState => ({
  fileId: songId,
  name: "Song.mp3",
  sizeBytes: 1_000,
  heldBytes: 1_000,
  seeded: true,
  enabled: true,
  offeredBy: [id("b")],
  sources: [],
  remainingSec: null,
  isOverBudget: false,
  isWholeSomewhere: true,
  ...overrides,
});

/** Ada and bo, bo directs, nothing plays. What arrives still is not loaded. */
export const facts = (overrides: Partial<SessionFacts> = {}): SessionFacts => ({
  me: id("a"),
  control: "open",
  nodeId: "n1",
  clockState: "locked",
  estimate: null,
  clockStepMs: 0,
  disagreement: null,
  lastRttMs: null,
  verdict: null,
  directorId: id("b"),
  term: 1,
  plan: EMPTY_PLAN,
  queue: EMPTY_QUEUE,
  programmeEndsInSec: null,
  people: [person("ada"), person("bo")],
  files: [song()],
  refusals: new Map(),
  shortages: new Map(),
  playable: new Map(),
  windowSec: null,
  loadedId: overrides.files?.some(({ seeded }) => !seeded) ? null : songId,
  songWords: null,
  isDecoding: false,
  missing: [],
  withoutInMs: null,
  playback: {
    state: "idle",
    positionSec: null,
    errorMs: null,
    uncertaintyMs: null,
    ratePpm: null,
    outputLatencyMs: null,
    startMs: 500,
    durationSec: null,
    decodedSec: null,
    decodeOffsetMs: null,
    rejoins: 0,
    lateSegments: 0,
    needsTap: false,
    queuedSec: null,
  },
  startsInSec: null,
  speakerDelayMs: 0,
  role: "all",
  askedRole: null,
  channels: null,
  songs: new Map(),
  loudness: null,
  isClicking: false,
  calibration: {
    state: { code: "idle", failure: null },
    notReadyReason: null,
    remainingSec: 0,
    canApply: false,
    correction: null,
  },
  isGivingLittle: false,
  pace: { bytesPerSec: 500_000, queueMs: null },
  totals: { sentBytes: 0, receivedBytes: 0, duplicateBytes: 0, badPieces: 0, links: 1 },
  timings: { controlOpenMs: null, clockLockedMs: null, firstPeerMs: null, firstSoundMs: null },
  ...overrides,
});
