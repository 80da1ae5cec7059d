// Whole swarms in virtual time: one peer adds a file, the others fetch it, some leave and some join meanwhile. Returns what
// the docs quote: how long the last took against what no algorithm can beat, and how much of what was sent was needed.

import type { UserId } from "../../lib/index.ts";
import { neighboursByPeer } from "../core/topology.ts";
import { type FakePeer, FakeSwarm, fakeFile } from "./fake-swarm.ts";

export interface Scenario {
  readonly seed: number;
  readonly peers: number;
  readonly sizeBytes: number;
  /** Uplinks in bytes per second, dealt out in turn; the first is the seeder's. */
  readonly uplinksBytesPerSec: readonly number[];
  /** Share of the listeners that leave, and are replaced by newcomers, every second. */
  readonly churnPerSec?: number;
  readonly limitSec?: number;
}

export interface Outcome {
  /** From joining to having it all: the slowest of those who stayed, the median, and the bound, seconds. */
  readonly lastSec: number;
  readonly medianSec: number;
  readonly boundSec: number;
  readonly ratio: number;
  /** Bytes of pieces kept ÷ bytes of pieces sent. */
  readonly neededShare: number;
  readonly stayed: number;
  readonly left: number;
  /** The longest that anyone waited for a next piece, from joining to having all, seconds: what starving would show in. */
  readonly longestDrySec: number;
}

export function simulate(scenario: Scenario): Outcome {
  const { seed, peers: size, sizeBytes, uplinksBytesPerSec, churnPerSec = 0, limitSec = 600 } = scenario;
  const swarm = new FakeSwarm(seed);
  const song = fakeFile(sizeBytes);
  const present = new Map<UserId, FakePeer>();
  const joinedSec = new Map<FakePeer, number>();
  const tookSec = new Map<FakePeer, number>();
  const latestPiece = new Map<FakePeer, { pieces: number; atSec: number }>();
  let longestDrySec = 0;
  let born = 0;
  let departed = 0;
  let sentBytes = 0;
  let keptBytes = 0;
  const nowSec = (): number => swarm.clock.nowMs() / 1000;
  const enter = (): FakePeer => {
    const uplinkBytesPerSec = uplinksBytesPerSec[born % uplinksBytesPerSec.length] ?? 1;
    const peer = swarm.join(`${born++}`, { uplinkBytesPerSec });
    present.set(peer.id, peer);
    joinedSec.set(peer, nowSec());
    return peer;
  };
  const count = (peer: FakePeer): void => {
    for (const bytes of peer.sentBytesTo.values()) sentBytes += bytes;
    if (!tookSec.has(peer)) keptBytes += peer.file(song)?.heldBytes ?? 0;
    else keptBytes += sizeBytes;
  };
  const relink = (): void => {
    const wanted = neighboursByPeer(present.keys());
    for (const [id, peer] of present) {
      for (const other of [...peer.links]) if (!wanted.get(id)?.has(other.id)) swarm.unlink(peer, other);
      for (const other of wanted.get(id) ?? []) swarm.link(peer, swarm.peer(other));
    }
  };

  const recordProgress = (peer: FakePeer): void => {
    const latest = latestPiece.get(peer) ?? { pieces: 0, atSec: joinedSec.get(peer) ?? 0 };
    latestPiece.set(peer, latest);
    longestDrySec = Math.max(longestDrySec, nowSec() - latest.atSec);
    if (peer.store.size === latest.pieces) return;
    latest.pieces = peer.store.size;
    latest.atSec = nowSec();
  };

  const seeder = enter();
  for (let index = 1; index < size; index++) enter();
  const firsts = [...present.values()].filter((peer) => peer !== seeder);
  seeder.add(song);
  relink();
  const startSec = nowSec();
  let churnDue = 0;
  let nextChurnSec = startSec + 1;
  const isDone = (): boolean => {
    let isEveryoneDone = true;
    for (const peer of present.values()) {
      if (peer === seeder || tookSec.has(peer)) continue;
      recordProgress(peer);
      if (peer.hasAllOf(song)) tookSec.set(peer, nowSec() - (joinedSec.get(peer) ?? 0));
      else isEveryoneDone = false;
    }
    return isEveryoneDone;
  };
  while (!isDone()) {
    if (nowSec() - startSec > limitSec) throw new Error(`not done after ${limitSec} s`);
    swarm.clock.advance(20);
    // Once those who were here first have it, the rest is about newcomers: no more of them, or there is always one.
    const isFirstDone = firsts.every((peer) => tookSec.has(peer) || !present.has(peer.id));
    if (churnPerSec === 0 || isFirstDone || nowSec() < nextChurnSec) continue;
    nextChurnSec += 1;
    churnDue += churnPerSec * size;
    const leaving = [...present.values()].filter((peer) => peer !== seeder);
    for (; churnDue >= 1; churnDue--) {
      const [gone] = leaving.splice(Math.floor(swarm.random.fraction() * leaving.length), 1);
      if (!gone) break;
      count(gone);
      swarm.leave(gone);
      present.delete(gone.id);
      tookSec.delete(gone);
      departed += 1;
      enter();
    }
    relink();
  }
  for (const peer of present.values()) if (peer !== seeder) count(peer);
  for (const bytes of seeder.sentBytesTo.values()) sentBytes += bytes;
  const times = [...tookSec.values()].sort((a, b) => a - b);
  const uplinks = Array.from(
    { length: size },
    (_, at) => uplinksBytesPerSec[at % uplinksBytesPerSec.length] ?? 1,
  );
  const allBytesPerSec = uplinks.reduce((sum, rate) => sum + rate, 0);
  const boundSec = Math.max(sizeBytes / (uplinks[0] ?? 1), ((size - 1) * sizeBytes) / allBytesPerSec);
  const lastSec = times[times.length - 1] ?? 0;
  return {
    lastSec,
    medianSec: times[times.length >> 1] ?? 0,
    boundSec,
    ratio: lastSec / boundSec,
    neededShare: keptBytes / sentBytes,
    stayed: times.length,
    left: departed,
    longestDrySec,
  };
}
