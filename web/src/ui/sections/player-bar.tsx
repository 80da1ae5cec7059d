// The player at the foot of the screen, on every tab: the song, the one button that fits now, and the way on. Beside the large
// view of the song it has the other steps, too.

import { useMemo } from "preact/hooks";
import { words } from "../copy/index.ts";
import { Glyph } from "../glyphs.tsx";
import { SignButton } from "../parts/controls.tsx";
import { useSpaceKey } from "../parts/space-key.ts";
import type { ScreenProps } from "../screen-props.ts";
import { useSlice } from "../slice.ts";

/** The step of the buttons beside Pause; their words say it. */
const STEP_SEC = 10;

export function PlayerBar({ view, actions, onSong }: ScreenProps & { readonly onSong: () => void }) {
  const { song, canStartNow, canChange, canGoNext, canGoBack, isHeld } = useSlice(view, (shown) => {
    const { title, name, artist, coverUrl, fileId, canPause, canGoOn, canSeek } = shown.playerControls ?? {};
    return {
      song: fileId && { title: title ?? name, artist, coverUrl, fileId, canPause, canGoOn, canSeek },
      canStartNow: shown.canStartNow,
      ...shown.programmeControls,
      isHeld: shown.needsTapToRejoin,
    };
  });
  const { fileId, canPause, canSeek, canGoOn } = song || {};
  const main = useMemo(() => {
    if (canPause) return { glyph: "pause" as const, label: words.now.pause, press: () => actions.pause() };
    const label = words.now.goOn;
    if (canGoOn && fileId) return { glyph: "play" as const, label, press: () => actions.play(fileId) };
    if (!fileId && canGoNext) return { glyph: "play" as const, label, press: () => actions.goNext() };
    return null;
  }, [actions, fileId, canPause, canGoOn, canGoNext, words.now]);
  useSpaceKey(main?.press ?? null);
  if (!song && !main && !canStartNow) return null;
  const hasSteps = canChange || canGoNext || canGoBack;
  const step = (sign: -1 | 1) => (
    <SignButton
      glyph={sign < 0 ? "back" : "forward"}
      label={sign < 0 ? words.now.back : words.now.forward}
      class="button-round only-music step"
      onPress={() => actions.seek((view.peek().playerControls?.positionSec ?? 0) + sign * STEP_SEC)}
    >
      <small aria-hidden="true">{STEP_SEC}</small>
    </SignButton>
  );
  return (
    <section
      class={main || canSeek || hasSteps ? "player player-full" : "player"}
      aria-label={words.now.player}
    >
      <Progress view={view} />
      {song && (
        <button type="button" class="player-song" onClick={onSong}>
          {song.coverUrl && <img src={song.coverUrl} alt="" width={44} height={44} />}
          <span class="player-words">
            <bdi>{song.title}</bdi>
            {song.artist && <bdi class="meta">{song.artist}</bdi>}
          </span>
        </button>
      )}
      <div class="transport">
        {hasSteps && (
          <SignButton
            glyph="previous"
            label={words.now.previous}
            class="button-round only-music"
            isOff={!canGoBack}
            onPress={actions.goBack}
          />
        )}
        {canSeek && step(-1)}
        {canStartNow && (
          <button type="button" class="button button-primary" onClick={() => actions.startNow()}>
            <Glyph name="play" />
            {words.now.startNow}
          </button>
        )}
        {main && !canStartNow && (
          <SignButton
            glyph={main.glyph}
            label={main.label}
            class={isHeld ? "button-round play" : "button-round play button-primary"}
            onPress={main.press}
          />
        )}
        {canSeek && step(1)}
        {hasSteps && (
          <SignButton
            glyph="next"
            label={words.now.next}
            class="button-round"
            isOff={!canGoNext}
            onPress={actions.goNext}
          />
        )}
      </div>
    </section>
  );
}

/** How far the song is, as a hair along the upper edge. The slider in Music says it in words. */
function Progress({ view }: Pick<ScreenProps, "view">) {
  const percent = useSlice(view, ({ playerControls }) => {
    const { positionSec = 0, durationSec } = playerControls ?? {};
    // Past the song's end until its last echo has sounded everywhere: no wider than the screen. Once a second, as the
    // slider: each step is painted.
    return durationSec ? Math.round(1000 * Math.min(1, Math.floor(positionSec) / durationSec)) / 10 : 0;
  });
  return <div class="progress" style={{ width: `${percent}%` }} />;
}
