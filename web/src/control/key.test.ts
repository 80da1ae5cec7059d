import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { KeyError, randomBelow } from "../lib/index.ts";
import { SeededRandom } from "../lib/testing/index.ts";
import { MAX_KEY_TEXT_CHARS } from "../protocol/constants/control.gen.ts";
import { canonicalKey, extractKey, formatKey, generateKey, isLikelyMistyped, isWeakKey } from "./key.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const vectors = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../vectors/spellings.json"), "utf8"),
) as { spellings: [string, string | null][]; isLikelyMistyped: [string, boolean][] };

const generated = Array.from({ length: 40 }, (_, seed) => generateKey(new SeededRandom(seed)));

/** Everything that one slip of a finger can make of a key. */
function* slipsOf(key: string): Generator<string> {
  for (let at = 0; at < key.length; at++) {
    if (key[at] === "-") continue;
    // A mark is taken away, and then it is a character too few.
    for (const other of `${ALPHABET}U${at < 9 ? ";" : ""}`)
      yield `${key.slice(0, at)}${other}${key.slice(at + 1)}`;
    const after = key[at + 1] === "-" ? at + 2 : at + 1;
    if (after < key.length)
      yield `${key.slice(0, at)}${key[after]}${key.slice(at + 1, after)}${key[at]}${key.slice(after + 1)}`;
    yield `${key.slice(0, at)}${key[at]}${key.slice(at)}`;
    // The last group shortened by one is a key as they were made before: it is spoken of when the swarm is empty.
    if (at < 9) yield `${key.slice(0, at)}${key.slice(at + 1)}`;
  }
}

describe("the swarm key", () => {
  it("[K1] is made of 12 Crockford characters and a check character, in three groups", () => {
    for (const key of generated)
      expect(key).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{5}$/);
  });

  it.each(vectors.spellings)("[K2] [K8] %j names %j", (text, canonical) => {
    if (canonical === null) expect(() => canonicalKey(text)).toThrow(KeyError);
    else expect(canonicalKey(text)).toBe(canonical);
  });

  it("[K2] shows a generated key in groups however it was typed", () => {
    expect(formatKey("http://x.test/#k7qf9txm2b4d.")).toBe("K7QF-9TXM-2B4D");
    for (const key of generated) expect(formatKey(key.replaceAll("-", "").toLowerCase())).toBe(key);
    expect(formatKey("“Rooftop Party 7”")).toBe("Rooftop Party 7");
  });

  it("[K8] finds a generated key in what messengers make of it, whatever stands around it", () => {
    const around = [
      ".",
      ",",
      ")",
      ">",
      '"',
      "/",
      "…",
      "»",
      "%2E",
      "%E2%80%8B",
      "\u200b",
      "&fbclid=1",
      "?fbclid=1",
      "!*",
    ];
    for (const key of generated) {
      for (const behind of around)
        expect(canonicalKey(`https://x.test/#${key}${behind}`)).toBe(canonicalKey(key));
      expect(canonicalKey(`Come! Key: ${key.replaceAll("-", "")} (tonight)`)).toBe(canonicalKey(key));
    }
  });

  it("[K2] reads the same key out of what it wrote", () => {
    const random = new SeededRandom(1);
    const pieces = [
      "%25",
      "%",
      "23",
      "20",
      "#",
      "=",
      "&a=",
      "K",
      "k7qf",
      "-9txm",
      "-2b4d",
      " ",
      "x.test/",
      "//",
      "é",
      ".",
    ];
    for (let run = 0; run < 1000; run++) {
      const text = Array.from(
        { length: 1 + randomBelow(random, 8) },
        () => pieces[randomBelow(random, 16)],
      ).join("");
      const shown = extractKey(text);
      if (shown) expect(canonicalKey(formatKey(text)), text).toBe(canonicalKey(text));
      if (shown)
        expect(canonicalKey(`https://y.test/#${encodeURIComponent(shown)}`), text).toBe(canonicalKey(text));
    }
  });

  it("[K3] forgives O for 0 and I or L for 1 in a generated key", () => {
    expect(canonicalKey("OIL0-1234-5678")).toBe(canonicalKey("0110-1234-5678"));
  });

  it("[K4] takes any typed key, with its own letters", () => {
    expect(extractKey("https://host.test/#caf%C3%A9%20noir?server=wss://x.test")).toBe("café noir");
  });

  it("[K5] refuses nothing and endlessness, in words", () => {
    expect(() => canonicalKey(" - ")).toThrow(KeyError);
    expect(() => canonicalKey("x".repeat(129))).toThrow(KeyError);
  });

  it("[K9] notices every single slip in a generated key", () => {
    for (const key of generated) {
      expect(isLikelyMistyped(key)).toBe(false);
      for (const slip of slipsOf(key)) {
        const isSame = canonicalKey(slip) === canonicalKey(key);
        expect(isSame || isLikelyMistyped(slip), `${key} as ${slip}`).toBe(true);
      }
    }
  });

  it("[K9] notices a wrong or exchanged character also without dashes", () => {
    for (let seed = 0; seed < 300; seed++) {
      const key = canonicalKey(generateKey(new SeededRandom(seed)));
      for (let at = 0; at < key.length; at++) {
        const wrong = ALPHABET[(ALPHABET.indexOf(key[at] ?? "") + 1 + (seed % 31)) % 32];
        const slip = `${key.slice(0, at)}${wrong}${key.slice(at + 1)}`;
        expect(isLikelyMistyped(slip), `${key} as ${slip}`).toBe(true);
      }
    }
  });

  it.each(vectors.isLikelyMistyped)("[K9] %j is asked about: %s", (text, isAsked) => {
    expect(isLikelyMistyped(text)).toBe(isAsked);
  });
});

