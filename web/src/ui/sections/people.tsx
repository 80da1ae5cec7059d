// Who is here: names, who runs the music, how tightly each is in step (a word and a shape, never colour alone).

import { useSignal } from "@preact/signals";
import type { TargetedEvent } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Actions, PersonView, Role } from "../../view/index.ts";
import { words } from "../copy/index.ts";
import { Glyph, SyncGlyph } from "../glyphs.tsx";
import { roleParts } from "../role-parts.ts";
import type { ScreenProps } from "../screen-props.ts";
import { useSlice } from "../slice.ts";
import { Strings } from "../strings.tsx";

/** As long as a name may be on the wire; longer ones are cut there too. */
const MAX_NAME_CHARS = 40;

type Person = Omit<PersonView, "syncErrorMs">;

export function People({ view, actions }: ScreenProps) {
  const { people, isDirector, channels } = useSlice(view, ({ people, isDirector, roleHere }) => ({
    people: people.map(({ syncErrorMs: _, ...person }): Person => person),
    isDirector,
    channels: roleHere.channels,
  }));
  const roles = roleParts.value;
  const director = people.find((person) => person.isDirector);
  const who = director
    ? words.people.following(director.name || words.people.unnamed)
    : words.people.noDirector;
  return (
    <section class="people" aria-labelledby="people-title">
      <div class="section-head">
        <h2 id="people-title">{words.people.title}</h2>
        <button
          type="button"
          class="button"
          onClick={() => (isDirector ? actions.resign() : actions.takeOver())}
        >
          {isDirector ? words.people.resign : words.people.takeOver}
        </button>
      </div>
      <p class="hint">{isDirector ? words.people.directing : who}</p>
      {people.length > 1 && <Strings strings={people} />}
      {roles && <roles.RoomRoles view={view} actions={actions} />}
      {/* biome-ignore lint/a11y/noRedundantRoles: WebKit takes the role away when the bullets are gone */}
      <ul class="rows" role="list" aria-labelledby="people-title">
        {people.map((person) => (
          <PersonRow
            key={person.userId}
            {...{ person, channels, actions }}
            canAssign={isDirector && people.length > 1}
          />
        ))}
      </ul>
      {people.length === 1 && <p class="hint">{words.people.alone}</p>}
    </section>
  );
}

interface PersonRowProps {
  readonly person: Person;
  readonly canAssign: boolean;
  readonly channels: readonly Role[] | null;
  readonly actions: Actions;
}

function PersonRow({ person, canAssign, channels, actions }: PersonRowProps) {
  const roles = roleParts.value;
  const isRenaming = useSignal(false);
  const renameButton = useRef<HTMLButtonElement>(null);
  const stopRenaming = () => {
    isRenaming.value = false;
    // Drawn again only after this; the focus must not fall back to the top of the page.
    queueMicrotask(() => renameButton.current?.focus());
  };
  if (isRenaming.value) {
    return (
      <li class="row person">
        <Rename name={person.name} rename={actions.rename} onDone={stopRenaming} />
      </li>
    );
  }
  return (
    <li class={person.isAway ? "row person person-away" : "row person"}>
      <div class="person-body">
        <p class="person-name" dir="auto">
          {person.name || words.people.unnamed}
        </p>
        <p class="meta">{personFacts(person).join(" · ")}</p>
      </div>
      {person.isMe && (
        <button
          ref={renameButton}
          type="button"
          class="button-plain person-rename"
          aria-label={words.people.rename}
          onClick={() => (isRenaming.value = true)}
        >
          <Glyph name="pencil" />
        </button>
      )}
      <p class={`sync sync-is-${person.sync}`}>
        <SyncGlyph sync={person.sync} />
        {words.people.sync[person.sync]}
      </p>
      {roles && <roles.PersonRole {...{ person, canAssign, channels, actions }} />}
    </li>
  );
}

function personFacts(person: Person): string[] {
  const facts: string[] = [];
  if (person.isMe) facts.push(words.people.you);
  if (person.isDirector) facts.push(words.people.director);
  if (person.isAway) facts.push(words.people.away);
  else if (!person.isLinked) facts.push(words.people.notLinked);
  else if (person.isRelayed) facts.push(words.people.relayed);
  if (person.sync === "unaligned") facts.push(words.people.unaligned);
  if (person.isReady && person.sync === "unknown") facts.push(words.people.ready);
  return facts;
}

interface RenameProps {
  readonly name: string;
  readonly rename: (name: string) => void;
  readonly onDone: () => void;
}

function Rename({ name, rename, onDone }: RenameProps) {
  const typed = useSignal(name);
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    field.current?.focus(); // selecting alone moves the focus in Chromium only
    field.current?.select();
  }, []);
  const onSubmit = (event: TargetedEvent<HTMLFormElement>) => {
    event.preventDefault();
    rename(typed.value);
    onDone();
  };
  return (
    <form class="rename" onSubmit={onSubmit}>
      <label class="unseen" for="my-name">
        {words.people.nameLabel}
      </label>
      <input
        id="my-name"
        type="text"
        dir="auto"
        value={typed.value}
        maxLength={MAX_NAME_CHARS}
        autocomplete="off"
        enterkeyhint="done"
        ref={field}
        onKeyDown={(event) => event.key === "Escape" && onDone()}
        onInput={(event) => (typed.value = event.currentTarget.value)}
      />
      <button type="submit" class="button">
        {words.people.save}
      </button>
    </form>
  );
}
