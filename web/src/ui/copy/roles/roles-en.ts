// The English words of the roles, and the typed list of them for the other languages. Fetched with what is drawn of them.

import type { Role } from "../../../view/index.ts";
import { makeFormat } from "../format.ts";
import { decibels } from "./decibels.ts";
import { metres } from "./metres.ts";

const format = makeFormat("en-GB");

const roles: Readonly<Record<Role, string>> = {
  all: "Everything",
  left: "Left",
  right: "Right",
  low: "Low",
  "without-low": "Without low",
  "front-left": "Front left",
  "front-right": "Front right",
  centre: "Centre",
  lfe: "Low effects",
  "surround-left": "Surround left",
  "surround-right": "Surround right",
  "back-left": "Back left",
  "back-right": "Back right",
  "back-centre": "Back centre",
};

const hints: Partial<Readonly<Record<Role, string>>> = {
  all: "This phone plays the whole sound.",
  left: "Only the left side: put this phone on the left.",
  right: "Only the right side: put this phone on the right.",
  low: "Only the bass: for a loudspeaker that is good at it.",
  "without-low": "All but the bass: for a small loudspeaker beside one that plays Low.",
};

export const roleWords = {
  title: "Role",
  roles,
  hint: (role: Role) => hints[role] ?? "Only this channel of a song that has it.",
  plays: (role: Role) => `plays ${roles[role]}`,
  asked: (role: Role) => `asked to play ${roles[role]}`,
  roleOf: (name: string) => `Role of ${format.fence(name)}`,
  ask: (name: string, role: Role) => `${format.list([name])} asks this phone to play ${roles[role]}.`,
  askHint:
    "If you allow it, whoever runs the music may change it until you leave. You can always choose for yourself under This phone.",
  allow: "Allow",
  notNow: "Not now",
  spread: "Spread the room",
  spreadHint: "Gives each phone a part: left, right, and with three of them low.",
  undo: "Undo spread",
  room: (parts: readonly string[]) => `Who plays what: ${format.list(parts)}.`,
  part: (name: string, role: Role) => `${format.list([name])} ${roles[role]}`,
  tone: "Tone of this loudspeaker",
  bass: "Bass",
  treble: "Treble",
  gain: "Gain",
  decibels: (valueDb: number) => decibels(format, valueDb),
  distance: {
    title: "How far apart the phones are",
    hint: "An experiment: this phone and another chirp in turn for ten seconds, and both listen through their microphones. What they hear stays on each; they only tell each other when it came. Keep the room quiet.",
    measure: (name: string) => `Measure the distance to ${format.fence(name)}`,
    of: (name: string, distanceM: number, uncertaintyM: number) =>
      `Distance to ${format.fence(name)}: ${metres(format, distanceM)}\u00a0± ${metres(format, uncertaintyM)}`,
    nobody: "It takes another phone with this page on its screen.",
    asks: (name: string) => `${format.list([name])} asks how far apart your two phones are.`,
    asksHint:
      "If you allow it, both phones chirp in turn for ten seconds, and this one listens through its microphone. What it hears stays on it and is forgotten at once.",
    waiting: (name: string) => `Waiting for ${format.list([name])} to allow it.`,
    ready: "Both phones are about to chirp.",
    failure: {
      declined: (name: string) => `${format.list([name])} does not want to now.`,
      busy: (name: string) => `${format.list([name])}’s phone is measuring already. Try again in a moment.`,
      microphone: (name: string) =>
        `${format.list([name])}’s phone has no microphone that this page may use.`,
      stopped: (name: string) => `The measurement was stopped on ${format.list([name])}’s phone.`,
      silent: (name: string) =>
        `${format.list([name])}’s phone did not answer in time. Is this page on its screen?`,
      left: (name: string) => `${format.list([name])} is not here any more.`,
      unheard: (_name: string) =>
        "The phones did not hear each other well enough. Make both louder, or put them nearer, and try again.",
      unsteady: (_name: string) =>
        "What was heard differs too much from chirp to chirp. Leave both phones where they are, and try again.",
    },
  },
};

export type RoleWords = typeof roleWords;
