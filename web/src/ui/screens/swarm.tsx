// In a swarm: what plays and what comes, the people, this phone. On a phone these are three tabs; where there is room, three
// columns at once, and no tabs. The player stays in reach at the foot of both. Fetched while the join screen is looked at.

import { signal } from "@preact/signals";
import type { ComponentChildren, TargetedKeyboardEvent } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { words } from "../copy/index.ts";
import { Glyph, Mark } from "../glyphs.tsx";
import { HeardQuestion } from "../parts/heard.tsx";
import { Invite } from "../parts/invite.tsx";
import { LanguageSelect } from "../parts/language-select.tsx";
import { arrowSign } from "../parts/seek-slider.tsx";
import { fetchRoleParts, roleParts } from "../role-parts.ts";
import type { ScreenProps } from "../screen-props.ts";
import { Details } from "../sections/details.tsx";
import { Files } from "../sections/files.tsx";
import { Now } from "../sections/now.tsx";
import { People } from "../sections/people.tsx";
import { PlayerBar } from "../sections/player-bar.tsx";
import { Queue } from "../sections/queue.tsx";
import { Giving, Speaker } from "../sections/speaker.tsx";
import { useSlice } from "../slice.ts";

const TABS = ["music", "people", "phone"] as const;
type Tab = (typeof TABS)[number];

/** As in styles/swarm.css: from here on all is shown at once. */
const IS_WIDE = "(min-width: 52em)";

/** What a phone shows of it; kept while the page is in a swarm. */
const tab = signal<Tab>("music");

const wide = matchMedia(IS_WIDE);
const isWide = signal(wide.matches);
wide.addEventListener("change", () => (isWide.value = wide.matches));

function choose(chosen: Tab): void {
  tab.value = chosen;
  window.scrollTo(0, 0);
}

export function SwarmPanels({ view, actions }: ScreenProps) {
  const isJoined = useSlice(view, ({ phase }) => phase === "joined");
  const figures = useSlice(view, ({ status }) => words.figures(status));
  const props = { view, actions };
  const roles = roleParts.value;
  const isOnline = useSlice(view, (shown) => shown.isOnline);
  useEffect(() => void fetchRoleParts(), [isOnline]); // a network that failed may be back
  return (
    <>
      {figures && <p class="figures">{figures}</p>}
      <HeardQuestion {...props} />
      {roles && <roles.RoleQuestion {...props} />}
      {roles && <roles.DistanceQuestion {...props} />}
      {isJoined && (
        <div class="panels">
          <Panel name="music">
            <Now {...props} />
            <Queue {...props} />
            <Files {...props} />
          </Panel>
          <Panel name="people">
            <People {...props} />
          </Panel>
          <Panel name="phone">
            <Speaker {...props} />
            <Giving {...props} />
            <Details {...props} />
            <LanguageSelect />
          </Panel>
        </div>
      )}
    </>
  );
}

function Panel({ name, children }: { name: Tab; children: ComponentChildren }) {
  const asTab = { role: "tabpanel", "aria-labelledby": `tab-${name}`, hidden: tab.value !== name } as const;
  return (
    <div id={`panel-${name}`} class={`panel panel-${name}`} {...(!isWide.value && asTab)}>
      {children}
    </div>
  );
}

/** At the foot of the screen, wherever the page is scrolled to. */
export function SwarmDock({ view, actions }: ScreenProps) {
  const isJoined = useSlice(view, ({ phase }) => phase === "joined");
  if (!isJoined) return null;
  return (
    <div class={isWide.value ? "dock" : `dock dock-${tab.value}`}>
      <PlayerBar view={view} actions={actions} onSong={() => choose("music")} />
      {!isWide.value && <Tabs />}
    </div>
  );
}

export function SwarmHeader({ view, actions }: ScreenProps) {
  const { count, isOnline, phase } = useSlice(view, ({ people, isOnline, phase }) => ({
    count: people.length,
    isOnline,
    phase,
  }));
  const offline = phase === "joining" ? words.swarm.connecting : words.swarm.reconnecting;
  return (
    <header class="swarm-header">
      <Mark />
      <div class="swarm-who">
        <h1 tabIndex={-1}>{count === 0 ? words.swarm.title : words.swarm.people(count)}</h1>
        <p class={isOnline ? "online" : "online online-not"}>{isOnline ? words.swarm.connected : offline}</p>
      </div>
      <div class="swarm-acts">
        <Invite view={view} actions={actions} />
        <button type="button" class="button" onClick={() => actions.leave()}>
          <Glyph name="leave" />
          {words.swarm.leave}
        </button>
      </div>
    </header>
  );
}

/** One stop of the Tab key; arrows go from one to the next, and what they reach is shown. */
function Tabs() {
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLElement>) => {
    const sign = arrowSign(event.key, document.documentElement.dir === "rtl");
    if (sign === 0) return;
    event.preventDefault();
    const index = (TABS.indexOf(tab.value) + sign + TABS.length) % TABS.length;
    choose(TABS[index] ?? "music");
    list.current?.querySelectorAll("button")[index]?.focus();
  };
  return (
    <div ref={list} class="tabs" role="tablist" onKeyDown={onKeyDown}>
      {TABS.map((name) => (
        <button
          key={name}
          id={`tab-${name}`}
          type="button"
          role="tab"
          class="tab"
          aria-selected={tab.value === name}
          aria-controls={`panel-${name}`}
          tabIndex={tab.value === name ? 0 : -1}
          onClick={() => choose(name)}
        >
          <Glyph name={name} />
          {words.tabs[name]}
        </button>
      ))}
    </div>
  );
}
