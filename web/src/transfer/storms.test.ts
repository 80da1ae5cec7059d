// Storms in virtual time: pages that reload in the middle, stores that answer late, twice or never, links that break, givers
// that are slow. After every event of every peer nothing is neglected, and once the storm is over everyone gets everything.

import { describe, expect, it } from "vitest";
import type { Random } from "../lib/index.ts";
import { CATALOG_PERIOD_MS, LINK_DEAD_AFTER_MS } from "../protocol/constants/transfer.gen.ts";
import { STORE_PATIENCE_MS } from "./core/duty.ts";
import {
  type Answering,
  type FakePeer,
  FakeSwarm,
  fakeFile,
  type JoinOptions,
} from "./testing/fake-swarm.ts";

const PIECE = 65_536;
const song = fakeFile(12 * PIECE);
const jingle = fakeFile(3 * PIECE - 5, "jingle.mp3", 2);

/** A store in trouble while `isCalm` says no. */
function troubled(swarm: FakeSwarm, random: Random, isCalm: () => boolean): Answering {
  return (succeed, fail) => {
    const roll = isCalm() ? 1 : random.fraction();
    if (roll < 0.02) return; // never
    if (roll < 0.05) swarm.clock.after(STORE_PATIENCE_MS * (0.5 + random.fraction()), succeed);
    else if (roll < 0.12) swarm.clock.after(3_000 * random.fraction(), succeed);
    else if (roll < 0.16) for (const delayMs of [0, 500]) swarm.clock.after(delayMs, succeed);
    else if (roll < 0.2 && fail) swarm.soon(fail);
    else swarm.soon(succeed);
  };
}

function storm(seed: number): void {
  const swarm = new FakeSwarm(seed);
  const { random, clock } = swarm;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.fraction() * list.length)] as T;
  let isOver = false;
  const optionsOf = (store?: JoinOptions["store"]): JoinOptions => ({
    answer: troubled(swarm, random, () => isOver),
    isWatched: true,
    uplinkBytesPerSec: pick([60_000, 300_000, 1_000_000]),
    ...(store && { store }),
  });
  const names = ["ada", "bo", "cy"].slice(0, 2 + (seed % 2));
  const peers = names.map((name) => swarm.join(name, optionsOf()));
  const linkAll = (): void => {
    for (const a of peers) for (const b of peers) if (a !== b) swarm.link(a, b);
  };
  peers[0]?.add(song);
  if (seed % 3 === 0) peers[1]?.add(jingle);
  linkAll();
  for (let trouble = 0; trouble < 4; trouble++) {
    clock.advance(3_000 * random.fraction());
    const at = 1 + Math.floor(random.fraction() * (peers.length - 1));
    const peer = peers[at] as FakePeer;
    const other = pick(peers.filter((each) => each !== peer));
    if (random.fraction() < 0.4) {
      swarm.unlink(peer, other);
      continue;
    }
    const isOwner = seed % 3 === 0 && at === 1;
    swarm.leave(peer);
    const again = swarm.join(peer.name, optionsOf(peer.store));
    peers[at] = again;
    clock.after(300 * random.fraction(), () => {
      if (isOwner) again.add(jingle);
      again.restore(song);
    });
    for (const each of peers) if (each !== again) swarm.link(each, again);
  }
  isOver = true;
  linkAll();
  const files = seed % 3 === 0 ? [song, jingle] : [song];
  for (const peer of peers) {
    // Who was told that there is no room, because the store never answered, tries again by choosing.
    clock.after(3 * STORE_PATIENCE_MS, () => peer.handle({ type: "prioritized", fileId: song.fileId }));
    clock.after(3 * STORE_PATIENCE_MS + 1, () => peer.handle({ type: "prioritized", fileId: jingle.fileId }));
  }
  const isDone = (): boolean => peers.every((peer) => files.every((file) => peer.hasAllOf(file)));
  swarm.runUntil(isDone, (3 * STORE_PATIENCE_MS + 2 * LINK_DEAD_AFTER_MS) / 1000);
}

describe("[S31] nothing is waited for in vain", () => {
  const SEEDS = Number(import.meta.env.VITE_STORMS ?? 300);
  it(`whatever stores, links and reloads do: ${SEEDS} storms`, () => {
    const failed: string[] = [];
    for (let seed = 1; seed <= SEEDS; seed++) {
      try {
        storm(seed);
      } catch (cause) {
        failed.push(`seed ${seed}: ${String(cause)}`);
      }
    }
    expect(failed.slice(0, 5)).toEqual([]);
  });

  it("[S19] a reload found its pieces while they were being told one by one: all are told", () => {
    const swarm = new FakeSwarm(1);
    const store = new Map(
      [0, 1, 2, 3, 4, 5, 6].map((piece) => [`${song.fileId}/${piece}`, swarm.contentOf(12 * PIECE, piece)]),
    );
    const ada = swarm.join("ada");
    // Every check takes a while, so the first is told before what the page remembers is taken up.
    let checks = 0;
    const bo = swarm.join("bo", {
      store,
      answer: (succeed) => void swarm.clock.after(40 * checks++, succeed),
    });
    ada.add(song);
    swarm.link(ada, bo);
    swarm.runUntil(() => (bo.file(song)?.heldBytes ?? 0) === PIECE);
    bo.restore(song);
    swarm.clock.advance(CATALOG_PERIOD_MS + 50);
    const [map] = ada.transfer.pieceMaps();
    const share = map?.holders.find(({ userId }) => userId === bo.id)?.share ?? 0;
    expect(12 * share).toBeGreaterThanOrEqual(7);
    expect(swarm.runUntil(() => bo.hasAllOf(song))).toBeLessThan(5);
  });
});
