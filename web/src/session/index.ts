// A session in a swarm, from join to leave: its core, the shell around it, and what can be read of it as plain data.

export type { CalibrationFacts } from "./calibration.ts";
export type { CalibratedDevice, CalibrationBlocker, CalibrationFailure } from "./calibration-core.ts";
export { isBehindHeard, type PersonFacts, readFacts, type SessionFacts } from "./facts.ts";
export { type FileTrouble, troubleWith } from "./file-troubles.ts";
export type { SessionNews } from "./news.ts";
export type { NotReadyReason } from "./peer-message.ts";
export { cleanName } from "./person-name.ts";
export { SwarmSession } from "./session.ts";
export { type SyncWord, syncWord } from "./sync-word.ts";
