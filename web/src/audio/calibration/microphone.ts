// Opens the microphone with nothing between it and the page, and keeps what it hears in this device's
// memory until it is closed. Local ms. Does not know what is played.

import { realClock, within } from "../../lib/index.ts";
import captureUrl from "./capture.worklet.ts?worker&url";
import { BLOCK_FRAMES, CAPTURE } from "./capture-protocol.ts";
import type { Recording } from "./listen.ts";

/** `denied`: by the person or their browser's settings. `missing`: there is none, or another program holds it. */
export type MicrophoneTrouble = "denied" | "missing";

export class MicrophoneError extends Error {
  constructor(
    readonly trouble: MicrophoneTrouble,
    options: ErrorOptions,
  ) {
    super(`the microphone is ${trouble}`, options);
  }
}

export interface Microphone {
  /** All that was heard, with the frame that was recorded at `localMs`. */
  readonly recordingFrom: (localMs: number) => Recording;
  /** Lets go of the microphone and forgets what it heard. Idempotent. */
  readonly close: () => void;
}

/** What makes speech pleasant takes chirps away, or moves them. */
const PLAIN_SOUND = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

/** Nobody waits for what is recorded: large blocks are not lost where a busy page would be late for small ones. */
const LATENCY_HINT_SEC = 0.08;

/** The person is asked without a limit, and may give up; what is loaded after that comes at once, or never. */
const MODULE_LIMIT_MS = 20_000;

interface AudioSessionNavigator {
  readonly audioSession?: { type: string };
}

/** Inside a tap, on a page that came over https. Rejects with MicrophoneError. */
export async function openMicrophone(nowMs: () => number): Promise<Microphone> {
  // Safari gives no microphone to a page that only plays.
  const session = (navigator as AudioSessionNavigator).audioSession;
  if (session) session.type = "play-and-record";
  const giveBack = () => {
    if (session) session.type = "playback";
  };
  try {
    return await listen(nowMs, giveBack);
  } catch (cause) {
    giveBack();
    const isDenied = cause instanceof DOMException && cause.name === "NotAllowedError";
    throw new MicrophoneError(isDenied ? "denied" : "missing", { cause });
  }
}

async function listen(nowMs: () => number, onClose: () => void): Promise<Microphone> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: PLAIN_SOUND });
  const context = new AudioContext({ latencyHint: LATENCY_HINT_SEC });
  const close = () => {
    for (const track of stream.getTracks()) track.stop();
    if (context.state === "closed") return;
    context.close().catch(() => undefined);
    onClose();
  };
  try {
    await within(realClock, MODULE_LIMIT_MS, context.audioWorklet.addModule(captureUrl));
  } catch (error) {
    close();
    throw error;
  }
  const blocks: Float32Array[] = [];
  /** When the first frame was recorded, by the message that was held up least. */
  let firstLocalMs = Number.POSITIVE_INFINITY;
  const { sampleRate } = context;
  const capture = new AudioWorkletNode(context, CAPTURE, { channelCount: 1, channelCountMode: "explicit" });
  capture.port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
    blocks.push(data);
    firstLocalMs = Math.min(firstLocalMs, nowMs() - (1000 * blocks.length * BLOCK_FRAMES) / sampleRate);
  };
  // What leads nowhere is not run by every browser; it hands on silence.
  context.createMediaStreamSource(stream).connect(capture).connect(context.destination);
  return {
    recordingFrom(localMs) {
      const samples = new Float32Array(blocks.length * BLOCK_FRAMES);
      for (const [index, block] of blocks.entries()) samples.set(block, index * BLOCK_FRAMES);
      return { samples, sampleRate, startFrame: ((localMs - firstLocalMs) / 1000) * sampleRate };
    },
    close,
  };
}
