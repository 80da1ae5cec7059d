// Files on the player's line, rendered without a player: what pages that compare samples share (role-page.ts, seam-page.ts). Seconds of
// the line, frames at the context's rate.

import { realClock } from "../../lib/index.ts";
import { makeSounds } from "../decode/file-sounds.ts";
import type { SoundFile } from "../decode/sound.ts";
import { LanedSound } from "../laned-sound.ts";
import { browserSound } from "../output/sound-platform.ts";
import type { LanesUnder } from "../render/lane-mix.ts";
import { RenderChannel } from "../render/render-channel.ts";
import type { Segment } from "../render/segment-track.ts";

/** How often it is looked whether enough is decoded. */
const LOOK_MS = 20;

export async function fetchFile(address: string): Promise<Blob> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response.blob();
}

export async function soundFileAt(address: string): Promise<SoundFile> {
  const file = await fetchFile(address);
  return {
    fileId: address,
    sizeBytes: file.size,
    read: async (fromByte, toByte) => new Uint8Array(await file.slice(fromByte, toByte).arrayBuffer()),
    readWhole: () => file.arrayBuffer(),
    index: null,
    arriving: null,
    onFalseIndex() {},
  };
}

export class RenderedLine {
  readonly lanes: LanedSound;
  readonly channel: RenderChannel;

  constructor(contextRate: number) {
    const platform = browserSound();
    this.channel = new RenderChannel(platform.makeWorker());
    this.lanes = new LanedSound(
      {
        context: new OfflineAudioContext(2, 1, contextRate),
        channel: this.channel,
        clock: realClock,
        platform,
        onChange: () => undefined,
        queued: () => null,
        onLanesChanged: () => undefined,
      },
      makeSounds,
    );
  }

  async open(address: string): Promise<void> {
    await this.lanes.open(
      address,
      await soundFileAt(address),
      () => true,
      () => 0,
    );
  }

  /** Decodes from `aimSec` on until so many frames from `position` on are there. */
  async decode(aimSec: number, position: number, frames: number): Promise<void> {
    while (!this.lanes.covers(position, position + frames)) {
      this.lanes.aim(aimSec, 0, false);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** By output channel. `under`: instead of what lies on the line. */
  render(segment: Segment, under: LanesUnder = this.lanes.under(segment)): Promise<readonly Float32Array[]> {
    return new Promise((resolve) => {
      this.channel.onRendered = ({ channels }) => resolve(channels);
      this.channel.post({ type: "render", id: this.channel.newId(), segment, ...under });
    });
  }

  close(): void {
    this.lanes.closeAll();
    this.channel.close();
  }
}
