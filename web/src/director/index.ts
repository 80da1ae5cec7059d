// Who directs and what plays: the max-register, succession, and the start of a prepared file.

export { BEAT_PERIOD_MS, type Candidate, Director, type PlanChange, type Seat } from "./director.ts";
export { EMPTY_PLAN, MAX_PLAN_US, type Plan, type PlanState, positionUsAt } from "./plan.ts";
export { type Beat, compareBeats, compareRecords, type DirectorRecord } from "./register.ts";
export { decideStart, type Readiness, type StartDecision } from "./start-gate.ts";
export { LONGEST_WAIT_MS, STANDSTILL_MS, StartWait, UNSEEN_MS } from "./start-wait.ts";
