// Text of a stranger as it may be shown: a person's name, a file's name, what a song's tags say. It must not break its line,
// reverse it, or hide something in it, and the letters of all countries and joined emoji stay whole. Pure. The headless peer
// does the same in src/unisono/peer/safe_text.py; vectors/safe-text.json holds both.

/** The subdivision flags: a black flag, what the region is called in invisible letters, and their end. Other tags hide text. */
const FLAGS_AND_TAGS =
  /(\u{1F3F4}[\u{E0030}-\u{E0039}\u{E0061}-\u{E007A}]{2,8}\u{E007F})|[\u{E0000}-\u{E007F}]/gu;
const BLANK = /[\p{Z}\p{Cc}\u2800]/u;
const JOINER = /[\u200c\u200d]/u;
const VARIATION = /[\ufe00-\ufe0f\u{E0100}-\u{E01EF}\u180b-\u180d\u180f]/u;
const TAG = /[\u{E0020}-\u{E007F}]/u;
// Default_Ignorable_Code_Point has the bidi marks, overrides and isolates, zero-width spaces and fillers that look like no
// letter; \p{Co} is private use, \p{Cs} lone surrogates, U+FFF9–FFFB annotations.
const HIDDEN = /[\p{DI}\p{Co}\p{Cs}\ufff9-\ufffb]/u;
/** Latin, Greek and Cyrillic stand before U+0590 and never join; there a joiner would only make two names look the same. */
const JOINABLE = /[\p{L}\p{M}\p{S}]/u;
const FIRST_JOINABLE = "\u0590";

// A character is never parted from these that follow it: marks, variations, joiners, tags, skin colours, vowels behind.
const EXTENDS = /\u200c|\u200d|[\p{M}\u{E0020}-\u{E007F}\p{EMod}\u0e33\u0eb3]/u;
const REGIONAL = /\p{RI}/u;
/** Signs of Indic scripts that tie two consonants into one character. */
const TIES = /[\u094d\u09cd\u0acd\u0b4d\u0c4d\u0d4d\u1039\u17d2]/u;
const LETTER = /\p{L}/u;
/** So many code units for each character kept: enough for any emoji, and a novel is not normalised for nothing. */
const MAX_UNITS_PER_CHAR = 16;

/** At most `maxChars` code points, cut between characters as people see them. "" where nothing of it can be seen. */
export function safeText(text: string, maxChars: number): string {
  const short = text.slice(0, maxChars * MAX_UNITS_PER_CHAR).normalize("NFC");
  const chars = Array.from(short.replace(FLAGS_AND_TAGS, "$1"));
  const kept: string[] = [];
  for (const [index, char] of chars.entries()) {
    const before = kept.at(-1) ?? " ";
    if (BLANK.test(char)) {
      if (before !== " ") kept.push(" ");
    } else if (JOINER.test(char) ? isJoining(before, chars[index + 1]) : isShown(char, before)) {
      kept.push(char);
    }
  }
  return cut(kept, maxChars).join("").trim();
}

function isShown(char: string, before: string): boolean {
  if (VARIATION.test(char)) return before !== " " && !VARIATION.test(before) && !JOINER.test(before);
  return TAG.test(char) || !HIDDEN.test(char);
}

/** Between two that can join; behind a mark also at the end of a word, as Malayalam and Sinhala write some letters. */
function isJoining(before: string, after = ""): boolean {
  if (!isJoinable(before) || JOINER.test(before)) return false;
  return isJoinable(after) || (/\p{M}/u.test(before) && !VARIATION.test(before));
}

const isJoinable = (char: string): boolean =>
  char >= FIRST_JOINABLE && (JOINABLE.test(char) || TAG.test(char));

function cut(chars: string[], maxChars: number): string[] {
  if (chars.length <= maxChars) return chars;
  let end = maxChars;
  while (end > 0 && !isBoundary(chars, end)) end--;
  // One character of more code points than fit is cut all the same.
  if (end === 0) end = maxChars;
  while (JOINER.test(chars[end - 1] ?? "")) end--;
  return chars.slice(0, end);
}

function isBoundary(chars: readonly string[], at: number): boolean {
  const [before = "", after = ""] = [chars[at - 1], chars[at]];
  if (EXTENDS.test(after) || before === "\u200d" || (TIES.test(before) && LETTER.test(after))) return false;
  if (!REGIONAL.test(before) || !REGIONAL.test(after)) return true;
  let run = 0;
  while (REGIONAL.test(chars[at - 1 - run] ?? "")) run++;
  return run % 2 === 0;
}
