// The words of the roles in the language on the screen: in the part of the page that draws them, so that nobody waits for them before.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { language } from "../../language.ts";
import type { LanguageTag } from "../languages.ts";
import { type RoleWords, roleWords } from "./roles-en.ts";

export type { RoleWords };

const FETCH: Readonly<Record<Exclude<LanguageTag, "en">, () => Promise<{ readonly roleWords: RoleWords }>>> =
  {
    de: () => import("./roles-de.ts"),
    es: () => import("./roles-es.ts"),
    fr: () => import("./roles-fr.ts"),
    ja: () => import("./roles-ja.ts"),
    ar: () => import("./roles-ar.ts"),
  };

/** Of the language that was fetched last; English until then, as everywhere. */
const fetched = signal<{ readonly tag: LanguageTag; readonly said: RoleWords }>({
  tag: "en",
  said: roleWords,
});

export function useRoleWords(): RoleWords {
  const tag = language.value;
  useEffect(() => {
    if (tag === fetched.peek().tag) return;
    void fetchRoleWords(tag).then(
      (said) => {
        if (tag === language.peek()) fetched.value = { tag, said };
      },
      (error: unknown) => console.warn(`could not load the words of "${tag}": ${String(error)}`),
    );
  }, [tag]);
  return fetched.value.said;
}

export const fetchRoleWords = async (tag: LanguageTag): Promise<RoleWords> =>
  tag === "en" ? roleWords : (await FETCH[tag]()).roleWords;
