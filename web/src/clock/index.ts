// Global time on this device: probes → offset and drift → a clock that playback can trust.

export type { Activity } from "./cadence.ts";
export { type OffsetEstimate, OffsetEstimator } from "./offset-estimator.ts";
export { type Disagreement, PeerComparison } from "./peer-comparison.ts";
export { PlaybackClock, type PlaybackClockState, type PlaybackClockVerdict } from "./playback-clock.ts";
export type { Probe } from "./probe.ts";
export { type ClockState, type Pong, SyncedClock } from "./synced-clock.ts";
