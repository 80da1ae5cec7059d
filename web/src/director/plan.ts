// What plays: a pure function of global time, so that position needs nobody alive. Global µs of the clock `clockId`.

import type { FileId } from "../lib/index.ts";
import type { PlanState } from "../protocol/constants/director.gen.ts";

export type { PlanState };

export interface Plan {
  /** Term of the director who wrote it. */
  readonly term: number;
  /** Orders the plans of one term: a serial number, whose first follows that of the plan which its director found. */
  readonly rev: number;
  /** The server clock `globalStartUs` is in; "" while nothing was ever started. */
  readonly clockId: string;
  readonly fileId: FileId | null;
  readonly state: PlanState;
  /** At this global moment the file is at `positionUs`. Meaningful while playing. */
  readonly globalStartUs: number;
  readonly positionUs: number;
}

export const EMPTY_PLAN: Plan = {
  term: 0,
  rev: 0,
  clockId: "",
  fileId: null,
  state: "stopped",
  globalStartUs: 0,
  positionUs: 0,
};

/** Position in the file at a global moment of the plan's clock, µs; negative before the start. */
export const positionUsAt = (plan: Plan, globalUs: number): number =>
  plan.positionUs + (globalUs - plan.globalStartUs);
