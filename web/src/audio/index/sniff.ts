// Whether bytes are plainly something else than sound: text, a picture, a document, an archive, a program. Pure. Anything
// that is not plainly so is for the decoder to judge, which knows more than any list of beginnings (rule P36).

import { isMp4 } from "./length/mp4.ts";
import { isAt } from "./length/reading.ts";

const OTHER_BEGINNINGS = [
  ...["\x89PNG", "\xff\xd8\xff", "GIF8", "II*\0", "MM\0*", "8BPS", "\0\0\x01\0", "BM"],
  ...[
    "%PDF",
    "%!PS",
    "\xd0\xcf\x11\xe0",
    "{\\rtf",
    "SQLite format 3\0",
    "OTTO",
    "wOFF",
    "wOF2",
    "\0\x01\0\0\0",
  ],
  ...[
    "PK\x03\x04",
    "PK\x05\x06",
    "\x1f\x8b",
    "7z\xbc\xaf",
    "Rar!",
    "\xfd7zXZ",
    "BZh",
    "\x28\xb5\x2f\xfd",
    "!<arch>",
  ],
  ...["\x7fELF", "MZ", "\0asm", "\xca\xfe\xba\xbe", "\xcf\xfa\xed\xfe", "\xce\xfa\xed\xfe"],
];
const PICTURES_IN_MP4 = ["heic", "heix", "mif1", "msf1", "avif", "avis"];
const BYTE_ORDER_MARKS = ["\xff\xfe", "\xfe\xff", "\xef\xbb\xbf"];
/** Text of the shortest kind: a note, an address. */
const MIN_TEXT_BYTES = 8;

/** `head` = the first 64 bytes or more. */
export function isPlainlyNotAudio(head: Uint8Array): boolean {
  const isPicture = isAt(head, 0, "RIFF") && isAt(head, 8, "WEBP");
  const isPictureInMp4 = isAt(head, 4, "ftyp") && PICTURES_IN_MP4.some((brand) => isAt(head, 8, brand));
  if (isPicture || isPictureInMp4) return true;
  if (isMp4(head, 0)) return false; // the size of its first box may look like anything
  return OTHER_BEGINNINGS.some((start) => isAt(head, 0, start)) || isText(head);
}

/** UTF-8 or UTF-16 without a control character that no text has; the last letter may be cut in two. */
function isText(head: Uint8Array): boolean {
  if (head.length < MIN_TEXT_BYTES) return false;
  const mark = BYTE_ORDER_MARKS.findIndex((each) => isAt(head, 0, each));
  const encoding = ["utf-16le", "utf-16be", "utf-8"][mark] ?? "utf-8";
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(head, { stream: true });
    return ![...text].some(isUnprintable);
  } catch {
    return false;
  }
}

const SPACES = "\t\n\v\f\r\x1b"; // with the one that colours a terminal's text

const isUnprintable = (char: string): boolean => (char < " " && !SPACES.includes(char)) || char === "\x7f";
