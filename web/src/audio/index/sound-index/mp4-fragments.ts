// The packets of a fragment of an MP4 (moof), as recorders and streaming services write them. Pure but for the film, which
// gets them.

import type { Bytes } from "../../../lib/index.ts";
import { boxesIn } from "../length/mp4.ts";
import { type Chunk, uint64, viewOf } from "../length/reading.ts";
import { type Film, MAX_PACKETS, PACKET_FRAMES, type PacketDefaults } from "./mp4-film.ts";

/** Bits of tfhd, which say what follows, in this order; and of where the data is counted from. */
const [HAS_BASE, HAS_DESCRIPTION, HAS_DURATION, HAS_SIZE, IS_FROM_MOOF] = [1, 2, 8, 0x10, 0x20000];
/** Bits of trun: of the whole run, and of each packet. */
const [HAS_OFFSET, HAS_FIRST_FLAGS, HAS_DURATIONS, HAS_SIZES, HAS_FLAGS, HAS_SHIFTS] = [
  1, 4, 0x100, 0x200, 0x400, 0x800,
];
const SIZE_BYTES = 4;
/** Between two fragments: who hears a hole there would hear it move if it were left out. */
const MAX_HOLE_SEC = 0.1;

/** `moof` without its header, which stands at `moofAt`; `moofByte` is behind it. False where the film can have no index. */
export function addFragment(film: Film, moof: Bytes, moofAt: number, moofByte: number): boolean {
  const view = viewOf(moof);
  if (film.packets.widthBytes !== SIZE_BYTES) return false; // a head with sizes of another width, which no recorder writes
  const tracks = boxesIn(moof, 0, moof.length).filter((box) => box.name === "traf");
  for (const [number, traf] of tracks.entries()) {
    const boxes = boxesIn(moof, traf.start, traf.end);
    const header = boxes.find((box) => box.name === "tfhd");
    if (!header || view.getUint32(header.start + 4) !== film.trackId) continue;
    const head = headOf(view, header, film.fragments ?? { durationTicks: 0, sizeBytes: 0 });
    // Without a base it is counted from the end of the track before, which nobody here reads.
    if (!head || (number > 0 && head.base === null && !head.isFromMoof)) return false;
    const time = boxes.find((box) => box.name === "tfdt");
    if (
      time &&
      !isOnTime(
        film,
        view.getUint8(time.start) === 1 ? uint64(view, time.start + 4) : view.getUint32(time.start + 4),
      )
    ) {
      return false;
    }
    const base = head.base ?? moofAt;
    let at = base;
    for (const run of boxes.filter((box) => box.name === "trun")) {
      const next = addRun(film, view, run, { ...head, base, moofByte }, at);
      if (next === null) return false;
      at = next;
    }
  }
  return true;
}

interface FragmentHead extends PacketDefaults {
  /** Byte of the file. */
  readonly base: number | null;
  readonly isFromMoof: boolean;
}

function headOf(view: DataView, { start }: Chunk, defaults: PacketDefaults): FragmentHead | null {
  const flags = view.getUint32(start) & 0xffffff;
  let at = start + 8;
  let base: number | null = null;
  let { durationTicks, sizeBytes } = defaults;
  if (flags & HAS_BASE) {
    base = uint64(view, at);
    at += 8;
  }
  if (flags & HAS_DESCRIPTION) {
    if (view.getUint32(at) !== 1) return null;
    at += 4;
  }
  if (flags & HAS_DURATION) {
    durationTicks = view.getUint32(at);
    at += 4;
  }
  if (flags & HAS_SIZE) sizeBytes = view.getUint32(at);
  return { base, isFromMoof: (flags & IS_FROM_MOOF) !== 0, durationTicks, sizeBytes };
}

function isOnTime(film: Film, ticks: number): boolean {
  const packets = film.packets.starts.length;
  if (packets === 0) film.firstTicks = ticks;
  const offsetSec = ticks / film.timescale - (packets * PACKET_FRAMES) / film.sampleRate;
  const leapSec = offsetSec - (film.offsetSec ?? offsetSec);
  film.offsetSec = offsetSec;
  return Math.abs(leapSec) <= MAX_HOLE_SEC;
}

/** Where the next run goes on that does not say where it is. */
function addRun(
  film: Film,
  view: DataView,
  run: Chunk,
  { base, moofByte, durationTicks, sizeBytes }: PacketDefaults & { base: number; moofByte: number },
  from: number,
): number | null {
  const { starts, sizes, sizeBytes: sizePlaces } = film.packets;
  const flags = view.getUint32(run.start) & 0xffffff;
  const count = view.getUint32(run.start + 4);
  let field = run.start + 8;
  let at = from;
  if (flags & HAS_OFFSET) {
    at = base + view.getInt32(field);
    field += 4;
  }
  if (flags & HAS_FIRST_FLAGS) field += 4;
  const isSet = (bit: number): number => (flags & bit ? 4 : 0);
  const sizeAt = isSet(HAS_DURATIONS);
  const packetBytes = sizeAt + isSet(HAS_SIZES) + isSet(HAS_FLAGS) + isSet(HAS_SHIFTS);
  const isInside = at >= 0 && field + count * packetBytes <= run.end;
  if (!isInside || starts.length + count > MAX_PACKETS) return null;
  let ticks = durationTicks;
  for (let packet = 0; packet < count; packet++) {
    const size = flags & HAS_SIZES ? view.getUint32(field + sizeAt) : sizeBytes;
    if (flags & HAS_DURATIONS) ticks = view.getUint32(field);
    starts.push(at);
    sizes.push(size);
    sizePlaces.push(flags & HAS_SIZES ? moofByte + field + sizeAt : Number.NaN);
    at += size;
    field += packetBytes;
  }
  // Only the last packet may be shorter than it is.
  const before = (Math.max(0, starts.length - 1) * PACKET_FRAMES * film.timescale) / film.sampleRate;
  film.mediaTicks = before + ticks;
  return at;
}
