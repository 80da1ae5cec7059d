// Old tags do not say which country's letters their bytes mean. UTF-8 is known by its form. Else each encoding in use is
// weighed: how many bits does this text cost, where frequent letters of its language are cheap, and letters that do not
// occur in it, or stand where nobody writes them, are dear? The cheapest counts only where all others cost far more. Pure.
// Western European is the default, so that no name that has always been read right is read otherwise on a suspicion;
// Turkish and Baltic, a few letters away from it, are not told from it.

/** Letters by frequency; the last ones are rare. What is not listed is taken for a mistake. */
interface Alphabet {
  readonly encoding: string;
  /** Whose device it is where the guess is likelier, as in navigator.languages. */
  readonly languages: RegExp;
  readonly letters: string;
  /** Two bytes a character: frequent ones in `letters`, thousands of others. */
  readonly isWide?: true;
  /** Its letters stand among ASCII ones; those of other scripts make whole words. */
  readonly isLatin?: true;
  /** Few tags were ever written in it. */
  readonly isRare?: true;
  /** The first bytes of the characters that are used daily; the others were sorted behind them. */
  readonly daily?: readonly [first: number, last: number];
  /** Vowels, and signs and consonants that stand for them: three others in a row are rare, or three of these. */
  readonly vowels?: string;
}

const DEFAULT = "windows-1252";
const RUSSIAN = "оаеинтслрвкмдупяыьгзбчйжхюшцщэёфъіїєґў";
const RUSSIAN_VOWELS = "оаеиуяыэюёіїєьъ";
const HANZI =
  "的我你爱不一是了人在有心天这来到上大地么想没子个那好生中要情他过会世看花风月时无夜水自说道也为就年能如家小可红开歌下" +
  "里梦相后起老去前出多日长春山江海明海光雨云雪星空东西南北方年高新王李张陈周林杰伦刘华黄学友邓丽君歌曲谁让走还飞手中国之";
const HANZI_TRADITIONAL =
  "的我你愛不一是了人在有心天這來到上大地麼想沒子個那好生中要情他過會世看花風月時無夜水自說道也為就年能如家小可紅開歌下" +
  "裡夢相後起老去前出多日長春山江海明光雨雲雪星空東西南北方高新王李張陳周林傑倫劉華黃學友鄧麗君曲誰讓走還飛手國之";
const KANA =
  "のいんるたしとなはにてをまがかこきっれらでうもりすさよくせどみつわやあだけめおえろひそねじちょふほばへぬむゆ" +
  "ンーイスルトラリアクシドレタッフロジムカメキテコバマナサプニオグセエデパウブミソチハポツボチャュョァィェォケモノワヤビガザゴペ";
const KANJI =
  "愛人心日一大夜夢花風空君恋月雨星海歌春夏秋冬時生東京女男子中道光声音上下小田山川本木村藤宇多高橋中島美少年世界物語涙";
const HANGUL =
  "이다가는사의에고나하아지랑을너니그해어기도를리내은라한자서노인대시로만수우일오래와말거들마보안여게스주전있구정부없소비" +
  "날때제동남신원장미조상바선유연영성히김현진행별빛봄꽃강산세면야음술타댄박최방탄년단광석월화불문백종민준지혜은경윤임정호재태" +
  "싸될된할했었았겠습니까요죠네군천명분속밤길집물눈달해발손돌른운쁜픈슬행복친";

