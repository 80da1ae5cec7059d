// A page that is no part of the product: renders a second of a file in a role, and says how much of which tone is in it; or plays a file
// in a role to the loudspeaker, at the moments of the host's clock. Built by stitch-page.vite.ts, driven by tests/browsers/test_roles.py
// and bench/roles.py. Everything is on `window.rolePage`. Local ms, seconds in the song, frames at the context's rate.

import { realClock } from "../../lib/index.ts";
import { makeSounds } from "../decode/file-sounds.ts";
import type { SoundFile } from "../decode/sound.ts";
import type { Lane } from "../lane-line.ts";
import { LanedSound } from "../laned-sound.ts";
import { browserSound } from "../output/sound-platform.ts";
import { Player } from "../player.ts";
import { makePlayerParts } from "../player-parts.ts";
import { RenderChannel } from "../render/render-channel.ts";
import type { Segment } from "../render/segment-track.ts";
import type { Role, Trim } from "../role.ts";

const RATE = 48_000;
const FROM_SEC = 3;

interface Question {
  readonly file: string;
  readonly roles: readonly Role[];
  /** Whole numbers of Hz: of each, a second holds whole waves. */
  readonly tonesHz: readonly number[];
  /** Per cent. */
  readonly tempo: number;
}

async function fileAt(address: string): Promise<SoundFile> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  const file = await response.blob();
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

const laneOf = (fileId: string, tempo: number): Lane => ({
  fileId,
  startSec: 0,
  fromSec: 0,
  toSec: Number.POSITIVE_INFINITY,
  fadeInSec: 0,
  fadeOutSec: 0,
  tempo,
});

/** As a complex amplitude: 1 is full scale, the angle that of a cosine. */
function toneIn(samples: Float32Array, hz: number): [real: number, imaginary: number] {
  let [real, imaginary] = [0, 0];
  for (const [frame, sample] of samples.entries()) {
    const angle = (2 * Math.PI * hz * frame) / RATE;
    real += sample * Math.cos(angle);
    imaginary -= sample * Math.sin(angle);
  }
  return [(2 * real) / samples.length, (2 * imaginary) / samples.length];
}

/** By role, by output channel, by tone. The roles are taken one after the other, as a person would change them. */
async function examine({ file, roles, tonesHz, tempo }: Question) {
  const context = new OfflineAudioContext(2, 1, RATE);
  const platform = browserSound();
  const channel = new RenderChannel(platform.makeWorker());
  const lanes = new LanedSound(
    {
      context,
      channel,
      clock: realClock,
      platform,
      onChange: () => undefined,
      queued: () => null,
      onLanesChanged: () => undefined,
    },
    makeSounds,
  );
  await lanes.open(
    file,
    await fileAt(file),
    () => true,
    () => 0,
  );
  lanes.setLanes([laneOf(file, tempo)]);
  const position = FROM_SEC * RATE;
  const found: Record<string, [number, number][][]> = {};
  for (const role of roles) {
    lanes.wantRole(role);
    lanes.takeRole(null);
    while (!lanes.covers(position, position + 1.01 * RATE)) {
      lanes.aim(FROM_SEC, 0, false);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const run = { position, ratio: 1, ratioStep: 0 };
    const segment: Segment = { startFrame: 0, frames: RATE, ...run, fadeFrom: null, isLast: false };
    const rendered = new Promise<readonly Float32Array[]>((resolve) => {
      channel.onRendered = ({ channels }) => resolve(channels);
    });
    channel.post({ type: "render", id: channel.newId(), segment, ...lanes.under(segment) });
    found[role] = (await rendered).map((samples) => tonesHz.map((hz) => toneIn(samples, hz)));
  }
  const names = lanes.soundOf(file)?.channels ?? [];
  lanes.closeAll();
  channel.close();
  return { names, found };
}

let player: Player | null = null;

/** The song's beginning sounds when the host's clock is at `startWallMs`. */
async function play(file: string, role: Role, startWallMs: number): Promise<void> {
  player ??= new Player(
    realClock,
    () => undefined,
    () => undefined,
  );
  player.unlock();
  player.soundWith(makePlayerParts);
  player.setRole(role);
  await player.load(file, await fileAt(file));
  player.setLanes([laneOf(file, 100)]);
  player.play((localMs) => (localMs + performance.timeOrigin - startWallMs) / 1_000);
}

const setRole = (role: Role) => player?.setRole(role);
const setTrim = (trim: Trim) => player?.setTrim(trim);
const read = () => player?.read() ?? null;
const stop = () => player?.stop();

const api = { examine, play, setRole, setTrim, read, stop };

declare global {
  interface Window {
    rolePage: typeof api;
  }
}
window.rolePage = api;
