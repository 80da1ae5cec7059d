// A real player on a simulated card in virtual time, with a song loaded and the card's line standing.

import type { Sounds } from "../../audio/decode/sound.ts";
import { Player, type SoundMove } from "../../audio/index.ts";
import { playerPartsWith } from "../../audio/player-parts.ts";
import { SeededRandom } from "../../lib/testing/index.ts";
import { EventClock } from "../../transfer/testing/event-clock.ts";
import { SimCard } from "./sim-card.ts";
import { SimClock } from "./sim-clock.ts";

const noSongs: Sounds = {
  open: () => Promise.reject(new Error("no songs here")),
  anchorOf: () => Promise.reject(new Error("no songs here")),
};

/** `moves` are what the player said of its output. */
export function cardPlayer(sounds = noSongs) {
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
  player.soundWith(
    playerPartsWith(
      () => sounds,
      () => 0,
    ),
  );
  player.unlock();
  player.loadSound("song", [], 600);
  world.advance(3_000);
  return { world, clock, card, player, moves };
}
