// What the screens show before anything is known.

import type { DetailsView, View } from "./view.ts";

export const NO_COURSE: Pick<DetailsView, "history" | "pieces"> = { history: [], pieces: [] };

const NO_DETAILS: DetailsView = {
  controlState: "idle",
  clockState: "unsynced",
  uncertaintyMs: null,
  rttMs: null,
  offsetMs: null,
  driftPpm: null,
  outputLatencyMs: null,
  links: 0,
  sentBytes: 0,
  receivedBytes: 0,
  ...NO_COURSE,
};

export const EMPTY_VIEW: View = {
  phase: "home",
  key: "",
  isKeyWeak: false,
  inviteLink: "",
  myName: "",
  status: { code: "joining", stage: "key" },
  help: null,
  banner: null,
  notice: null,
  isSecureContext: true,
  isOnline: false,
  people: [],
  files: [],
  isDirector: false,
  canStop: false,
  canStartNow: false,
  needsTapToRejoin: false,
  nowPlaying: null,
  playerControls: null,
  programmeControls: {
    repeat: "off",
    tempo: 100,
    crossfadeSec: 0,
    loopSec: null,
    canGoNext: false,
    canGoBack: false,
    canChange: false,
  },
  queue: {
    entries: [],
    isLocked: false,
    canLock: false,
    canClear: false,
    cannotAdd: null,
    remainingSec: null,
  },
  volume: 1,
  asksIfHeard: false,
  speakerDelayMs: 0,
  roleHere: { role: "all", channels: null, asked: null },
  trim: { gainDb: 0, bassDb: 0, trebleDb: 0 },
  isClickTestOn: false,
  calibration: { code: "ready", notReadyReason: null, failure: null },
  appliedCalibration: null,
  distance: null,
  isGivingLittle: false,
  details: NO_DETAILS,
};
