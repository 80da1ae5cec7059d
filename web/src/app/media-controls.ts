// The platform's own controls (lock screen, headset, notification): the song's name and place, and what may be done about
// them here. Android keeps a page with them alive in the background. Follows the View; decides nothing.

import type { FileId } from "../lib/index.ts";
import type { View } from "../view/index.ts";

export interface MediaPlatform {
  /** `navigator.mediaSession`; undefined where the browser has none. */
  readonly session: MediaSession | undefined;
  readonly makeMetadata: (init: MediaMetadataInit) => MediaMetadata;
}

const browserMedia = (): MediaPlatform => ({
  session: navigator.mediaSession as MediaSession | undefined,
  makeMetadata: (init) => new MediaMetadata(init),
});

/** What the controls may do here. Play brings a lost sound back before it starts anything for others. */
export interface MediaActions {
  stop(): void;
  pause(): void;
  play(fileId: FileId): void;
  seek(toSec: number): void;
  goNext(): void;
  goBack(): void;
  rejoinAudio(): void;
}

type Shown = Pick<
  View,
  "phase" | "nowPlaying" | "playerControls" | "programmeControls" | "canStop" | "needsTapToRejoin"
>;
type Handlers = Partial<Record<MediaSessionAction, (details: MediaSessionActionDetails) => void>>;

const ACTIONS = [
  "play",
  "pause",
  "stop",
  "seekto",
  "seekbackward",
  "seekforward",
  "nexttrack",
  "previoustrack",
] as const;
/** Where the system names no step. */
const STEP_SEC = 10;
/** The system counts on by itself; it is told anew this often, and when the song jumps or stops. */
const TOLD_EVERY_SEC = 10;

export class MediaControls {
  readonly #platform: MediaPlatform;
  readonly #actions: MediaActions;
  #shown = "";
  #place = "";

  constructor(actions: MediaActions, platform = browserMedia()) {
    this.#actions = actions;
    this.#platform = platform;
  }

  /** Call with every view; touches the platform only when something it shows has changed. */
  show(view: Shown): void {
    const { session, makeMetadata } = this.#platform;
    if (!session) return;
    const isJoined = view.phase === "joined";
    const playerControls = isJoined ? view.playerControls : null;
    const isSounding = isJoined && view.nowPlaying !== null;
    const song = isSounding || playerControls?.isPaused ? metadataOf(view, playerControls) : null;
    const isHeld = isJoined && view.needsTapToRejoin;
    this.#showPlace(session, playerControls, isSounding);
    const { canPause, canGoOn, canSeek, fileId } = playerControls ?? {};
    const { canGoNext, canGoBack } = view.programmeControls;
    const shown = JSON.stringify([
      song,
      isSounding,
      isHeld,
      view.canStop,
      canPause,
      canGoOn,
      canSeek,
      canGoNext,
      canGoBack,
      fileId,
    ]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    session.metadata = song && makeMetadata(song);
    session.playbackState = isSounding ? "playing" : isHeld || song !== null ? "paused" : "none";
    const handlers = this.#handlers(playerControls, isJoined && view.canStop, isHeld);
    if (playerControls && canGoNext) handlers.nexttrack = () => this.#actions.goNext();
    if (playerControls && canGoBack) handlers.previoustrack = () => this.#actions.goBack();
    for (const action of ACTIONS) handle(session, action, handlers[action] ?? null);
  }

  #handlers(playerControls: View["playerControls"], canStop: boolean, isHeld: boolean): Handlers {
    const handlers: Handlers = {};
    if (canStop) {
      handlers.stop = () => this.#actions.stop();
      handlers.pause = () => this.#actions.stop();
    }
    if (playerControls?.canPause) handlers.pause = () => this.#actions.pause();
    if (isHeld) handlers.play = () => this.#actions.rejoinAudio();
    else if (playerControls?.canGoOn) handlers.play = () => this.#actions.play(playerControls.fileId);
    if (playerControls?.canSeek) {
      const step = (sign: number) => (details: MediaSessionActionDetails) =>
        this.#actions.seek(this.#heardSec + sign * (details.seekOffset ?? STEP_SEC));
      handlers.seekto = ({ seekTime }) => this.#actions.seek(seekTime ?? 0);
      handlers.seekbackward = step(-1);
      handlers.seekforward = step(1);
    }
    return handlers;
  }

  #heardSec = 0;

  #showPlace(session: MediaSession, playerControls: View["playerControls"], isSounding: boolean): void {
    this.#heardSec = playerControls?.positionSec ?? 0;
    const durationSec = playerControls?.durationSec ?? null;
    const told = Math.floor(this.#heardSec / TOLD_EVERY_SEC);
    const place = durationSec === null ? "" : JSON.stringify([durationSec, told, isSounding]);
    if (place === this.#place) return;
    this.#place = place;
    if (durationSec === null) session.setPositionState?.();
    else
      session.setPositionState?.({ duration: durationSec, position: Math.min(durationSec, this.#heardSec) });
  }
}

/** What the tags say; a file without any is called by its name, and the product stands where the artist would. */
function metadataOf({ nowPlaying }: Shown, playerControls: View["playerControls"]): MediaMetadataInit | null {
  const title = playerControls?.title ?? nowPlaying?.name ?? playerControls?.name;
  if (title === undefined) return null;
  const album = playerControls?.album;
  const coverUrl = playerControls?.coverUrl;
  return {
    title,
    artist: playerControls?.artist ?? "Unisono",
    ...(album ? { album } : {}),
    ...(coverUrl ? { artwork: [{ src: coverUrl }] } : {}),
  };
}

function handle(
  session: MediaSession,
  action: MediaSessionAction,
  handler: ((details: MediaSessionActionDetails) => void) | null,
): void {
  try {
    session.setActionHandler(action, handler);
  } catch {
    // Firefox and Safari throw TypeError for an action they do not know ("stop" came late); the button is then absent.
  }
}
