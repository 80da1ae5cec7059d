// What people do to the queue in a storm, and whether all of it is there afterwards: one queue everywhere, no entry lost or doubled.

import type { QueueOp } from "../../director/index.ts";
import { type EntryId, pickOne, type Random, randomBelow } from "../../lib/index.ts";
import { IDEAL_SONG_IDS, type SimDevice } from "./sim-device.ts";

export class QueueStorm {
  readonly #random: Random;
  /** Who asked for which entry. */
  readonly #added = new Map<EntryId, SimDevice>();
  /** Somebody has asked for their removal, or they were over somewhere: another list may not know of that. */
  readonly #removed = new Set<EntryId>();
  /** In some storms whole lists are cleared, and doors locked: there only that all agree is judged. */
  readonly #isRough: boolean;

  /** There was a queue long before, whose requests nobody keeps any more. */
  readonly isOld: boolean;

  constructor(random: Random) {
    this.#random = random;
    this.#isRough = random.fraction() < 0.25;
    this.isOld = random.fraction() < 0.25;
  }

  begin(device: SimDevice): void {
    for (const fileId of IDEAL_SONG_IDS)
      this.#ask(device, { type: "add", fileId, durationUs: null, place: "end" });
  }

  /** One thing that a person does; says what. */
  act(device: SimDevice): string {
    const random = this.#random;
    const { session } = device;
    const ids = session.queue.entries.map(({ entryId }) => entryId);
    const one = ids.length > 0 ? pickOne(random, ids) : null;
    const isOn = random.fraction() < 0.7;
    const kind = pickOne(random, [
      ...[
        "adds",
        "adds",
        "adds",
        "adds",
        "removes",
        "moves",
        "moves",
        "boosts",
        "boosts",
        "goes on",
        "goes on",
      ],
      ...["goes back", "plays", "repeats", "fades", "hurries", "seeks", "pauses", "stops"],
      ...(this.#isRough ? ["clears", "locks"] : []),
    ]);
    const music = (does: () => void): string => {
      device.clock.deliver(() => {
        if (session.director.isWriter) does();
        this.#see(device);
      });
      return kind;
    };
    switch (kind) {
      case "adds":
        for (let left = randomBelow(random, 3); left >= 0; left--) {
          const fileId = pickOne(random, IDEAL_SONG_IDS);
          this.#ask(device, { type: "add", fileId, durationUs: null, place: isOn ? "end" : "next" });
        }
        return kind;
      case "removes":
        return one ? this.#ask(device, { type: "remove", entryId: one }) : "";
      case "moves":
        return one
          ? this.#ask(device, { type: "move", entryId: one, beforeId: isOn ? pickOne(random, ids) : null })
          : "";
      case "boosts":
        return one ? this.#ask(device, { type: "boost", entryId: one, isOn }) : "";
      case "clears":
        return this.#ask(device, { type: "clear" });
      case "locks":
        return this.#ask(device, { type: "lock", isLocked: !isOn });
      case "goes on":
        return music(() => session.goNext());
      case "goes back":
        return music(() => session.goBack());
      case "plays":
        return music(() => session.play(pickOne(random, IDEAL_SONG_IDS)));
      case "repeats":
        return music(() => session.setProgramme({ repeat: pickOne(random, ["off", "all", "one"] as const) }));
      case "fades":
        return music(() => session.setProgramme({ crossfadeMs: randomBelow(random, 6_000) }));
      case "hurries":
        return music(() => session.setProgramme({ tempo: 50 + randomBelow(random, 100) }));
      case "seeks":
        return music(() => session.seek(randomBelow(random, 12)));
      case "pauses":
        return music(() => session.pause());
      default:
        return music(() => session.stop());
    }
  }

  /** Null: all of these have the same queue, and in it is what they asked for. */
  trouble(alive: readonly SimDevice[]): string | null {
    const texts = new Set(alive.map(({ session }) => JSON.stringify(session.queue)));
    if (texts.size !== 1) return `queues: ${alive.map((device) => shown(device)).join(" | ")}`;
    const [first] = alive;
    if (!first) return null;
    const { entries, played } = first.session.queue;
    const ids = [...entries, ...played].map(({ entryId }) => entryId);
    if (new Set(ids).size < ids.length) return `doubled: ${shown(first)}`;
    if (this.#isRough || played.length === 20) return null;
    const lost = [...this.#added].filter(
      ([entryId, device]) => alive.includes(device) && !this.#removed.has(entryId) && !ids.includes(entryId),
    );
    return lost.length === 0
      ? null
      : `lost: ${lost.map(([entryId, { name }]) => `${entryId.slice(0, 4)} of ${name}`).join(" ")} from ${shown(first)}`;
  }

  #see({ session }: SimDevice): void {
    for (const { entryId } of session.queue.played) this.#removed.add(entryId);
  }

  #ask(device: SimDevice, op: QueueOp): string {
    device.clock.deliver(() => {
      this.#see(device);
      if (device.isDead) return;
      const before = device.refusals.length;
      const requestId = device.session.askQueue(op);
      if (device.refusals.length > before) return;
      if (op.type === "add") this.#added.set(requestId, device);
      if (op.type === "remove") this.#removed.add(op.entryId);
    });
    return op.type;
  }
}

const shown = ({ name, session }: SimDevice): string => {
  const { stamp, entries, played } = session.queue;
  const list = (of: typeof entries) => of.map(({ entryId }) => entryId.slice(0, 4)).join(" ");
  return `${name} ${stamp?.term}.${stamp?.rev} of ${stamp?.userId.slice(0, 4)}: ${list(entries)}, played ${list(played)}`;
};
