// How long a session took to get going: ms since the Join tap, null for what has not happened yet.

export interface Timings {
  controlOpenMs: number | null;
  clockLockedMs: number | null;
  firstPeerMs: number | null;
  firstSoundMs: number | null;
}

export const noTimings = (): Timings => ({
  controlOpenMs: null,
  clockLockedMs: null,
  firstPeerMs: null,
  firstSoundMs: null,
});
