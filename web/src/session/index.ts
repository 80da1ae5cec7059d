// A session in a swarm, from join to leave: its core, the shell around it, and what can be read of it as plain data.

export { applyRequest, type QueueEntry, type QueueRefusal, upcoming } from "../director/index.ts";
export type { CalibrationFacts } from "./calibration.ts";
export type { CalibratedDevice, CalibrationBlocker, CalibrationFailure } from "./core/calibration-core.ts";
export type { DistanceFailure } from "./core/distance-core.ts";
export { type FileTrouble, troubleWith } from "./core/file-troubles.ts";
export type { SessionNews } from "./core/news.ts";
export type { NotReadyReason } from "./core/peer-message.ts";
export { cleanName } from "./core/person-name.ts";
export { type SyncWord, syncWord } from "./core/sync-word.ts";
export type { DistanceFacts } from "./distance-seat.ts";
export { isBehindHeard, type PersonFacts, readFacts, type SessionFacts } from "./facts.ts";
export { SwarmSession } from "./session.ts";
