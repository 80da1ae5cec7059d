import { describe, expect, it } from "vitest";
import { wavIndex } from "../audio/testing/wav-index.ts";
import type { Bytes, FileId } from "../lib/index.ts";
import type { FileState } from "../transfer/index.ts";
import { PlayableSongs } from "./playable-songs.ts";

const SONG = "5".repeat(64) as FileId;
const SONG_SEC = 60;
const RATE = 8_000;
/** A point a second, five in a slice, of 2 bytes a frame. */
const SLICE_BYTES = 5 * 2 * RATE;
const HEAD_BYTES = 44;
const SIZE_BYTES = HEAD_BYTES + SONG_SEC * 2 * RATE;

const file = (overrides: Partial<FileState> = {}): FileState => ({
  fileId: SONG,
  name: "song.wav",
  sizeBytes: SIZE_BYTES,
  heldBytes: 0,
  seeded: false,
  enabled: true,
  offeredBy: [],
  sources: [],
  remainingSec: null,
  isOverBudget: false,
  isWholeSomewhere: true,
  ...overrides,
});

/** A swarm that holds stretches of the file, and was asked about it so often. */
class Device {
  index: Bytes | null = null;
  held: (readonly [fromByte: number, toByte: number])[] = [];
  questions = 0;
  changes = 0;
  readonly songs = new PlayableSongs(
    {
      indexOf: () => this.index,
      holds: (_, fromByte, toByte) => {
        this.questions += 1;
        return this.held.some(([from, to]) => from <= fromByte && toByte <= to);
      },
    },
    () => {
      this.changes += 1;
    },
  );

  async follow(files: readonly FileState[] = [file()]): Promise<void> {
    const { changes } = this;
    this.songs.follow(files);
    for (let turn = 0; turn < 50 && this.changes === changes; turn++)
      await new Promise((resolve) => setTimeout(resolve));
  }
}

async function indexed(): Promise<Device> {
  const ada = new Device();
  ada.index = await wavIndex(SONG_SEC, RATE);
  await ada.follow();
  return ada;
}

describe("how much of a song can sound", () => {
  it("[P86] is not known without its index, nor from one that cannot be of this file", async () => {
    const ada = new Device();
    ada.songs.follow([file()]);
    expect(ada.songs.read(file(), 0)).toBeNull();
    ada.index = Uint8Array.of(1, 2, 3);
    await ada.follow();
    expect(ada.songs.read(file(), 0)).toBeNull();
    ada.index = await wavIndex(2 * SONG_SEC, RATE);
    await ada.follow();
    expect(ada.songs.read(file(), 0)).toBeNull();
  });

  it("[P86] goes from its beginning to the first slice that is not all here", async () => {
    const ada = await indexed();
    expect(ada.songs.read(file(), 0)).toEqual({ durationSec: SONG_SEC, playableSec: 0 });
    ada.held = [[0, HEAD_BYTES + 3 * SLICE_BYTES + 10]];
    expect(ada.songs.read(file({ heldBytes: 1 }), 0)?.playableSec).toBe(15);
    ada.held = [[0, SIZE_BYTES]];
    expect(ada.songs.read(file({ heldBytes: 2 }), 0)?.playableSec).toBe(SONG_SEC);
  });

  it("[P86] goes from the place that was asked for, which may lie behind what is missing", async () => {
    const ada = await indexed();
    ada.held = [[HEAD_BYTES + 5 * SLICE_BYTES, HEAD_BYTES + 9 * SLICE_BYTES]];
    expect(ada.songs.read(file(), 0)?.playableSec).toBe(0);
    // The slice at 30 s begins with a second of lead-in.
    expect(ada.songs.read(file(), 31)?.playableSec).toBe(45);
    expect(ada.songs.read(file(), 26)?.playableSec).toBe(26);
    expect(ada.songs.read(file(), 900)?.playableSec).toBe(SONG_SEC);
  });

  it("[P86] is all of it where the file is whole", async () => {
    const ada = await indexed();
    expect(ada.songs.read(file({ seeded: true }), 0)).toEqual({
      durationSec: SONG_SEC,
      playableSec: SONG_SEC,
    });
    expect(ada.questions).toBe(0);
  });

  it("is not looked for again until something came or the place moved", async () => {
    const ada = await indexed();
    ada.held = [[0, SIZE_BYTES]];
    ada.songs.read(file(), 0);
    const { questions } = ada;
    ada.songs.read(file(), 0.01);
    expect(ada.questions).toBe(questions);
    ada.songs.read(file({ heldBytes: 9 }), 0);
    expect(ada.questions).toBeGreaterThan(questions);
  });

  it("is forgotten with the file", async () => {
    const ada = await indexed();
    ada.songs.follow([]);
    expect(ada.songs.read(file(), 0)).toBeNull();
  });
});
