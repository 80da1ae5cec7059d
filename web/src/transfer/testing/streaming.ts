// A song that plays on all peers of a swarm while it is still coming in, in virtual time: each says which pieces are due, as the
// audio side does, and it is recorded whether any of them had to stop.

import { neighboursByPeer } from "../core/topology.ts";
import { type FakePeer, FakeSwarm, fakeFile } from "./fake-swarm.ts";

export interface StreamScenario {
  readonly seed: number;
  readonly listeners: number;
  readonly sizeBytes: number;
  readonly durationSec: number;
  readonly uplinkBytesPerSec: number;
  /** Of the sound that is due, how much is said; 0: nothing, the song is only fetched. */
  readonly urgentSec: number;
  /** How fast the seeder reads the file while it is listed as a draft already; undefined: it has read it. */
  readonly readBytesPerSec?: number;
  /** When the first sound is due, from the adding of the file on. */
  readonly startSec: number;
}

export interface StreamOutcome {
  /** The longest time that anyone's playhead stood on a piece that was not there, seconds. */
  readonly longestStallSec: number;
  /** The least that anyone had ahead of its playhead from the start on, while not all was there, seconds. */
  readonly leastAheadSec: number;
  /** Until the last had the whole file, seconds. */
  readonly lastSec: number;
  /** What the seeder sent, in files. */
  readonly seederCopies: number;
  readonly neededShare: number;
}

const STEP_MS = 50;
/** The tap of a person who was waiting for it, and the plan on its way. */
const CHOSEN_AFTER_MS = 200;
const SAY_MS = 250;

export function stream(scenario: StreamScenario): StreamOutcome {
  const { seed, sizeBytes, durationSec, uplinkBytesPerSec, urgentSec, startSec } = scenario;
  const swarm = new FakeSwarm(seed);
  const song = fakeFile(sizeBytes);
  const { pieceLength, fileId } = { pieceLength: song.manifest.pieceLength, fileId: song.fileId };
  const peers = Array.from({ length: scenario.listeners + 1 }, (_, at) =>
    swarm.join(`${at}`, { uplinkBytesPerSec }),
  );
  const neighbours = neighboursByPeer(peers.map(({ id }) => id));
  for (const peer of peers)
    for (const other of neighbours.get(peer.id) ?? []) swarm.link(peer, swarm.peer(other));
  const [seeder, ...listeners] = peers as [FakePeer, ...FakePeer[]];
  swarm.clock.advance(1_000);
  const startedMs = swarm.clock.nowMs();
  const bytesPerSec = sizeBytes / durationSec;
  const playedSec = (): number => Math.max(0, (swarm.clock.nowMs() - startedMs) / 1000 - startSec);
  const say = (peer: FakePeer): void => {
    const fromByte = playedSec() * bytesPerSec;
    const toByte = Math.min(sizeBytes, fromByte + urgentSec * bytesPerSec);
    const pieces: number[] = [];
    for (let piece = Math.floor(fromByte / pieceLength); piece * pieceLength < toByte; piece++) {
      const end = Math.min(sizeBytes, (piece + 1) * pieceLength);
      if (!peer.transfer.holds(fileId, piece * pieceLength, end)) pieces.push(piece);
    }
    peer.handle({ type: "urgent-set", fileId, pieces });
  };
  const aheadSec = (peer: FakePeer): number => {
    const fromByte = Math.floor(playedSec() * bytesPerSec);
    let toByte = fromByte;
    while (toByte < sizeBytes && peer.transfer.holds(fileId, toByte, toByte + 1))
      toByte = (Math.floor(toByte / pieceLength) + 1) * pieceLength;
    return toByte >= sizeBytes ? Number.POSITIVE_INFINITY : (toByte - fromByte) / bytesPerSec;
  };
  const stalledMs = new Map<FakePeer, number>();
  let longestStallMs = 0;
  let leastAheadSec = Number.POSITIVE_INFINITY;
  // A song can be chosen once its own id is known.
  const choose = (): void => {
    if (urgentSec > 0) for (const peer of listeners) say(peer);
    for (const peer of peers) peer.handle({ type: "prioritized", fileId });
  };
  if (scenario.readBytesPerSec === undefined) {
    choose();
    seeder.add(song);
  } else {
    seeder.addReading(song, scenario.readBytesPerSec);
    const readMs = (sizeBytes / scenario.readBytesPerSec) * 1000;
    swarm.clock.after(readMs + CHOSEN_AFTER_MS, choose);
  }
  let nextSayMs = startedMs + SAY_MS;
  const isDone = (): boolean => listeners.every((peer) => peer.hasAllOf(song));
  while (!isDone()) {
    swarm.clock.advance(STEP_MS);
    const nowMs = swarm.clock.nowMs();
    if (nowMs - startedMs > 900_000) throw new Error("not done after 15 minutes");
    if (urgentSec === 0) continue;
    if (nowMs >= nextSayMs) {
      nextSayMs += SAY_MS;
      for (const peer of listeners) say(peer);
    }
    if (nowMs - startedMs < startSec * 1000) continue;
    for (const peer of listeners) {
      const ahead = aheadSec(peer);
      leastAheadSec = Math.min(leastAheadSec, ahead);
      const stalled = ahead > 0 ? 0 : (stalledMs.get(peer) ?? 0) + STEP_MS;
      stalledMs.set(peer, stalled);
      longestStallMs = Math.max(longestStallMs, stalled);
    }
  }
  const sentBy = (peer: FakePeer): number =>
    [...peer.sentBytesTo.values()].reduce((sum, bytes) => sum + bytes, 0);
  const sentBytes = peers.reduce((sum, peer) => sum + sentBy(peer), 0);
  return {
    longestStallSec: longestStallMs / 1000,
    leastAheadSec,
    lastSec: (swarm.clock.nowMs() - startedMs) / 1000,
    seederCopies: sentBy(seeder) / sizeBytes,
    neededShare: (listeners.length * sizeBytes) / sentBytes,
  };
}
