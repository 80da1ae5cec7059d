import { describe, expect, it } from "vitest";
import { MediaControls } from "./media-controls.ts";

const SONG = { name: "song.mp3", durationSec: 180, positionSec: 3 };
const playing = { phase: "joined", nowPlaying: SONG, canStop: true, needsTapToRejoin: false } as const;

/** A media session that knows the given actions, and what was done by them. */
function lockScreen(...known: MediaSessionAction[]) {
  const handlers = new Map<string, (() => void) | null>();
  const done: string[] = [];
  let writes = 0;
  const session = {
    metadata: null as { title?: string } | null,
    playbackState: "none",
    setActionHandler(action: MediaSessionAction, handler: (() => void) | null) {
      writes += 1;
      if (!known.includes(action)) throw new TypeError(action);
      handlers.set(action, handler);
    },
  };
  const controls = new MediaControls(
    { stop: () => done.push("stop"), rejoinAudio: () => done.push("rejoin") },
    {
      session: session as unknown as MediaSession,
      makeMetadata: (init) => init as MediaMetadata,
    },
  );
  return { session, handlers, done, controls, writes: () => writes };
}

describe("the platform's controls", () => {
  it("name the song and stop it for who directs, whatever the platform knows", () => {
    const { session, handlers, done, controls } = lockScreen("play", "pause");
    controls.show(playing);
    expect(session).toMatchObject({ metadata: { title: "song.mp3" }, playbackState: "playing" });
    handlers.get("pause")?.();
    expect(done).toEqual(["stop"]);
    controls.show({ ...playing, canStop: false });
    expect(handlers.get("pause")).toBeNull();
  });

  it("bring a lost sound back by play, and only then", () => {
    const { session, handlers, done, controls } = lockScreen("play", "pause", "stop");
    controls.show(playing);
    expect(handlers.get("play")).toBeNull();
    controls.show({ ...playing, nowPlaying: null, needsTapToRejoin: true });
    expect(session.playbackState).toBe("paused");
    handlers.get("play")?.();
    expect(done).toEqual(["rejoin"]);
  });

  it("forget the song when the swarm is left, and are not touched for a passing second", () => {
    const { session, handlers, controls, writes } = lockScreen("play", "pause", "stop");
    controls.show(playing);
    const before = writes();
    controls.show({ ...playing, nowPlaying: { ...SONG, positionSec: 4 } });
    expect(writes()).toBe(before);
    controls.show({ ...playing, phase: "left" });
    expect(session).toMatchObject({ metadata: null, playbackState: "none" });
    expect(handlers.get("stop")).toBeNull();
  });
});
