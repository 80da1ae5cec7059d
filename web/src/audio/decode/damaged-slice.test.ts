import { describe, expect, it } from "vitest";
import { type CodedRun, type Slice, sliceOf } from "../index/sound-index/sound-index.ts";
import { decodeByPoints, isOddLength } from "./damaged-slice.ts";

const RATE = 4_000;
const POINTS = 23;
const FRAMES = POINTS * RATE;

function runOf(kind: CodedRun["kind"] = "flac"): CodedRun {
  return {
    kind,
    sampleRate: RATE,
    channels: 1,
    prefix: new Uint8Array(0),
    pointBytes: Float64Array.from({ length: POINTS }, (_, point) => point * 1_000),
    pointFrames: Float64Array.from({ length: POINTS }, (_, point) => point * RATE),
    endByte: POINTS * 1_000,
    codedFrames: FRAMES,
    primingFrames: 0,
    lengthFrames: FRAMES,
    packets: null,
    pcm: null,
  };
}

/** What the song has at a frame: different everywhere, and nowhere silent. */
const soundAt = (frame: number): number => (frame + 1) / FRAMES;

interface Engine {
  /** Frames of the song that are damaged. */
  readonly damage?: readonly [fromFrame: number, toFrame: number];
  readonly manner?: "leaves it out" | "refuses" | "stops" | "adds a frame";
  /** At the start of whatever is decoded. */
  readonly drops?: number;
}

/** Decodes stretches as an engine does; `asked` are those that it was given. */
function engine({ damage = [0, 0], manner = "leaves it out", drops = 0 }: Engine) {
  const asked: Slice[] = [];
  const decode = async (stretch: Slice): Promise<Float32Array<ArrayBuffer>[] | null> => {
    asked.push(stretch);
    const [from, to] = damage;
    const isHit = from < stretch.toFrame && to > stretch.leadInFrame;
    if (isHit && manner === "refuses") return null;
    const frames: number[] = [];
    for (let frame = stretch.leadInFrame; frame < stretch.toFrame; frame++) {
      const isIn = frame >= from && frame < to;
      if (isIn && manner === "stops") break;
      if (!isIn) frames.push(soundAt(frame));
      else if (manner === "adds a frame") frames.push(0, 0);
    }
    return [Float32Array.from(frames.slice(drops))];
  };
  return { asked, decode };
}

/** Frames in whole points in which the sound of slice `number` is not what it should be, behind its lead-in. */
async function wrongPoints(how: Engine, number: number, run = runOf()): Promise<number[]> {
  const { decode } = engine(how);
  const slice = sliceOf(run, number);
  const found = await decodeByPoints(run, number, decode);
  const [sound] = found?.channels ?? [];
  expect(sound?.length).toBe(slice.toFrame - slice.leadInFrame);
  const wrong = new Set<number>();
  for (let frame = slice.fromFrame; frame < slice.toFrame; frame++) {
    const difference = Math.abs((sound?.[frame - slice.leadInFrame] ?? 0) - soundAt(frame));
    if (difference > 1e-6) wrong.add(Math.floor(frame / RATE));
  }
  return [...wrong];
}

describe("[P85] a slice with damage in the middle", () => {
  // Slice 1 has the points 5 to 9, and 4 for its lead-in.
  const inSeven = [7 * RATE + 1_000, 7 * RATE + 1_900] as const;

  it.each(["leaves it out", "refuses", "stops", "adds a frame"] as const)(
    "is right but for its point in an engine that %s",
    async (manner) => {
      expect(await wrongPoints({ damage: inSeven, manner }, 1)).toEqual([7]);
      expect(await wrongPoints({ damage: inSeven, manner }, 0)).toEqual([]);
      expect(await wrongPoints({ damage: inSeven, manner }, 2)).toEqual([]);
    },
  );

  it("is right before and behind where that lies over two points", async () => {
    const damage = [6 * RATE + 3_000, 7 * RATE + 900] as const;
    expect(await wrongPoints({ damage }, 1)).toEqual([6, 7]);
  });

  it.each(["leaves it out", "refuses", "stops"] as const)(
    "is right where its lead-in is damaged, in an engine that %s",
    async (manner) => {
      expect(await wrongPoints({ damage: [4 * RATE + 1_000, 4 * RATE + 1_400], manner }, 1)).toEqual([]);
    },
  );

  it("has silence in the middle of its point, and the sound around it once", async () => {
    const { decode } = engine({ damage: inSeven });
    const found = await decodeByPoints(runOf(), 1, decode);
    const point = found?.channels[0]?.subarray(3 * RATE, 4 * RATE) ?? [];
    expect(point[0]).toBeCloseTo(soundAt(7 * RATE), 6);
    expect(point[RATE - 1]).toBeCloseTo(soundAt(8 * RATE - 1), 6);
    expect([...point].filter((value) => value === 0)).toHaveLength(900);
    expect(found?.isDamaged).toBe(true);
  });

  it("is right in an engine that drops a coder's delay from whatever it decodes", async () => {
    for (const manner of ["leaves it out", "refuses"] as const)
      expect((await wrongPoints({ damage: inSeven, manner, drops: 105 }, 1)).filter((at) => at < 7)).toEqual(
        [],
      );
    const { decode } = engine({ drops: 105 });
    expect((await decodeByPoints(runOf(), 1, decode))?.isDamaged).toBe(false);
  });

  it("is right to the end of the song, where a stream ends as each engine likes", async () => {
    expect(await wrongPoints({ damage: [20 * RATE + 500, 20 * RATE + 800] }, 4)).toEqual([20]);
  });

  it("is nothing where not one point can be decoded", async () => {
    expect(await decodeByPoints(runOf(), 1, async () => null)).toBeNull();
  });

  it("is told by its length", () => {
    const slice = sliceOf(runOf(), 1);
    const frames = slice.toFrame - slice.leadInFrame;
    expect(isOddLength(runOf(), slice, frames, 0)).toBe(false);
    expect(isOddLength(runOf("mp3"), slice, frames - 1_152, 0)).toBe(true);
    expect(isOddLength(runOf("mp3"), slice, frames + 1_152, 0)).toBe(true);
    expect(isOddLength(runOf("mp3"), slice, frames - 1_105, 1_105)).toBe(false);
    expect(isOddLength(runOf("adts"), slice, frames - 1_024, 0)).toBe(false);
    expect(isOddLength(runOf("ogg-opus"), slice, frames - 5_000, 0)).toBe(true);
    const last = sliceOf(runOf(), 4);
    expect(isOddLength(runOf(), last, last.toFrame - last.leadInFrame - 1_152, 0)).toBe(false);
  });
});
