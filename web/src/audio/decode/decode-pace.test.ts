// What is decoded around a start, and in which order: a real window over a song of slices, in virtual calls of `aim`.

import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../lib/testing/index.ts";
import { EventClock } from "../../transfer/testing/event-clock.ts";
import { makeSoundIndex } from "../index/sound-index/make-index.ts";
import { RenderChannel } from "../render/render-channel.ts";
import { fileOf } from "../testing/byte-source.ts";
import { renderWorker } from "../testing/render-worker.ts";
import { type DecodePace, paceOf } from "./decode-pace.ts";
import { FileSounds } from "./file-sounds.ts";
import { RenderQuestions } from "./render-questions.ts";
import { makeGrid } from "./slice-grid.ts";
import { WindowedSound } from "./windowed-sound.ts";

const RATE = 8_000;
const SONG_SEC = 120;

/** Noise in mono as a WAV of 16 bits. */
function noise() {
  const random = new SeededRandom(7);
  const bytes = new Uint8Array(44 + 2 * SONG_SEC * RATE);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("RIFF....WAVEfmt "));
  view.setUint32(4, bytes.length - 8, true);
  view.setUint32(16, 16, true);
  [1, 1].forEach((value, at) => {
    view.setUint16(20 + 2 * at, value, true);
  });
  view.setUint32(24, RATE, true);
  view.setUint32(28, 2 * RATE, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  bytes.set(new TextEncoder().encode("data"), 36);
  view.setUint32(40, bytes.length - 44, true);
  for (let at = 44; at < bytes.length; at += 2) view.setInt16(at, (9_000 * random.normal()) % 30_000, true);
  return fileOf(bytes);
}

const turns = async () => {
  for (let step = 0; step < 10; step++) {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }
};

/** What is decoded, by the slice's number, and what is looked at for the picture, in the order of the work. */
async function opened(turn = 0) {
  const index = await makeSoundIndex(noise());
  if (!index) throw new Error("a WAV has an index");
  const grid = makeGrid(index, RATE);
  const work: (number | "look")[] = [];
  const sound = new WindowedSound({
    sourceId: "song",
    grid,
    durationSec: SONG_SEC,
    channel: new RenderQuestions(new RenderChannel(renderWorker())),
    arriving: null,
    channels: [],
    role: () => "all",
    decode: async ({ work: { number, toFrame, leadInFrame } }) => {
      work.push(number);
      return [new Float32Array(toFrame - leadInFrame)];
    },
    look: async () => {
      work.push("look");
      return 0.5;
    },
    match: async () => null,
    onChange: () => undefined,
    turn,
  });
  /** Tells the sound for so long where it plays, or will begin, and gives what was done meanwhile. */
  const pass = async (seconds: number, pace: DecodePace, isHidden = false, atSec = () => 0) => {
    const before = work.length;
    for (let call = 0; call < 10 * seconds; call++) {
      sound.aim(atSec() * RATE, isHidden, [], pace);
      await turns();
    }
    return work.slice(before);
  };
  return { sound, pass };
}

