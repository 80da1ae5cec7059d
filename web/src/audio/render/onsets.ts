// Where sound sets in: drums, plosives, plucked strings. An onset depends on the sound around it alone, so that whoever looks finds the
// same, from wherever it came. Frames of the source. Pure.

import {
  STRETCH_ONSET_CELL_FRAMES,
  STRETCH_ONSET_FLOOR,
  STRETCH_ONSET_PEAK_SHARE,
  STRETCH_ONSET_RISE,
} from "../../protocol/constants/audio.gen.ts";
import type { FrameSource } from "./resample.ts";

/** Cells that an onset is compared with: before it, before it without another onset, and behind it. */
const CELLS_BEFORE = 16;
const CELLS_APART = 8;
const CELLS_BEHIND = 16;
/** More than are looked at for one place. */
const REMEMBERED_CELLS = 256;

/** Values by cell, of which the latest are remembered. */
class CellMemory {
  readonly #values = new Float64Array(REMEMBERED_CELLS);
  readonly #cells = new Float64Array(REMEMBERED_CELLS).fill(Number.NaN);

  of(cell: number, reckon: (cell: number) => number): number {
    const at = ((cell % REMEMBERED_CELLS) + REMEMBERED_CELLS) % REMEMBERED_CELLS;
    if (this.#cells[at] !== cell) {
      this.#values[at] = reckon(cell);
      this.#cells[at] = cell;
    }
    return this.#values[at] as number;
  }

  clear(): void {
    this.#cells.fill(Number.NaN);
  }
}

export class Onsets {
  readonly #source: FrameSource;
  readonly #energies = new CellMemory();
  readonly #rises = new CellMemory();
  readonly #onsets = new CellMemory();

  constructor(source: FrameSource) {
    this.#source = source;
  }

  /** From `frame` to the onset next to it, the earlier of two; null where none lies less than `reach` away. */
  distanceFrom(frame: number, reach: number): number | null {
    const middle = STRETCH_ONSET_CELL_FRAMES / 2;
    let nearest: number | null = null;
    const first = Math.floor((frame - reach - middle) / STRETCH_ONSET_CELL_FRAMES) + 1;
    for (let cell = first; ; cell++) {
      const distance = cell * STRETCH_ONSET_CELL_FRAMES + middle - frame;
      if (distance >= reach) return nearest;
      if (this.#onsets.of(cell, this.#isOnset) === 0) continue;
      if (nearest === null || Math.abs(distance) < Math.abs(nearest)) nearest = distance;
    }
  }

  /** The sound is another one now. */
  clear(): void {
    this.#energies.clear();
    this.#rises.clear();
    this.#onsets.clear();
  }

  readonly #isOnset = (cell: number): number => {
    if (this.#riseAt(cell) <= STRETCH_ONSET_RISE) return 0;
    for (let before = cell - CELLS_APART; before < cell; before++) {
      if (this.#riseAt(before) > STRETCH_ONSET_RISE) return 0;
    }
    let most = 0;
    for (let behind = cell; behind < cell + CELLS_BEHIND; behind++)
      most = Math.max(most, this.#energyAt(behind));
    return this.#energyAt(cell) >= STRETCH_ONSET_PEAK_SHARE * most ? 1 : 0;
  };

  #riseAt(cell: number): number {
    return this.#rises.of(cell, () => {
      let before = 0;
      for (let each = cell - CELLS_BEFORE; each < cell; each++) before += this.#energyAt(each);
      return this.#energyAt(cell) / (before / CELLS_BEFORE + STRETCH_ONSET_FLOOR);
    });
  }

  #energyAt(cell: number): number {
    return this.#energies.of(cell, this.#energyOf);
  }

  /** Of the difference from frame to frame, which weighs what is high: that is where an onset stands out. */
  readonly #energyOf = (cell: number): number => {
    let energy = 0;
    for (let channel = 0; channel < this.#source.channelCount; channel++) {
      const frames = this.#source.read(
        channel,
        cell * STRETCH_ONSET_CELL_FRAMES - 1,
        STRETCH_ONSET_CELL_FRAMES + 1,
      );
      let before = frames[0] as number;
      for (let at = 1; at < frames.length; at++) {
        const frame = frames[at] as number;
        energy += (frame - before) * (frame - before);
        before = frame;
      }
    }
    return energy;
  };
}
