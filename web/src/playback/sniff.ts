// Whether bytes look like sound at all, by the containers browsers play. Pure. A "yes" is a guess; decoding decides.

const startsWith = (bytes: Uint8Array, text: string, at = 0): boolean =>
  [...text].every((char, index) => bytes[at + index] === char.charCodeAt(0));

/** MPEG audio and ADTS frames begin with eleven or twelve set bits. */
const isFrameSync = (bytes: Uint8Array): boolean =>
  bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xe0) === 0xe0 && bytes[1] !== 0xff;

/** `head` = the first 16 bytes or more. */
export function looksLikeAudio(head: Uint8Array): boolean {
  const isRiff = startsWith(head, "RIFF") && startsWith(head, "WAVE", 8);
  const isAiff = startsWith(head, "FORM") && startsWith(head, "AIF", 8);
  const isMatroska = head[0] === 0x1a && head[1] === 0x45 && head[2] === 0xdf && head[3] === 0xa3;
  const isTagged = startsWith(head, "ID3") || startsWith(head, "fLaC") || startsWith(head, "OggS");
  return isRiff || isAiff || isMatroska || isTagged || startsWith(head, "ftyp", 4) || isFrameSync(head);
}
