// What plays: a pure function of global time, so that position needs nobody alive. Global µs of the clock `clockId`.

import type { EntryId, FileId } from "../lib/index.ts";
import type { PlanState, Repeat } from "../protocol/constants/director.gen.ts";

export type { PlanState, Repeat };

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
  /** The entry of the queue that the file is played for. */
  readonly entryId: EntryId | null;
  readonly repeat: Repeat;
  /** From and to in the song, of the current entry. */
  readonly loopUs: readonly [fromUs: number, toUs: number] | null;
  /** Per cent of the song's own pace. */
  readonly tempo: number;
  readonly crossfadeMs: number;
}

export const EMPTY_PLAN: Plan = {
  term: 0,
  rev: 0,
  clockId: "",
  fileId: null,
  state: "stopped",
  globalStartUs: 0,
  positionUs: 0,
  entryId: null,
  repeat: "off",
  loopUs: null,
  tempo: 100,
  crossfadeMs: 0,
};

/** Position in the file, without loops and what follows it (programme.ts), at a global moment of the plan's clock, µs; negative before the start. */
export const positionUsAt = (plan: Plan, globalUs: number): number =>
  plan.positionUs + ((globalUs - plan.globalStartUs) * plan.tempo) / 100;
