// The English words for lining up through a microphone, and the typed list of them for the other languages. Apart from the
// others for their length only; what a sentence promises is said in ../en.ts.

import type { AppliedCalibrationView, CalibratedDeviceView, CalibrationView } from "../../../view/index.ts";
import type { Format } from "../format.ts";
import type { Quantities } from "../quantities.ts";

type Sounding = Extract<CalibrationView, { code: "sounding" }>;

export const calibrationWords = (format: Format, wait: Quantities["wait"]) => ({
  title: "Measure instead of listening",
  consent:
    "One phone listens through its microphone while every phone chirps in turn, about five seconds for each. What it hears stays on it and is forgotten at once. Keep it about as far from all of them, and the room quiet.",
  start: "Measure with this phone’s microphone",
  stop: "Stop measuring",
  close: "Close",
  insecure: "Measuring with the microphone takes an https link.",
  notReadyReason: {
    alone: "It takes a second phone.",
    music: "Stop the music first: chirps and songs do not go together.",
    clock: "This phone is still getting in step.",
  },
  failure: {
    denied:
      "The microphone was not allowed, so nothing was measured. Allow it for this page in the browser’s settings, or measure with another phone.",
    missing: "No microphone was found here, or another app holds it. Another phone can measure.",
    music: "The music began, so the measurement was stopped. Nothing has changed.",
    clock: "The server changed on the way, so the measurement was stopped. Nothing has changed; try again.",
    broken: "Measuring did not work on this phone. Nothing has changed; another phone may do it.",
  },
  asking: "The browser asks whether this page may use the microphone.",
  sounding: ({ isMe, listenerName, remainingSec }: Sounding) =>
    isMe
      ? `Listening for ${wait(remainingSec)}. Keep the room quiet.`
      : `${format.list([listenerName])}’s phone listens while every phone chirps, for ${wait(remainingSec)}. Keep the room quiet.`,
  reckoning: "Working it out…",
  caption: "How late each phone is, and how well it was heard",
  late: (lateMs: number) => format.milliseconds(lateMs, 1),
  heard: {
    clear: "clear",
    fair: "fair",
    unsteady: "unsteady",
    unheard: "not heard",
    left: "left",
  } satisfies Record<CalibratedDeviceView["heard"], string>,
  missed: {
    unheard:
      "Not heard: turn its volume up, check its silent switch and bring it closer. Its delay stays as it is.",
    unsteady: "Unsteady: it moved, or something else made a noise. Its delay stays as it is.",
  },
  apply: "Line all phones up",
  applied: "Done: each phone plays earlier by what it was late.",
  nothing: "There is nothing to change.",
  appliedCalibration: ({ name, isMe, delayMs }: AppliedCalibrationView) =>
    `Lined up by ${isMe ? "this phone’s" : `${format.list([name])}’s`} microphone: plays ${format.milliseconds(delayMs, 0)} earlier.`,
  undo: "Undo",
});

export type CalibrationWords = typeof calibrationWords;
