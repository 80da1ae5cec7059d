// Who chirps when: one slot of global time for each device in turn, and the whole round several times over. Pure. Rounds and
// not one device after the other, so that the clock of the listening phone drifts past all of them alike.

import { CHIRP_SEC } from "./chirp.ts";

/** A chirp, the slowest Bluetooth loudspeaker, and the echo of a bare room. */
export const SLOT_SEC = 1;
/** An odd number has a middle one. */
const ROUNDS = 5;
/** How much earlier and later than its slot begins a chirp is looked for; the microphone's own delay is in it. */
export const SEARCH_BEFORE_SEC = 0.15;
export const SEARCH_AFTER_SEC = SLOT_SEC - SEARCH_BEFORE_SEC - CHIRP_SEC / 2;

export interface Slot {
  readonly device: number;
  readonly round: number;
  /** From the beginning of the timetable. */
  readonly startSec: number;
}

export const timetable = (devices: number): readonly Slot[] =>
  Array.from({ length: devices * ROUNDS }, (_, index) => ({
    device: index % devices,
    round: Math.floor(index / devices),
    startSec: index * SLOT_SEC,
  }));

export const timetableSec = (devices: number): number => devices * ROUNDS * SLOT_SEC;

/** What `device` plays from the beginning of the timetable to its end; one channel. */
export function chirpsOf(
  device: number,
  devices: number,
  chirp: Float32Array,
  sampleRate: number,
): Float32Array<ArrayBuffer> {
  const channel = new Float32Array(Math.round(timetableSec(devices) * sampleRate));
  for (const slot of timetable(devices)) {
    if (slot.device === device) channel.set(chirp, Math.round(slot.startSec * sampleRate));
  }
  return channel;
}
