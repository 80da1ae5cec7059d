// What chunks come to: pieces that were expected, in order, and nothing else.

import { describe, expect, it } from "vitest";
import type { FileId } from "../../lib/index.ts";
import { MAX_FINAL_IDS } from "../store/final-ids.ts";
import { Incoming, type Taken } from "./incoming.ts";

const SONG = "a1".repeat(32) as FileId;
const FINAL = "f1".repeat(32) as FileId;
const [ONE, OTHER] = [1, 2];
const SLOT = 7;

function expecting(...pieces: number[]): Incoming {
  const incoming = new Incoming();
  for (const link of [ONE, OTHER]) {
    incoming.open(link);
    expectOf(incoming, link, ...pieces);
  }
  return incoming;
}

const expectOf = (incoming: Incoming, link: number, ...pieces: number[]): void =>
  incoming.expect(
    link,
    SLOT,
    SONG,
    3,
    pieces.map((piece) => ({ piece, sizeBytes: 4, sha256: new Uint8Array(32) })),
  );

const take = (incoming: Incoming, link: number, piece: number, offsetBytes: number, ...bytes: number[]) =>
  incoming.take(link, { slot: SLOT, piece, offsetBytes, payload: Uint8Array.from(bytes) });
const wasted = (taken: Taken): number => (typeof taken === "string" ? Number.NaN : taken.wastedBytes);

