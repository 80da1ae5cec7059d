// Which language the page speaks, and the page's own word about it: `lang` and `dir` on <html>, the choice remembered on
// this device. Words that cannot be fetched leave the page in the language it has; all of its words change at once.

import { batch, type ReadonlySignal, signal } from "@preact/signals";
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

/** Fetches the words of one part of the page; what it resolves to puts them on the screen. */
export type FetchWords = (tag: LanguageTag) => Promise<() => void>;

/** Of the parts that are here: each is fetched apart from the page, and its words with it. */
const fetchWordsOfParts = new Set<FetchWords>();

const memoryOf = (page: LanguagePage) => storageOrMemory(() => page.localStorage);

export function startLanguage(page: LanguagePage): Promise<void> {
  return show(page, chooseLanguage(memoryOf(page).getItem(STORED_AS), page.navigator.languages));
}

export function chooseByHand(page: LanguagePage, tag: LanguageTag): Promise<void> {
  memoryOf(page).setItem(STORED_AS, tag);
  return show(page, tag);
}

/**
 * Puts the words of a part that has just been fetched on the screen, in the language that is shown, before anybody
 * draws it, and lets them change with all others from then on. Words that cannot be fetched leave it as it is.
 */
export async function addWords(fetchWords: FetchWords): Promise<void> {
  fetchWordsOfParts.add(fetchWords);
  let tag: LanguageTag;
  do {
    tag = shown.peek();
    try {
      const put = await fetchWords(tag);
      if (tag === shown.peek()) put();
    } catch (error) {
      warn(tag, error);
    }
  } while (tag !== shown.peek());
}

async function show(page: LanguagePage, tag: LanguageTag): Promise<void> {
  wishes += 1;
  const wish = wishes;
  let copy: Copy = en;
  const puts = new Map<FetchWords, () => void>();
  // A part that comes while words are fetched is waited for too: from the last look to the change nothing comes between.
  const isMissing = (part: FetchWords) => !puts.has(part);
  try {
    if (tag !== "en") copy = await FETCH_COPY[tag]();
    for (let parts = [...fetchWordsOfParts]; parts.some(isMissing); parts = [...fetchWordsOfParts]) {
      await Promise.all(parts.filter(isMissing).map(async (part) => puts.set(part, await part(tag))));
    }
  } catch (error) {
    warn(tag, error);
    return;
  }
  if (wish !== wishes) return;
  batch(() => {
    speak(copy);
    for (const put of puts.values()) put();
    shown.value = tag;
  });
  page.document.documentElement.lang = tag;
  page.document.documentElement.dir = isRightToLeft(tag) ? "rtl" : "ltr";
}

const warn = (tag: LanguageTag, error: unknown) =>
  console.warn(`could not load the words of "${tag}": ${String(error)}`);