const ALPHABETS: readonly Alphabet[] = [
  {
    encoding: DEFAULT,
    languages: /^/,
    letters: "éäöüèáñóíàçåøêßúæâôãëîïìòùûœÉÖÄÜÅØÇÁÀÓÆÊÈÍÚÔÑõÿÂÎŒÕÒÙÌÏËŠŽšžýðþÝÐÞÛ",
    isLatin: true,
  },
  {
    encoding: "windows-1250",
    // Of nine languages, of which the device speaks one: what it speaks says little.
    languages: /^$/,
    letters: "áéíóąęłżśćńźčěřšžýůúťňďöüőűăâîşţđĺľôäŁŚŻŹĆČŠŽŘÁÉÍÓÚÖÜŐŰŇŤĎĄĘŃĚŮÝĐŞŢĂÂÎĽÄëçËÇß",
    isLatin: true,
  },
  {
    encoding: "windows-1251",
    languages: /^(ru|uk|be|bg|sr|mk|kk)\b/,
    letters: RUSSIAN,
    vowels: RUSSIAN_VOWELS,
  },
  { encoding: "koi8-r", languages: /^ru\b/, letters: RUSSIAN, vowels: RUSSIAN_VOWELS, isRare: true },
  {
    encoding: "windows-1253",
    languages: /^el\b/,
    letters: "αοιετσνηυρπκμλςωίάόγέήδύθχφβώξζψϊϋΐΰ",
    vowels: "αοιεηυωάόίέήύώϊϋΐΰ",
  },
  { encoding: "windows-1255", languages: /^(he|iw|yi)\b/, letters: "יוהלאתרבשמנםעחדקפצגסטכזןךףץ" },
  {
    encoding: "windows-1256",
    languages: /^(ar|fa|ur)\b/,
    letters: "اليمنورتبةعدسفهكقحجشطصخضذأثئءىغظؤإآپچگژ",
  },
  {
    encoding: "windows-874",
    languages: /^th\b/,
    letters: "านรกอเ่งมย้ลวดัทสตะีิคาหบปแจขไใพชูโผุถ็ำืึฟศณญซธภษฉ์ฐฝฮฤๆฯฎฬฆฌฏฑฒ",
    vowels: "าะิีึืุูัำเแโใไ็่้๊๋์อวย",
  },
  { encoding: "shift_jis", languages: /^ja\b/, letters: KANA + KANJI, isWide: true, daily: [0x81, 0x97] },
  {
    encoding: "euc-jp",
    languages: /^ja\b/,
    letters: KANA + KANJI,
    isWide: true,
    daily: [0xa1, 0xcf],
    isRare: true,
  },
  { encoding: "euc-kr", languages: /^ko\b/, letters: HANGUL, isWide: true, daily: [0xa1, 0xc8] },
  {
    encoding: "gbk",
    languages: /^zh\b(?!.*\b(TW|HK|Hant)\b)/,
    letters: HANZI,
    isWide: true,
    daily: [0xa1, 0xd7],
  },
  {
    encoding: "big5",
    languages: /^zh\b.*\b(TW|HK|Hant)\b/,
    letters: HANZI_TRADITIONAL,
    isWide: true,
    daily: [0xa1, 0xc6],
  },
];

// Costs in bits: minus the binary logarithm of how often something happens, from memory of such tags rather than a corpus.
const FOREIGN = 1;
const WITHOUT_HINT = 3;
const RARE = 6;
/** How much dearer all others must be: one guess in some hundred may be wrong. */
const SURE = 6;
/** A byte, on average: noise costs more in all letters. */
const DOUBTFUL = 8;
/** A text of few letters may have a rare one among them. */
const SHORT = 10;
const ASCII = 4.5;
const MARK_OF_TEXT = 9;
const UNLISTED = 14;
const IMPOSSIBLE = 30;
/** A symbol between two letters, as “³” stands in “Za¿ó³æ”: read in the wrong letters. */
const SYMBOL_IN_WORD = 20;
/** Two accented letters side by side are rare in Latin scripts. */
const ACCENTS_IN_A_ROW = 5;
/** A word of two scripts. */
const MIXED_WORD = 9;
/** The third consonant in a row, or the third vowel. */
const CLUSTER = 3;
/** A sign that belongs on a letter where there is none. */
const LOOSE_SIGN = 12;
const CAPITAL = 0.5;
const CAPITAL_INSIDE = 6;