describe("pieces that come in", () => {
  it("are put together from their chunks, in order, and handed on whole", () => {
    const incoming = expecting(0);
    expect(take(incoming, ONE, 0, 0, 1, 2, 3)).toMatchObject({ isWhole: false, bytes: null });
    expect(take(incoming, ONE, 0, 3, 4)).toMatchObject({
      isWhole: true,
      bytes: Uint8Array.of(1, 2, 3, 4),
      piece: { fileId: SONG, piece: 0, epoch: 3 },
    });
    expect(take(incoming, ONE, 0, 0, 1)).toBe("unexpected");
  });

  it.each([
    ["a piece of another number", 1, 0, "unexpected"],
    ["a chunk that leaves a gap", 0, 1, "malformed"],
  ])("do not take %s", (_, piece, offsetBytes, verdict) => {
    expect(take(expecting(0), ONE, piece, offsetBytes, 1)).toBe(verdict);
  });

  it("take no byte beyond the end of a piece", () => {
    expect(take(expecting(0), ONE, 0, 0, 1, 2, 3, 4, 5)).toBe("malformed");
  });

  it("take nothing over a link that nothing was expected of, nor under another slot", () => {
    const incoming = expecting();
    expectOf(incoming, ONE, 0);
    expect(take(incoming, OTHER, 0, 0, 1)).toBe("unexpected");
    const chunk = { slot: 8, piece: 0, offsetBytes: 0, payload: Uint8Array.of(1) };
    expect(incoming.take(ONE, chunk)).toBe("unexpected");
    incoming.name(ONE, 8, SONG);
    expect(incoming.take(ONE, chunk)).toMatchObject({ wastedBytes: 0 });
  });

  it("are kept once: a second copy is thrown away, and counted from its beginning", () => {
    const incoming = expecting(0);
    take(incoming, OTHER, 0, 0, 1, 2);
    take(incoming, ONE, 0, 0, 1, 2, 3, 4);
    const rest = take(incoming, OTHER, 0, 2, 3);
    expect(wasted(rest)).toBe(3);
    expect(take(incoming, OTHER, 0, 3, 4)).toMatchObject({ isWhole: true, bytes: null, wastedBytes: 1 });
  });

  it("are taken again once the first copy turned out to be bad", () => {
    const incoming = expecting(0);
    take(incoming, ONE, 0, 0, 1, 2, 3, 4);
    incoming.unsettle(SONG, 0);
    expect(take(incoming, OTHER, 0, 0, 1, 2, 3, 4)).toMatchObject({ bytes: Uint8Array.of(1, 2, 3, 4) });
  });

  it("are taken again when they are asked for again, whatever became of a copy that was never heard of again", () => {
    const incoming = expecting(0);
    take(incoming, ONE, 0, 0, 1, 2, 3, 4);
    expectOf(incoming, OTHER, 0);
    expect(take(incoming, OTHER, 0, 0, 1, 2, 3, 4)).toMatchObject({ bytes: Uint8Array.of(1, 2, 3, 4) });
  });

  it("of a file that was let go are thrown away, until they are asked for anew", () => {
    const incoming = expecting(0, 1);
    take(incoming, ONE, 0, 0, 1, 2);
    incoming.dropFile(SONG);
    expect(take(incoming, ONE, 0, 2, 3, 4)).toMatchObject({ isWhole: true, bytes: null });
    expectOf(incoming, OTHER, 0);
    expect(take(incoming, OTHER, 0, 0, 1, 2, 3, 4)).toMatchObject({ isWhole: true, wastedBytes: 0 });
  });

  it("are not expected any more once their sender has said no, or has gone", () => {
    const incoming = expecting(0, 1);
    incoming.forget(ONE, SONG, [0]);
    expect(take(incoming, ONE, 0, 0, 1)).toBe("unexpected");
    incoming.close(ONE);
    expect(take(incoming, ONE, 1, 0, 1)).toBe("unexpected");
  });

  it("[S53] of a draft belong to the file that it turned out to be, whatever of them has come, and go by the draft's id", () => {
    const incoming = expecting(0, 1, 2);
    take(incoming, ONE, 0, 0, 1, 2, 3, 4);
    take(incoming, ONE, 1, 0, 1, 2);
    incoming.adopt(SONG, FINAL, 8);
    expect(take(incoming, ONE, 1, 2, 3, 4)).toMatchObject({
      bytes: Uint8Array.of(1, 2, 3, 4),
      piece: { askedId: SONG, fileId: FINAL, epoch: 8 },
    });
    incoming.expect(ONE, 8, FINAL, 8, [{ piece: 2, sizeBytes: 4, sha256: new Uint8Array(32) }]);
    incoming.take(ONE, { slot: 8, piece: 2, offsetBytes: 0, payload: Uint8Array.of(1, 2, 3, 4) });
    for (const piece of [0, 1, 2]) expect(wasted(take(incoming, OTHER, piece, 0, 1, 2, 3, 4))).toBe(4);
  });

  it("[S53] of a draft that failed its check are taken again for the file", () => {
    const incoming = expecting(0);
    take(incoming, ONE, 0, 0, 1, 2, 3, 4);
    incoming.adopt(SONG, FINAL, 8);
    incoming.unsettle(SONG, 0);
    expect(take(incoming, OTHER, 0, 0, 1, 2, 3, 4)).toMatchObject({ bytes: Uint8Array.of(1, 2, 3, 4) });
  });

  it("[S53] of a draft outlast the forgetting of its id, and end with the file", () => {
    const incoming = expecting(0, 1);
    incoming.adopt(SONG, FINAL, 8);
    incoming.dropFile(SONG);
    expect(wasted(take(incoming, ONE, 0, 0, 1, 2, 3, 4))).toBe(0);
    incoming.dropFile(FINAL);
    expect(wasted(take(incoming, ONE, 1, 0, 1, 2, 3, 4))).toBe(4);
  });

  it("[S53] of the latest draft are taken again after a failed check, however many drafts came before", () => {
    const incoming = expecting(0);
    for (let at = 0; at <= MAX_FINAL_IDS; at++) incoming.adopt(`d${at}` as FileId, `f${at}` as FileId, 1);
    take(incoming, ONE, 0, 0, 1, 2, 3, 4);
    incoming.adopt(SONG, FINAL, 8);
    incoming.unsettle(SONG, 0);
    expect(take(incoming, OTHER, 0, 0, 1, 2, 3, 4)).toMatchObject({ bytes: Uint8Array.of(1, 2, 3, 4) });
  });
});
