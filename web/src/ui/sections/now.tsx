// What plays: the strings, the place in the song, and the acts that fit now. The status sentence above names the song.

import { useMemo } from "preact/hooks";
import type { PlayerControlsView } from "../../view/index.ts";
import { words } from "../copy/index.ts";
import { Glyph } from "../glyphs.tsx";
import { SeekSlider } from "../parts/seek-slider.tsx";
import { useSpaceKey } from "../parts/space-key.ts";
import type { ScreenProps } from "../screen-props.ts";
import { useSlice } from "../slice.ts";
import { Strings } from "../strings.tsx";

/** The step of the buttons beside Pause; the words say it. */
const STEP_SEC = 10;

export function Now({ view, actions }: ScreenProps) {
  const { strings, figures, isPlaying, isComing, canStop, canStartNow, playerControls } = useSlice(
    view,
    (v) => ({
      strings: v.people.map(({ isMe, sync }) => ({ isMe, sync })),
      figures: words.figures(v.status),
      isPlaying: v.nowPlaying !== null,
      isComing: v.status.code === "starting" || v.status.code === "entering",
      canStop: v.canStop,
      canStartNow: v.canStartNow,
      playerControls: v.playerControls && withoutPlace(v.playerControls),
    }),
  );
  // Also while it counts down or enters: the picture is made before the first note, and nothing jumps when somebody seeks.
  const isShown = isPlaying || isComing || playerControls?.isPaused;
  const fileId = playerControls?.canGoOn ? playerControls.fileId : null;
  const canPause = playerControls?.canPause === true;
  const onSpace = useMemo(() => {
    if (fileId !== null) return () => actions.play(fileId);
    return canPause ? () => actions.pause() : null;
  }, [actions, fileId, canPause]);
  useSpaceKey(onSpace);
  return (
    <section class="now" aria-label={words.now.title}>
      {figures && <p class="figures">{figures}</p>}
      {isShown && playerControls && <Song {...playerControls} />}
      <Strings strings={strings} />
      {isShown && <Position view={view} actions={actions} />}
      {(canStop || canStartNow || isShown) && (
        <div class="transport">
          {canStartNow && (
            <button type="button" class="button button-big button-primary" onClick={() => actions.startNow()}>
              <Glyph name="play" />
              {words.now.startNow}
            </button>
          )}
          {isShown && playerControls?.canSeek && <Step view={view} actions={actions} sign={-1} />}
          {canPause && (
            <button type="button" class="button button-big" onClick={() => actions.pause()}>
              <Glyph name="pause" />
              {words.now.pause}
            </button>
          )}
          {fileId !== null && (
            <button
              type="button"
              class="button button-big button-primary"
              onClick={() => actions.play(fileId)}
            >
              <Glyph name="play" />
              {words.now.goOn}
            </button>
          )}
          {isShown && playerControls?.canSeek && <Step view={view} actions={actions} sign={1} />}
          {!playerControls?.isPaused && (
            <button
              type="button"
              class={canStop ? "button button-big" : "button"}
              disabled={!canStop}
              onClick={() => actions.stop()}
            >
              <Glyph name="stop" />
              {words.now.stop}
            </button>
          )}
          {!canStop && !playerControls?.isPaused && <p class="hint">{words.now.stopHint}</p>}
        </div>
      )}
    </section>
  );
}

/** All that the song calls itself; the status sentence has the title, or the file's name where there is none. */
function Song({ title, artist, album, coverUrl }: Omit<PlayerControlsView, "positionSec">) {
  const by = [artist, album].filter((text) => text !== null);
  if (title === null && by.length === 0 && coverUrl === null) return null;
  return (
    <div class="song">
      {coverUrl !== null && <img class="cover" src={coverUrl} alt="" width={96} height={96} />}
      <div class="song-words">
        {title !== null && (
          <p class="song-title" dir="auto">
            {title}
          </p>
        )}
        {by.length > 0 && (
          <p class="meta" dir="auto">
            {by.join(" · ")}
          </p>
        )}
      </div>
    </div>
  );
}

function withoutPlace({
  positionSec: _,
  ...rest
}: PlayerControlsView): Omit<PlayerControlsView, "positionSec"> {
  return rest;
}

function Step({ view, actions, sign }: ScreenProps & { readonly sign: -1 | 1 }) {
  return (
    <button
      type="button"
      class="button-round"
      aria-label={sign < 0 ? words.now.back : words.now.forward}
      onClick={() => actions.seek((view.peek().playerControls?.positionSec ?? 0) + sign * STEP_SEC)}
    >
      <Glyph name={sign < 0 ? "back" : "forward"} />
    </button>
  );
}

/** Apart from the rest, so that a passing second repaints eleven characters and a line. */
function Position({ view, actions }: ScreenProps) {
  const place = useSlice(
    view,
    ({ playerControls }) =>
      playerControls?.durationSec && {
        positionSec: Math.floor(playerControls.positionSec),
        durationSec: playerControls.durationSec,
        canSeek: playerControls.canSeek,
        loudness: playerControls.loudness,
      },
  );
  if (!place) return null;
  return <SeekSlider {...place} seek={actions.seek} />;
}