const LETTER = /[\p{L}\p{M}]/u;
const SYMBOL = /[\p{S}\p{No}ªº¿¡·]/u;
const PUNCTUATION = /[\p{P}\p{Zs}№°]/u;
const WIDE_LETTER = /[\p{L}々]/u;
const CANNOT_BE = /[\p{Cc}\p{Co}\p{Cf}\ufffd]/u;
/** Kana of half width, which only the oldest devices wrote. */
const NARROW_KANA = /[\uff61-\uff9f]/u;

/** Below it a text of unknown letters is too short to be called garbage. */
const MIN_UNKNOWN_LETTERS = 4;

/**
 * The encoding of texts that were written together; "utf-8" where all of them are. Null: surely not Western European, and
 * nothing else for sure.
 */
export function guessEncoding(texts: readonly Uint8Array[], languages: readonly string[]): string | null {
  const foreign = texts.filter((text) => text.some((byte) => byte >= 0x80) && !isUtf8(text));
  if (foreign.length === 0) return "utf-8";
  const costs = ALPHABETS.flatMap((alphabet) => {
    const bits = costOf(foreign, alphabet, languages);
    return bits === null ? [] : [{ encoding: alphabet.encoding, bits }];
  }).sort((one, other) => one.bits - other.bits);
  const [best, second] = costs;
  const bytes = foreign.reduce((sum, text) => sum + text.length, 0);
  const isLikely = best !== undefined && best.bits < DOUBTFUL * bytes + SHORT;
  if (best && isLikely && (!second || second.bits - best.bits >= SURE)) return best.encoding;
  return best?.encoding !== DEFAULT && isMostlyForeign(foreign) ? null : DEFAULT;
}

/** A field of fixed length may end within a character; a single accent at the end of a name is no beginning of one. */
function isUtf8(text: Uint8Array): boolean {
  const decoded = decode(text, "utf-8");
  return decoded !== null && (/[^\0-\x7f]/.test(decoded) || decoded.length === text.length);
}

/** UTF-8 where the bytes have its form, whatever the others are; "" where nothing is known for sure. */
export function decodeAs(bytes: Uint8Array, encoding: string | null): string {
  if (isUtf8(bytes)) return decode(bytes, "utf-8") ?? "";
  return (encoding && decode(bytes, encoding)) ?? "";
}

