// What all screens share: the one status region, trouble, notices, and the focus that moves to a new screen's heading.
// The region is in the page, empty, from the first moment, because screen readers only announce changes to what is there.

import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { View } from "../view/index.ts";
import { words } from "./copy/index.ts";
import { DropZone } from "./parts/drop-zone.tsx";
import { Notice } from "./parts/notice.tsx";
import type { ScreenProps } from "./screen-props.ts";
import { Home } from "./screens/home.tsx";
import { Left } from "./screens/left.tsx";
import { useSlice } from "./slice.ts";

type Screen = "home" | "swarm" | "left";

const SCREENS: Readonly<Record<View["phase"], Screen>> = {
  home: "home",
  joining: "swarm",
  joined: "swarm",
  left: "left",
};

export type SwarmParts = typeof import("./screens/swarm.tsx");

/** What only a swarm needs is fetched while the join screen is looked at, so that Join works sooner. Null until it is here. */
const swarmParts = signal<SwarmParts | null>(null);
/** It is needed, and did not come. */
const isIncomplete = signal(false);

type FetchSwarm = () => Promise<SwarmParts>;

async function fetchSwarmParts(fetchSwarm: FetchSwarm, isNeeded: boolean): Promise<void> {
  try {
    swarmParts.value ??= await fetchSwarm();
    isIncomplete.value = false;
  } catch (error) {
    console.warn(`could not load the swarm screen: ${String(error)}`);
    isIncomplete.value = isNeeded;
  }
}

export function Shell({ view, actions, fetchSwarm }: ScreenProps & { readonly fetchSwarm: FetchSwarm }) {
  const screen = useSlice(view, ({ phase }) => SCREENS[phase]);
  const root = useRef<HTMLDivElement>(null);
  const shownScreen = useRef(screen);
  const swarm = screen === "swarm" ? swarmParts.value : null;
  const isThere = screen !== "swarm" || swarm !== null;
  useEffect(() => void fetchSwarmParts(fetchSwarm, screen === "swarm"), [screen]);
  useLayoutEffect(() => {
    if (shownScreen.current === screen || !isThere) return;
    shownScreen.current = screen;
    window.scrollTo(0, 0);
    root.current?.querySelector("h1")?.focus();
  }, [screen, isThere]);
  return (
    <div ref={root} class={`screen screen-${screen}`}>
      {swarm && <swarm.SwarmHeader view={view} actions={actions} />}
      <main>
        <StatusRegion view={view} actions={actions} />
        {screen === "swarm" && <LostSound view={view} actions={actions} />}
        {screen === "home" && <Home view={view} actions={actions} />}
        {swarm && <swarm.SwarmPanels view={view} actions={actions} />}
        {screen === "left" && <Left view={view} actions={actions} />}
      </main>
      {swarm && <swarm.SwarmDock view={view} actions={actions} />}
      <DropZone actions={actions} />
    </div>
  );
}

/** Only the part that changed is announced (aria-atomic), and nothing in it counts. */
function StatusRegion({ view, actions }: ScreenProps) {
  const { isSwarm, sentence, isQuiet, help, trouble, notice } = useSlice(
    view,
    ({ phase, status, help, banner, notice }) => {
      const isSwarm = SCREENS[phase] === "swarm";
      // A lost sound is an alert of its own, with the way back beside it; a refusal is on the screen after leaving.
      const isElsewhere = banner?.code === "audio-interrupted" || !isSwarm;
      return {
        isSwarm,
        sentence: isSwarm ? words.status(status) : "",
        // The player says the rest.
        isQuiet: status.code === "playing" || status.code === "paused",
        help: isSwarm && help ? words.help(help) : "",
        trouble: banner && !isElsewhere ? words.banner(banner) : "",
        notice,
      };
    },
  );
  return (
    <div class="status" role="status" aria-live="polite" aria-atomic="false">
      {sentence && <p class={isQuiet ? "status-sentence status-quiet" : "status-sentence"}>{sentence}</p>}
      {help && <p class="hint">{help}</p>}
      {trouble && <p class="trouble">{trouble}</p>}
      {isSwarm && isIncomplete.value && (
        <p class="trouble">{words.banner({ code: "refused", reason: "page-incomplete" })}</p>
      )}
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
