// What people do with long files in a storm: they add them, and choose what they see while it is still a draft. Whether all is settled
// afterwards: what somebody who is there has added is with everyone, and nobody lists a draft any more. True ms; files are real.

import { type Clock, type FileId, pickOne, type Random, randomBelow, type UserId } from "../../lib/index.ts";
import { MIN_DRAFT_BYTES } from "../../protocol/constants/transfer.gen.ts";
import type { SimDevice } from "./sim-device.ts";

/** People add the same songs: so many there are. */
const LONG_SONGS = 3;
/** Of a disc, mostly, or a cloud drive, for each piece. */
const MAX_READ_MS = 60;
const LOOK_MS = 500;
/** Links may fail once and be made again within it. Less than any limit that ends a wait for an answer that was lost. */
const STANDSTILL_MS = 40_000;
/** Of a draft whose owner's battery went empty: until the server misses it, and the 10 s of S54; else the 90 s of S54. */
const ENDING_MS = 110_000;
/** A giver whose sound plays gives as little as 100 KB/s where the room's clocks tell it so. */
const MAX_SETTLE_MS = 600_000;

export class DraftStorm {
  readonly #random: Random;
  readonly #added = new Map<FileId, Set<UserId>>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** One thing that a person does; says what. */
  act(device: SimDevice): string {
    const random = this.#random;
    const { clock, session } = device;
    const kind = pickOne(random, ["adds", "queues", "plays"]);
    if (kind === "adds") {
      const number = randomBelow(random, LONG_SONGS);
      const readMs = MAX_READ_MS * random.fraction() ** 3;
      clock.deliver(() => this.#add(device, longSong(number, readMs, clock)));
      return `adds long song ${number}, ${readMs.toFixed(0)} ms a piece`;
    }
    const { files } = session.swarm;
    if (files.value.length === 0) return "sees no file";
    const { fileId } = pickOne(random, files.value);
    clock.deliver(() => {
      if (kind === "queues") session.queueFile(fileId, "end");
      else if (session.director.isMe) session.play(fileId);
    });
    return `${kind} what it sees, ${fileId.slice(0, 4)}`;
  }

  /** S31, S53, S54: everybody gets what was added, without a standstill, and every draft ends. Null, or what does not. */
  async settle(alive: readonly SimDevice[], advance: (ms: number) => Promise<void>): Promise<string | null> {
    let [heldBytes, stillMs] = [0, 0];
    for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
      const lacking = this.#lacking(alive);
      const trouble = lacking ?? draftLeft(alive);
      const isLate = stillMs >= (lacking ? STANDSTILL_MS : ENDING_MS) || waitedMs >= MAX_SETTLE_MS;
      if (trouble === null || isLate) return trouble;
      await advance(LOOK_MS);
      const formerBytes = heldBytes;
      heldBytes = alive.reduce((sum, device) => sum + heldBytesOf(device), 0);
      stillMs = heldBytes === formerBytes ? stillMs + LOOK_MS : 0;
    }
  }

  #lacking(alive: readonly SimDevice[]): string | null {
    for (const [fileId, owners] of this.#added) {
      if (!alive.some(({ userId }) => owners.has(userId))) continue;
      const device = alive.find((each) => !each.holds(fileId));
      if (device) return `${device.name} lacks ${fileId.slice(0, 4)}: ${rowsOf(device)}`;
    }
    return null;
  }

  #add(device: SimDevice, file: File): void {
    device.session.addFile(file).then(
      (fileId) => this.#added.set(fileId, (this.#added.get(fileId) ?? new Set()).add(device.userId)),
      () => undefined, // the swarm was left meanwhile
    );
  }
}

function draftLeft(alive: readonly SimDevice[]): string | null {
  const device = alive.find(({ session }) =>
    session.swarm.files.value.some(({ fileId, draftId }) => draftId === fileId),
  );
  return device ? `${device.name} still lists a draft: ${rowsOf(device)}` : null;
}

const heldBytesOf = ({ session }: SimDevice): number =>
  session.swarm.files.value.reduce((sum, { heldBytes }) => sum + heldBytes, 0);

const rowsOf = ({ session }: SimDevice): string =>
  session.swarm.files.value
    .map(({ fileId, draftId, heldBytes, sizeBytes, isOverBudget, offeredBy }) =>
      [
        fileId.slice(0, 4),
        ...(draftId ? [`draft ${draftId.slice(0, 4)}`] : []),
        `${heldBytes} of ${sizeBytes}`,
        ...(isOverBudget ? ["over budget"] : []),
        `of ${offeredBy.map((userId) => userId.slice(0, 4)).join("+")}`,
      ].join(" "),
    )
    .join(" · ");

const contents = new Map<number, Uint8Array<ArrayBuffer>>();

function contentOf(number: number): Uint8Array<ArrayBuffer> {
  const known = contents.get(number);
  if (known) return known;
  const content = new Uint8Array(MIN_DRAFT_BYTES + 1_000 * number);
  for (let at = 0; at < content.length; at++) content[at] = (at * 31 + number * 7 + (at >> 16)) & 255;
  content.set([0x49, 0x44, 0x33]); // as an MP3 begins
  contents.set(number, content);
  return content;
}

/** What a File has that matters here; each reading of it takes so long. */
function longSong(number: number, readMs: number, clock: Clock): File {
  const content = contentOf(number);
  const read = (fromByte: number, toByte?: number): Promise<ArrayBuffer> =>
    new Promise((resolve) => {
      clock.after(readMs, () => resolve(content.slice(fromByte, toByte).buffer));
    });
  const file: Pick<File, "name" | "size" | "arrayBuffer"> & { slice(from: number, to: number): object } = {
    name: `long ${number}.mp3`,
    size: content.length,
    arrayBuffer: () => read(0),
    slice: (fromByte, toByte) => ({ arrayBuffer: () => read(fromByte, toByte) }),
  };
  return file as File;
}
