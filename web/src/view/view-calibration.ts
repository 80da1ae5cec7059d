// What a person sees of lining up through a microphone. Pure.

import type { UserId } from "../lib/index.ts";
import type { CalibratedDevice, CalibrationFacts } from "../session/index.ts";
import type { AppliedCalibrationView, CalibratedDeviceView, CalibrationView } from "./calibration-view.ts";

type NameOf = (userId: UserId) => string;

/** What is left where nothing echoes and the clocks stand (docs/timing.md); five rounds that agree so well heard the same. */
const CLEAR_SPREAD_MS = 0.2;

export function viewCalibration(facts: CalibrationFacts, me: UserId, nameOf: NameOf): CalibrationView {
  const { state, notReadyReason, remainingSec, canApply } = facts;
  switch (state.code) {
    case "idle":
      return { code: "ready", notReadyReason, failure: state.failure };
    case "sounding":
      return {
        code: "sounding",
        isMe: state.listener === me,
        listenerName: nameOf(state.listener),
        remainingSec,
      };
    case "found":
      return {
        code: "found",
        devices: state.devices.map((device) => viewDevice(device, me, nameOf)),
        canApply,
        isApplied: state.isApplied,
      };
    default:
      return { code: state.code };
  }
}

export function viewAppliedCalibration(
  { correction }: CalibrationFacts,
  me: UserId,
  nameOf: NameOf,
): AppliedCalibrationView | null {
  if (!correction) return null;
  return { name: nameOf(correction.by), isMe: correction.by === me, delayMs: correction.delayMs };
}

function viewDevice(
  { userId, lateness, hasLeft }: CalibratedDevice,
  me: UserId,
  nameOf: NameOf,
): CalibratedDeviceView {
  const about = { userId, name: nameOf(userId), isMe: userId === me };
  if (hasLeft) return { ...about, heard: "left", lateMs: null };
  if (lateness.verdict !== "measured") return { ...about, heard: lateness.verdict, lateMs: null };
  const heard = lateness.spreadMs <= CLEAR_SPREAD_MS ? "clear" : "fair";
  return { ...about, heard, lateMs: lateness.lateMs };
}
