import { effect, signal } from "@preact/signals";
import { afterEach, describe, expect, it, vi } from "vitest";
import { words } from "./copy/index.ts";
import { addWords, chooseByHand, type LanguagePage, language, startLanguage } from "./language.ts";

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

describe("words that come later, with a part of the page", () => {
  /** A part that says the tag of its language, and words whose fetch ends when a test says so. */
  function latePart() {
    const said = signal("en");
    const waiting: (() => void)[] = [];
    let mustWait = false;
    const fetchWords = async (tag: string) => {
      if (mustWait) await new Promise<void>((resolve) => waiting.push(resolve));
      return () => {
        said.value = tag;
      };
    };
    return {
      said,
      fetchWords,
      holdBack: () => {
        mustWait = true;
      },
      release: () => {
        mustWait = false;
        for (const resolve of waiting.splice(0)) resolve();
      },
    };
  }

  it("change in the same moment as all others", async () => {
    const part = latePart();
    await addWords(part.fetchWords);
    const seen: string[] = [];
    const stop = effect(() => void seen.push(`${words.swarm.leave} ${part.said.value} ${language.value}`));
    part.holdBack();
    const changed = chooseByHand(fakePage(), "de");
    await vi.waitFor(() => expect(seen).toEqual(["Leave en en"]));
    part.release();
    await changed;
    expect(seen).toEqual(["Leave en en", "Verlassen de de"]);
    stop();
  });

  it("are those of the language that is shown, before anybody draws the part", async () => {
    await chooseByHand(fakePage(), "fr");
    const part = latePart();
    await addWords(part.fetchWords);
    expect(part.said.value).toBe("fr");
  });

  it("follow a change that began before the part was there", async () => {
    const part = latePart();
    const changed = chooseByHand(fakePage(), "es");
    await addWords(part.fetchWords);
    await changed;
    expect([part.said.value, language.value]).toEqual(["es", "es"]);
  });

  it("follow a change that ends while they are fetched", async () => {
    const [part, page] = [latePart(), fakePage()];
    part.holdBack();
    const added = addWords(part.fetchWords);
    const changed = chooseByHand(page, "ja");
    part.release();
    await Promise.all([added, changed]);
    expect([part.said.value, language.value]).toEqual(["ja", "ja"]);
  });

  it("leave the page in the language it has when they cannot be fetched", async () => {
    const warned = vi.spyOn(console, "warn").mockReturnValue();
    let isBroken = false;
    await addWords(async () => {
      if (isBroken) throw new Error("no network");
      return () => {};
    });
    isBroken = true;
    await chooseByHand(fakePage(), "de");
    isBroken = false;
    expect([words.swarm.leave, language.value]).toEqual(["Leave", "en"]);
    expect(warned).toHaveBeenCalledOnce();
    warned.mockRestore();
  });
});
