// What the player works with from the first song on; fetched after the join screen (fetch-player-parts.ts). The render Worker and what
// leads to it are closed by the player.

import { realRandom } from "../lib/index.ts";
import { makeSounds as makeFileSounds } from "./decode/file-sounds.ts";
import type { MakeSounds, SoundParts } from "./decode/sound.ts";
import { type LanedParts, LanedSound } from "./laned-sound.ts";
import type { OutputClock } from "./output/output-clock.ts";
import { QueuedSound } from "./queued-sound.ts";
import { RenderChannel } from "./render/render-channel.ts";
import { SegmentPlanner } from "./render/segment-planner.ts";
import { SegmentQueue } from "./render/segment-queue.ts";
import { TrimStage } from "./render/trim-stage.ts";

export interface PlayerParts {
  readonly channel: RenderChannel;
  readonly queue: SegmentQueue;
  readonly planner: SegmentPlanner;
  readonly lanes: LanedSound;
  readonly queued: QueuedSound;
  readonly trim: TrimStage;
}

interface PlayerGround
  extends Omit<SoundParts, "context" | "channel" | "role">,
    Omit<LanedParts, keyof SoundParts> {
  readonly context: AudioContext;
  readonly destination: AudioNode;
  readonly line: OutputClock;
  readonly worker: Worker;
}

export type MakePlayerParts = (ground: PlayerGround) => PlayerParts;

export const playerPartsWith =
  (makeSounds: MakeSounds, turn = () => realRandom.fraction()): MakePlayerParts =>
  ({ destination, line, worker, ...ground }) => {
    const channel = new RenderChannel(worker);
    const trim = new TrimStage(ground.context, destination);
    const queue = new SegmentQueue(ground.context, trim.input, channel);
    const lanes = new LanedSound({ ...ground, channel }, makeSounds, turn());
    const planner = new SegmentPlanner(ground.context.sampleRate, line, (from, to) => lanes.covers(from, to));
    const queued = new QueuedSound(planner, queue, lanes);
    return { channel, queue, planner, lanes, queued, trim };
  };

export const makePlayerParts: MakePlayerParts = playerPartsWith(makeFileSounds);
