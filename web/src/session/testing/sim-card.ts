// A sound card in true time with the AudioContext and the render Worker in front of it, so that the real player, queue and
// output clock run on it. It keeps what was queued instead of sounding it, and says which place of the file leaves the
// port at a true moment. Its crystal is off, its timestamps scatter, it underruns, and the platform can take it away.

import type { SoundPlatform } from "../../audio/output/sound-platform.ts";
import { timestampReader } from "../../audio/output/speaker-timestamps.ts";
import type { LanePlace } from "../../audio/render/lane-mix.ts";
import type { RenderAnswer, RenderRequest } from "../../audio/render/render-protocol.ts";
import type { Segment } from "../../audio/render/segment-track.ts";
import type { Role } from "../../audio/role.ts";
import type { Clock, Random } from "../../lib/index.ts";
import type { SimClock } from "./sim-clock.ts";

const SAMPLE_RATE = 48_000;
/** From the render thread to the output, of the device's own loudspeaker. */
const LATENCY_SEC = 0.045;
const RENDER_QUANTUM_SEC = 0.01;
const STAMP_AGE_MS = 10;
const STAMP_NOISE_MS = 0.1;
const RENDER_MS = 4;
/** Fewer timestamps than a browser gives, so that a thousand runs cost seconds; the line needs five. */
const SAMPLE_PERIOD_MS = 200;

/** What the Worker of make-believe hands back instead of samples. */
interface Rendered {
  readonly length: number;
  readonly segment: Segment;
  readonly lanes: readonly LanePlace[];
  readonly buffer: ArrayBuffer;
}

interface Sounding {
  readonly segment: Segment;
  readonly lanes: readonly LanePlace[];
  readonly startFrame: number;
  readonly skippedFrames: number;
  stopFrame: number;
}

export class SimCard {
  readonly #world: Clock;
  readonly #clock: SimClock;
  readonly #random: Random;
  readonly #rate: number;
  readonly #sounding = new Set<Sounding>();
  #state: "suspended" | "running" | "interrupted" | "closed" = "suspended";
  /** Audio at the output: `#outputSec` at true moment `#sinceTrueMs`, running on from there unless it stands. */
  #outputSec = 0;
  #sinceTrueMs = 0;
  #isStanding = true;
  /** The platform has taken the sound: resuming does not help until it gives it back. */
  #isTaken = false;
  #latencySec = LATENCY_SEC;
  /** It says that it runs and stands still, until it is resumed so often; Infinity: until there is another context. */
  #stuckForResumes = 0;
  onstatechange: (() => void) | null = null;
  /** How often the page has asked for the sound. */
  resumes = 0;
  /** A constant that the page adds to all it plays. */
  keepAliveLevel = 0;
  /** Fades that were ended before they were through: clicks. */
  brokenFades = 0;

  constructor(world: Clock, clock: SimClock, random: Random, offPpm: number) {
    this.#world = world;
    this.#clock = clock;
    this.#random = random;
    this.#rate = 1 + offPpm * 1e-6;
  }

  /** Seconds into the file leaving the output now; null while nothing sounds. */
  get heardSec(): number | null {
    return this.heard.at(-1)?.sec ?? null;
  }

