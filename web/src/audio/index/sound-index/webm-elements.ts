// Elements of EBML (RFC 8794) as WebM and Matroska have them: an id, a size, a content. Pure.

/** What an index has to know of them. */
export const ID = {
  EBML: 0x1a45dfa3,
  SEGMENT: 0x18538067,
  INFO: 0x1549a966,
  TRACKS: 0x1654ae6b,
  CLUSTER: 0x1f43b675,
  CUES: 0x1c53bb6b,
  TAGS: 0x1254c367,
  SEEK_HEAD: 0x114d9b74,
  ATTACHMENTS: 0x1941a469,
  CHAPTERS: 0x1043a770,
  TIMESTAMP_SCALE: 0x2ad7b1,
  TRACK: 0xae,
  TRACK_NUMBER: 0xd7,
  TRACK_TYPE: 0x83,
  CODEC: 0x86,
  CODEC_PRIVATE: 0x63a2,
  CODEC_DELAY: 0x56aa,
  AUDIO: 0xe1,
  CHANNELS: 0x9f,
  ENCODINGS: 0x6d80,
  CLUSTER_TIMESTAMP: 0xe7,
  SIMPLE_BLOCK: 0xa3,
  BLOCK_GROUP: 0xa0,
  BLOCK: 0xa1,
  ENCRYPTED_BLOCK: 0xaf,
  DISCARD_PADDING: 0x75a2,
} as const;

export interface Element {
  readonly id: number;
  /** In the bytes it was read from. */
  readonly start: number;
  readonly end: number;
}

export interface ElementHead {
  readonly id: number;
  readonly headBytes: number;
  /** Null for one that ends where something begins that cannot be in it, as recorders write them. */
  readonly sizeBytes: number | null;
}

export const MAX_HEAD_BYTES = 12;
const MAX_ID_BYTES = 4;

/** Null where no element can begin, or its head is cut off. */
export function elementHeadAt(bytes: Uint8Array, at: number): ElementHead | null {
  const id = numberAt(bytes, at, true);
  const size = id && numberAt(bytes, at + id.sizeBytes, false);
  if (!id || !size || id.sizeBytes > MAX_ID_BYTES) return null;
  const isUnknown = size.value === 2 ** (7 * size.sizeBytes) - 1;
  return {
    id: id.value,
    headBytes: id.sizeBytes + size.sizeBytes,
    sizeBytes: isUnknown ? null : size.value,
  };
}

/** A number whose first byte says by its leading zeros how long it is; ids keep that marker, sizes lose it. */
export function numberAt(
  bytes: Uint8Array,
  at: number,
  isId: boolean,
): { value: number; sizeBytes: number } | null {
  const first = bytes[at] ?? 0;
  const sizeBytes = Math.clz32(first) - 23;
  if (first === 0 || at + sizeBytes > bytes.length) return null;
  let value = isId ? first : first & (0xff >> sizeBytes);
  for (let next = at + 1; next < at + sizeBytes; next++) value = value * 256 + (bytes[next] ?? 0);
  return { value, sizeBytes };
}

/** Far more than a head has; whoever repeats the smallest one costs no more than that. */
const MAX_ELEMENTS = 10_000;

export function elementsIn(bytes: Uint8Array, from: number, to: number): Element[] {
  const elements: Element[] = [];
  for (let at = from; at < to && elements.length < MAX_ELEMENTS; ) {
    const head = elementHeadAt(bytes, at);
    if (!head) break;
    const start = at + head.headBytes;
    const end = Math.min(to, start + (head.sizeBytes ?? to));
    elements.push({ id: head.id, start, end });
    at = Math.max(start, end);
  }
  return elements;
}

export function unsigned(bytes: Uint8Array, { start, end }: Element): number {
  return bytes.subarray(start, end).reduce((value, byte) => value * 256 + byte, 0);
}

/** At most 48 bits, which a number holds exactly; of more the value is none. */
export function signed(bytes: Uint8Array, element: Element): number {
  const bits = 8 * (element.end - element.start);
  const value = unsigned(bytes, element);
  return value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
}
