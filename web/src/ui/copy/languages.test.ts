// The languages: complete (the compiler says so too, but not to whoever runs only the tests), in words of their own, and
// given to the people who read them.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { en } from "./en.ts";
import { chooseLanguage, FETCH_COPY, LANGUAGE_NAMES, LANGUAGE_TAGS } from "./languages.ts";

/** Every message by its path, `home.join`, with its words, or null where it is a sentence made of something. */
function messagesOf(copy: object, below = ""): Map<string, string | null> {
  const found = new Map<string, string | null>();
  for (const [key, said] of Object.entries(copy)) {
    const path = below + key;
    if (typeof said === "object") for (const entry of messagesOf(said, `${path}.`)) found.set(...entry);
    else found.set(path, typeof said === "string" ? said : null);
  }
  return found;
}

const ENGLISH = messagesOf(en);
/** Words that are the same in another language, and not forgotten. */
const SAME_WORDS = new Set([
  "product.name",
  "details.title",
  "details.rows.control",
  "invite.link",
  "now.pause",
  "now.tempo",
]);
const others = LANGUAGE_TAGS.filter((tag) => tag !== "en");

describe.each(others)("the words in %s", async (tag) => {
  const copy = await FETCH_COPY[tag]();
  const messages = messagesOf(copy);

  it("are complete", () => {
    const missing = [...ENGLISH.keys()].filter((path) => !messages.has(path));
    expect(missing, `messages that ${tag}.ts lacks`).toEqual([]);
  });

  it("hold nothing that English has given up", () => {
    expect([...messages.keys()].filter((path) => !ENGLISH.has(path))).toEqual([]);
  });

  it("are not the English ones left over", () => {
    const left = [...ENGLISH].filter(([path, said]) => said !== null && said === messages.get(path));
    expect(left.filter(([path]) => !SAME_WORDS.has(path))).toEqual([]);
  });

  it("quote no name where it is not known which song is meant", () => {
    const held = { percent: 0, sound: null };
    const said = copy.status({ code: "fetching", fileName: "", held, sources: [], remainingSec: null });
    expect(said).not.toMatch(/[“„«「"]\s*[”“»」"]|\u2068\u2069/);
  });

  it("tell who directs that the others follow once the server is back", () => {
    const lost = (isDirecting: boolean) => copy.banner({ code: "server-lost", isDirecting, isPlaying: true });
    expect(lost(true)).not.toBe(lost(false));
  });

  it("count people by the rules of the language", () => {
    const counted = [1, 2, 3, 11, 100].map((count) => copy.swarm.people(count));
    expect(new Set(counted).size).toBe(5);
    for (const text of counted) expect(text).not.toMatch(/undefined|NaN/);
  });
});

describe("Arabic", async () => {
  const ar = await FETCH_COPY.ar();

  it("has six ways to count people", () => {
    const forms = [0, 1, 2, 3, 11, 100].map((count) => ar.swarm.people(count).replace(/\d+/, "#"));
    expect(new Set(forms).size).toBe(6);
  });

  it("fences names and titles, which may run the other way", () => {
    expect(ar.notice({ code: "joined", name: "Bo" })).toContain("\u2068Bo\u2069");
    expect(ar.files.play("Glass Harbour")).toContain("\u2068Glass Harbour\u2069");
  });

  it("writes digits as the positions and keys beside them", () => {
    expect(ar.swarm.people(12)).toContain("12");
    expect(ar.files.size(8_400_000)).toContain("8.4");
  });
});

describe("the language a person gets", () => {
  it.each([
    { chosen: null, wanted: ["de-AT", "en"], given: "de" },
    { chosen: null, wanted: ["nl", "fr-CA", "en"], given: "fr" },
    { chosen: null, wanted: ["AR-EG"], given: "ar" },
    { chosen: null, wanted: ["nl", "sv"], given: "en" },
    { chosen: null, wanted: [], given: "en" },
    { chosen: "ja", wanted: ["de"], given: "ja" },
    { chosen: "en", wanted: ["de"], given: "en" },
    { chosen: "toString", wanted: ["es"], given: "es" },
  ])("is $given for $wanted with $chosen chosen here before", ({ chosen, wanted, given }) => {
    expect(chooseLanguage(chosen, wanted)).toBe(given);
  });

  it("is offered under its own name", () => {
    for (const tag of LANGUAGE_TAGS) {
      const own = new Intl.DisplayNames(tag, { type: "language" }).of(tag) ?? "";
      expect(LANGUAGE_NAMES[tag].toLowerCase()).toBe(own.toLowerCase());
    }
  });
});

describe("the screens", () => {
  const UI = join(import.meta.dirname, "..");
  const screens = readdirSync(UI, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".tsx"),
  );
  /** Text between tags, and attributes that people read or hear. */
  const WORDS =
    />\s*[^<>{}()=;&|]*\p{L}{2}[^<>{}()=;&|]*<\/|(?:aria-label|title|placeholder|alt|label)="[^"]*\p{L}/u;

  it("hold no words of their own, so that none stays English", () => {
    const wrong = screens.filter((path) => WORDS.test(readFileSync(join(UI, path), "utf8")));
    expect(screens.length).toBeGreaterThan(10);
    expect(wrong).toEqual([]);
  });
});
