import { afterEach, describe, expect, it } from "vitest";
import { words } from "./copy/index.ts";
import { chooseByHand, type LanguagePage, language, startLanguage } from "./language.ts";

interface FakePage extends LanguagePage {
  readonly stored: Map<string, string>;
}

function fakePage(...languages: string[]): FakePage {
  const stored = new Map<string, string>();
  return {
    stored,
    document: { documentElement: { lang: "en", dir: "ltr" } },
    localStorage: {
      getItem: (key) => stored.get(key) ?? null,
      setItem: (key, value) => void stored.set(key, value),
      removeItem: (key) => void stored.delete(key),
    },
    navigator: { languages },
  };
}

afterEach(() => chooseByHand(fakePage(), "en"));

describe("the language of the page", () => {
  it("follows the browser, and the page says which it is", async () => {
    const page = fakePage("de-CH", "en");
    await startLanguage(page);
    expect(words.swarm.leave).toBe("Verlassen");
    expect(page.document.documentElement).toEqual({ lang: "de", dir: "ltr" });
    expect(page.stored.size).toBe(0);
  });

  it("turns the page around for Arabic, and back", async () => {
    const page = fakePage("ar");
    await startLanguage(page);
    expect(page.document.documentElement).toEqual({ lang: "ar", dir: "rtl" });
    await chooseByHand(page, "fr");
    expect(page.document.documentElement).toEqual({ lang: "fr", dir: "ltr" });
  });

  it("is remembered when a person chose it", async () => {
    const page = fakePage("de");
    await chooseByHand(page, "es");
    await chooseByHand(fakePage(), "en");
    await startLanguage(page);
    expect(language.value).toBe("es");
  });

  it("is the one wished for last, however the fetches end", async () => {
    const page = fakePage();
    await Promise.all([chooseByHand(page, "ja"), chooseByHand(page, "en")]);
    expect(language.value).toBe("en");
    expect(words.swarm.leave).toBe("Leave");
  });
});
