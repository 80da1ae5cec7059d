// Who directs and what plays: the max-register, succession, and the start of a prepared file.

export { type Candidate, Director, type DirectorRole, type PlanChange } from "./director.ts";
export { EMPTY_PLAN, type Plan, type PlanState, positionUsAt, type Repeat } from "./plan.ts";
export { currentAt, programme, programmeEndUs, type Song, type Stretch, upcoming } from "./programme.ts";
export {
  type Asking,
  applyRequest,
  compareStamps,
  EMPTY_QUEUE,
  isDone,
  isTakenOver,
  knownDurationUs,
  type Queue,
  type QueueEntry,
  type QueueOp,
  type QueueRefusal,
  type QueueRequest,
  type QueueStamp,
  type SkipReason,
  stamped,
  takeOut,
} from "./queue.ts";
export { compareHeartbeats, compareRecords, type DirectorRecord, type Heartbeat } from "./register.ts";
export { compareSerials, nextSerial } from "./serial.ts";
export { decideStart, type Readiness, type StartDecision } from "./start-gate.ts";
export { LONGEST_WAIT_MS, StartWait } from "./start-wait.ts";
