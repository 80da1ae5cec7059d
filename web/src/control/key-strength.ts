// How hard a key is to guess, by what people make keys of: words, dates, telephone numbers, rows of the keyboard. Judges every
// key alike, whatever it looks like: `PASSWORD1234` has the shape of a generated key. Pure; bits are estimates.

/** Below this, whoever runs the server could find a key by trying. */
const STRONG_BITS = 48;

/** A letter of a word; English words carry between 1.3 (prose) and 2.2 (words at random). */
const WORD_LETTER_BITS = 2;
/** log₂ 22, as the generated alphabet has 22 letters. */
const LOOSE_LETTER_BITS = 4.5;
const DIGIT_BITS = 3.3;
const YEAR_BITS = 6;
const DATE_BITS = 14;
/** Which letters of a word are written as digits. */
const DISGUISE_BITS = 6;
const OTHER_BITS = 4;
/** An ideograph or a syllable is nearly a word. */
const IDEOGRAPH_BITS = 6;
/** A character that follows from the one before: 1234, AAAA, QWERTY. */
const FOLLOWING_BITS = 0.5;
/** Where letters and digits change places is not known either. */
const CHANGE_BITS = 2.5;

const MIN_WORD_LETTERS = 5;
const MIN_VOWEL_SHARE = 0.25;

const MIN_DISGUISED_LETTERS = 8;
const DISGUISES: Readonly<Record<string, string>> = {
  0: "O",
  1: "I",
  3: "E",
  4: "A",
  5: "S",
  7: "T",
  "@": "A",
  $: "S",
};

const DATE = /^(?:(?:19|20)\d\d[01]\d[0-3]\d|[0-3]\d[0-3]\d(?:19|20)?\d\d)$/;
const IDEOGRAPHS = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;
const RUNS =
  /[A-Z]+|\d+|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]+|[\p{L}\p{M}]+|[^\p{L}\p{M}\d]+/gu;
const FORWARD =
  "0123456789 1234567890 ABCDEFGHIJKLMNOPQRSTUVWXYZ QWERTYUIOP ASDFGHJKL ZXCVBNM QWERTZUIOP YXCVBNM AZERTYUIOP QSDFGHJKLM WXCVBN " +
  "1QAZ2WSX3EDC4RFV5TGB6YHN7UJM8IK9OL0P 1QAY2WSX ZAQ12WSXCDE34RFV 1Q2W3E4R5T6Y7U8I9O0P 5T6Z7U";
const ROWS = `${FORWARD} ${Array.from(FORWARD).reverse().join("")}`;
const ROW_CHARS = 3;
/** So much of a row counts as one sign, also where letters and digits alternate in it. */
const MIN_COLUMN_CHARS = 6;

/** Whether a key in canonical form could be guessed. */
export function isGuessable(canonical: string): boolean {
  const plain = canonical
    .toUpperCase()
    .replace(/\p{Nd}/gu, asciiDigit)
    .replace(/(\d)[^\p{L}\p{M}\d]+(?=\d)/gu, "$1");
  return (
    Math.min(bitsOf(plain), bitsOf(withoutRows(plain)), DISGUISE_BITS + bitsOf(undisguised(plain))) <
    STRONG_BITS
  );
}

/** Each script has its ten digits in a row, and a script's zero is not preceded by a digit of it. */
function asciiDigit(digit: string): string {
  let value = 0;
  const code = digit.codePointAt(0) ?? 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value++;
  return String(value);
}

function withoutRows(plain: string): string {
  for (let size = plain.length; size >= MIN_COLUMN_CHARS; size--)
    for (let at = 0; at + size <= plain.length; at++)
      if (ROWS.includes(plain.slice(at, at + size)))
        return `${withoutRows(plain.slice(0, at))} ${withoutRows(plain.slice(at + size))}`;
  return plain;
}

/** `P4SSW0RD` as the word that it is; left alone where no long word comes out. */
function undisguised(plain: string): string {
  return plain.replace(/[A-Z](?:[A-Z]|[\d@$]+(?=[A-Z]))+/g, (mixed) => {
    const word = mixed.replace(/[013457@$]/g, (digit) => DISGUISES[digit] ?? digit);
    return isWord(word) && word.length >= MIN_DISGUISED_LETTERS ? word : mixed;
  });
}

function bitsOf(repeated: string): number {
  // What is there twice or more counts once.
  const plain = repeated.replace(/^(.{2,}?)\1+$/u, "$1");
  const runs = plain.match(RUNS) ?? [];
  let bits = CHANGE_BITS * Math.max(0, runs.length - 1);
  const known = new Set<string>();
  for (const run of runs) {
    // A word once more is not another word.
    bits += known.has(run) && run.length > 1 ? FOLLOWING_BITS : bitsOfRun(run);
    known.add(run);
  }
  return bits;
}

function bitsOfRun(run: string): number {
  if (/^(?:19|20)\d\d$/.test(run)) return YEAR_BITS;
  if (DATE.test(run)) return DATE_BITS;
  const perChar = bitsPerChar(run);
  const chars = Array.from(run);
  const following = chars.filter((_, at) => isFollowing(chars, at)).length;
  return following * FOLLOWING_BITS + (chars.length - following) * perChar;
}

function bitsPerChar(run: string): number {
  if (/^\d/.test(run)) return DIGIT_BITS;
  if (/^[A-Z]/.test(run)) return isWord(run) ? WORD_LETTER_BITS : LOOSE_LETTER_BITS;
  if (IDEOGRAPHS.test(run)) return IDEOGRAPH_BITS;
  if (/^\p{L}/u.test(run)) return WORD_LETTER_BITS;
  return OTHER_BITS;
}

const isWord = (run: string): boolean =>
  run.length >= MIN_WORD_LETTERS &&
  (run.match(/[AEIOUY]/g)?.length ?? 0) >= MIN_VOWEL_SHARE * run.length &&
  !/[^AEIOUY]{4}/.test(run);

/** The next letter of another alphabet each time. */
function isInOrder(row: string): boolean {
  const codes = Array.from(row, (char) => char.codePointAt(0) ?? 0);
  return (codes[0] ?? 0) > 0x7f && codes.every((code, i) => i === 0 || code === (codes[i - 1] ?? 0) + 1);
}

/** One of three or more in a row: of one kind, of the alphabet or a keyboard in either direction, or ABAB. */
function isFollowing(chars: readonly string[], at: number): boolean {
  const isRow = (from: number): boolean => {
    const row = chars.slice(Math.max(0, from), from + ROW_CHARS).join("");
    return (
      from >= 0 && row.length === ROW_CHARS && (ROWS.includes(row) || /^(.)\1+$/u.test(row) || isInOrder(row))
    );
  };
  const isDoubled =
    at > 0 &&
    chars[at] === chars[at - 1] &&
    chars.length > 5 &&
    chars.every((char, i) => char === chars[i ^ 1]);
  const isRepeat = isDoubled || (at >= 3 && chars[at] === chars[at - 2] && chars[at - 1] === chars[at - 3]);
  return isRepeat || isRow(at - 2) || (at > 0 && isRow(at - 1));
}
