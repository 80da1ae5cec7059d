// What a player shows of the chosen song, and what its buttons do here (rules TR1–TR5). Pure; seconds into the file.

import type { SessionFacts } from "../session/index.ts";
import type { PlayerControlsView } from "./view.ts";

export function viewPlayerControls(facts: SessionFacts): PlayerControlsView | null {
  const { plan, playback } = facts;
  const file = facts.files.find((candidate) => candidate.fileId === plan.fileId);
  if (!file) return null;
  const isDirector = facts.directorId === facts.me;
  const isPaused = plan.state === "stopped";
  const durationSec = facts.loadedId === file.fileId ? playback.durationSec : null;
  const soundingSec = playback.state === "playing" && !isPaused ? playback.positionSec : null;
  return {
    fileId: file.fileId,
    name: file.name,
    title: facts.songWords?.title ?? null,
    artist: facts.songWords?.artist ?? null,
    album: facts.songWords?.album ?? null,
    coverUrl: facts.songWords?.coverUrl ?? null,
    positionSec: Math.max(0, soundingSec ?? plan.positionUs / 1e6),
    durationSec,
    loudness: durationSec === null ? null : facts.loudness,
    isPaused,
    canPause: isDirector && plan.state === "playing",
    canGoOn: isDirector && isPaused,
    canSeek: isDirector && durationSec !== null,
  };
}
