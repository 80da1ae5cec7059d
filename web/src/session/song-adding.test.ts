import { describe, expect, it } from "vitest";
import { FileQueue } from "../app/file-queue.ts";
import { FileError, Undecodable } from "../lib/index.ts";
import { addSong, type SongAddingParts } from "./song-adding.ts";
import { cardPlayer } from "./testing/card-player.ts";

const settled = async (): Promise<void> => {
  for (let step = 0; step < 20; step++) await Promise.resolve();
};

/** A player whose decoder counts what it works on at the same time; a decode ends when the test says so. */
function bench() {
  const { player, world } = cardPlayer();
  const decodes: { end: () => void; fail: (error: unknown) => void }[] = [];
  player.decodeWith(
    () => () =>
      new Promise((resolve, reject) => {
        const end = () => resolve({ channels: [], durationSec: 10, wholeSec: 30 });
        decodes.push({ end, fail: reject });
      }),
  );
  return { player, world, decodes };
}

const read = () => Promise.resolve(new ArrayBuffer(8));
const outcomeOf = (promise: Promise<unknown>) =>
  promise.then(
    (value) => value,
    (error: unknown) => error,
  );

describe("files that were added", () => {
  it("[P40] are decoded one after the other, as each takes memory, and one that fails does not keep the next", async () => {
    const { player, world, decodes } = bench();
    const outcomes = [1, 2, 3].map(() => outcomeOf(player.anchorOf(read)));
    await settled();
    expect(decodes).toHaveLength(1);
    decodes[0]?.fail(new Undecodable("refused", "AIFF"));
    await settled();
    expect(decodes).toHaveLength(2);
    decodes[1]?.end();
    await settled();
    world.advance(100); // the Worker makes the anchor
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

  it("[P41] that cannot be read to the end are given up, and the next is looked at", async () => {
    const { player, world, decodes } = bench();
    const stuck = outcomeOf(player.anchorOf(() => new Promise(() => undefined)));
    void outcomeOf(player.anchorOf(read));
    await settled();
    world.advance(70_000);
    await settled();
    expect(await stuck).toBeInstanceOf(Error);
    expect(decodes).toHaveLength(1);
  });

  it("[P38] keep no song from being loaded, and what is not wanted any more is not", async () => {
    const { player, decodes } = bench();
    void outcomeOf(player.anchorOf(read));
    await settled();
    const loads = [
      player.load("one", new ArrayBuffer(8), () => false),
      player.load("two", new ArrayBuffer(8)),
    ];
    await settled();
    expect(decodes).toHaveLength(3);
    decodes[2]?.end();
    decodes[1]?.end();
    await Promise.all(loads);
    expect(player.loadedId).toBe("two");
    expect([player.durationSec, player.decodedSec]).toEqual([30, 10]);
  });
});
