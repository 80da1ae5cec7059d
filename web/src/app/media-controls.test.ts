import { describe, expect, it } from "vitest";
import type { FileId } from "../lib/index.ts";
import { EMPTY_VIEW } from "../view/empty-view.ts";
import type { PlayerControlsView } from "../view/view.ts";
import { MediaControls } from "./media-controls.ts";

const SONG = { name: "song.mp3", durationSec: 180, positionSec: 3 };
const songId = "5".repeat(64) as FileId;
const PLAYER_CONTROLS: PlayerControlsView = {
  fileId: songId,
  name: "song.mp3",
  title: null,
  artist: null,
  album: null,
  coverUrl: null,
  loudness: null,
  positionSec: 3,
  durationSec: 180,
  isPaused: false,
  canPause: true,
  canGoOn: false,
  canSeek: true,
};
const playing = {
  phase: "joined",
  nowPlaying: SONG,
  playerControls: PLAYER_CONTROLS,
  programmeControls: { ...EMPTY_VIEW.programmeControls, canGoNext: true, canGoBack: true },
  canStop: true,
  needsTapToRejoin: false,
} as const;

/** A media session that knows the given actions, and what was done by them. */
function lockScreen(...known: MediaSessionAction[]) {
  const handlers = new Map<string, ((details: Partial<MediaSessionActionDetails>) => void) | null>();
  const done: string[] = [];
  let writes = 0;
  const session = {
    metadata: null as { title?: string } | null,
    playbackState: "none",
    place: null as { position?: number } | null,
    setPositionState(place?: MediaPositionState) {
      writes += 1;
      session.place = place ?? null;
    },
    setActionHandler(action: MediaSessionAction, handler: (() => void) | null) {
      writes += 1;
      if (!known.includes(action)) throw new TypeError(action);
      handlers.set(action, handler);
    },
  };
  const controls = new MediaControls(
    {
      stop: () => done.push("stop"),
      pause: () => done.push("pause"),
      play: (fileId) => done.push(`play ${fileId.slice(0, 2)}`),
      seek: (toSec) => done.push(`seek ${toSec}`),
      goNext: () => done.push("next"),
      goBack: () => done.push("back"),
      rejoinAudio: () => done.push("rejoin"),
    },
    {
      session: session as unknown as MediaSession,
      makeMetadata: (init) => init as MediaMetadata,
    },
  );
  return { session, handlers, done, controls, writes: () => writes };
}

describe("the platform's controls", () => {
  it("name the song and pause it for who directs, whatever the platform knows", () => {
    const { session, handlers, done, controls } = lockScreen("play", "pause");
    controls.show(playing);
    expect(session).toMatchObject({ metadata: { title: "song.mp3" }, playbackState: "playing" });
    handlers.get("pause")?.({});
    expect(done).toEqual(["pause"]);
    controls.show({ ...playing, canStop: false, playerControls: { ...PLAYER_CONTROLS, canPause: false } });
    expect(handlers.get("pause")).toBeNull();
  });

  it("say what the song's tags say, with its cover", () => {
    const { session, controls } = lockScreen("play", "pause");
    const playerControls = { ...PLAYER_CONTROLS, title: "Glass Harbour", artist: "Ada", coverUrl: "blob:1" };
    controls.show({ ...playing, playerControls });
    expect(session.metadata).toEqual({ title: "Glass Harbour", artist: "Ada", artwork: [{ src: "blob:1" }] });
  });

  it("go on with a paused song, and keep its name and place", () => {
    const { session, handlers, done, controls } = lockScreen("play", "pause", "stop");
    const playerControls = { ...PLAYER_CONTROLS, isPaused: true, canPause: false, canGoOn: true };
    controls.show({ ...playing, nowPlaying: null, canStop: false, playerControls });
    expect(session).toMatchObject({ metadata: { title: "song.mp3" }, playbackState: "paused" });
    expect(session.place).toEqual({ duration: 180, position: 3 });
    handlers.get("play")?.({});
    expect(done).toEqual(["play 55"]);
  });

  it("seek where the song is known and this person directs", () => {
    const { handlers, done, controls } = lockScreen("play", "pause", "seekto", "seekbackward", "seekforward");
    controls.show(playing);
    controls.show({ ...playing, playerControls: { ...PLAYER_CONTROLS, positionSec: 30 } });
    handlers.get("seekto")?.({ seekTime: 61 });
    handlers.get("seekforward")?.({});
    handlers.get("seekbackward")?.({ seekOffset: 5 });
    expect(done).toEqual(["seek 61", "seek 40", "seek 25"]);
    controls.show({ ...playing, playerControls: { ...PLAYER_CONTROLS, canSeek: false } });
    expect(handlers.get("seekto")).toBeNull();
  });

  it("bring a lost sound back by play, and only then", () => {
    const { session, handlers, done, controls } = lockScreen("play", "pause", "stop");
    controls.show(playing);
    expect(handlers.get("play")).toBeNull();
    controls.show({ ...playing, nowPlaying: null, needsTapToRejoin: true });
    expect(session.playbackState).toBe("paused");
    handlers.get("play")?.({});
    expect(done).toEqual(["rejoin"]);
  });

  it("forget the song when the swarm is left, and are not touched for a passing second", () => {
    const { session, handlers, controls, writes } = lockScreen("play", "pause", "stop");
    controls.show(playing);
    const before = writes();
    controls.show({
      ...playing,
      nowPlaying: { ...SONG, positionSec: 4 },
      playerControls: { ...PLAYER_CONTROLS, positionSec: 4 },
    });
    expect(writes()).toBe(before);
    controls.show({ ...playing, phase: "left" });
    expect(session).toMatchObject({ metadata: null, playbackState: "none" });
    expect(handlers.get("stop")).toBeNull();
  });
});
