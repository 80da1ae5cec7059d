// The languages of the page, and which one a person gets: the one they chose here before, else the first of their
// browser's that there is, else English. Pure; the words of each are fetched only when it is in use.

import type { Copy } from "./en.ts";

/** Each in its own words, so that whoever is lost in another one finds the way back. */
export const LANGUAGE_NAMES = {
  en: "English",
  de: "Deutsch",
  es: "Español",
  fr: "Français",
  ja: "日本語",
  ar: "العربية",
} as const;

export type LanguageTag = keyof typeof LANGUAGE_NAMES;
export const LANGUAGE_TAGS = Object.keys(LANGUAGE_NAMES) as LanguageTag[];

/** English is always here, since a page that cannot reach the server must still have words. */
export const FETCH_COPY: Readonly<Record<Exclude<LanguageTag, "en">, () => Promise<Copy>>> = {
  de: async () => (await import("./de.ts")).de,
  es: async () => (await import("./es.ts")).es,
  fr: async () => (await import("./fr.ts")).fr,
  ja: async () => (await import("./ja.ts")).ja,
  ar: async () => (await import("./ar.ts")).ar,
};

const isLanguageTag = (text: string | null): text is LanguageTag =>
  text !== null && Object.hasOwn(LANGUAGE_NAMES, text);

/** `wanted` as navigator.languages has them: BCP 47, the dearest first. */
export function chooseLanguage(chosen: string | null, wanted: readonly string[]): LanguageTag {
  if (isLanguageTag(chosen)) return chosen;
  for (const tag of wanted) {
    const language = tag.toLowerCase().split("-")[0] ?? "";
    if (isLanguageTag(language)) return language;
  }
  return "en";
}