  /** All that leaves the output now, by the source in the render Worker; what began last comes last. */
  get heard(): readonly { readonly sourceId: string; readonly sec: number; readonly role: Role }[] {
    const frame = this.#outputSecNow() * SAMPLE_RATE;
    if (this.#isStanding) return [];
    for (const { segment, lanes, startFrame, skippedFrames, stopFrame } of this.#sounding) {
      if (frame < startFrame || frame >= stopFrame) continue;
      const position = segment.position + (frame - startFrame + skippedFrames) * segment.ratio;
      return lanes
        .filter(({ endFrame, ...lane }) => position >= beginFrame(lane) && position < endFrame)
        .sort((one, other) => one.startFrame - other.startFrame)
        .map(({ sourceId, originFrame, role }) => {
          return { sourceId, sec: (position - originFrame) / SAMPLE_RATE, role };
        });
    }
    return [];
  }

  get platform(): SoundPlatform {
    return {
      makeContext: () => {
        if (this.#state === "closed") this.#renew();
        return this.#context() as unknown as AudioContext;
      },
      makeOutputReader: () => timestampReader(SAMPLE_PERIOD_MS),
      makeWorker: () => this.#worker() as unknown as Worker,
      engine: () => "chromium",
      soundBudgetBytes: () => Number.POSITIVE_INFINITY,
    };
  }

  /** The card had nothing to play for a moment: all that follows is late by it. */
  underrun(ms: number): void {
    this.#anchor();
    this.#outputSec -= ms / 1000;
  }

  /** Another output: a headset over Bluetooth is later by a lot, and the browser says so. */
  reroute(latencyMs = LATENCY_SEC * 1000): void {
    this.#anchor();
    this.#outputSec -= latencyMs / 1000 - this.#latencySec;
    this.#latencySec = latencyMs / 1000;
  }

  /** Stands still while it says that it runs, until it has been resumed so often. */
  jam(resumes: number): void {
    this.#anchor();
    this.#isStanding = true;
    this.#stuckForResumes = resumes;
  }

  /** The platform takes the sound (a call, another app), or the device sleeps. */
  take(): void {
    this.#isTaken = true;
    if (!this.#isStanding) this.#become("suspended");
  }

  /** iOS takes it for a call: a state of its own, which only iOS ends. */
  interrupt(): void {
    this.#isTaken = true;
    this.#become("interrupted");
  }

  /** Whoever asks from now on gets it. */
  allow(): void {
    this.#isTaken = false;
  }

  give(): void {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    this.#become("running");
  }

  #renew(): void {
    this.#state = "suspended";
    this.#isStanding = true;
    this.#stuckForResumes = 0;
    this.#sounding.clear();
  }

  #outputSecNow(): number {
    const ranMs = this.#isStanding ? 0 : this.#world.nowMs() - this.#sinceTrueMs;
    return this.#outputSec + (ranMs * this.#rate) / 1000;
  }

  #anchor(): void {
    this.#outputSec = this.#outputSecNow();
    this.#sinceTrueMs = this.#world.nowMs();
  }

  #become(state: "suspended" | "running" | "interrupted"): void {
    if (this.#stuckForResumes > 0 && this.#state !== "closed") {
      if (state === "running" && --this.#stuckForResumes === 0) this.#isStanding = true;
      if (this.#stuckForResumes > 0) return;
    }
    const isStanding = state !== "running";
    if (this.#isStanding === isStanding || this.#state === "closed") return;
    this.#anchor();
    this.#isStanding = isStanding;
    this.#clock.deliver(() => {
      this.#state = state;
      this.onstatechange?.();
    });
  }