describe("around a start", () => {
  it("[P93] is a pace for what is open, announced, just begun, and for what plays", () => {
    const paces = [Infinity, 30, 1.9, 0, -0.9, -1, -4.9, -5, -300].map((sec) => paceOf(sec, false, 0));
    expect(paces).toEqual([
      ...["gentle", "gentle", "urgent", "urgent", "urgent"],
      ...["gentle", "gentle", "free", "free"],
    ]);
    expect([Infinity, 0, -3].map((sec) => paceOf(sec, true, 0))).toEqual(["free", "free", "free"]);
  });

  it("[P96] stays calm for a turn of its own on each device, and is over soon on all", () => {
    const calmUntilSec = [0, 0.25, 0.5, 0.75, 0.999].map((turn) => {
      let sec = 0;
      while (paceOf(-sec, false, turn) === "urgent") sec += 0.01;
      return sec;
    });
    calmUntilSec.slice(1).forEach((sec, at) => {
      expect(sec - (calmUntilSec[at] as number)).toBeCloseTo(0.5, 1);
    });
    expect(Math.min(...calmUntilSec)).toBeCloseTo(1, 1);
    expect(paceOf(-3, false, 0.999)).toBe("gentle");
  });

  it("[P93] has what sounds first decoded, and neither more of it nor its picture", async () => {
    const { sound, pass } = await opened();
    expect(await pass(2, "urgent")).toEqual([0, 1]);
    expect(sound.covers(0, 8 * RATE)).toBe(true);
  });

  it("[P93] goes on with what comes nearer meanwhile, so that some seconds are always there", async () => {
    const { sound, pass } = await opened();
    let playedSec = 0;
    for (; playedSec < 20; playedSec += 0.5) {
      await pass(0.1, "urgent", false, () => playedSec);
      expect(sound.covers(playedSec * RATE, (playedSec + 6.9) * RATE)).toBe(true);
    }
  });

  it("[P93] fills its window afterwards in pieces, and looks at the song in between", async () => {
    const { sound, pass } = await opened();
    await pass(1, "urgent");
    const done = await pass(2, "gentle");
    expect(done.filter((each) => each !== "look")).toEqual([2, 3, 4]);
    const slices = done.flatMap((each, at) => (each === "look" ? [] : at));
    slices.slice(1).forEach((at, before) => {
      expect(done.slice((slices[before] as number) + 1, at)).toEqual(["look", "look", "look"]);
    });
    expect(sound.covers(0, 20 * RATE)).toBe(true);
    expect(sound.loudness?.some((bar) => bar > 0)).toBe(true);
  });

  it("[P93] is decoded without a pause once it plays, and for a hidden page", async () => {
    const playing = await opened();
    expect(await playing.pass(0.1, "free")).toEqual([0, 1, 2, 3, 4]);
    const hidden = await opened();
    expect((await hidden.pass(0.1, "free", true)).length).toBeGreaterThan(12);
  });

  it("[P96] comes in a turn of its own on each device, and keeps 15 s ahead", async () => {
    const devices = [await opened(0), await opened(0.4), await opened(0.8)];
    for (const { pass } of devices) await pass(2, "gentle");
    const decodedAt: string[] = [];
    for (let playedSec = 5; playedSec < 60; playedSec += 0.5) {
      const done = await Promise.all(devices.map(({ pass }) => pass(0.1, "free", false, () => playedSec)));
      expect(done.filter((work) => work.some((each) => each !== "look")).length).toBeLessThanOrEqual(1);
      decodedAt.push(done.map((work) => work.filter((each) => each !== "look").length).join(""));
      for (const { sound } of devices) {
        expect(sound.covers(playedSec * RATE, (playedSec + 15) * RATE)).toBe(true);
      }
    }
    for (const device of [0, 1, 2]) {
      expect(decodedAt.filter((counts) => counts[device] === "1").length).toBeGreaterThanOrEqual(10);
    }
  });

  it("[P93] is matched to an anchor by its first place, and by the others once it plays", async () => {
    const file = noise();
    const clock = new EventClock(0);
    const reads: number[] = [];
    const read = (fromByte: number, toByte: number) => {
      reads.push(fromByte / (2 * RATE));
      return file.read(fromByte, toByte);
    };
    const sounds = new FileSounds(
      {
        context: { sampleRate: RATE, decodeAudioData: () => Promise.reject(new Error("decoded whole")) },
        channel: new RenderChannel(renderWorker()),
        clock,
        platform: { engine: () => "chromium", soundBudgetBytes: () => Number.POSITIVE_INFINITY },
        onChange: () => undefined,
        role: () => "all",
      },
      {
        indexOf: (source) => makeSoundIndex(source),
        decode: () => Promise.reject(new Error("no engine here")),
        loadWholeDecoder: () => import("./decode.ts"),
        turn: () => 0,
      },
    );
    const { anchor } = await sounds.anchorOf(file, () => undefined);
    if (!anchor) throw new Error("noise has an anchor");
    const sound = await sounds.open(
      { ...file, read },
      () => 0,
      () => true,
    );
    if (!sound) throw new Error("it is wanted, and can be played");
    sound.aim(0, false, [], "urgent");
    await turns();
    reads.length = 0;
    let isMatched = false;
    const matching = sound.match(anchor).then((match) => {
      isMatched = true;
      return match;
    });
    const pass = async () => {
      clock.advance(1_000);
      await turns();
    };
    for (let second = 0; second < 5; second++) await pass();
    const [first, later] = anchor.places.map(({ startFrame }) => startFrame / RATE) as [number, number];
    expect(reads.length).toBeGreaterThan(0);
    for (const sec of reads) expect(Math.abs(sec - first)).toBeLessThan(8);
    expect(isMatched).toBe(false);
    sound.aim(0, false, [], "free");
    for (let second = 0; second < 5; second++) await pass();
    expect(await matching).toMatchObject({ isSteady: true });
    expect(reads.some((sec) => Math.abs(sec - later) < 8)).toBe(true);
  });
});
