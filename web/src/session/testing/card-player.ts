// A real player on a simulated card in virtual time, with a song loaded and the card's line standing.

import { Player, type SoundMove } from "../../audio/index.ts";
import { SeededRandom } from "../../lib/testing/index.ts";
import { EventClock } from "../../transfer/testing/event-clock.ts";
import { SimCard } from "./sim-card.ts";
import { SimClock } from "./sim-clock.ts";

/** `moves` are what the player said of its output. */
export function cardPlayer() {
  const world = new EventClock(0);
  const clock = new SimClock(world, 0, 20);
  const card = new SimCard(world, clock, new SeededRandom(1), 80);
  const moves: SoundMove[] = [];
  const player = new Player(
    clock,
    () => undefined,
    (move) => moves.push(move),
    card.platform,
  );
  player.unlock();
  player.loadSound("song", [], 600);
  world.advance(3_000);
  return { world, clock, card, player, moves };
}
