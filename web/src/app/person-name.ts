// A person's name as it may be shown. Pure.

export const MAX_NAME_CHARS = 40;

/** A name as it may be shown: no control or direction-override characters, single spaces, at most 40 characters. */
export function cleanName(name: string): string {
  const plain = name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "").replace(/\s+/g, " ");
  return Array.from(plain.trim()).slice(0, MAX_NAME_CHARS).join("");
}
