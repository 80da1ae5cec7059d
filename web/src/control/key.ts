// The swarm key people share: made, written, read out of whatever a messenger made of it, and checked for typing errors.
// Case, dashes, spaces, invisible characters and the punctuation around a key never matter. Only the canonical form is ever
// stretched (derive.ts), so two spellings of a key are one swarm. src/unisono/peer/key.py does the same; vectors/spellings.json
// holds the two together.

import { KeyError, type Random, randomBelow } from "../lib/index.ts";
import {
  KEY_GROUP_CHARS,
  KEY_RANDOM_CHARS,
  MAX_KEY_PASSES,
  MAX_KEY_TEXT_CHARS,
} from "../protocol/constants/control.gen.ts";
import { isGuessable } from "./key-strength.ts";

/** Crockford base32: no I, L, O, U, so that a key survives being read aloud. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const MAX_CHARS = 128;

/** Twelve characters, as keys were made before they had a check character, or thirteen. */
const SHAPE = /^[0-9A-HJKMNP-TV-Z]{12,13}$/;

/** A link anywhere in a message, or an address as browsers shorten it, with what follows its `#`; `Party #1` is neither. */
const LINK = /(?:[a-z]+:\/\/[^\s#]*|^[^\s#]+[./:][^\s#]*)(?:#|%(?:25)*23)([\s\S]*)/i;
/**
 * Three groups that may be a generated key, with nothing but spaces and what is typed as a dash between them, and no Latin letter and no digit
 * beside them: other scripts are written without spaces.
 */
const GROUPS =
  /(?:^|[^\p{Nd}A-ZÀ-ÖØ-öø-ɏḀ-ỿ])(?=([0-9A-Z]{4}[\s\p{Pd}−ー._・]*[0-9A-Z]{4}[\s\p{Pd}−ー._・]*[0-9A-Z]{4,5})(?![\p{Nd}A-ZÀ-ÖØ-öø-ɏḀ-ỿ]))/giu;
/** What keyboards and people put for a dash: minus, the Japanese long vowel, a dot. */
const LIKE_DASHES = /[−ー._・]/g;
/** The address of a page, which is no key. */
const ADDRESS = /^https?:\/\/\S*$/i;
/** What follows a key in a link: a query, parameters that trackers add, a text fragment. */
const AFTER_KEY = /\?|:~:|&[\w.-]+=/;
/** Quotes, brackets, marks of a sentence and of markup: messengers and people put them around a key. */
const AROUND_KEY = /^[\s"'“”‘’„«»‹›<>()[\]{}*_~`.,:;!?…/\\|#-]+|[\s"'“”‘’„«»‹›<>()[\]{}*_~`.,:;!?…/\\|-]+$/g;

/** A fresh key as people write it, for example `K7QF-9TXM-2B4D3`. */
export function generateKey(random: Random): string {
  for (;;) {
    let key = "";
    for (let i = 0; i < KEY_RANDOM_CHARS; i++) key += ALPHABET[randomBelow(random, ALPHABET.length)];
    key += ALPHABET[remainder(`${key}0`)];
    // Chance may write a word; and with less mixed, a typing error in it would look like somebody's own key.
    const isMixed = /\d.*\d/.test(key) && /[A-Z].*[A-Z]/.test(key);
    if (isMixed && !isGuessable(key)) return formatKey(key);
  }
}

/** What the typed, pasted or opened text names: the key part of a link, or the key in a message, without what is around it. */
export function extractKey(text: string): string {
  // Until nothing is left to unescape: what is read out is written into links, and read again.
  let key = text.slice(0, MAX_KEY_TEXT_CHARS);
  for (let pass = 0; pass < MAX_KEY_PASSES; pass++) {
    const before = key;
    key = extractedOnce(before);
    if (key === before) return key;
  }
  return "";
}

function extractedOnce(text: string): string {
  const visible = text.replace(/\p{Cf}/gu, "").trim();
  const inLink = LINK.exec(visible)?.[1];
  const rest = inLink ?? visible;
  const generated = generatedKeyIn(rest.replace(/\S+/g, percentDecoded));
  if (generated) return generated;
  if (inLink === undefined && ADDRESS.test(rest)) return "";
  const [token = ""] = inLink === undefined ? [rest] : rest.split(/\s/);
  const [key = ""] = percentDecoded(token)
    .replace(/\p{Cf}/gu, "")
    .replace(/^[#/!]+/, "")
    .split(AFTER_KEY);
  return key.replace(AROUND_KEY, "");
}

/**
 * The form that is stretched: NFKC, no dashes or spaces, upper case; in a key of the generated shape O is 0 and I, L
 * are 1. Throws KeyError `key-empty` or `key-too-long`.
 */
export function canonicalKey(text: string): string {
  const plain = spelled(extractKey(text));
  if (plain.length === 0) throw new KeyError("key-empty", "no key");
  if (plain.length > MAX_CHARS) throw new KeyError("key-too-long", `${plain.length} characters`);
  const forgiven = forgivenOf(plain);
  return isGenerated(forgiven) ? forgiven : plain;
}

/** A key as people write it: generated ones in groups, typed ones as they came. */
export function formatKey(text: string): string {
  const canonical = canonicalKey(text);
  if (!isGenerated(canonical)) return extractKey(text);
  return canonical.replace(new RegExp(`^(.{${KEY_GROUP_CHARS}})(.{${KEY_GROUP_CHARS}})`), "$1-$2-");
}

/**
 * Whether the text is most likely a generated key with one character wrong, missing, too much or exchanged with its
 * neighbour. Somebody's own key may look like that too, so it is for a question, not for a refusal. Never throws.
 */
export function isLikelyMistyped(text: string): boolean {
  const typed = extractKey(text).normalize("NFKC");
  const key = typed.replace(LIKE_DASHES, "-");
  const plain = spelled(key);
  const forgiven = forgivenOf(plain);
  const sizes = key.split(/[\s\p{Pd}]+/u).map((group) => group.length);
  const isGrouped =
    sizes.length === 3 && sizes.every((size) => size >= KEY_GROUP_CHARS - 1 && size <= KEY_GROUP_CHARS + 2);
  const isShort = isGrouped && sizes.some((size) => size < KEY_GROUP_CHARS);
  if ((isGenerated(forgiven) && !isShort && key === typed) || Math.abs(plain.length - KEY_RANDOM_CHARS) > 2)
    return false;
  const foreign = Array.from(forgiven).filter((char) => !ALPHABET.includes(char)).length;
  if (foreign > 1 || !/\d/.test(plain) || !/[A-Z]/.test(plain)) return false;
  return isGrouped || (plain.length > KEY_RANDOM_CHARS && (SHAPE.test(plain) || isScattered(plain)));
}

/** Whether the key could be guessed. Never throws. */
export function isWeakKey(text: string): boolean {
  try {
    return isGuessable(canonicalKey(text));
  } catch {
    return true;
  }
}

/** Old keys have no check character; of the new ones one in 32 that somebody made up fits by chance. */
function isGenerated(forgiven: string): boolean {
  return SHAPE.test(forgiven) && (forgiven.length === KEY_RANDOM_CHARS || remainder(forgiven) === 0);
}

/**
 * Of the key as a polynomial over GF(32) (x⁵ + x² + 1), at the generator; 0 for a key whose check character fits. Finds every
 * single wrong character and every exchange of two. The leading 1 keeps a row of zeros from being a key.
 */
function remainder(key: string): number {
  let sum = 1;
  for (const char of key) sum = (sum & 16 ? (sum << 1) ^ 0b100101 : sum << 1) ^ ALPHABET.indexOf(char);
  return sum;
}

/**
 * A generated key somewhere in a message: by its check character, by letters and digits all mixed, or by its dashes. The first
 * of those that have most of these in this order, as telephone numbers have dashes too.
 */
function generatedKeyIn(message: string): string | null {
  let best: string | null = null;
  let bestRank = 0;
  for (const [, typed = ""] of message.normalize("NFKC").matchAll(GROUPS)) {
    const found = typed.replace(LIKE_DASHES, "-");
    const plain = spelled(found);
    if (!isGenerated(forgivenOf(plain)) || (found !== typed && plain.length === KEY_RANDOM_CHARS)) continue;
    const hasCheck = plain.length > KEY_RANDOM_CHARS && /\d/.test(plain);
    const isDashed = /^\S{4}\p{Pd}\S{4}\p{Pd}/u.test(found);
    const rank = 4 * Number(hasCheck) + 2 * Number(isScattered(plain)) + Number(isDashed);
    if (rank > bestRank) [best, bestRank] = [found, rank];
  }
  return best;
}

/** Letters and digits change places more often than in what people make up. */
function isScattered(plain: string): boolean {
  const changes = plain.match(/\d(?=\D)|\D(?=\d)/g)?.length ?? 0;
  return changes > (SHAPE.test(forgivenOf(plain)) ? 1 : 2);
}

function spelled(text: string): string {
  return text
    .normalize("NFKC")
    .replace(/[\s\p{Pd}\p{Cf}]+/gu, "")
    .toUpperCase();
}

function forgivenOf(plain: string): string {
  return plain.replaceAll("O", "0").replace(/[IL]/g, "1");
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone % that someone typed is part of their key
  }
}
