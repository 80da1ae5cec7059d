// What the screens show before anything is known.

import type { View } from "./view.ts";
import { NO_DETAILS } from "./view-model.ts";

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
  transport: null,
  volume: 1,
  asksIfHeard: false,
  speakerDelayMs: 0,
  isClickTestOn: false,
  measuring: { code: "ready", hindrance: null, failure: null },
  linedUp: null,
  isGivingLittle: false,
  details: NO_DETAILS,
};
