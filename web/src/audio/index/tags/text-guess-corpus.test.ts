// Thousands of short names that nobody chose for this: countries, languages and months as the engine's own tables (ICU) have
// them, in each language's old encoding.

import { describe, expect, it } from "vitest";
import { decodeAs, guessEncoding } from "./text-guess.ts";

const WESTERN = [
  "fr",
  "de",
  "es",
  "pt",
  "sv",
  "da",
  "nb",
  "fi",
  "is",
  "it",
  "nl",
  "ca",
  "et",
  "ga",
  "fo",
  "gl",
  "af",
  "sq",
];
const FOREIGN: readonly (readonly [encoding: string, language: string])[] = [
  ["windows-1251", "ru"],
  ["windows-1251", "uk"],
  ["windows-1251", "bg"],
  ["koi8-r", "ru"],
  ["windows-1253", "el"],
  ["windows-1255", "he"],
  ["windows-1256", "ar"],
  ["windows-874", "th"],
  ["windows-1250", "cs"],
  ["windows-1250", "hu"],
  ["shift_jis", "ja"],
  ["euc-jp", "ja"],
  ["euc-kr", "ko"],
  ["gbk", "zh-Hans"],
  ["big5", "zh-Hant"],
];
/** Of the names of an alphabet; nearly all others show the file's name, or are known. */
const MAX_WRONG_SHARE = 0.05;

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const PAIRS = [...LETTERS].flatMap((first) => [...LETTERS].map((second) => first + second));

function namesIn(language: string): string[] {
  const [regions, languages] = (["region", "language"] as const).map(
    (type) => new Intl.DisplayNames([language], { type, fallback: "none" }),
  );
  const month = new Intl.DateTimeFormat(language, { month: "long" });
  const named = PAIRS.flatMap((pair) => [regions?.of(pair), languages?.of(pair.toLowerCase())]);
  const months = Array.from({ length: 12 }, (_, at) => month.format(new Date(2024, at, 5)));
  return [...named.filter((name) => name !== undefined), ...months].map((name) => name.normalize("NFC"));
}

/** Back from letters to bytes, by trying what the decoder makes of all bytes and pairs of bytes. */
function encoderOf(encoding: string): (text: string) => Uint8Array | null {
  const bytesOf = new Map<string, number[]>();
  const seconds = /^windows|^koi8/.test(encoding) ? [] : Array.from({ length: 0xbf }, (_, at) => 0x40 + at);
  for (let first = 0x80; first < 0x100; first++) {
    for (const bytes of [[first], ...seconds.map((second) => [first, second])]) {
      const char = new TextDecoder(encoding).decode(Uint8Array.from(bytes));
      if (Array.from(char).length === 1 && char >= "\x80" && !bytesOf.has(char)) bytesOf.set(char, bytes);
    }
  }
  return (text) => {
    const bytes = Array.from(text, (char) => (char < "\x80" ? [char.charCodeAt(0)] : bytesOf.get(char)));
    return bytes.every((each) => each !== undefined) ? Uint8Array.from(bytes.flat()) : null;
  };
}

function* encodedNames(
  encoding: string,
  language: string,
): Generator<readonly [name: string, bytes: Uint8Array]> {
  const encode = encoderOf(encoding);
  for (const name of namesIn(language)) {
    const bytes = encode(name);
    if (bytes?.some((byte) => byte >= 0x80)) yield [name, bytes];
  }
}

describe("[P57] names of the world", () => {
  it.each(WESTERN)("in Western European letters are what they always were: %s", (language) => {
    let count = 0;
    for (const [name, bytes] of encodedNames("windows-1252", language)) {
      expect(decodeAs(bytes, guessEncoding([bytes], ["en-US"]))).toBe(name);
      count++;
    }
    expect(count).toBeGreaterThan(10);
  });

  it.each(FOREIGN)("in %s are hardly ever taken for other names: %s", (encoding, language) => {
    const western = new TextDecoder("windows-1252");
    let [count, wrong] = [0, 0];
    for (const [name, bytes] of encodedNames(encoding, language)) {
      const shown = decodeAs(bytes, guessEncoding([bytes], ["en-US"]));
      if (![name, "", western.decode(bytes)].includes(shown)) wrong++;
      count++;
    }
    expect(count).toBeGreaterThan(100);
    expect(wrong / count).toBeLessThan(MAX_WRONG_SHARE);
  });
});
