// Everything that crosses the wire or names a file: manifests, frames, control messages, bitfields, names, signals.

import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import type { FileId } from "../../lib/index.ts";
import {
  CTL_CHAR_BURST,
  LARGE_BULK_BYTES,
  MAX_CTL_CHARS,
  MAX_FILE_BYTES,
  MAX_PIECES,
} from "../../protocol/constants/transfer.gen.ts";
import { Bitfield } from "../core/bitfield.ts";
import { CtlInbox, type CtlMessage, encodeCtl } from "../core/ctl.ts";
import { cleanFileName, MAX_NAME_CHARS } from "../core/file-name.ts";
import { BULK_HEADER_BYTES, encodeChunk, parseChunk } from "../core/frames.ts";
import {
  canonicalBytes,
  encodeHashes,
  fileIdOf,
  makeManifest,
  parseManifest,
  pieceCountOf,
  pieceLengthOf,
  pieceSizeOf,
} from "../core/manifest.ts";
import { signalSchema } from "./signal.ts";

const hashesOf = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => new Uint8Array(32).fill(i));

describe("a manifest", () => {
  it("has canonical bytes that another implementation can rebuild", () => {
    const text = new TextDecoder().decode(canonicalBytes(makeManifest(65_537, hashesOf(2))));
    const [zeros, ones] = ["00".repeat(32), "01".repeat(32)];
    expect(text).toBe(`{"v":1,"size":65537,"pieceLength":65536,"sha256":["${zeros}","${ones}"]}`);
  });

  it.each([
    [1, 65_536, 1],
    [5_000_000, 65_536, 77],
    [40_000_000, 262_144, 153],
    [200_000_000, 524_288, 382],
    [2 ** 29, 524_288, 1024],
    [2 ** 29 + 1, 2 ** 20, 513],
    [1_000_000_000, 2 ** 20, 954],
    [2 ** 30, 2 ** 20, 1024],
    [2 ** 31 - 1, 2 ** 21, 1024],
    [2 ** 31 + 1, 2 ** 22, 513],
    [MAX_FILE_BYTES - 1, 2 ** 22, 1024],
    [MAX_FILE_BYTES, 2 ** 22, 1024],
  ])("[S49] cuts %i bytes into pieces of %i", (sizeBytes, pieceLength, pieceCount) => {
    expect([pieceLengthOf(sizeBytes), pieceCountOf(sizeBytes)]).toEqual([pieceLength, pieceCount]);
  });

  it("[S49] has pieces that add up to the file, whatever its size, and never more than fit a message", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MAX_FILE_BYTES }), (sizeBytes) => {
        let sumBytes = 0;
        expect(pieceCountOf(sizeBytes)).toBeLessThanOrEqual(MAX_PIECES);
        for (let piece = 0; piece < pieceCountOf(sizeBytes); piece++)
          sumBytes += pieceSizeOf(sizeBytes, piece);
        expect(sumBytes).toBe(sizeBytes);
      }),
    );
  });

  it("is accepted from the wire only under its own file id", () => {
    const manifest = makeManifest(100_000, hashesOf(2));
    const fileId = fileIdOf(manifest);
    expect(parseManifest(fileId, 100_000, encodeHashes(manifest))).toEqual(manifest);
    expect(() => parseManifest("f".repeat(64) as FileId, 100_000, encodeHashes(manifest))).toThrow(
      "another file",
    );
  });

  it.each([
    [0, "AAAA"],
    [-5, "AAAA"],
    [1.5, "AAAA"],
    [MAX_FILE_BYTES + 1, "AAAA"],
    [100_000, "AAAA"],
    [100_000, "?"],
  ])("of %s bytes with hashes %s is refused", (sizeBytes, hashes) => {
    expect(() => parseManifest("f".repeat(64) as FileId, sizeBytes, hashes)).toThrow("wire-");
  });

  it("[S49] of the largest file still fits one control message", () => {
    const manifest = makeManifest(MAX_FILE_BYTES, hashesOf(MAX_PIECES));
    const fileId = fileIdOf(manifest);
    const message = {
      type: "manifest",
      fileId,
      sizeBytes: MAX_FILE_BYTES,
      sha256: encodeHashes(manifest),
    } as const;
    expect(new CtlInbox().take(encodeCtl(message, 0), 0)).toEqual([message]);
  });
});