  #currentTime(): number {
    return Math.ceil((this.#outputSecNow() + this.#latencySec) / RENDER_QUANTUM_SEC) * RENDER_QUANTUM_SEC;
  }

  #stamp(): { performanceTime: number; contextTime: number } {
    if (this.#isStanding) return { performanceTime: 0, contextTime: 0 };
    const ageMs = this.#random.fraction() * STAMP_AGE_MS;
    const noiseMs = (this.#random.fraction() - 0.5) * 2 * STAMP_NOISE_MS;
    return {
      performanceTime: this.#clock.nowMs() - ageMs,
      contextTime: this.#outputSecNow() - (ageMs + noiseMs) / 1000,
    };
  }

  #context(): object {
    const card = this;
    return {
      sampleRate: SAMPLE_RATE,
      destination: {},
      createGain: () => ({ gain: param(1), connect: () => undefined }),
      createBiquadFilter: () => ({ frequency: param(0), gain: param(0), connect: () => undefined }),
      createConstantSource: () => {
        const offset = { value: 1 };
        return {
          offset,
          connect: () => undefined,
          start: () => {
            card.keepAliveLevel = offset.value;
          },
        };
      },
      baseLatency: 0,
      get outputLatency() {
        return card.#latencySec;
      },
      get state() {
        return card.#state;
      },
      get currentTime() {
        return card.#currentTime();
      },
      set onstatechange(listener: (() => void) | null) {
        card.onstatechange = listener;
      },
      getOutputTimestamp: () => card.#stamp(),
      async resume() {
        card.resumes += 1;
        if (!card.#isTaken) card.#become("running");
      },
      async suspend() {
        card.#become("suspended");
      },
      async close() {
        card.#anchor();
        card.#isStanding = true;
        card.#state = "closed";
      },
      async decodeAudioData() {
        return { length: 1, numberOfChannels: 1, duration: 600, copyFromChannel: () => undefined };
      },
      createBuffer: (_channels: number, length: number) => ({
        length,
        rendered: null as Rendered | null,
        copyToChannel(channel: unknown) {
          this.rendered = channel as Rendered;
        },
      }),
      createBufferSource: () => card.#source(),
    };
  }

  #source(): object {
    const card = this;
    let sounding: Sounding | null = null;
    const source = {
      buffer: null as { readonly rendered: Rendered | null } | null,
      onended: null as (() => void) | null,
      connect: () => undefined,
      disconnect() {
        if (sounding) card.#sounding.delete(sounding);
      },
      start(whenSec: number, offsetSec = 0) {
        const rendered = source.buffer?.rendered;
        if (!rendered) return;
        const startFrame = Math.round(whenSec * SAMPLE_RATE);
        const skippedFrames = Math.round(offsetSec * SAMPLE_RATE);
        const stopFrame = startFrame + rendered.length - skippedFrames;
        sounding = { segment: rendered.segment, lanes: rendered.lanes, startFrame, skippedFrames, stopFrame };
        card.#sounding.add(sounding);
        source.watchEnd();
      },
      stop(whenSec: number) {
        if (!sounding) return;
        sounding.stopFrame = Math.min(sounding.stopFrame, Math.round(whenSec * SAMPLE_RATE));
        const { startFrame, fadeFrom } = sounding.segment;
        const isHeard = sounding.stopFrame > startFrame;
        if (isHeard && sounding.stopFrame < startFrame + (fadeFrom?.frames ?? 0)) card.brokenFades += 1;
      },
      watchEnd() {
        if (!sounding || card.#state === "closed") return;
        const leftSec = sounding.stopFrame / SAMPLE_RATE - card.#outputSecNow();
        if (leftSec > 0) card.#clock.after(Math.max(20, leftSec * 1000), () => source.watchEnd());
        else source.onended?.();
      },
    };
    return source;
  }

  #worker(): object {
    const clock = this.#clock;
    let isOver = false;
    const worker = {
      onmessage: null as ((event: { data: RenderAnswer }) => void) | null,
      postMessage(request: RenderRequest) {
        if (request.type === "load" || request.type === "unload" || request.type === "drop") return;
        clock.after(RENDER_MS, () => {
          if (!isOver) worker.onmessage?.({ data: answerTo(request) });
        });
      },
      terminate() {
        isOver = true;
      },
    };
    return worker;
  }
}

const param = (value: number) => ({ value, setTargetAtTime: () => undefined });

/** A frame before a song's beginning may be its first: places are fractions. */
const beginFrame = ({ fadeInFrames, startFrame, originFrame }: Omit<LanePlace, "endFrame">): number =>
  (fadeInFrames > 0 ? startFrame : originFrame) - 1;

function answerTo(request: Exclude<RenderRequest, { type: "load" | "unload" | "drop" }>): RenderAnswer {
  const { id } = request;
  switch (request.type) {
    case "slice":
      return { type: "slice", id, taken: { isConfirmed: true, levels: new Float32Array(0) } };
    case "make-anchor":
      return { type: "make-anchor", id, anchor: { sampleRate: SAMPLE_RATE, places: [] } };
    case "match-anchor":
      return { type: "match-anchor", id, match: null };
    case "levels":
      return { type: "levels", id, levels: new Float32Array(0) };
    default: {
      const { segment, lanes } = request;
      const rendered: Rendered = { length: segment.frames, segment, lanes, buffer: new ArrayBuffer(0) };
      return { type: "rendered", id, channels: [rendered as unknown as Float32Array<ArrayBuffer>] };
    }
  }
}
