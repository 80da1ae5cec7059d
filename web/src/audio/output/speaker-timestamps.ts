// One table of what each engine's audio timestamps mean at the output, and their translation into OutputSamples.
// Local ms in, audio seconds out. Rows are pinned by tests on the speaker rig. Pure.

import { type Clock, COARSE_FROM_MS } from "../../lib/index.ts";
import { AveragedOutput } from "./averaged.ts";
import { FirefoxOutput, USUALLY_BELOW_MS } from "./firefox.ts";
import type { OutputSample } from "./output-clock.ts";
import { PulseAudioOutput } from "./pulseaudio.ts";
import { type MediaElementClock, MediaPacedOutput, type QueueDepth } from "./webkitgtk.ts";

export type Engine = "chromium" | "firefox" | "firefox-linux" | "webkit" | "webkitgtk";

/** What an AudioContext says of itself at one moment. */
export interface RawTimestamp {
  readonly nowLocalMs: number;
  /** getOutputTimestamp(): both 0 or undefined where the engine has nothing to say yet. */
  readonly performanceTimeMs: number | undefined;
  readonly contextTimeSec: number | undefined;
  readonly currentTimeSec: number;
  /** 0 where unknown. */
  readonly baseLatencySec: number;
  readonly outputLatencySec: number;
}

/** What an AudioContext offers of itself. */
export interface SoundClock {
  readonly currentTime: number;
  readonly baseLatency: number;
  readonly outputLatency: number;
  getOutputTimestamp?(): AudioTimestamp;
}

/** Turns what one engine says into output samples; made anew for each AudioContext. */
export interface OutputReader {
  /** How often to read, ms. */
  readonly periodMs: number;
  /** The same while nothing is to sound for now and the line is certain (P95); null: ten times a second are enough. */
  readonly restPeriodMs: number | null;
  /** From the render clock to the output as the browser reports it, s; null while unknown. */
  readonly latencySec: number | null;
  /** What no number of readings tells, ms: in 19 of 20 streams the samples' mean lies within this of the output. */
  readonly systematicMs: number;
  /** `isSoundDue`: somebody wants to know where the output is, now or in a moment. */
  read(clock: SoundClock, nowLocalMs: number, isSoundDue: boolean): readonly OutputSample[];
  close?(): void;
}

/** One timestamp per render callback is enough (80 ms in Chromium); many a callback would only cost battery. */
const TIMESTAMP_PERIOD_MS = 20;
/** Where each timestamp speaks for itself. */
const SELDOM = { restPeriodMs: null } as const;
/** Half of a render callback: not one timestamp is missed, which PulseAudio's answers are read from. */
const EVERY_TIMESTAMP_MS = 40;
/** Half of the shortest callback. */
const STAIRCASE_PERIOD_MS = 4;

/** A stair of Firefox's render clock: a callback (Firefox 153 on the rig's PulseAudio). */
const STAIR_MS = 18.7;

/**
 * What streams were off by, heard beside Chromium on the rig (docs/timing.md): Firefox's, 24 of them, by 0.3 ms (standard deviation)
 * around the usual delay; WebKitGTK's by 2.6 ms in the worst of 20 moments; those whose local clock is coarse by up to 4.4.
 * Nobody has heard Firefox elsewhere, or Safari, beside others: they are given 2 ms until somebody does.
 */
const SYSTEMATIC_MS = { "firefox-linux": 0.6, firefox: 2, webkit: 2, webkitgtk: 3, coarse: 4 } as const;

/** Older than this, a timestamp is a leftover of a stalled device. */
const FRESH_MS = 250;
/** Chromium was seen to date a pair 25 ms ahead; it lies on the line all the same. */
const FUTURE_MS = 100;
/** An output this far from where `currentTime − latency` puts it is garbage (Safari before 17.4: wrong scale). */
const PLAUSIBLE_SEC = 0.5;

