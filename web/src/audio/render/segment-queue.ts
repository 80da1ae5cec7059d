// The shell that turns segments into sound: renders each in the Worker and queues it as a plain AudioBufferSourceNode at
// rate 1 on an integer frame. Audio frames of the given context. Does not decide what comes next.

import type { LanesUnder } from "./lane-mix.ts";
import type { RenderChannel } from "./render-channel.ts";
import type { Rendered } from "./render-protocol.ts";
import type { Segment } from "./segment-track.ts";

/**
 * Starts a hair after the frame: `k / sampleRate` alone may round below it, and then Chromium interpolates the whole
 * segment (bit-exact joins measured with this epsilon in Chromium 156 and Firefox 153).
 */
const START_EPSILON_FRAMES = 1e-6;

/** A segment that comes late starts this much later still, so that it is not late again. */
const LATE_SKIP_SEC = 0.02;
const LATE_FADE_SEC = 0.01;

interface Entry {
  readonly segment: Segment;
  node: AudioBufferSourceNode | null;
  stopFrame: number | null;
}

export class SegmentQueue {
  readonly #context: AudioContext;
  readonly #destination: AudioNode;
  readonly #channel: RenderChannel;
  readonly #entries = new Map<number, Entry>();
  #lateSegments = 0;

  constructor(context: AudioContext, destination: AudioNode, channel: RenderChannel) {
    this.#context = context;
    this.#destination = destination;
    this.#channel = channel;
    this.#channel.onRendered = (rendered) => this.#enqueue(rendered);
  }

  /** Segments that were rendered after their start had passed; each was a gap. */
  get lateSegments(): number {
    return this.#lateSegments;
  }

  /** From the frame being rendered to the end of the last segment that is rendered and scheduled, s. */
  get queuedSec(): number {
    const { currentTime, sampleRate } = this.#context;
    let endFrame = 0;
    for (const { segment, node, stopFrame } of this.#entries.values()) {
      if (node) endFrame = Math.max(endFrame, stopFrame ?? segment.startFrame + segment.frames);
    }
    return Math.max(0, endFrame / sampleRate - currentTime);
  }

  play(segment: Segment, under: LanesUnder): void {
    const id = this.#channel.newId();
    this.#entries.set(id, { segment, node: null, stopFrame: null });
    this.#channel.post({ type: "render", id, segment, ...under });
  }

  /** Silences everything from `frame` on; what sounds before it is untouched. */
  cut(frame: number): void {
    for (const [id, entry] of this.#entries) {
      const { startFrame, frames } = entry.segment;
      if (startFrame >= frame) this.#drop(id, entry);
      else if (startFrame + frames > frame) {
        entry.stopFrame = frame;
        entry.node?.stop(frame / this.#context.sampleRate);
      }
    }
  }

  /** Silences everything now, also in a context that stands still: nothing of it is heard after a resume. */
  clear(): void {
    for (const [id, entry] of this.#entries) this.#drop(id, entry);
  }

  #enqueue(rendered: Rendered): void {
    const entry = this.#entries.get(rendered.id);
    const first = rendered.channels[0];
    if (!entry || !first) {
      this.#entries.delete(rendered.id);
      return;
    }
    const { startFrame } = entry.segment;
    const { sampleRate } = this.#context;
    const lateFrames = Math.ceil(this.#context.currentTime * sampleRate) - startFrame;
    // Start later, at the same offset: late sound stays in step, only its beginning is missing, and it fades in.
    const skippedFrames = lateFrames > 0 ? lateFrames + Math.round(sampleRate * LATE_SKIP_SEC) : 0;
    if (lateFrames > 0) this.#lateSegments += 1;
    if (skippedFrames >= first.length) {
      this.#entries.delete(rendered.id);
      return;
    }
    if (skippedFrames > 0) fadeIn(rendered.channels, skippedFrames, Math.round(sampleRate * LATE_FADE_SEC));
    const buffer = this.#context.createBuffer(rendered.channels.length, first.length, sampleRate);
    rendered.channels.forEach((channel, index) => {
      buffer.copyToChannel(channel, index);
    });
    const node = this.#context.createBufferSource();
    node.buffer = buffer;
    node.connect(this.#destination);
    node.onended = () => {
      node.disconnect();
      this.#entries.delete(rendered.id);
    };
    node.start((startFrame + skippedFrames + START_EPSILON_FRAMES) / sampleRate, skippedFrames / sampleRate);
    if (entry.stopFrame !== null) node.stop(entry.stopFrame / sampleRate);
    entry.node = node;
  }

  #drop(id: number, entry: Entry): void {
    this.#entries.delete(id);
    if (!entry.node) return;
    entry.node.onended = null;
    entry.node.disconnect();
  }
}

function fadeIn(channels: readonly Float32Array[], fromFrame: number, frames: number): void {
  for (const channel of channels) {
    const end = Math.min(channel.length, fromFrame + frames);
    for (let frame = fromFrame; frame < end; frame++) {
      channel[frame] = ((channel[frame] ?? 0) * (frame - fromFrame)) / frames;
    }
  }
}
