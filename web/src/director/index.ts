// Who directs and what plays: the max-register, succession, and the start of a prepared file.

export { type Candidate, Director, type DirectorRole, type PlanChange } from "./director.ts";
export { EMPTY_PLAN, type Plan, type PlanState, positionUsAt } from "./plan.ts";
export { compareHeartbeats, compareRecords, type DirectorRecord, type Heartbeat } from "./register.ts";
export { decideStart, type Readiness, type StartDecision } from "./start-gate.ts";
export { LONGEST_WAIT_MS, StartWait } from "./start-wait.ts";
