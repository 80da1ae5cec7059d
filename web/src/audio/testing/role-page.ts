// A page that is no part of the product: renders a second of a file in a role, and says how much of which tone is in it; or plays a file
// in a role to the loudspeaker, at the moments of the host's clock. Built by stitch-page.vite.ts, driven by tests/browsers/test_roles.py
// and bench/roles.py. Everything is on `window.rolePage`. Local ms, seconds in the song, frames at the context's rate.

import { realClock } from "../../lib/index.ts";
import type { Lane } from "../lane-line.ts";
import { Player } from "../player.ts";
import { makePlayerParts } from "../player-parts.ts";
import type { Segment } from "../render/segment-track.ts";
import type { Role, Trim } from "../role.ts";
import { RenderedLine, soundFileAt } from "./rendered-line.ts";

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
  const line = new RenderedLine(RATE);
  const { lanes } = line;
  await line.open(file);
  lanes.setLanes([laneOf(file, tempo)]);
  const position = FROM_SEC * RATE;
  const found: Record<string, [number, number][][]> = {};
  for (const role of roles) {
    lanes.wantRole(role);
    lanes.takeRole(null);
    await line.decode(FROM_SEC, position, 1.01 * RATE);
    const run = { position, ratio: 1, ratioStep: 0 };
    const segment: Segment = { startFrame: 0, frames: RATE, ...run, fadeFrom: null, isLast: false };
    found[role] = (await line.render(segment)).map((samples) => tonesHz.map((hz) => toneIn(samples, hz)));
  }
  const names = lanes.soundOf(file)?.channels ?? [];
  line.close();
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
  await player.load(file, await soundFileAt(file));
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
