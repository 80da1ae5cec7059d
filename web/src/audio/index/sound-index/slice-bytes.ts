// The bytes of a slice as a decoder takes them: read from the file, with packets behind ADTS headers. Bytes of the file.

import type { Bytes } from "../../../lib/index.ts";
import type { ByteSource } from "./file-reader.ts";
import { MAX_PACKET_BYTES } from "./limits.ts";
import type { PacketStretch, Slice, SlicePart } from "./sound-index.ts";

interface ByteRange {
  readonly fromByte: number;
  readonly toByte: number;
}

/** Which bytes of the file a slice needs, in the order in which they are read; those side by side are one range. */
export function rangesOfSlice({ parts }: Slice): ByteRange[] {
  const ranges: ByteRange[] = [];
  for (const range of parts.flatMap(rangesOfPart)) {
    const last = ranges.at(-1);
    if (last && last.toByte === range.fromByte) ranges[ranges.length - 1] = { ...last, toByte: range.toByte };
    else ranges.push(range);
  }
  return ranges;
}

/** Rejects RangeError where the file does not hold the packets that its index speaks of, and what `read` does. */
export async function readSlice({ parts }: Slice, file: ByteSource): Promise<Bytes> {
  const read: Bytes[] = [];
  // One after the other: of a film each stretch may have a whole piece copied out of the store, as much as 4 MiB.
  for (const part of parts) read.push(await readPart(part, file));
  const whole = new Uint8Array(read.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of read) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function rangesOfPart(part: SlicePart): ByteRange[] {
  if ("literal" in part) return [];
  if (!("packets" in part)) return [part];
  const { fromByte, toByte } = part.packets;
  const table = tableOf(part.packets);
  return table ? [table, { fromByte, toByte }] : [{ fromByte, toByte }];
}

/** Null where all packets are of one size. */
const tableOf = ({ count, tableByte, tableStep, widthBytes }: PacketStretch): ByteRange | null =>
  tableStep === 0 ? null : { fromByte: tableByte, toByte: tableByte + (count - 1) * tableStep + widthBytes };

async function readPart(part: SlicePart, file: ByteSource): Promise<Bytes> {
  if ("literal" in part) return part.literal;
  if (!("packets" in part)) return file.read(part.fromByte, part.toByte);
  const { packets } = part;
  const table = tableOf(packets);
  const [sizes, content] = await Promise.all([
    table ? file.read(table.fromByte, table.toByte) : null,
    file.read(packets.fromByte, packets.toByte),
  ]);
  return framed(packets, sizes, content);
}

const ADTS_HEADER_BYTES = 7;

function framed(stretch: PacketStretch, sizes: Bytes | null, content: Bytes): Bytes {
  const { count, tableStep, widthBytes, config } = stretch;
  const framedBytes = new Uint8Array(content.length + count * ADTS_HEADER_BYTES);
  let [from, to] = [0, 0];
  for (let packet = 0; packet < count; packet++) {
    const size = sizes ? numberAt(sizes, packet * tableStep, widthBytes) : content.length / count;
    if (size === 0 || size > MAX_PACKET_BYTES || from + size > content.length)
      throw new RangeError(`a packet of ${size} bytes`);
    framedBytes.set(adtsHeader(config, size), to);
    framedBytes.set(content.subarray(from, from + size), to + ADTS_HEADER_BYTES);
    from += size;
    to += size + ADTS_HEADER_BYTES;
  }
  if (from !== content.length) throw new RangeError("more bytes than packets");
  return framedBytes;
}

function numberAt(bytes: Bytes, at: number, widthBytes: number): number {
  let value = 0;
  for (let byte = at; byte < at + widthBytes; byte++) value = value * 256 + (bytes[byte] ?? 0);
  return value;
}

/** ISO 13818-7: object type and rate from the AudioSpecificConfig, no checksum, a buffer fullness that says nothing. */
function adtsHeader(config: Bytes, packetBytes: number): Bytes {
  const [first = 0, second = 0] = config;
  const objectType = first >> 3;
  const rateIndex = ((first & 7) << 1) | (second >> 7);
  const channels = (second >> 3) & 15;
  const size = packetBytes + ADTS_HEADER_BYTES;
  return Uint8Array.of(
    0xff,
    0xf1,
    ((objectType - 1) << 6) | (rateIndex << 2) | (channels >> 2),
    ((channels & 3) << 6) | (size >> 11),
    (size >> 3) & 0xff,
    ((size & 7) << 5) | 0x1f,
    0xfc,
  );
}
