// Round trips to neighbours: they steer credits, tell the uplink's queue, and compare clocks. Pure; local ms.

import { STALE_AFTER_MS } from "../../protocol/constants/pacing.gen.ts";
import { FIRST_PINGS, PING_PERIOD_MS } from "../../protocol/constants/transfer.gen.ts";
import type { CoreState } from "./core.ts";
import type { PeerTime } from "./ctl.ts";
import type { Neighbour } from "./neighbour.ts";

const BUSY_PING_PERIOD_MS = 1_000;
/** So often, and so many, when something is given after a pause: the pacer searches then, and doubles its rate in 100 ms, or in 1 s while
 * music plays, when these would only cost. */
export const QUICK_PING_PERIOD_MS = 25;
export const QUICK_PINGS = 40;
/** A path that answers later than after so many pings is not worth measuring. */
const MAX_OPEN_PINGS = 32;

export class Pings {
  isComparing = false;
  isPlaying = false;
  #quickLeft = QUICK_PINGS;
  #givenLocalMs = Number.NEGATIVE_INFINITY;
  readonly #core: CoreState;

  constructor(core: CoreState) {
    this.#core = core;
  }

  /** Whether pings should follow one another quickly while something is given. */
  get isQuick(): boolean {
    return this.#quickLeft > 0 && !this.isPlaying;
  }

  tick(localMs: number): void {
    for (const neighbour of this.#core.neighbours.values()) {
      const isFlowing = neighbour.source.liveCount > 0 || !neighbour.uploads.isEmpty;
      const isSoon = isFlowing || this.isComparing || neighbour.pingId < FIRST_PINGS;
      const periodMs = isSoon ? BUSY_PING_PERIOD_MS : PING_PERIOD_MS;
      if (neighbour.hasSaidHello && localMs - neighbour.pingSentLocalMs >= periodMs)
        this.ping(neighbour, localMs);
    }
    this.#pingInTurn(localMs);
  }

  ping(neighbour: Neighbour, localMs: number): void {
    this.#core.perform({ type: "record-ping", peer: neighbour.userId });
    neighbour.pings.set(neighbour.pingId + 1, localMs);
    neighbour.pings.delete(neighbour.pingId + 1 - MAX_OPEN_PINGS);
    neighbour.pingSentLocalMs = localMs;
    neighbour.pingId += 1;
    const { userId, pingId } = neighbour;
    this.#core.perform({ type: "send-ctl", peer: userId, message: { type: "ping", id: pingId } });
  }

  take(neighbour: Neighbour, id: number, time: PeerTime | undefined, localMs: number): void {
    const sentLocalMs = neighbour.pings.get(id);
    if (sentLocalMs === undefined) return;
    neighbour.pings.delete(id);
    const rttMs = localMs - sentLocalMs;
    neighbour.source.recordRtt(rttMs);
    this.#core.perform({ type: "record-rtt", peer: neighbour.userId, rttMs, time });
  }

  /** One a tick of those who are being sent to: the pacer needs to know the uplink's queue ten times a second, at first more often. */
  #pingInTurn(localMs: number): void {
    let next: Neighbour | null = null;
    for (const neighbour of this.#core.neighbours.values()) {
      if (neighbour.uploads.isEmpty) continue;
      if (!next || neighbour.pingSentLocalMs < next.pingSentLocalMs) next = neighbour;
    }
    if (next) {
      this.#givenLocalMs = localMs;
      this.#quickLeft = Math.max(0, this.#quickLeft - 1);
    } else if (localMs - this.#givenLocalMs > STALE_AFTER_MS) this.#quickLeft = QUICK_PINGS; // the pacer will search again
    if (next && next.pingSentLocalMs < localMs) this.ping(next, localMs);
  }
}
