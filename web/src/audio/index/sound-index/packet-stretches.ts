// Packets of an MP4 as an index keeps them: in stretches that lie side by side in the file, as do their sizes in the table that tells
// them, with a point about every second. Pure.

import { MAX_PACKET_BYTES, MAX_POINTS } from "./limits.ts";
import { PACKET_FRAMES, type PacketPlaces } from "./mp4-film.ts";
import type { CodedRun } from "./sound-index.ts";

/** What one `Packets` says of a stretch, and the number of its first packet. */
interface Stretch {
  readonly first: number;
  readonly count: number;
  readonly tableByte: number;
  readonly tableStep: number;
}

type Gathered = Pick<CodedRun, "packets" | "pointBytes" | "pointFrames" | "endByte">;

/** Of the first `count` packets; null where one is of a size that no header has room for. */
export function packetStretches(
  places: PacketPlaces,
  count: number,
  sampleRate: number,
  config: Uint8Array<ArrayBuffer>,
): Gathered | null {
  const { starts, sizes, widthBytes } = places;
  for (let packet = 0; packet < count; packet++) {
    const size = sizes[packet] ?? 0;
    if (size === 0 || size > MAX_PACKET_BYTES) return null;
  }
  const apart = Math.max(sampleRate / PACKET_FRAMES, count / MAX_POINTS);
  const stretches = natural(places, count).flatMap((stretch) => split(stretch, apart));
  const pointBytes: number[] = [];
  const pointFrames: number[] = [];
  for (const [number, { first }] of stretches.entries()) {
    // Short stretches, as between the pictures of a film, share a point.
    const sinceLast = first - (pointFrames.at(-1) ?? Number.NEGATIVE_INFINITY) / PACKET_FRAMES;
    if (sinceLast < apart * SHARED_POINT) continue;
    pointBytes.push(number);
    pointFrames.push(first * PACKET_FRAMES);
  }
  const startOf = (packet: number): number => starts[packet] as number;
  return {
    packets: {
      startBytes: Float64Array.from(stretches, ({ first }) => startOf(first)),
      endBytes: Float64Array.from(stretches, (stretch) => {
        const last = stretch.first + stretch.count - 1;
        return startOf(last) + (sizes[last] as number);
      }),
      counts: Uint32Array.from(stretches, (stretch) => stretch.count),
      tableBytes: Float64Array.from(stretches, ({ tableByte }) => tableByte),
      tableSteps: Uint8Array.from(stretches, ({ tableStep }) => tableStep),
      widthBytes,
      config,
    },
    pointBytes: Float64Array.from(pointBytes),
    pointFrames: Float64Array.from(pointFrames),
    endByte: stretches.length,
  };
}

/** Of the time between two points. */
const SHARED_POINT = 0.7;

/** As long as they can be: what follows lies elsewhere, or its size is told elsewhere. */
function natural({ starts, sizes, sizeBytes, widthBytes }: PacketPlaces, count: number): Stretch[] {
  const stretches: Stretch[] = [];
  let first = 0;
  let tableStep = 0;
  for (let packet = 1; packet <= count; packet++) {
    const before = packet - 1;
    const isBeside =
      packet < count && starts[packet] === (starts[before] as number) + (sizes[before] as number);
    const step = (sizeBytes[packet] ?? Number.NaN) - (sizeBytes[before] as number);
    const isSecond = packet === first + 1;
    const isTold = step >= widthBytes && step <= MAX_STEP_BYTES && (isSecond || step === tableStep);
    const isAlike = Number.isNaN(step) && (isSecond || tableStep === 0) && sizes[packet] === sizes[before];
    if (isBeside && (isTold || isAlike)) {
      if (isSecond) tableStep = isTold ? step : 0;
      continue;
    }
    const isOneSize = tableStep === 0;
    stretches.push({
      first,
      count: packet - first,
      tableByte: isOneSize ? 0 : (sizeBytes[first] as number),
      tableStep,
    });
    first = packet;
    tableStep = 0;
  }
  return stretches;
}

/** What tells of a packet in a fragment has four numbers at most. */
const MAX_STEP_BYTES = 16;

/** Into parts of about `apart` packets each. */
function split(stretch: Stretch, apart: number): Stretch[] {
  const { first, count, tableByte, tableStep } = stretch;
  const parts = Math.max(1, Math.round(count / apart));
  return Array.from({ length: parts }, (_, part) => {
    const from = Math.floor((part * count) / parts);
    const to = Math.floor(((part + 1) * count) / parts);
    return { first: first + from, count: to - from, tableByte: tableByte + from * tableStep, tableStep };
  });
}
