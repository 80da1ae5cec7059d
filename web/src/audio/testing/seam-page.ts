// A page that is no part of the product: opens files that were cut from one sound, lays them one after the other on the player's line,
// renders across their seams, and compares with the uncut sound. Built by stitch-page.vite.ts, driven by tests/browsers/test_seams.py.
// Everything is on `window.seamPage`; frames are at the context's rate.

import type { Lane } from "../lane-line.ts";
import { RateConverter } from "../render/rate-converter.ts";
import type { Segment } from "../render/segment-track.ts";
import { fetchFile, RenderedLine } from "./rendered-line.ts";

interface Question {
  readonly files: readonly string[];
  /** Address of the uncut sound: 32-bit floats, one channel, at this rate. */
  readonly uncut: string;
  readonly uncutRate: number;
  readonly contextRate: number;
}

/** As a card's crystal would have it: no frame is a copy. */
const RATIO = 1.000_03;
const AROUND_SEC = 0.25;
const NEAR_SEC = 0.05;

function correlation(one: Float32Array, other: Float32Array, lagFrames = 0): number {
  let [product, energy, otherEnergy] = [0, 0, 0];
  for (let at = 2; at < one.length - 2; at++) {
    const [here, there] = [one[at + lagFrames] as number, other[at] as number];
    product += here * there;
    energy += here * here;
    otherEnergy += there * there;
  }
  return product / Math.sqrt(energy * otherEnergy || 1);
}

/** How much later the one lies, by a parabola through three correlations; frames. */
function lagOf(one: Float32Array, other: Float32Array): number {
  const [before, here, after] = [-1, 0, 1].map((lag) => correlation(one, other, lag)) as [
    number,
    number,
    number,
  ];
  return (after - before) / 2 / (2 * here - before - after);
}

async function examine({ files, uncut, uncutRate, contextRate }: Question) {
  const line = new RenderedLine(contextRate);
  const { lanes, channel } = line;
  const placed: Lane[] = [];
  let startSec = 0;
  for (const address of files) {
    await line.open(address);
    // The queue has lengths in whole microseconds.
    const toSec = Math.round((lanes.soundOf(address)?.durationSec ?? 0) * 1e6) / 1e6;
    placed.push({ fileId: address, startSec, fromSec: 0, toSec, fadeInSec: 0, fadeOutSec: 0, tempo: 100 });
    startSec += toSec;
  }
  lanes.setLanes(placed);
  const samples = new Float32Array(await (await fetchFile(uncut)).arrayBuffer());
  const converter = new RateConverter(uncutRate, contextRate);
  const whole = converter.convert(samples, 0, 0, converter.outputFrameAt(samples.length));
  channel.post({ type: "load", sourceId: "uncut", channels: [whole], isolated: null }, [whole.buffer]);
  const seams = [];
  for (const { fileId, startSec: seamSec } of placed.slice(1)) {
    const frames = Math.round(2 * AROUND_SEC * contextRate);
    const position = (seamSec - AROUND_SEC) * contextRate;
    await line.decode(seamSec - 3, position, 1.01 * frames);
    const run = { position, ratio: RATIO, ratioStep: 0 };
    const segment: Segment = { startFrame: 0, frames, ...run, fadeFrom: null, isLast: false };
    const [joined] = (await line.render(segment)) as [Float32Array, ...Float32Array[]];
    const whole = { originFrame: 0, startFrame: 0, fadeInFrames: 0, fadeOutFrames: 0, endFrame: Infinity };
    const place = { ...whole, role: "all", sampleRate: contextRate, stretch: null } as const;
    const alone = { lanes: [{ sourceId: "uncut", ...place }], lanesBefore: [] };
    const [wanted] = (await line.render(segment, alone)) as [Float32Array, ...Float32Array[]];
    const part = (fromSec: number, toSec: number) => {
      const [from, to] = [fromSec, toSec].map((sec) => Math.round((AROUND_SEC + sec) * contextRate));
      return [joined.subarray(from, to), wanted.subarray(from, to)] as const;
    };
    seams.push({
      fileId,
      correlation: correlation(...part(-NEAR_SEC, NEAR_SEC)),
      closest: correlation(...part(-0.005, 0.005)),
      lagBeforeFrames: lagOf(...part(-0.2, -0.01)),
      lagAfterFrames: lagOf(...part(0.01, 0.2)),
    });
  }
  line.close();
  return { lengthsSec: placed.map(({ toSec }) => toSec), seams };
}

const api = { examine };

declare global {
  interface Window {
    seamPage: typeof api;
  }
}
window.seamPage = api;
