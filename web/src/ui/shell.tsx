// What all screens share: the one status region, trouble, notices, and the focus that moves to a new screen's heading.
// The region is in the page, empty, from the first moment, because screen readers only announce changes to what is there.

import { useLayoutEffect, useRef } from "preact/hooks";
import type { View } from "../view/index.ts";
import { words } from "./copy/index.ts";
import { DropZone } from "./parts/drop-zone.tsx";
import { Notice } from "./parts/notice.tsx";
import type { ScreenProps } from "./screen-props.ts";
import { Home } from "./screens/home.tsx";
import { Left } from "./screens/left.tsx";
import { SwarmHeader, SwarmSections } from "./screens/swarm.tsx";
import { useSlice } from "./slice.ts";

type Screen = "home" | "swarm" | "left";

const SCREENS: Readonly<Record<View["phase"], Screen>> = {
  home: "home",
  joining: "swarm",
  joined: "swarm",
  left: "left",
};

export function Shell({ view, actions }: ScreenProps) {
  const screen = useSlice(view, ({ phase }) => SCREENS[phase]);
  const root = useRef<HTMLDivElement>(null);
  const shownScreen = useRef(screen);
  useLayoutEffect(() => {
    if (shownScreen.current === screen) return;
    shownScreen.current = screen;
    window.scrollTo(0, 0);
    root.current?.querySelector("h1")?.focus();
  }, [screen]);
  return (
    <div ref={root} class={`screen screen-${screen}`}>
      {screen === "swarm" && <SwarmHeader view={view} actions={actions} />}
      <main>
        <StatusRegion view={view} actions={actions} />
        {screen === "swarm" && <LostSound view={view} actions={actions} />}
        {screen === "home" && <Home view={view} actions={actions} />}
        {screen === "swarm" && <SwarmSections view={view} actions={actions} />}
        {screen === "left" && <Left view={view} actions={actions} />}
      </main>
      <DropZone actions={actions} />
    </div>
  );
}

/** Only the part that changed is announced (aria-atomic), and nothing in it counts. */
function StatusRegion({ view, actions }: ScreenProps) {
  const { sentence, help, trouble, notice } = useSlice(view, ({ phase, status, help, banner, notice }) => {
    const isSwarm = SCREENS[phase] === "swarm";
    // A lost sound is an alert of its own, with the way back beside it; a refusal is on the screen after leaving.
    const isElsewhere = banner?.code === "audio-interrupted" || !isSwarm;
    return {
      sentence: isSwarm ? words.status(status) : "",
      help: isSwarm && help ? words.help(help) : "",
      trouble: banner && !isElsewhere ? words.banner(banner) : "",
      notice,
    };
  });
  return (
    <div class="status" role="status" aria-live="polite" aria-atomic="false">
      {sentence && <p class="status-sentence">{sentence}</p>}
      {help && <p class="hint">{help}</p>}
      {trouble && <p class="trouble">{trouble}</p>}
      {notice && (
        <Notice key={notice.id} notice={notice.notice} onDone={() => actions.dismissNotice(notice.id)} />
      )}
    </div>
  );
}

function LostSound({ view, actions }: ScreenProps) {
  const { lost, needsTap } = useSlice(view, ({ phase, needsTapToRejoin, banner }) => {
    const isTaken = banner?.code === "audio-interrupted";
    const needsTap = needsTapToRejoin && (isTaken || phase === "joined");
    if (isTaken) return { lost: needsTap ? words.banner(banner) : words.sound.returning, needsTap };
    return { lost: needsTap ? words.sound.held : null, needsTap };
  });
  if (lost === null) return null;
  return (
    <div class="trouble lost-sound" role="alert">
      <p>{lost}</p>
      {needsTap && (
        <button type="button" class="button button-primary" onClick={() => actions.rejoinAudio()}>
          {words.sound.rejoin}
        </button>
      )}
    </div>
  );
}
