// Life at the cap: files of 4 GiB in virtual time, with content that is a pattern, so that no test needs the bytes.

import { describe, expect, it, vi } from "vitest";
import { LARGE_PIECE_BYTES, MAX_FILE_BYTES } from "../../protocol/constants/transfer.gen.ts";
import { type FakePeer, FakeSwarm, fakeFile } from "../testing/fake-swarm.ts";

const MIB = 1024 ** 2;
const huge = fakeFile(MAX_FILE_BYTES, "concert.wav");
const { pieceLength } = huge.manifest;
const pieces = MAX_FILE_BYTES / pieceLength;
const UPLINK = 50 * MIB;

/** Somebody who has all of it but for these pieces, as after a reload. */
function almostWhole(swarm: FakeSwarm, name: string, missing: readonly number[]): FakePeer {
  const peer = swarm.join(name, { uplinkBytesPerSec: UPLINK, capacityBytes: 2 * MAX_FILE_BYTES });
  for (let piece = 0; piece < pieces; piece++) {
    if (!missing.includes(piece))
      peer.store.set(`${huge.fileId}/${piece}`, swarm.contentOf(MAX_FILE_BYTES, piece));
  }
  peer.restore(huge);
  return peer;
}

describe("[S49] a file of 4 GiB", () => {
  it("arrives whole, the pieces around 2 and before 4 GiB last, and is offered on", () => {
    const swarm = new FakeSwarm(1);
    const missing = [0, 1, 511, 512, 513, 1021, 1022, 1023];
    const ada = almostWhole(swarm, "ada", []);
    const bo = almostWhole(swarm, "bo", missing);
    swarm.link(ada, bo);
    expect(bo.file(huge)).toMatchObject({
      seeded: false,
      heldBytes: (pieces - missing.length) * pieceLength,
    });
    swarm.runUntil(() => bo.hasAllOf(huge), 60);
    expect(bo.file(huge)).toMatchObject({ seeded: true, heldBytes: MAX_FILE_BYTES, isOverBudget: false });
    expect(bo.transfer.totals()).toMatchObject({ receivedBytes: missing.length * pieceLength, badPieces: 0 });
    expect(bo.transfer.pieceMaps()[0]?.holders.map(({ share }) => share)).toEqual([1, 1]);
  });

  it("can be read from its end while the rest is missing, and only there", () => {
    const swarm = new FakeSwarm(2);
    const ada = almostWhole(swarm, "ada", []);
    const bo = swarm.join("bo", { capacityBytes: 2 * MAX_FILE_BYTES });
    swarm.link(ada, bo);
    bo.handle({ type: "urgent-set", fileId: huge.fileId, pieces: [pieces - 1] });
    const holds = (from: number, to: number) => bo.transfer.holds(huge.fileId, from, to);
    swarm.runUntil(() => holds(MAX_FILE_BYTES - pieceLength, MAX_FILE_BYTES), 60);
    expect(holds(MAX_FILE_BYTES - 1, MAX_FILE_BYTES)).toBe(true);
    expect(holds(MAX_FILE_BYTES - 1, MAX_FILE_BYTES + 1)).toBe(false);
    expect(holds(2 ** 31 - 1, 2 ** 31 + 1)).toBe(false);
  });

  it("never has more half pieces on their way than a phone has memory for", () => {
    const swarm = new FakeSwarm(3);
    const bo = swarm.join("bo", { capacityBytes: 2 * MAX_FILE_BYTES, isPhone: true });
    for (const name of ["ada", "cy", "dee", "eve"]) swarm.link(almostWhole(swarm, name, []), bo);
    let [asked, most] = [0, 0];
    const said = vi.spyOn(bo, "say");
    swarm.runUntil(() => {
      for (const [, message] of said.mock.calls.splice(0))
        if (message.type === "request") asked += message.pieces.length;
      most = Math.max(most, asked - (bo.file(huge)?.heldBytes ?? 0) / pieceLength);
      return (bo.file(huge)?.heldBytes ?? 0) >= 100 * MIB;
    });
    expect(most * pieceLength).toBeLessThanOrEqual(8 * MIB);
  });

  it("is left alone, in words, by a device that has no room for it", () => {
    const swarm = new FakeSwarm(4);
    const ada = almostWhole(swarm, "ada", []);
    const bo = swarm.join("bo", { capacityBytes: 128 * MIB });
    swarm.link(ada, bo);
    bo.handle({ type: "prioritized", fileId: huge.fileId });
    swarm.clock.advance(10_000);
    expect(bo.file(huge)).toMatchObject({ heldBytes: 0, isOverBudget: true });
  });

  it("that is one byte larger is refused, and nothing else", () => {
    const swarm = new FakeSwarm(5);
    const [ada, bo] = swarm.mesh("ada", "bo");
    if (!ada || !bo) throw new Error("two were asked for");
    swarm.clock.advance(100);
    const entry = { ...{ slot: 0, fileId: huge.fileId, name: "x", pieceLength }, isOwn: true, isWhole: true };
    const files = [{ ...entry, sizeBytes: MAX_FILE_BYTES + 1 }];
    bo.handle({ type: "ctl", peer: ada.id, message: { type: "catalog", files } });
    expect(bo.events).toMatchObject([{ code: "file-refused", error: "file-too-large" }]);
    expect(bo.links.has(ada)).toBe(true);
    expect(pieceLength).toBeGreaterThan(LARGE_PIECE_BYTES);
  });
});
