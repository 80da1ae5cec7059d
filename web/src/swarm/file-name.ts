// A file's name as text that is safe to show: a name comes from a stranger and must neither break a line nor reverse one.

/** Long enough for any song title, short enough for a row on a phone. */
export const MAX_NAME_CHARS = 120;
/** What may arrive: cleaning can shorten a name, so a little more than is kept, but never a novel. */
export const MAX_WIRE_NAME_CHARS = 512;

// \p{Cc} control, \p{Cf} format (bidi overrides and isolates U+202A–202E, U+2066–2069, zero-width), \p{Co} private use,
// \p{Cs} lone surrogates, \p{Zl} and \p{Zp} line and paragraph separators.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]+/gu;

/** Removes control, format and direction characters, trims and cuts. May return "". */
export function cleanFileName(name: string): string {
  const text = name.normalize("NFC").replace(UNSAFE, " ").replace(/\s+/g, " ").trim();
  return Array.from(text).slice(0, MAX_NAME_CHARS).join("").trim();
}
