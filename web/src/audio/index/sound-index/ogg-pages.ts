// Pages of an Ogg stream (RFC 3533): read where they stand, and written around packets. Pure.

import { type Bytes, concatBytes } from "../../../lib/index.ts";
import { isAt } from "../length/reading.ts";
import type { FileReader } from "./file-reader.ts";

export interface OggPage {
  /** Bytes of the file. */
  readonly startByte: number;
  readonly endByte: number;
  /** In the reader's window: the sizes of its laces, then what they hold. */
  readonly lacesAt: number;
  readonly contentAt: number;
  readonly flags: number;
  /** Null where no packet ends on the page. */
  readonly granule: number | null;
  readonly serial: number;
  readonly sequence: number;
}

export const IS_CONTINUED = 1;
export const IS_FIRST = 2;
export const IS_LAST = 4;
const HEADER_BYTES = 27;
const MAX_LACES = 255;
export const FULL_LACE = 255;
export const MAX_PAGE_BYTES = HEADER_BYTES + MAX_LACES + MAX_LACES * FULL_LACE;

/** The page at a byte of the file, where MAX_PAGE_BYTES have been ensured; null where there is none, or not all of it. */
export function pageAt({ bytes, view, base }: FileReader, startByte: number): OggPage | null {
  const at = startByte - base;
  if (at + HEADER_BYTES > bytes.length || !isAt(bytes, at, "OggS\0")) return null;
  const laces = bytes[at + 26] ?? 0;
  const lacesAt = at + HEADER_BYTES;
  const contentAt = lacesAt + laces;
  let end = contentAt;
  for (let lace = lacesAt; lace < contentAt; lace++) end += bytes[lace] ?? 0;
  if (end > bytes.length) return null;
  const high = view.getInt32(at + 10, true);
  return {
    startByte,
    endByte: base + end,
    lacesAt,
    contentAt,
    flags: bytes[at + 5] ?? 0,
    granule: high < 0 ? null : high * 2 ** 32 + view.getUint32(at + 6, true),
    serial: view.getUint32(at + 14, true),
    sequence: view.getUint32(at + 18, true),
  };
}

/** What of each packet stands on a page, as places in `bytes`; the last one goes on on the next page where it is not whole. */
export function* packetsOn(
  { lacesAt, contentAt }: Pick<OggPage, "lacesAt" | "contentAt">,
  bytes: Uint8Array,
) {
  let from = contentAt;
  let to = contentAt;
  for (let lace = lacesAt; lace < contentAt; lace++) {
    const size = bytes[lace] ?? 0;
    const isWhole = size < FULL_LACE;
    to += size;
    if (!isWhole && lace + 1 < contentAt) continue;
    yield { from, to, isWhole };
    from = to;
  }
}

/** The first pages of a stream: the first packet has one of its own, the others share what they need. */
export function writeHeadPages(serial: number, [first, ...others]: readonly Bytes[]): Bytes {
  const pages: Bytes[] = [];
  for (const packets of [first ? [first] : [], others]) {
    const sizes = packets.flatMap(({ length }) => [
      ...new Array<number>(Math.floor(length / FULL_LACE)).fill(FULL_LACE),
      length % FULL_LACE,
    ]);
    const content = concatBytes(...packets);
    let from = 0;
    for (let lace = 0; lace < sizes.length; lace += MAX_LACES) {
      const laces = sizes.slice(lace, lace + MAX_LACES);
      const to = from + laces.reduce((sum, size) => sum + size, 0);
      const isContinued = sizes[lace - 1] === FULL_LACE;
      const flags = (pages.length === 0 ? IS_FIRST : 0) | (isContinued ? IS_CONTINUED : 0);
      // A page on which nothing ends says so; on the others a header ends, at frame 0.
      const endsNothing = laces.every((size) => size === FULL_LACE);
      pages.push(writePage(serial, pages.length, flags, endsNothing, laces, content.subarray(from, to)));
      from = to;
    }
  }
  return concatBytes(...pages);
}

function writePage(
  serial: number,
  sequence: number,
  flags: number,
  endsNothing: boolean,
  laces: readonly number[],
  content: Uint8Array,
): Bytes {
  const page = new Uint8Array(HEADER_BYTES + laces.length + content.length);
  const view = new DataView(page.buffer);
  page.set([0x4f, 0x67, 0x67, 0x53, 0, flags]);
  if (endsNothing) page.fill(0xff, 6, 14);
  view.setUint32(14, serial, true);
  view.setUint32(18, sequence, true);
  page[26] = laces.length;
  page.set(laces, HEADER_BYTES);
  page.set(content, HEADER_BYTES + laces.length);
  view.setUint32(22, checksumOf(page), true);
  return page;
}

const POLYNOMIAL = 0x04c11db7;

/** CRC-32 as Ogg has it: from zero, highest bit first, over a page whose own checksum is zero. */
function checksumOf(page: Uint8Array): number {
  let sum = 0;
  for (const byte of page) {
    sum ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) sum = sum < 0 ? (sum << 1) ^ POLYNOMIAL : sum << 1;
  }
  return sum >>> 0;
}
