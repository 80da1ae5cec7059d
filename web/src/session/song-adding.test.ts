import { describe, expect, it } from "vitest";
import { FileQueue } from "../app/file-queue.ts";
import type { Sound } from "../audio/decode/sound.ts";
import { fileOf } from "../audio/testing/byte-source.ts";
import { FileError, Undecodable } from "../lib/index.ts";
import { addSong, type SongAddingParts } from "./song-adding.ts";
import { cardPlayer } from "./testing/card-player.ts";

const settled = async (): Promise<void> => {
  for (let step = 0; step < 20; step++) await Promise.resolve();
};

/** A player whose decoder counts what it works on at the same time; a decode ends when the test says so. */
function bench() {
  const decodes: { end: () => void; fail: (error: unknown) => void }[] = [];
  const decode = <Value>(value: Value) =>
    new Promise<Value>((resolve, reject) => {
      decodes.push({ end: () => resolve(value), fail: reject });
    });
  const { player, world } = cardPlayer({
    open: ({ fileId }) => decode(soundOf(fileId)),
    anchorOf: () => decode({ anchor: null, durationSec: 10, wholeSec: 30 }),
  });
  return { player, world, decodes };
}

const soundOf = (sourceId: string): Sound => ({
  sourceId,
  durationSec: 30,
  decodedSec: 10,
  loudness: null,
  aim: () => undefined,
  covers: () => true,
  levelAt: () => 0,
  match: async () => null,
  close: () => undefined,
});

const file = fileOf(new Uint8Array(8));
const outcomeOf = (promise: Promise<unknown>) =>
  promise.then(
    (value) => value,
    (error: unknown) => error,
  );

describe("files that were added", () => {
  it("[P40] are decoded one after the other, as each takes memory, and one that fails does not keep the next", async () => {
    const { player, decodes } = bench();
    const outcomes = [1, 2, 3].map(() => outcomeOf(player.anchorOf(file, () => undefined)));
    await settled();
    expect(decodes).toHaveLength(1);
    decodes[0]?.fail(new Undecodable("refused", "AIFF"));
    await settled();
    expect(decodes).toHaveLength(2);
    decodes[1]?.end();
    await settled();
    expect(decodes).toHaveLength(3);
    expect(await outcomes[0]).toBeInstanceOf(Undecodable);
    expect(await outcomes[1]).toEqual({ anchor: null, durationSec: 10, wholeSec: 30 });
  });

  it("[S32] whose first bytes never come are given up in words, and the next is added", async () => {
    const { world, clock } = cardPlayer();
    const fileReading = (name: string, bytes: Promise<ArrayBuffer>): File => {
      const file = new File(["x"], name);
      file.slice = () => ({ arrayBuffer: () => bytes }) as unknown as Blob;
      return file;
    };
    const stuck = fileReading("cloud.mp3", new Promise(() => undefined));
    const next = fileReading("next.mp3", Promise.resolve(Uint8Array.of(0xff, 0xfb, 0x90, 0x44).buffer));
    const added: string[] = [];
    const refused: unknown[] = [];
    const swarm = {
      addFile: (file: File) => {
        added.push(file.name);
        return Promise.reject(new FileError("file-too-many", "no room in this test"));
      },
    };
    const parts = { clock, swarm } as unknown as SongAddingParts;
    const session = { addFile: (file: File) => addSong(file, parts) };
    const queue = new FileQueue({
      taker: () => session,
      onRefused: (error, fileName) => void refused.push([error, fileName]),
    });
    queue.add([stuck, next]);
    for (let second = 0; second < 70; second++) {
      world.advance(1_000);
      await settled();
    }
    expect(added).toEqual(["next.mp3"]);
    expect(refused).toEqual([
      ["file-unreadable", "cloud.mp3"],
      ["file-too-many", "next.mp3"],
    ]);
  });

  it("[P38] keep no song from being loaded, and what is not wanted any more is not", async () => {
    const { player, decodes } = bench();
    void outcomeOf(player.anchorOf(file, () => undefined));
    await settled();
    const loads = [player.load("one", file, () => false), player.load("two", file)];
    await settled();
    expect(decodes).toHaveLength(3);
    decodes[2]?.end();
    decodes[1]?.end();
    await Promise.all(loads);
    expect(player.loadedId).toBe("two");
    expect([player.durationSec, player.decodedSec]).toEqual([30, 10]);
  });
});