describe("the strength of a key", () => {
  it.each([
    [
      "words and numbers",
      "PASSWORD1234 PASSWORD12345 PARTYTIME2026 SUMMER2026BBQ ILOVEYOU4EVER ZURICH8001BAR DJ2026 PARTY 1234",
    ],
    ["telephone numbers", "491701234567 0491701234567 4930901820123 15551234567"],
    [
      "rows and repeats",
      "000000000000 ABCDEFGHJKMNP QWERTYUIOP123 123ABC456DEF7 AAAABBBBCCCC1 MYPARTYMYPARTY",
    ],
    ["dates and disguises", "JOHN19840512X P4SSW0RD1234 01.01.2000 ANNA24122025"],
    ["words with marks", "नमस्तेदुनिया สวัสดีปีใหม่"],
    ["digits of other scripts", "٢٠٢٤٠٨١٥٢٠٠٠ १२३४५६७८९०१२"],
    ["periods", "testtesttesttest musicmusicmusic 2024081520240815 1122334455667788 xk7qxk7qxk7q"],
    ["columns of the keyboard", "1qaz2wsx3edc zaq12wsxcde3 1q2w3e4r5t6z"],
    [
      "signs for letters and between digits",
      "P@ssw0rd!2024 Pa$$w0rd2024 +49(0)151/23456789 2024-08-15T20:00 2024/08/15/20:00",
    ],
    ["alphabets in order", "АБВГДЕЖЗИЙКЛМНОП αβγδεζηθικλμνξοπ あぃいぅうぇえぉおかがきぎくぐけげ"],
    ["other alphabets", "ВЕЧЕРИНКАУДИМЫ パーティー ΓΙΟΡΤΗ2026"],
  ])("[K6] does not take %s for strong, whatever their shape", (_, keys) => {
    for (const key of keys.split(" ")) expect(isWeakKey(key), key).toBe(true);
    expect(isWeakKey("")).toBe(true);
  });

  it("looks for a key in no more than a long message", () => {
    expect(extractKey("K".repeat(1_000_000))).toHaveLength(MAX_KEY_TEXT_CHARS);
    expect(() => canonicalKey(`https://x.test/#${"K".repeat(1_000_000)}`)).toThrow(KeyError);
    expect(extractKey(`${"x ".repeat(4_000)}K7QF-9TXM-2B4D`)).toBe("K7QF-9TXM-2B4D");
  });

  it("[K6] takes long phrases and what it made itself for strong", () => {
    expect(isWeakKey(canonicalKey("four quiet herons under the old bridge"))).toBe(false);
    expect(isWeakKey("K7QF9TXM2B4D")).toBe(false);
    for (let seed = 0; seed < 2000; seed++) {
      const key = generateKey(new SeededRandom(seed));
      expect(isWeakKey(key), key).toBe(false);
    }
  });
});
