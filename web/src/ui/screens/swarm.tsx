// In a swarm: who is here and whether the server is, then what plays, the files, the people, this speaker, the figures.

import { words } from "../copy/index.ts";
import { Glyph, Mark } from "../glyphs.tsx";
import { HeardQuestion } from "../parts/heard.tsx";
import { Invite } from "../parts/invite.tsx";
import { LanguageSelect } from "../parts/language-select.tsx";
import type { ScreenProps } from "../screen-props.ts";
import { Details } from "../sections/details.tsx";
import { Files } from "../sections/files.tsx";
import { Now } from "../sections/now.tsx";
import { People } from "../sections/people.tsx";
import { Speaker } from "../sections/speaker.tsx";
import { useSlice } from "../slice.ts";

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

export function SwarmSections({ view, actions }: ScreenProps) {
  const isJoined = useSlice(view, ({ phase }) => phase === "joined");
  return (
    <>
      <HeardQuestion view={view} actions={actions} />
      <Now view={view} actions={actions} />
      {isJoined && (
        <div class="sections">
          <Files view={view} actions={actions} />
          <div class="aside">
            <People view={view} actions={actions} />
            <Speaker view={view} actions={actions} />
          </div>
          <div class="foot">
            <Details view={view} actions={actions} />
            <LanguageSelect />
          </div>
        </div>
      )}
    </>
  );
}
