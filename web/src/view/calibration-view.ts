// What a person sees of lining loudspeakers up through a microphone, as plain data: a part of view.ts, made by view-calibration.ts.

import type { UserId } from "../lib/index.ts";
import type { CalibrationBlocker, CalibrationFailure } from "../session/index.ts";

/** Lining all up through one microphone: this device's or another's. */
export type CalibrationView =
  | {
      readonly code: "ready";
      readonly notReadyReason: CalibrationBlocker | null;
      /** Why the last one came to nothing. */
      readonly failure: CalibrationFailure | null;
    }
  | { readonly code: "asking" }
  | { readonly code: "reckoning" }
  | {
      readonly code: "sounding";
      readonly isMe: boolean;
      readonly listenerName: string;
      readonly remainingSec: number;
    }
  | {
      readonly code: "found";
      readonly devices: readonly CalibratedDeviceView[];
      readonly canApply: boolean;
      readonly isApplied: boolean;
    };

export interface CalibratedDeviceView {
  readonly userId: UserId;
  readonly name: string;
  readonly isMe: boolean;
  readonly heard: "clear" | "fair" | "unsteady" | "unheard" | "left";
  /** Against the earliest; null where it was not measured. */
  readonly lateMs: number | null;
}

/** By whose calibration this device's speaker delay is what it is. */
export interface AppliedCalibrationView {
  readonly name: string;
  readonly isMe: boolean;
  readonly delayMs: number;
}
