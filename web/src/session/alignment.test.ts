import { describe, expect, it } from "vitest";
import { type AnchorMatch, encodeAnchor } from "../audio/index.ts";
import type { Bytes, FileId } from "../lib/index.ts";
import { Alignment } from "./alignment.ts";

const songId = "5".repeat(64) as FileId;

/** An annotation that differs from others by its rate alone. */
const annotationAt = (sampleRate: number): Bytes => encodeAnchor({ sampleRate, places: [] });

/** A device that has decoded the song; what its matches find is given. */
class Device {
  annotation: Bytes | null = null;
  match: AnchorMatch | null = { offsetSec: 0.0929, score: 1, isSteady: true };
  offsetSec: number | null = null;
  matches = 0;
  readonly alignment: Alignment;

  constructor(isByIndex = false) {
    const player = {
      isLoaded: (fileId: string) => fileId === songId,
      soundOf: () => ({ loudness: null, isByIndex }),
      align: async () => {
        this.matches += 1;
        this.offsetSec = this.match?.offsetSec ?? this.offsetSec;
        return this.match;
      },
      setDecodeOffset: (_: string, offsetSec: number) => {
        this.offsetSec = offsetSec;
      },
    };
    this.alignment = new Alignment({ player, annotationOf: () => this.annotation, onChange: () => {} });
  }

  async follow(localMs = 0): Promise<boolean> {
    this.alignment.follow(songId, localMs);
    await new Promise((resolve) => setTimeout(resolve));
    return this.alignment.isUnalignedAt(songId, localMs);
  }
}

describe("a device that has decoded the song", () => {
  it("[P16] [P46] is lined up where the annotation was found in its decode, which is looked for once", async () => {
    const ada = new Device();
    ada.annotation = annotationAt(48_000);
    expect(await ada.follow()).toBe(false);
    expect(await ada.follow()).toBe(false);
    expect(ada).toMatchObject({ offsetSec: 0.0929, matches: 1 });
  });

  it.each([
    ["is not found", null],
    ["is found with a step in the middle", { offsetSec: 0.1, score: 1, isSteady: false }],
  ])("[P46] says that it is not lined up where the annotation %s", async (_, match) => {
    const ada = new Device();
    ada.annotation = annotationAt(48_000);
    ada.match = match;
    expect(await ada.follow()).toBe(true);
    ada.alignment.reset(songId);
    ada.match = { offsetSec: 0, score: 1, isSteady: true };
    expect(await ada.follow()).toBe(false);
  });

  it("[P46] says so when no annotation has come for ten seconds, until one comes", async () => {
    const ada = new Device();
    expect(await ada.follow(1_000)).toBe(false);
    expect(await ada.follow(10_900)).toBe(false);
    expect(await ada.follow(11_100)).toBe(true);
    ada.annotation = annotationAt(48_000);
    expect(await ada.follow(11_200)).toBe(false);
  });

  it("[P16] [P46] needs no annotation where its sound counts by the file's index, but says where one does not fit", async () => {
    const ada = new Device(true);
    expect(await ada.follow(1_000)).toBe(false);
    expect(await ada.follow(60_000)).toBe(false);
    ada.annotation = annotationAt(48_000);
    expect(await ada.follow(61_000)).toBe(false);
    expect(ada).toMatchObject({ offsetSec: 0.0929, matches: 1 });
    ada.annotation = annotationAt(44_100);
    ada.match = null;
    expect(await ada.follow(62_000)).toBe(true);
  });

  it("[P44] never lines up to its own annotation", async () => {
    const ada = new Device();
    ada.annotation = annotationAt(48_000);
    ada.alignment.publishes(songId, annotationAt(48_000));
    ada.match = null;
    expect(await ada.follow()).toBe(false);
    expect(ada).toMatchObject({ offsetSec: 0, matches: 0 });
  });

  it("[P44] lines up to the annotation of another owner that is kept in place of its own", async () => {
    const ada = new Device();
    ada.alignment.publishes(songId, annotationAt(48_000));
    ada.annotation = annotationAt(44_100);
    expect(await ada.follow()).toBe(false);
    expect(ada).toMatchObject({ offsetSec: 0.0929, matches: 1 });
  });

  it("[P47] does not go along for ever with somebody who publishes one annotation after the other", async () => {
    const ada = new Device();
    for (let turn = 0; turn < 20; turn++) {
      ada.annotation = annotationAt(48_000 - turn);
      await ada.follow();
    }
    expect(ada.matches).toBe(8);
    expect(await ada.follow()).toBe(true);
  });
});
