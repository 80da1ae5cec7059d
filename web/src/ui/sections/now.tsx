// What plays: the strings, the position once a second, and the act that fits now. The status sentence above names the song.

import { words } from "../copy/index.ts";
import { Glyph } from "../glyphs.tsx";
import type { ScreenProps } from "../shell.tsx";
import { useSlice } from "../slice.ts";
import { Strings } from "../strings.tsx";

export function Now({ view, actions }: ScreenProps) {
  const { strings, figures, isPlaying, canStop, canStartNow } = useSlice(view, (v) => ({
    strings: v.people.map(({ isMe, sync }) => ({ isMe, sync })),
    figures: words.figures(v.status),
    isPlaying: v.nowPlaying !== null,
    canStop: v.canStop,
    canStartNow: v.canStartNow,
  }));
  return (
    <section class="now" aria-label={words.now.title}>
      {figures && <p class="figures">{figures}</p>}
      <Strings strings={strings} />
      {isPlaying && <Position view={view} actions={actions} />}
      {(canStop || canStartNow || isPlaying) && (
        <div class="transport">
          {canStartNow && (
            <button type="button" class="button button-big button-primary" onClick={() => actions.startNow()}>
              <Glyph name="play" />
              {words.now.startNow}
            </button>
          )}
          <button
            type="button"
            class={canStop ? "button button-big" : "button"}
            disabled={!canStop}
            onClick={() => actions.stop()}
          >
            <Glyph name="stop" />
            {words.now.stop}
          </button>
          {!canStop && <p class="hint">{words.now.stopHint}</p>}
        </div>
      )}
    </section>
  );
}

/** Apart from the rest, so that a passing second repaints eleven characters and a line. */
function Position({ view }: ScreenProps) {
  const { positionSec, durationSec } = useSlice(view, ({ nowPlaying }) => ({
    positionSec: Math.floor(nowPlaying?.positionSec ?? 0),
    durationSec: Math.floor(nowPlaying?.durationSec ?? 0),
  }));
  const played = durationSec > 0 ? Math.min(1, positionSec / durationSec) : 0;
  return (
    <div class="position">
      <div class="played" aria-hidden="true">
        <div style={{ transform: `scaleX(${played})` }} />
      </div>
      <p>{words.now.position(positionSec, durationSec)}</p>
    </div>
  );
}
