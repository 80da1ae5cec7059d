// Where everyone starts: one tap joins and unlocks the sound. Who came by a link finds the big button first; who came
// without one finds the field first. No name is asked, nothing is installed.

import { useSignal } from "@preact/signals";
import type { TargetedEvent } from "preact";
import { words } from "../copy/index.ts";
import { Glyph, Mark } from "../glyphs.tsx";
import { LanguageSelect } from "../parts/language-select.tsx";
import type { ScreenProps } from "../screen-props.ts";
import { useSlice } from "../slice.ts";
import { Strings } from "../strings.tsx";

/** An empty text: Preact sets `autocorrect` as the property where there is one, a boolean, and "off" would be true. */
const OFF = "";

export function Home({ view, actions }: ScreenProps) {
  const { key, isKeyWeak, isSecureContext } = useSlice(view, (v) => ({
    key: v.key,
    isKeyWeak: v.isKeyWeak,
    isSecureContext: v.isSecureContext,
  }));
  /** What was typed over the key of the address; another link opened here counts more. */
  const typed = useSignal<{ readonly over: string; readonly text: string } | null>(null);
  const isTyped = typed.value?.over === key;
  const text = isTyped && typed.value ? typed.value.text : key;
  const isInvited = key !== "";
  const hasKey = text.trim() !== "";
  const isWeak = isTyped ? hasKey && actions.isWeakKey(text) : isKeyWeak;

  const onSubmit = (event: TargetedEvent<HTMLFormElement>) => {
    event.preventDefault();
    actions.join(text);
  };
  const joinButton = (
    <button
      key="join"
      type="submit"
      class={hasKey ? "button button-big button-primary" : "button button-big"}
    >
      {isInvited ? words.home.joinInvited : words.home.join}
    </button>
  );
  const keyField = (
    <div key="field" class="field">
      <label for="swarm-key">{words.home.keyLabel}</label>
      <input
        id="swarm-key"
        class="key-input"
        type="text"
        dir="ltr"
        value={text}
        onInput={(event) => {
          typed.value = { over: key, text: event.currentTarget.value };
        }}
        autocomplete="off"
        autocapitalize="characters"
        autocorrect={OFF}
        spellcheck={false}
        enterkeyhint="go"
        aria-describedby="swarm-key-hint"
      />
      <p id="swarm-key-hint" class="hint">
        {isWeak ? <WeakKey /> : words.home.keyHint}
      </p>
    </div>
  );
  return (
    <div class="home">
      <Hero />
      <form class="join" onSubmit={onSubmit} noValidate>
        {isInvited && <p class="invited">{words.home.invited}</p>}
        {isInvited ? [joinButton, keyField] : [keyField, joinButton]}
        <button
          type="button"
          class={hasKey ? "button button-big" : "button button-big button-primary"}
          onClick={() => actions.newSwarm()}
        >
          {words.home.newSwarm}
        </button>
      </form>
      <footer class="promises">
        {!isSecureContext && (
          <p class="caution">
            <Glyph name="note" />
            <span>{words.home.insecure}</span>
          </p>
        )}
        <p class="hint">{words.product.privacy}</p>
        <LanguageSelect />
      </footer>
    </div>
  );
}

const WeakKey = () => (
  <span class="caution">
    <Glyph name="note" />
    <span>{words.home.weakKey}</span>
  </span>
);

/** Five people, the middle one this person, already as one. */
const HERO_STRINGS = [0, 1, 2, 3, 4].map((index) => ({ isMe: index === 2, sync: "tight" as const }));

/** index.html paints the same before the script runs; keep the two alike, or the page jumps. */
function Hero() {
  return (
    <div class="hero">
      <Strings strings={HERO_STRINGS} isHero />
      <h1 tabIndex={-1}>
        <Mark />
        {words.product.name}
      </h1>
      <p class="promise">{words.product.promise}</p>
    </div>
  );
}