describe("a bulk frame", () => {
  it("comes out as it went in", () => {
    const chunk = { slot: 65_535, piece: 1023, offsetBytes: 2 ** 22 - 3, payload: new Uint8Array([1, 2, 3]) };
    expect(parseChunk(encodeChunk(chunk))).toEqual(chunk);
  });

  it.each([
    ["text", "hello"],
    ["nothing", new ArrayBuffer(0)],
    ["only a header", new ArrayBuffer(BULK_HEADER_BYTES)],
    ["too much", new ArrayBuffer(LARGE_BULK_BYTES + 1)],
    ["an unknown type", new Uint8Array(20).fill(2).buffer],
    ["flags", Uint8Array.of(1, 1, ...new Uint8Array(18)).buffer],
  ])("with %s is refused", (_, data) => {
    expect(() => parseChunk(data)).toThrow("wire-");
  });
});

describe("the control inbox", () => {
  const ping = (id: number): CtlMessage => ({ type: "ping", id });
  const timed = (time: string): string => `{"seq":0,"message":{"type":"pong","id":1,"time":${time}}}`;

  it("[T17] takes an answer to a ping with the answerer's time, and without", () => {
    const pong: CtlMessage = { type: "pong", id: 1, time: { clockId: "north", globalUs: -5_000_000 } };
    expect(new CtlInbox().take(encodeCtl(pong, 0), 0)).toEqual([pong]);
    expect(new CtlInbox().take(encodeCtl({ type: "pong", id: 1 }, 0), 0)).toEqual([{ type: "pong", id: 1 }]);
  });

  it("hands messages on in order, also when one overtook another", () => {
    const inbox = new CtlInbox();
    expect(inbox.take(encodeCtl(ping(1), 1), 0)).toEqual([]);
    expect(inbox.take(encodeCtl(ping(0), 0), 0)).toEqual([ping(0), ping(1)]);
  });

  it.each([
    ["binary data", new ArrayBuffer(8), "malformed"],
    ["half a message", '{"seq":0,"message":{"type":"pi', "malformed"],
    ["an unknown type", '{"seq":0,"message":{"type":"dance"}}', "malformed"],
    ["a time of half a µs", timed('{"clockId":"north","globalUs":0.5}'), "malformed"],
    ["a time of no clock", timed('{"globalUs":5}'), "malformed"],
    ["no time, said so", timed("null"), "malformed"],
    [
      "a piece that no file has",
      `{"seq":0,"message":{"type":"have","fileId":"${"a".repeat(64)}","pieces":[${MAX_PIECES}]}}`,
      "malformed",
    ],
    [
      "the manifest of a file beyond 4 GiB",
      `{"seq":0,"message":{"type":"manifest","fileId":"${"a".repeat(64)}","sizeBytes":${MAX_FILE_BYTES + 1},"sha256":""}}`,
      "malformed",
    ],
    ["a time of an endless clock", timed(`{"clockId":"${"x".repeat(65)}","globalUs":5}`), "malformed"],
    ["a message without number", '{"message":{"type":"ping","id":1}}', "malformed"],
    [
      "a file id that is none",
      '{"seq":0,"message":{"type":"have","fileId":"xyz","pieces":[1]}}',
      "malformed",
    ],
    [
      "a negative piece",
      `{"seq":0,"message":{"type":"have","fileId":"${"a".repeat(64)}","pieces":[-1]}}`,
      "malformed",
    ],
    ["a number far ahead", encodeCtl(ping(0), 500), "malformed"],
    ["too much", `"${"x".repeat(MAX_CTL_CHARS)}"`, "too-large"],
  ])("refuses %s", (_, data, reason) => {
    expect(new CtlInbox().take(data, 0)).toBe(reason);
  });

  it("counts UTF-16 code units, as a headless peer does", () => {
    const [longest, longer] = [MAX_CTL_CHARS / 2 - 1, MAX_CTL_CHARS / 2].map(
      (count) => `"${"😀".repeat(count)}"`,
    );
    const inbox = new CtlInbox();
    expect(inbox.take(longer, 0)).toBe("too-large");
    const verdicts = Array.from({ length: CTL_CHAR_BURST / MAX_CTL_CHARS + 1 }, () => inbox.take(longest, 0));
    expect([...new Set(verdicts)]).toEqual(["malformed", "flood"]);
    expect(verdicts.indexOf("flood")).toBe(CTL_CHAR_BURST / MAX_CTL_CHARS);
  });

  it("refuses a message that comes twice", () => {
    const inbox = new CtlInbox();
    inbox.take(encodeCtl(ping(0), 0), 0);
    expect(inbox.take(encodeCtl(ping(0), 0), 0)).toBe("malformed");
  });

  it("calls 10,000 messages at once a flood, and 100 a second for a minute none", () => {
    const verdict = (count: number, periodMs: number): unknown => {
      const inbox = new CtlInbox();
      for (let seq = 0; seq < count; seq++) {
        const due = inbox.take(encodeCtl(ping(seq), seq), seq * periodMs);
        if (typeof due === "string") return due;
      }
      return "fine";
    };
    expect([verdict(10_000, 0), verdict(6_000, 10)]).toEqual(["flood", "fine"]);
  });

  it("never throws, whatever arrives", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.anything()), (data) => {
        new CtlInbox().take(data, 0);
      }),
    );
  });
});

