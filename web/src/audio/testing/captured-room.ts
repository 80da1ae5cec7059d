// A room of real browsers as `python -m bench.capture` has recorded it: what their AudioContexts told, and where their
// loudspeakers were in the song. Says how far off a line is that was fed with what they told. Milliseconds; seconds in the song
// and of recording.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { OutputSample } from "../output/output-clock.ts";

/** When it was read, ms · the pair of getOutputTimestamp, s and ms. */
type Stamp = readonly [number, number, number];
/** When currentTime was found to have jumped, ms · what it was then, s · since it was read before, ms. Firefox only. */
type Stair = readonly [number, number, number];
/**
 * When it was queued, ms · first frame · frames · place in the song, frames · song frames per frame · its change with each
 * frame.
 */
type SegmentRow = readonly [number, number, number, number, number, number?];

interface CapturedDevice {
  /** Of the page's clock on the host's, ms. */
  readonly originMs: number;
  readonly stamps: readonly Stamp[];
  readonly stairs?: readonly Stair[];
  readonly segments: readonly SegmentRow[];
  /** In the song, at each of `atSec`; null where it was silent. */
  readonly songSec: readonly (number | null)[];
}

export interface CapturedRoom {
  /** Moments of the recording, s. */
  readonly atSec: readonly number[];
  readonly devices: Readonly<Record<string, CapturedDevice>>;
}

export interface ReckonedOutput {
  readonly audioSec: number;
  readonly uncertaintyMs: number;
}

/** What reckons the output of one device: fed with every timestamp or every reading of currentTime, asked between them. */
export interface Reckoner {
  add(sample: OutputSample): void;
  poll(localMs: number, currentTimeSec: number): void;
  at(localMs: number): ReckonedOutput | null;
}

/** One device at one moment. */
export interface Reckoned {
  /** From the first sound of anybody. */
  readonly sec: number;
  /** Off the room's median; null where it or the reckoner was silent. */
  readonly errorMs: number | null;
  readonly uncertaintyMs: number;
}

const RATE = 48_000;
/** A page reads so often, and a timestamp that has not changed is not in the capture again. */
const READ_PERIOD_MS = 20;

export const readCapture = (path: string): CapturedRoom =>
  JSON.parse(gunzipSync(readFileSync(path)).toString()) as CapturedRoom;

/** Every device's reckoning at the moments at which all were heard. */
export function replay(
  room: CapturedRoom,
  makeReckoner: (isFirefox: boolean) => Reckoner,
): ReadonlyMap<string, readonly Reckoned[]> {
  const devices = Object.entries(room.devices);
  const firstIndex = room.atSec.findIndex((_, index) =>
    devices.some(([, { songSec }]) => songSec[index] != null),
  );
  const firstSec = room.atSec[firstIndex] ?? 0;
  // The recording's beginning on the host's clock is not known; a guess from the first device is near enough for slopes.
  const zeroMs = guessZeroMs(
    room,
    devices.map(([, device]) => device),
  );
  const columns = devices.map(([, device]) =>
    leadsOf(room, device, zeroMs, makeReckoner((device.stairs ?? []).length > 0)),
  );
  const byDevice = new Map<string, Reckoned[]>(devices.map(([name]) => [name, []]));
  for (const [index, atSec] of room.atSec.entries()) {
    const offs = columns.map((column) => column[index]?.offMs ?? null);
    const known = offs.filter((off) => off !== null).sort((a, b) => a - b);
    const median = ((known[(known.length - 1) >> 1] ?? 0) + (known[known.length >> 1] ?? 0)) / 2;
    if (known.length < 2) continue;
    for (const [column, [name]] of devices.entries()) {
      const offMs = offs[column] ?? null;
      const errorMs = offMs === null ? null : offMs - median;
      const uncertaintyMs = columns[column]?.[index]?.uncertaintyMs ?? 0;
      byDevice.get(name)?.push({ sec: atSec - firstSec, errorMs, uncertaintyMs });
    }
  }
  return byDevice;
}

function guessZeroMs(room: CapturedRoom, devices: readonly CapturedDevice[]): number {
  for (const device of devices) {
    const output = outputOf(room, device);
    for (const [index, audioSec] of output.entries()) {
      const stamp = audioSec !== null && device.stamps.find(([, contextSec]) => contextSec >= audioSec);
      if (stamp && audioSec !== null) {
        const [, contextSec, performanceMs] = stamp;
        const outputMs = performanceMs - (contextSec - audioSec) * 1000;
        return device.originMs + outputMs - (room.atSec[index] ?? 0) * 1000;
      }
    }
  }
  throw new Error("nobody was heard");
}

/** How far the reckoner's output is ahead of the one heard, but for a constant that all devices share. */
function leadsOf(room: CapturedRoom, device: CapturedDevice, zeroMs: number, reckoner: Reckoner) {
  const output = outputOf(room, device);
  let next = 0;
  const { stairs = [] } = device;
  const rows = stairs.length > 0 ? stairs : device.stamps;
  return room.atSec.map((atSec, index) => {
    const localMs = zeroMs + atSec * 1000 - device.originMs;
    for (; (rows[next]?.[0] ?? Number.POSITIVE_INFINITY) <= localMs; next++) {
      const [readMs, contextSec, thirdMs] = rows[next] as Stamp | Stair;
      if (rows === stairs) {
        reckoner.poll(readMs - thirdMs, rows[next - 1]?.[1] ?? 0);
        reckoner.poll(readMs, contextSec);
      } else if (thirdMs > 0) {
        const untilMs = rows[next + 1]?.[0] ?? readMs;
        for (let againMs = readMs; againMs <= untilMs; againMs += READ_PERIOD_MS) {
          reckoner.add({ localMs: thirdMs, audioSec: contextSec });
        }
      }
    }
    const audioSec = output[index] ?? null;
    const reckoned = reckoner.at(localMs);
    if (audioSec === null || !reckoned) return null;
    return { offMs: (reckoned.audioSec - audioSec) * 1000, uncertaintyMs: reckoned.uncertaintyMs };
  });
}

/** AudioContext time that left the output at each moment of the recording, by the place in the song that was heard. */
function outputOf(room: CapturedRoom, { segments, songSec }: CapturedDevice): (number | null)[] {
  return room.atSec.map((_, index) => {
    const placeSec = songSec[index];
    if (placeSec == null) return null;
    const place = placeSec * RATE;
    // Of what was queued for the same place the newest holds: it has cut what was queued before.
    const segment = segments.findLast(
      ([, , frames, position, ratio, step = 0]) =>
        place >= position && place < position + frames * (ratio + (frames * step) / 2),
    );
    if (!segment) return null;
    const [, startFrame, , position, ratio, step = 0] = segment;
    const passed = (place - position) / ratio;
    return (startFrame + passed - (passed ** 2 * step) / (2 * ratio)) / RATE;
  });
}
