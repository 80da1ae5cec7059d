// One table of what each engine's audio timestamps mean at the port, and their translation into PortSamples.
// Local ms in, audio seconds out. Rows are pinned by tests on the speaker rig. Pure.

import type { PortSample } from "./output-line.ts";

export type Engine = "chromium" | "firefox" | "webkit";

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

/**
 * How late the sound of `contextTime` leaves the port after `performanceTime`, s.
 * chromium: the pair is the port itself. firefox: both members are shifted back by outputLatency, so the line is the
 * render clock (DESIGN §5). webkit: the pair is taken as the port where it is sane; not measured here.
 */
const PORT_DELAY_SEC: Record<Engine, (raw: RawTimestamp) => number> = {
  chromium: () => 0,
  firefox: (raw) => raw.outputLatencySec,
  webkit: () => 0,
};

/** Older than this, a timestamp is a leftover of a stalled device. */
const FRESH_MS = 250;
const FUTURE_MS = 5;
/** A port this far from where `currentTime − latency` puts it is garbage (Safari before 17.4: wrong scale). */
const PLAUSIBLE_SEC = 0.5;

export function detectEngine(userAgent: string): Engine {
  if (/Firefox\//.test(userAgent)) return "firefox";
  if (/Chrom(e|ium)\//.test(userAgent)) return "chromium";
  return "webkit";
}

/** The timestamp as a port sample; falls back to `currentTime − latency` where the pair cannot be believed. */
export function toPortSample(engine: Engine, raw: RawTimestamp): PortSample {
  const renderSec = raw.currentTimeSec - raw.baseLatencySec - raw.outputLatencySec;
  const { performanceTimeMs, contextTimeSec } = raw;
  if (performanceTimeMs && contextTimeSec) {
    const ageMs = raw.nowLocalMs - performanceTimeMs;
    const audioSec = contextTimeSec - PORT_DELAY_SEC[engine](raw);
    const isFresh = ageMs <= FRESH_MS && ageMs >= -FUTURE_MS;
    if (isFresh && Math.abs(audioSec + ageMs / 1000 - renderSec) <= PLAUSIBLE_SEC) {
      return { localMs: performanceTimeMs, audioSec };
    }
  }
  return { localMs: raw.nowLocalMs, audioSec: renderSec };
}
