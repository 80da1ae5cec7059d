// Reading an index from bytes in memory, and from what a stranger makes of them: cut, spliced and flipped, each from a seed.

import { expect } from "vitest";
import type { Bytes } from "../../../../lib/index.ts";
import { SeededRandom } from "../../../../lib/testing/index.ts";
import { FileReader } from "../file-reader.ts";
import type { IndexContainer } from "../make-index.ts";
import { type CodedRun, faultOf, type SoundIndex } from "../sound-index.ts";

const CLAIMED = /^$|^a rate|channels$/;

/** What one reader says of a file, checked against the invariants; a head that is cut off is no index either. */
export async function indexOfBytes(
  container: IndexContainer,
  file: Uint8Array,
  startByte = 0,
  countRead = (_sizeBytes: number): void => undefined,
): Promise<SoundIndex | null> {
  const read = async (fromByte: number, toByte: number): Promise<Bytes> => {
    expect(0 <= fromByte && fromByte <= toByte && toByte <= file.length).toBe(true);
    countRead(toByte - fromByte);
    return Uint8Array.from(file.subarray(fromByte, toByte));
  };
  try {
    const index = await container(new FileReader({ sizeBytes: file.length, read }), startByte);
    const fault = index && faultOf(index, file.length);
    // What a head claims is judged by whoever asked; where things are in the file has to be right.
    expect(fault ?? "").toMatch(CLAIMED);
    return fault ? null : index;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The one run of a file that has one. */
export async function runOf(container: IndexContainer, file: Uint8Array, startByte = 0): Promise<CodedRun> {
  const index = await indexOfBytes(container, file, startByte);
  const [run] = index?.runs ?? [];
  if (!run || index?.runs.length !== 1) throw new Error(`${index?.runs.length ?? "no index,"} runs`);
  return run;
}

/** No input makes the reader throw, state what the file has not, or read it over and over. */
export async function expectToWithstand(
  container: IndexContainer,
  files: readonly Uint8Array[],
  inputs: number,
): Promise<void> {
  let taken = 0;
  for (let seed = 0; seed < inputs; seed++) {
    const random = new SeededRandom(seed);
    const file = mutated(files[seed % files.length] ?? new Uint8Array(0), random);
    let readBytes = 0;
    try {
      const index = await indexOfBytes(container, file, 0, (sizeBytes) => {
        readBytes += sizeBytes;
      });
      if (index) taken += 1;
      expect(readBytes).toBeLessThanOrEqual(4 * file.length);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  expect(taken).toBeGreaterThan(0);
  expect(taken).toBeLessThan(inputs);
}

const ODD_BYTES = [0, 1, 2, 4, 127, 128, 254, 255];

function mutated(file: Uint8Array, random: SeededRandom): Uint8Array {
  const below = (limit: number): number => Math.floor(random.fraction() * limit);
  let bytes = Array.from(file);
  for (let change = 0; change <= below(4); change++) {
    const at = below(bytes.length);
    const kind = below(6);
    if (kind < 3) bytes[at] = kind === 0 ? below(256) : (ODD_BYTES[below(ODD_BYTES.length)] ?? 0);
    else if (kind === 3) bytes = bytes.slice(0, at);
    else if (kind === 4) bytes.splice(at, below(40));
    else bytes.splice(at, 0, ...bytes.slice(below(bytes.length)).slice(0, below(200)));
  }
  return Uint8Array.from(bytes);
}