/** Null where these bytes cannot be that encoding. A character that is cut off at the end is left out. */
function decode(bytes: Uint8Array, encoding: string): string | null {
  try {
    // A byte order mark is kept, so that no text is shorter than its bytes for it; nobody sees it (safe-text.ts).
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes, { stream: true });
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function costOf(
  texts: readonly Uint8Array[],
  alphabet: Alphabet,
  languages: readonly string[],
): number | null {
  const isHinted = languages.some((language) => alphabet.languages.test(language));
  const isForeign = alphabet.encoding !== DEFAULT;
  let bits = (isForeign ? FOREIGN : 0) + (isHinted ? 0 : WITHOUT_HINT) + (alphabet.isRare ? RARE : 0);
  for (const text of texts) {
    const decoded = decode(text, alphabet.encoding);
    if (decoded === null) return null;
    bits += alphabet.isWide ? wideBits(text, alphabet) : narrowBits(decoded, alphabet);
  }
  return bits;
}

function narrowBits(text: string, alphabet: Alphabet): number {
  let bits = 0;
  let before = " ";
  const chars = Array.from(text);
  for (const [index, char] of chars.entries()) {
    if (char < "\x80") {
      bits += ASCII;
      if (!alphabet.isLatin && /[a-z]/i.test(char) && isForeignLetter(before)) bits += MIXED_WORD;
    } else if (CANNOT_BE.test(char)) {
      bits += IMPOSSIBLE;
    } else {
      bits += alphabet.isLatin
        ? accentBits(char, before, chars[index + 1] ?? " ", alphabet.letters)
        : scriptBits(char, before, alphabet);
    }
    before = char;
  }
  return bits + (alphabet.vowels ? clusterBits(text.toLowerCase(), alphabet.vowels) : 0);
}

function accentBits(char: string, before: string, after: string, letters: string): number {
  if (SYMBOL.test(char)) return LETTER.test(before) && LETTER.test(after) ? SYMBOL_IN_WORD : MARK_OF_TEXT + 3;
  if (!LETTER.test(char)) return MARK_OF_TEXT;
  const at = letters.indexOf(char);
  const inARow = isForeignLetter(before) ? ACCENTS_IN_A_ROW : 0;
  return inARow + (at < 0 ? UNLISTED : 7 + (4 * at) / letters.length) + insideBits(char, before);
}

function scriptBits(char: string, before: string, { letters }: Alphabet): number {
  const mixed = /[a-z]/i.test(before) && LETTER.test(char) ? MIXED_WORD : 0;
  const loose = /\p{M}/u.test(char) && !isForeignLetter(before) ? LOOSE_SIGN : 0;
  const small = char.toLowerCase();
  const at = letters.indexOf(small);
  if (at < 0) return mixed + loose + (PUNCTUATION.test(char) ? MARK_OF_TEXT : UNLISTED);
  const capital = small === char ? 0 : CAPITAL;
  return mixed + loose + capital + 3.2 + 6 * (at / letters.length) ** 1.3 + insideBits(char, before);
}

function clusterBits(text: string, vowels: string): number {
  let bits = 0;
  let run = 0;
  let wasVowel = false;
  for (const char of text) {
    const isVowel = vowels.includes(char);
    run = !isForeignLetter(char) ? 0 : isVowel === wasVowel ? run + 1 : 1;
    wasVowel = isVowel;
    if (run > 2) bits += CLUSTER;
  }
  return bits;
}

/** A capital behind a small letter. */
function insideBits(char: string, before: string): number {
  const isCapital = char.toLowerCase() !== char;
  return isCapital && before.toUpperCase() !== before ? CAPITAL_INSIDE : 0;
}

/** Characters of one byte or two, as all of these encodings have them but for a few that nobody uses. */
function wideBits(bytes: Uint8Array, alphabet: Alphabet): number {
  let bits = 0;
  let before = "";
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] ?? 0;
    const length = lead < 0x80 || decode(bytes.subarray(at, at + 1), alphabet.encoding) ? 1 : 2;
    const char = decode(bytes.subarray(at, at + length), alphabet.encoding) ?? "";
    bits += wideCharBits(char, lead, alphabet);
    // Small Latin letters and these seldom make one word.
    if (lead >= 0x80 ? /[a-z]/.test(before) : before >= "\x80" && /[a-z]/.test(char)) bits += MIXED_WORD;
    before = char;
    at += length;
  }
  return bits;
}

function wideCharBits(char: string, lead: number, { letters, daily = [0, 0] }: Alphabet): number {
  if (lead < 0x80) return ASCII;
  if (char === "") return UNLISTED; // cut off
  if (CANNOT_BE.test(char)) return IMPOSSIBLE;
  if (NARROW_KANA.test(char)) return MARK_OF_TEXT;
  if (letters.includes(char)) return 8;
  const isDaily = daily[0] <= lead && lead <= daily[1];
  return isDaily && WIDE_LETTER.test(char) ? 13 : isDaily && PUNCTUATION.test(char) ? UNLISTED : 18;
}

const isForeignLetter = (char: string): boolean => char >= "\x80" && LETTER.test(char);

function isMostlyForeign(texts: readonly Uint8Array[]): boolean {
  let foreign = 0;
  let plain = 0;
  for (const text of texts) {
    for (const byte of text) {
      if (byte >= 0x80) foreign++;
      else if (/[a-z]/i.test(String.fromCharCode(byte))) plain++;
    }
  }
  return foreign >= MIN_UNKNOWN_LETTERS && foreign >= 3 * plain;
}
