// A lane at another tempo: which frames of its sound are asked for, and what the render Worker makes of them.

import { describe, expect, it } from "vitest";
import { VirtualClock } from "../lib/testing/index.ts";
import type { FrameSpan, Sound } from "./decode/sound.ts";
import type { Lane } from "./lane-line.ts";
import { LanedSound } from "./laned-sound.ts";
import { RenderChannel } from "./render/render-channel.ts";
import type { RenderAnswer } from "./render/render-protocol.ts";
import { RenderStation } from "./render/render-station.ts";
import { wholeSource } from "./render/resample.ts";
import { StretchedSource } from "./render/stretch.ts";
import { stretchedInput } from "./render/stretch-span.ts";
import { renderWorker } from "./testing/render-worker.ts";
import { makeTone } from "./testing/tone.ts";

const RATE = 48_000;
const TEMPO = 80;

const lane = (overrides: Partial<Lane>): Lane => ({
  fileId: "song",
  startSec: 0,
  fromSec: 0,
  toSec: 100,
  fadeInSec: 0,
  fadeOutSec: 0,
  tempo: TEMPO,
  ...overrides,
});

const segment = (position: number, frames: number) => ({
  startFrame: 0,
  frames,
  position,
  ratio: 1,
  ratioStep: 0,
  fadeFrom: null,
  isLast: false,
});

/** Lanes over one song that says what it was asked for. */
function bench(lanes: readonly Lane[], decodeOffsetSec = 0) {
  const asked: FrameSpan[] = [];
  const aims: { frame: number; laps: readonly FrameSpan[] }[] = [];
  const sound: Sound = {
    sourceId: "source",
    durationSec: 80,
    decodedSec: 80,
    loudness: null,
    aim: (frame, _, laps = []) => void aims.push({ frame, laps }),
    covers: (fromFrame, toFrame) => asked.push({ fromFrame, toFrame }) > 0,
    levelAt: () => 0,
    match: async () => null,
    close: () => undefined,
  };
  const laned = new LanedSound(
    {
      context: { sampleRate: RATE, decodeAudioData: () => Promise.reject(new Error("nothing to decode")) },
      channel: new RenderChannel(renderWorker()),
      clock: new VirtualClock(),
      platform: { engine: () => "chromium", soundBudgetBytes: () => Infinity },
      onChange: () => undefined,
      queued: () => null,
      onLanesChanged: () => undefined,
    },
    () => ({ open: async () => sound, anchorOf: () => Promise.reject(new Error("no file")) }),
  );
  laned.take("song", sound);
  laned.setDecodeOffset("song", decodeOffsetSec);
  laned.setLanes(lanes);
  return { laned, asked, aims };
}

describe("a lane at another tempo", () => {
  it("[P81] asks for all that decides how it sounds", () => {
    const { laned, asked, aims } = bench([lane({ startSec: 3 })], 0.01);
    expect(laned.covers(30 * RATE, 31 * RATE)).toBe(true);
    const { fromFrame, toFrame } = stretchedInput(TEMPO, RATE, 27 * RATE, 28 * RATE);
    expect(asked).toEqual([{ fromFrame: fromFrame + 480, toFrame: toFrame + 480 }]);
    laned.aim(30, 0, false);
    expect(aims.at(-1)?.frame).toBe(fromFrame + 480);
  });

  it("[P81] has what comes before the beginning of a lap as well", () => {
    const lap = { fromSec: 20, toSec: 24 };
    const { laned, aims } = bench([
      lane({ ...lap, startSec: 0 }),
      lane({ ...lap, startSec: 4, fadeInSec: 0.008 }),
    ]);
    laned.aim(1, 0, false);
    const { fromFrame } = stretchedInput(TEMPO, RATE, 20 * RATE, 24 * RATE);
    expect(aims.at(-1)?.laps[0]?.fromFrame).toBe(fromFrame);
  });

  it("[P80] says where it is in the song, in seconds of the song", () => {
    const { laned } = bench([lane({ startSec: 3, fromSec: 10 })]);
    expect(laned.songSecAt(8)).toBeCloseTo(12, 9);
  });

  it("[P81] is rendered from what is counted from the song's beginning, by the anchor", () => {
    const { laned } = bench([lane({ startSec: 3 })], 0.01);
    const { lanes } = laned.under(segment(30 * RATE, RATE / 2));
    expect(lanes).toMatchObject([
      { originFrame: 3 * RATE, stretch: { tempo: TEMPO, sampleRate: RATE, offsetFrames: 480 } },
    ]);
  });
});

describe("the render station", () => {
  it("[P80] renders a lane at another tempo, and anew once its sound is another one", () => {
    const { laned } = bench([lane({})]);
    const station = new RenderStation();
    station.stretching = StretchedSource;
    const tone = (hz: number) => makeTone(hz, RATE, 6 * RATE);
    const render = (): Float32Array | undefined => {
      const of = segment(4 * RATE, 4_800);
      const answer = station.handle({ type: "render", id: 1, segment: of, ...laned.under(of) });
      return (answer as Extract<RenderAnswer, { type: "rendered" }>).channels[0];
    };
    for (const hz of [440, 550]) {
      const channels = [tone(hz) as Float32Array<ArrayBuffer>];
      station.handle({ type: "load", sourceId: "source", channels, isolated: null });
      const stretch = { tempo: TEMPO, sampleRate: RATE, offsetFrames: 0 };
      const wanted = new StretchedSource(wholeSource([tone(hz)]), stretch).read(0, 4 * RATE, 4_800);
      expect(render()).toEqual(wanted);
    }
  });
});
