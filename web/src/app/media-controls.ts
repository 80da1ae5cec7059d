// The platform's own controls (lock screen, headset, notification): the song's name, and play and stop where they can do
// something. Android keeps a page with them alive in the background. Follows the View; decides nothing.

import type { View } from "./view.ts";

export interface MediaGround {
  /** `navigator.mediaSession`; undefined where the browser has none. */
  readonly session: MediaSession | undefined;
  readonly makeMetadata: (init: MediaMetadataInit) => MediaMetadata;
}

export const browserMedia = (): MediaGround => ({
  session: navigator.mediaSession as MediaSession | undefined,
  makeMetadata: (init) => new MediaMetadata(init),
});

/** What the controls may do here. Play brings a lost sound back; it starts nothing for others. */
export interface MediaActions {
  stop(): void;
  rejoinAudio(): void;
}

type Shown = Pick<View, "phase" | "nowPlaying" | "canStop" | "needsTapToRejoin">;

export class MediaControls {
  readonly #ground: MediaGround;
  readonly #actions: MediaActions;
  #shown = "";

  constructor(actions: MediaActions, ground = browserMedia()) {
    this.#actions = actions;
    this.#ground = ground;
  }

  /** Call with every view; touches the platform only when something it shows has changed. */
  show({ phase, nowPlaying, canStop, needsTapToRejoin }: Shown): void {
    const { session, makeMetadata } = this.#ground;
    if (!session) return;
    const title = phase === "joined" ? (nowPlaying?.name ?? null) : null;
    const isHeld = phase === "joined" && needsTapToRejoin;
    const canStopHere = phase === "joined" && canStop;
    const shown = JSON.stringify([title, isHeld, canStopHere]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    session.metadata = title === null ? null : makeMetadata({ title, artist: "Unisono" });
    session.playbackState = title !== null ? "playing" : isHeld ? "paused" : "none";
    const stop = canStopHere ? () => this.#actions.stop() : null;
    this.#handle(session, "stop", stop);
    this.#handle(session, "pause", stop);
    this.#handle(session, "play", isHeld ? () => this.#actions.rejoinAudio() : null);
  }

  #handle(session: MediaSession, action: MediaSessionAction, handler: (() => void) | null): void {
    try {
      session.setActionHandler(action, handler);
    } catch {
      // Firefox and Safari throw TypeError for an action they do not know ("stop" came late); the button is then absent.
    }
  }
}
