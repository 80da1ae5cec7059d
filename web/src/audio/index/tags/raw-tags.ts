// What a container was found to say of its song, not yet fit to be shown. Pure.

export type TagField = "title" | "artist" | "album";

/** Bytes where the container does not say which letters they mean. */
export type RawText = string | Uint8Array;

export interface RawTags {
  title?: RawText;
  artist?: RawText;
  album?: RawText;
  cover?: Uint8Array;
}

/** The first that says something counts; a field of blanks says nothing. */
export function offerText(raw: RawTags, field: TagField, text: RawText): void {
  if (raw[field] === undefined && !isBlank(text)) raw[field] = text;
}

export function isBlank(text: RawText): boolean {
  return typeof text === "string" ? text.trim() === "" : text.every((byte) => byte <= 0x20);
}

/** Up to the first zero that does not stand at the beginning: what follows is another value, or rest of an older one. */
export function firstOf(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  const rest = start < 0 ? bytes.subarray(bytes.length) : bytes.subarray(start);
  const end = rest.indexOf(0);
  return end < 0 ? rest : rest.subarray(0, end);
}

/** Without a byte order mark the zeros of Latin letters, or else the caller, say which byte goes first. */
export function utf16(bytes: Uint8Array, isBigEndian: boolean): string {
  const [first, second] = bytes;
  let isBig = isBigEndian;
  if (first === 0xfe && second === 0xff) isBig = true;
  else if (first === 0xff && second === 0xfe) isBig = false;
  else if (first === 0 && second !== 0) isBig = true;
  else if (second === 0 && first !== 0) isBig = false;
  return new TextDecoder(isBig ? "utf-16be" : "utf-16le").decode(bytes);
}
