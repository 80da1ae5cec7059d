// The DTLS certificates of a connection, as its descriptions name them: whoever sat in between would have to show others.

export interface Fingerprints {
  readonly own: string;
  readonly theirs: string;
}

/** All fingerprints of a description in one canonical text, the same on both ends; null where there is none. */
export function fingerprintsIn(sdp: string | undefined): string | null {
  const lines = (sdp ?? "").matchAll(/^a=fingerprint:(\S+) +([0-9A-Fa-f:]+)\s*$/gm);
  const found = new Set(Array.from(lines, ([, hash, hex]) => `${hash} ${hex}`.toLowerCase()));
  return found.size > 0 ? [...found].sort().join() : null;
}