/**
 * WebKitGTK 2.50 on GStreamer's pulsesink. It reports an outputLatency of 0, and its pair's performanceTime lies in the future by as
 * much as it has played: nothing there is to be read. So the depth of a young stream is a constant that was heard beside Chromium on
 * the rig: it fits nine of ten runs of builds that decode slices while a song plays. With builds that decoded whole songs before
 * Play it was 27 ms more, in three sessions and once again; why is not known (docs/timing.md). What drains before the queue runs
 * dry was measured in streams of that deeper kind, and `refillSec` is what GStreamer then says; `fullSec` is symmetry, as the
 * rig's card cannot run slow.
 */
const GSTREAMER_QUEUE: QueueDepth = { youngSec: 0.073, drySec: 0.036, refillSec: 0.02, fullSec: 0.093 };

export function detectEngine(userAgent: string): Engine {
  if (/Firefox\//.test(userAgent)) return /Linux/.test(userAgent) ? "firefox-linux" : "firefox";
  if (/Chrom(e|ium)\//.test(userAgent)) return "chromium";
  return /Linux/.test(userAgent) ? "webkitgtk" : "webkit";
}

/**
 * The table. chromium: getOutputTimestamp() is the output; where PulseAudio has smoothed it, what it smoothed is read back. webkit:
 * the pair is the output, where it is sane. firefox: both members of that pair are shifted back by outputLatency, so it says no
 * more than currentTime does; the output is found below the render staircase. On Linux it is never asked for outputLatency, which may
 * hang the page for good (decision 0021). webkitgtk: the pair is never sane; the output lies the sink's buffer below currentTime, and
 * goes by the card's clock, which `startMediaElementClock` brings.
 */
export function outputReaderOf(
  engine: Engine,
  startMediaElementClock: () => MediaElementClock,
  localClock?: Pick<Clock, "resolutionMs">,
): OutputReader {
  switch (engine) {
    case "chromium":
      return whereCoarse(withAnswers(timestampReader(TIMESTAMP_PERIOD_MS, SELDOM)), readPair, localClock);
    case "firefox":
      return whereCoarse(staircaseReader(new FirefoxOutput(), SYSTEMATIC_MS.firefox), midStair, localClock);
    case "firefox-linux":
      return whereCoarse(
        staircaseReader(new FirefoxOutput({ mayAsk: false }), SYSTEMATIC_MS["firefox-linux"]),
        midStair,
        localClock,
      );
    case "webkit":
      return whereCoarse(
        timestampReader(TIMESTAMP_PERIOD_MS, { ...SELDOM, systematicMs: SYSTEMATIC_MS.webkit }),
        readPair,
        localClock,
      );
    case "webkitgtk":
      return mediaPacedReader(startMediaElementClock());
  }
}

/** T16: `reader`, until the local clock turns out to be told in long steps; from then on means of many samples. */
function whereCoarse(
  reader: OutputReader,
  readSample: (clock: SoundClock, nowLocalMs: number) => OutputSample,
  localClock?: Pick<Clock, "resolutionMs">,
): OutputReader {
  const averaged = new AveragedOutput();
  const isCoarse = (): boolean => (localClock?.resolutionMs?.() ?? 0) >= COARSE_FROM_MS;
  return {
    periodMs: reader.periodMs,
    get restPeriodMs() {
      return isCoarse() ? reader.periodMs : reader.restPeriodMs;
    },
    get latencySec() {
      return reader.latencySec;
    },
    get systematicMs() {
      return isCoarse() ? SYSTEMATIC_MS.coarse : reader.systematicMs;
    },
    read: (clock, nowLocalMs, isSoundDue) =>
      isCoarse() ? averaged.add(readSample(clock, nowLocalMs)) : reader.read(clock, nowLocalMs, isSoundDue),
  };
}

const readPair = (clock: SoundClock, nowLocalMs: number): OutputSample =>
  toOutputSample(readRaw(clock, nowLocalMs));

/** Firefox's render clock stands half a stair below its upper edge on average. Its latency is never asked for (FirefoxOutput). */
const midStair = (clock: SoundClock, nowLocalMs: number): OutputSample => ({
  localMs: nowLocalMs,
  audioSec: clock.currentTime - (USUALLY_BELOW_MS - STAIR_MS / 2) / 1000,
});

function readRaw(clock: SoundClock, nowLocalMs: number): RawTimestamp {
  const stamp = clock.getOutputTimestamp?.();
  return {
    nowLocalMs,
    performanceTimeMs: stamp?.performanceTime,
    contextTimeSec: stamp?.contextTime,
    currentTimeSec: clock.currentTime,
    baseLatencySec: clock.baseLatency || 0,
    outputLatencySec: clock.outputLatency || 0,
  };
}

export function timestampReader(
  periodMs: number,
  {
    systematicMs = 0,
    restPeriodMs = periodMs,
  }: Partial<Pick<OutputReader, "systematicMs" | "restPeriodMs">> = {},
): OutputReader {
  let latencySec: number | null = null;
  return {
    periodMs,
    restPeriodMs,
    systematicMs,
    get latencySec() {
      return latencySec;
    },
    read(clock, nowLocalMs) {
      const raw = readRaw(clock, nowLocalMs);
      latencySec = raw.baseLatencySec + raw.outputLatencySec;
      return [toOutputSample(raw)];
    },
  };
}

function mediaPacedReader(mediaElementClock: MediaElementClock): OutputReader {
  const output = new MediaPacedOutput(GSTREAMER_QUEUE);
  return {
    periodMs: TIMESTAMP_PERIOD_MS,
    restPeriodMs: TIMESTAMP_PERIOD_MS,
    systematicMs: SYSTEMATIC_MS.webkitgtk,
    latencySec: GSTREAMER_QUEUE.youngSec,
    read: (clock, nowLocalMs) => [output.poll(nowLocalMs, clock.currentTime, mediaElementClock.playedSec)],
    close: () => mediaElementClock.close(),
  };
}

/** Adds the answers behind the timestamps, where there are any. */
function withAnswers(reader: OutputReader): OutputReader {
  const answers = new PulseAudioOutput();
  return {
    periodMs: reader.periodMs,
    get restPeriodMs() {
      return answers.isPulseAudio ? EVERY_TIMESTAMP_MS : reader.restPeriodMs;
    },
    systematicMs: reader.systematicMs,
    get latencySec() {
      return reader.latencySec;
    },
    read: (clock, nowLocalMs, isSoundDue) =>
      reader.read(clock, nowLocalMs, isSoundDue).flatMap((sample): OutputSample[] => {
        const answer = answers.add(sample);
        const { kind } = answers;
        const noiseMs = kind === "rough" ? answers.roughMs : undefined;
        const stamp: OutputSample = kind ? { ...sample, kind, noiseMs } : sample;
        return answer ? [answer, stamp] : [stamp];
      }),
  };
}

function staircaseReader(staircase: FirefoxOutput, systematicMs: number): OutputReader {
  return {
    periodMs: STAIRCASE_PERIOD_MS,
    restPeriodMs: STAIRCASE_PERIOD_MS,
    systematicMs,
    get latencySec() {
      return staircase.latencySec;
    },
    read: (clock, nowLocalMs, isSoundDue) =>
      staircase.poll(nowLocalMs, clock.currentTime, isSoundDue, () => clock.outputLatency || 0),
  };
}

/** The timestamp as an output sample; falls back to `currentTime − latency` where the pair cannot be believed. */
export function toOutputSample(raw: RawTimestamp): OutputSample {
  const renderSec = raw.currentTimeSec - raw.baseLatencySec - raw.outputLatencySec;
  const { performanceTimeMs, contextTimeSec } = raw;
  if (performanceTimeMs && contextTimeSec) {
    const ageMs = raw.nowLocalMs - performanceTimeMs;
    const isFresh = ageMs <= FRESH_MS && ageMs >= -FUTURE_MS;
    if (isFresh && Math.abs(contextTimeSec + ageMs / 1000 - renderSec) <= PLAUSIBLE_SEC) {
      return { localMs: performanceTimeMs, audioSec: contextTimeSec };
    }
  }
  return { localMs: raw.nowLocalMs, audioSec: renderSec };
}
