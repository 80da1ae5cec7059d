// The way to another language: each is named in its own words, whichever is on the screen.

import { words } from "../copy/index.ts";
import { LANGUAGE_NAMES, LANGUAGE_TAGS, type LanguageTag } from "../copy/languages.ts";
import { chooseByHand, language } from "../language.ts";

export function LanguageSelect() {
  return (
    <label class="language">
      <span>{words.language}</span>
      <select
        value={language.value}
        onChange={(event) => void chooseByHand(window, event.currentTarget.value as LanguageTag)}
      >
        {LANGUAGE_TAGS.map((tag) => (
          <option key={tag} value={tag} lang={tag}>
            {LANGUAGE_NAMES[tag]}
          </option>
        ))}
      </select>
    </label>
  );
}
