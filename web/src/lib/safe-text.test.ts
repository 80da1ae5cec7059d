// The cases are kept in vectors/safe-text.json, which tests/peer/test_peer_vectors.py holds the headless peer to.
// UNISONO_WRITE_VECTORS=1 writes what comes out anew; what must come out is said here.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { safeText } from "./safe-text.ts";
import { SeededRandom } from "./testing/index.ts";

const VECTORS = join(import.meta.dirname, "../../../vectors/safe-text.json");
const FAMILY = "👨\u200d👩\u200d👧";
const SCOTLAND = "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}";
const MARKS_ALONE = "\u200d\u200c\u200b\u2060\ufeff\u3164\u2800\ufe0f\u{E0041}\u202e\u0000 \u00ad";

const CASES: readonly [what: string, text: string, maxChars: number, shown: string][] = [
  ["singers and names in Persian", "👩\u200d🎤 رؤیا", 40, "👩\u200d🎤 رؤیا"],
  ["a family", FAMILY, 40, FAMILY],
  ["a flag of a region and a non-joiner", `${SCOTLAND} می\u200cخواهم`, 40, `${SCOTLAND} می\u200cخواهم`],
  [
    "flags with signs",
    "🏳\ufe0f\u200d🌈 🏴\u200d☠\ufe0f 👁\ufe0f\u200d🗨\ufe0f",
    40,
    "🏳\ufe0f\u200d🌈 🏴\u200d☠\ufe0f 👁\ufe0f\u200d🗨\ufe0f",
  ],
  ["skin and hair", "👩🏽\u200d🦰 ❤\ufe0f\u200d🔥", 40, "👩🏽\u200d🦰 ❤\ufe0f\u200d🔥"],
  ["a conjunct and an old Malayalam letter", "क्\u200dष അവന്\u200d", 40, "क्\u200dष അവന്\u200d"],
  ["a variant of a Chinese character", "葛\u{E0100}城", 40, "葛\u{E0100}城"],
  ["accents put together", "Beyonce\u0301", 40, "Beyoncé"],
  ["signs of Arabic numbers and verses", "سورة \u06dd", 40, "سورة \u06dd"],
  ["spaces of all kinds", " \u3000a\u00a0\t\n\u2028\u0085b ", 40, "a b"],
  ["commands for a terminal", "\u001b[31mred\u0007\u009b2J", 40, "[31mred 2J"],
  [
    "overrides, embeddings and isolates",
    "evil\u202e3pm.exe \u2066Bo\u2069 \u202ac\u202c",
    40,
    "evil3pm.exe Bo c",
  ],
  ["marks of direction", "Ada\u200e\u200f\u061c", 40, "Ada"],
  ["invisible letters in Latin", "A\u200dd\u200ca\u200b\u00ad\u3164", 40, "Ada"],
  ["a joiner before and behind", "\u200d👩\u200d", 40, "👩"],
  ["joiners in a row", "م\u200c\u200c\u200c\u200dن", 40, "م\u200dن"],
  ["variations in a row", "❤\ufe0f\ufe0e\ufe0f\u{E0101}", 40, "❤\ufe0f"],
  ["text in tags", "a\u{E0068}\u{E0069} 🏴\u{E0067}\u{E0062}", 40, "a 🏴"],
  ["tags without end", `🏴${"\u{E0067}".repeat(30)}\u{E007F}`, 40, "🏴"],
  ["halves of a character and private use", "a\ud83cb\uf8ffc", 40, "abc"],
  ["nothing that can be seen", MARKS_ALONE, 40, ""],
  ["nothing", "", 40, ""],
  ["a cut between letters", "x".repeat(99), 40, "x".repeat(40)],
  ["a cut in a family", `${"x".repeat(38)}${FAMILY}`, 40, "x".repeat(38)],
  ["a cut before a joiner", `${"م".repeat(40)}\u200cن`, 40, "م".repeat(39)],
  ["a cut behind a non-joiner", `${"م".repeat(39)}\u200cن`, 40, "م".repeat(39)],
  ["a cut in a pair of letters that is a flag", `x${"🇩🇪".repeat(20)}`, 40, `x${"🇩🇪".repeat(19)}`],
  ["a cut in a flag of a region", `${"x".repeat(36)}${SCOTLAND}`, 40, "x".repeat(36)],
  ["a cut before marks", `${"x".repeat(39)}q\u0303\u0323`, 40, "x".repeat(39)],
  ["a cut in an Indic syllable", `${"x".repeat(38)}क्षि`, 40, "x".repeat(38)],
  ["a cut behind a space", `${"x".repeat(39)} y`, 40, "x".repeat(39)],
  ["one endless character", `e${"\u0323".repeat(99)}`, 40, `ẹ${"\u0323".repeat(39)}`],
  ["emoji without end", "🎵".repeat(500), 120, "🎵".repeat(120)],
  ["a novel", `${"\u200b".repeat(9_999)}x`, 40, ""],
];

describe("text of a stranger", () => {
  it.each(CASES)("[P62] %s", (_, text, maxChars, shown) => {
    expect(safeText(text, maxChars)).toBe(shown);
  });

  it("[P62] is the same in the vectors that the headless peer is held to", () => {
    const units = (text: string) => Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
    const vectors = CASES.map(([what, text, maxChars]) => {
      // As code units in hexadecimal: JSON readers differ about halves of characters.
      const hex = units(text)
        .map((unit) => unit.toString(16).padStart(4, "0"))
        .join("");
      return { what, utf16: hex, maxChars, shown: safeText(text, maxChars) };
    });
    if (process.env.UNISONO_WRITE_VECTORS) writeFileSync(VECTORS, `${JSON.stringify(vectors, null, 2)}\n`);
    expect(vectors).toEqual(JSON.parse(readFileSync(VECTORS, "utf8")));
  });

  it("[P62] is safe already when it has been made safe, and cut where a reader of Unicode would cut it", () => {
    const random = new SeededRandom(16);
    const parts = [
      FAMILY,
      SCOTLAND,
      "🇩🇪",
      "❤\ufe0f",
      "👩🏽\u200d🎤",
      "é",
      "e\u0301\u0323",
      "می\u200cخ",
      "कि",
      "क्ष",
      "한",
      "น้ำ",
      "x",
      " ",
    ];
    const whole = new Intl.Segmenter("en", { granularity: "grapheme" });
    for (let run = 0; run < 500; run++) {
      const text = Array.from({ length: 60 }, () => parts[Math.floor(random.fraction() * parts.length)]).join(
        "",
      );
      const shown = safeText(text, 40);
      expect(safeText(shown, 40)).toBe(shown);
      const clean = safeText(text, 1_000);
      const boundaries = new Set(Array.from(whole.segment(clean), ({ index }) => index));
      // What is taken off behind the cut cannot be seen.
      const isUnseen = /[ \u200c]/.test(clean[shown.length] ?? "");
      expect(isUnseen || boundaries.has(shown.length), JSON.stringify(shown)).toBe(true);
    }
  });
});
