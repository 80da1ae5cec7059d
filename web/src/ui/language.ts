// Which language the page speaks, and the page's own word about it: `lang` and `dir` on <html>, the choice remembered on
// this device. Words that cannot be fetched leave the page in the language it has.

import { type ReadonlySignal, signal } from "@preact/signals";
import { type Memory, storageOrMemory } from "../lib/index.ts";
import { en } from "./copy/en.ts";
import { isRightToLeft } from "./copy/format.ts";
import { type Copy, speak } from "./copy/index.ts";
import { chooseLanguage, FETCH_COPY, type LanguageTag } from "./copy/languages.ts";

const STORED_AS = "unisono.language";

/** What of a window this needs. */
export interface LanguagePage {
  readonly document: { readonly documentElement: { lang: string; dir: string } };
  readonly localStorage: Memory;
  readonly navigator: { readonly languages: readonly string[] };
}

const shown = signal<LanguageTag>("en");
/** The language on the screen. */
export const language: ReadonlySignal<LanguageTag> = shown;

/** Only the latest wish counts, however long the words of a former one take. */
let wishes = 0;

const memoryOf = (page: LanguagePage) => storageOrMemory(() => page.localStorage);

export function startLanguage(page: LanguagePage): Promise<void> {
  return show(page, chooseLanguage(memoryOf(page).getItem(STORED_AS), page.navigator.languages));
}

export function chooseByHand(page: LanguagePage, tag: LanguageTag): Promise<void> {
  memoryOf(page).setItem(STORED_AS, tag);
  return show(page, tag);
}

async function show(page: LanguagePage, tag: LanguageTag): Promise<void> {
  wishes += 1;
  const wish = wishes;
  let copy: Copy = en;
  try {
    if (tag !== "en") copy = await FETCH_COPY[tag]();
  } catch (error) {
    console.warn(`could not load the words of "${tag}": ${String(error)}`);
    return;
  }
  if (wish !== wishes) return;
  speak(copy);
  shown.value = tag;
  page.document.documentElement.lang = tag;
  page.document.documentElement.dir = isRightToLeft(tag) ? "rtl" : "ltr";
}
