// The chosen song in large: its cover, its name, its waveform to seek in, and how the programme goes on. What starts and stops
// it is in the player at the foot of the screen.

import type { PlayerControlsView, View } from "../../view/index.ts";
import { words } from "../copy/index.ts";
import { Glyph } from "../glyphs.tsx";
import { firstLoop } from "../loop-range.ts";
import { Slider } from "../parts/controls.tsx";
import { LoopHandles } from "../parts/loop-handles.tsx";
import { SeekSlider } from "../parts/seek-slider.tsx";
import type { ScreenProps } from "../screen-props.ts";
import { useSlice } from "../slice.ts";

const REPEATS = ["off", "all", "one"] as const;
const MIN_TEMPO = 50;
const MAX_TEMPO = 150;
const MAX_CROSSFADE_SEC = 12;

export function Now({ view, actions }: ScreenProps) {
  const { song, canStop, controls, hasQueue } = useSlice(view, (shown) => ({
    song: shown.playerControls && withoutPlace(shown.playerControls),
    canStop: shown.canStop,
    controls: shown.programmeControls,
    hasQueue: shown.queue.entries.length > 0,
  }));
  if (!song && !canStop && !hasQueue) return null;
  const { repeat, canChange, loopSec } = controls;
  const durationSec = song?.durationSec ?? null;
  const onLoop = () => {
    const positionSec = view.peek().playerControls?.positionSec ?? 0;
    actions.setLoop(loopSec || durationSec === null ? null : firstLoop(positionSec, durationSec));
  };
  return (
    <section class="now" aria-label={words.now.title}>
      {song && <Song {...song} />}
      {song && <Position view={view} actions={actions} />}
      <div class="options">
        {canChange && (
          <button
            type="button"
            class="button button-toggle"
            aria-pressed={repeat !== "off"}
            onClick={() => actions.setRepeat(REPEATS[(REPEATS.indexOf(repeat) + 1) % 3] ?? "off")}
          >
            <Glyph name="repeat" />
            {words.now.repeat[repeat]}
          </button>
        )}
        {canChange && durationSec !== null && (
          <button type="button" class="button button-toggle" aria-pressed={loopSec !== null} onClick={onLoop}>
            {words.now.loop}
          </button>
        )}
        {canStop && (
          <button type="button" class="button" onClick={() => actions.stop()}>
            <Glyph name="stop" />
            {words.now.stop}
          </button>
        )}
      </div>
      <Pace {...controls} actions={actions} />
    </section>
  );
}

/** For who may not change it: what is unlike other players, in words. */
function Pace({
  canChange,
  repeat,
  tempo,
  crossfadeSec,
  actions,
}: View["programmeControls"] & Pick<ScreenProps, "actions">) {
  const tempoText = words.now.tempoValue(tempo);
  const crossfadeText = words.now.crossfadeValue(crossfadeSec);
  if (!canChange) {
    const said = [
      repeat !== "off" && words.now.repeat[repeat],
      tempo !== 100 && `${words.now.tempo} ${tempoText}`,
      crossfadeSec > 0 && `${words.now.crossfade} ${crossfadeText}`,
    ].filter((each) => each);
    return said.length > 0 ? <p class="meta">{said.join(" · ")}</p> : null;
  }
  return (
    <div class="pace">
      <Slider
        id="tempo"
        label={words.now.tempo}
        text={tempoText}
        min={MIN_TEMPO}
        max={MAX_TEMPO}
        value={tempo}
        onChange={actions.setTempo}
      />
      <Slider
        id="crossfade"
        label={words.now.crossfade}
        text={crossfadeText}
        max={MAX_CROSSFADE_SEC}
        value={crossfadeSec}
        onChange={actions.setCrossfade}
      />
    </div>
  );
}

type Song = Omit<PlayerControlsView, "positionSec">;

function Song({ title, name, artist, album, coverUrl }: Song) {
  const by = [artist, album].filter((text) => text !== null);
  return (
    <div class="song">
      {coverUrl !== null && <img class="cover" src={coverUrl} alt="" width={288} height={288} />}
      <div class="song-words">
        <p class="song-title" dir="auto">
          {title ?? name}
        </p>
        {by.length > 0 && (
          <p class="song-by" dir="auto">
            {by.join(" · ")}
          </p>
        )}
      </div>
    </div>
  );
}

function withoutPlace({ positionSec: _, ...rest }: PlayerControlsView): Song {
  return rest;
}

/** Apart from the rest, so that a passing second repaints eleven characters and a line. */
function Position({ view, actions }: ScreenProps) {
  const place = useSlice(
    view,
    ({ playerControls, programmeControls }) =>
      playerControls?.durationSec && {
        positionSec: Math.floor(playerControls.positionSec),
        durationSec: playerControls.durationSec,
        canSeek: playerControls.canSeek,
        loudness: playerControls.loudness,
        loopSec: programmeControls.loopSec,
        canChange: programmeControls.canChange,
      },
  );
  if (!place) return null;
  const { loopSec, durationSec, canChange } = place;
  return (
    <SeekSlider {...place} seek={actions.seek}>
      {loopSec && <LoopHandles {...{ loopSec, durationSec, canChange }} setLoop={actions.setLoop} />}
    </SeekSlider>
  );
}