describe("a bitfield", () => {
  it("comes out as it went in, whatever is set", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 300 }), (bits) => {
        const field = new Bitfield(bits.length);
        for (const [index, isSet] of bits.entries()) if (isSet) field.set(index);
        const decoded = Bitfield.decode(field.encode(), bits.length);
        expect(bits.map((_, index) => decoded.has(index))).toEqual(bits);
        expect(decoded.setCount).toBe(bits.filter(Boolean).length);
      }),
    );
  });

  it.each([
    ["another length", "AAAA", 8],
    ["spare bits set", "AQ", 7],
    ["no base64url", "!!", 8],
  ])("with %s is refused", (_, text, length) => {
    expect(() => Bitfield.decode(text, length)).toThrow(RangeError);
  });
});

describe("a file name", () => {
  it.each([
    ["  a song.mp3 ", "a song.mp3"],
    ["evil\u202E3pm.exe", "evil3pm.exe"],
    ["two\nlines\u0000.mp3", "two lines .mp3"],
    ["zero\u200Bwidth\uFEFF.mp3", "zerowidth.mp3"],
    ["Ж 音楽 🎵.ogg", "Ж 音楽 🎵.ogg"],
    ["\u0007\u202A", ""],
  ])("%j is shown as %j", (name, shown) => {
    expect(cleanFileName(name)).toBe(shown);
  });

  it("is cut without tearing a character apart", () => {
    expect(cleanFileName("🎵".repeat(300))).toBe("🎵".repeat(MAX_NAME_CHARS));
  });
});

describe("a signal", () => {
  it.each([
    { kind: "offer", session: "0123456789abcdef", sdp: "v=0", isRestart: false },
    {
      kind: "candidate",
      session: "0123456789abcdef",
      candidate: { candidate: "candidate:1", sdpMid: "0", sdpMLineIndex: 0 },
    },
    { kind: "call", session: "0123456789abcdef" },
  ])("of kind $kind survives JSON and its schema", (signal) => {
    expect(v.parse(signalSchema, JSON.parse(JSON.stringify(signal)))).toEqual(signal);
  });

  it.each([
    { kind: "offer", session: "short", sdp: "v=0", isRestart: false },
    { kind: "answer", session: "0123456789abcdef", sdp: "x".repeat(9_000) },
    { kind: "candidate", session: "0123456789abcdef", candidate: { candidate: 5 } },
    { kind: "dance", session: "0123456789abcdef" },
  ])("that is malformed is refused: $kind", (signal) => {
    expect(v.safeParse(signalSchema, signal).success).toBe(false);
  });
});
