// The words of the roles in the language on the screen: in the part of the page that draws them, so that nobody waits for them before.

import { signal } from "@preact/signals";
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

const inUse = signal<RoleWords>(roleWords);

/** A component that reads them is drawn anew when the language changes. */
export const roleWordsInUse = (): RoleWords => inUse.value;

export const fetchRoleWords = async (tag: LanguageTag): Promise<RoleWords> =>
  tag === "en" ? roleWords : (await FETCH[tag]()).roleWords;

/** For the language of the page (language.ts), which changes them with all others. */
export async function fetchRoleWordsInUse(tag: LanguageTag): Promise<() => void> {
  const said = await fetchRoleWords(tag);
  return () => {
    inUse.value = said;
  };
}
