// The swarm key people share: made, written, read and judged. Case, dashes and spaces never matter; a whole pasted link
// is understood. Only the canonical form is ever stretched (derive.ts), so two spellings of a key are one swarm.

import { KeyError, type Random, randomBelow } from "../lib/index.ts";

/** Crockford base32: no I, L, O, U, so that a key survives being read aloud. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/** 12 × 5 = 60 bits: with scrypt in front, some millions of GPU-years (research/p2p.md §3.4). */
const GENERATED_CHARS = 12;
const GROUP_CHARS = 4;
const MAX_CHARS = 128;
/** Below this many bits, whoever runs the server could find a key by trying. */
const STRONG_BITS = 50;

const GENERATED = /^[0-9A-HJKMNP-TV-Z]{12}$/;

/** A link anywhere in a message, or an address as browsers shorten it; `Party #1` is neither. */
const LINK = /(?:[a-z]+:\/\/[^\s#]*|^[^\s#]+[./:][^\s#]*)#(\S*)/i;

/** A fresh key as people write it, for example `K7QF-9TXM-2B4D`. */
export function generateKey(random: Random): string {
  let key = "";
  for (let i = 0; i < GENERATED_CHARS; i++) key += ALPHABET[randomBelow(random, ALPHABET.length)];
  return formatKey(key);
}

/** What the typed or pasted text names: the key part of a link, else the text itself, trimmed. */
export function extractKey(text: string): string {
  const trimmed = text.trim();
  const fragment = LINK.exec(trimmed)?.[1] ?? trimmed.replace(/^#/, "");
  const [key = ""] = fragment.split("?");
  try {
    return decodeURIComponent(key);
  } catch {
    return key; // a lone % that someone typed is part of their key
  }
}

/**
 * The form that is stretched: NFKC, no dashes or spaces, upper case; in a key of the generated shape O is 0 and I, L
 * are 1. Throws KeyError `key-empty` or `key-too-long`.
 */
export function canonicalKey(text: string): string {
  const plain = extractKey(text)
    .normalize("NFKC")
    .replace(/[\s\p{Pd}]+/gu, "")
    .toUpperCase();
  if (plain.length === 0) throw new KeyError("key-empty", "no key");
  if (plain.length > MAX_CHARS) throw new KeyError("key-too-long", `${plain.length} characters`);
  const forgiven = plain.replaceAll("O", "0").replace(/[IL]/g, "1");
  return GENERATED.test(forgiven) ? forgiven : plain;
}

/** A key as people write it: generated ones in groups of four, typed ones as they came. */
export function formatKey(text: string): string {
  const canonical = canonicalKey(text);
  if (!GENERATED.test(canonical)) return extractKey(text);
  return (canonical.match(new RegExp(`.{${GROUP_CHARS}}`, "g")) ?? [canonical]).join("-");
}

/** Whether the key could be guessed; a rough entropy bound, generous to long phrases. Never throws. */
export function isWeakKey(text: string): boolean {
  try {
    const canonical = canonicalKey(text);
    if (GENERATED.test(canonical)) return new Set(canonical).size < 4;
    return entropyBits(canonical) < STRONG_BITS;
  } catch {
    return true;
  }
}

/** Length × bits per character of the alphabets used; people's words carry about half of that. */
function entropyBits(canonical: string): number {
  let alphabet = 0;
  if (/[0-9]/.test(canonical)) alphabet += 10;
  if (/[A-Z]/.test(canonical)) alphabet += 26;
  if (/[^0-9A-Z]/.test(canonical)) alphabet += 32;
  const distinct = new Set(canonical).size;
  const perChar = Math.log2(Math.min(alphabet, distinct * 2));
  return (canonical.length * perChar) / (/^[0-9]+$/.test(canonical) ? 1 : 2);
}
