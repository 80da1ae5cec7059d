// Tags built by hand, a byte at a time, so that every field is named.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_COVER_BYTES, MAX_TAG_CHARS, readTags } from "./song-tags.ts";

type Part = string | readonly number[] | Uint8Array;

function join(...parts: Part[]): Uint8Array {
  const all = parts.map((part) => (typeof part === "string" ? latin1(part) : part));
  const whole = new Uint8Array(all.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of all) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
const latin1 = (text: string): number[] => Array.from(text, (char) => char.charCodeAt(0));
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const utf16 = (text: string): number[] =>
  [0xff, 0xfe].concat(Array.from(text, (char) => [char.charCodeAt(0) & 255, char.charCodeAt(0) >> 8]).flat());
const big = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, index) => Math.floor(value / 256 ** (bytes - 1 - index)) % 256);
const little = (value: number, bytes: number): number[] => big(value, bytes).reverse();
const sevenBits = (value: number): number[] => [21, 14, 7, 0].map((shift) => (value >> shift) & 0x7f);
const zeros = (count: number): number[] => new Array<number>(count).fill(0);

const JPEG = join([0xff, 0xd8, 0xff, 0xe0], "a picture");
const PNG = join([0x89], "PNG\r\n", [0x1a], "\n", "another picture");

const id3 = (version: number, flags: number, ...frames: Part[]): Uint8Array => {
  const body = join(...frames);
  return join("ID3", [version, 0, flags], sevenBits(body.length), body);
};
const frame = (name: string, content: Part, flags = [0, 0]): Uint8Array => {
  const bytes = join(content);
  return join(name, big(bytes.length, 4), flags, bytes);
};
const shortFrame = (name: string, content: Part): Uint8Array => {
  const bytes = join(content);
  return join(name, big(bytes.length, 3), bytes);
};
const apic = (kind: number, picture: Part): Uint8Array =>
  frame("APIC", join([0], "image/jpeg\0", [kind], "cover\0", picture));
const sound = [0xff, 0xfb, 0x90, 0x00, ...zeros(413)];

const comments = (...entries: Part[]): Uint8Array =>
  join(
    little(4, 4),
    "test",
    little(entries.length, 4),
    ...entries.flatMap((entry) => [little(join(entry).length, 4), entry]),
  );
const pictureBlock = (kind: number, picture: Uint8Array): Uint8Array =>
  join(big(kind, 4), big(10, 4), "image/jpeg", big(1, 4), "x", zeros(16), big(picture.length, 4), picture);
const flacBlock = (type: number, content: Uint8Array, isLast = false): Uint8Array =>
  join([type + (isLast ? 128 : 0)], big(content.length, 3), content);
const flac = (...blocks: Uint8Array[]): Uint8Array => join("fLaC", flacBlock(0, join(zeros(34))), ...blocks);

/** Pages of at most two laces, so that a packet goes over several. */
function ogg(...packets: Uint8Array[]): Uint8Array {
  const laces = packets.flatMap((packet) => {
    const count = Math.floor(packet.length / 255) + 1;
    return Array.from({ length: count }, (_, index) => packet.subarray(255 * index, 255 * (index + 1)));
  });
  const pages: Uint8Array[] = [];
  for (let at = 0; at < laces.length; at += 2) {
    const page = laces.slice(at, at + 2);
    const sizes = page.map((lace) => lace.length);
    const header = join("OggS", zeros(10), little(7, 4), zeros(8), [page.length], sizes);
    pages.push(join(header, ...page));
  }
  return join(...pages);
}

const box = (name: string, ...parts: Part[]): Uint8Array => {
  const content = join(...parts);
  return join(big(8 + content.length, 4), name, content);
};
const item = (name: string, value: Part): Uint8Array => box(name, box("data", big(1, 4), zeros(4), value));
const mp4 = (...items: Uint8Array[]): Uint8Array =>
  join(
    box("ftyp", "M4A "),
    box(
      "moov",
      box("mvhd", zeros(20)),
      box("udta", box("meta", zeros(4), box("hdlr", zeros(8)), box("ilst", ...items))),
    ),
  );
const riffChunk = (name: string, content: Part): Uint8Array => {
  const bytes = join(content);
  return join(name, little(bytes.length, 4), bytes, zeros(bytes.length % 2));
};
const wav = (...chunks: Uint8Array[]): Uint8Array => join("RIFF", zeros(4), "WAVE", ...chunks);

describe("the tags of a song", () => {
  it.each([
    ["ID3v2.3", id3(3, 0, frame("TIT2", join([1], utf16("Übung"))), frame("TPE1", join([0], "Ada")), sound)],
    [
      "ID3v2.4",
      id3(4, 0, frame("TIT2", join([3], utf8("Übung\0Study"))), frame("TPE1", join([3], "Ada\0")), sound),
    ],
    [
      "ID3v2.2",
      id3(2, 0, shortFrame("TT2", join([0], latin1("Übung"))), shortFrame("TP1", join([0], "Ada")), sound),
    ],
    [
      "an extended header",
      id3(
        3,
        0x40,
        big(6, 4),
        zeros(6),
        frame("TIT2", join([1], utf16("Übung"))),
        frame("TPE1", join([0], "Ada")),
      ),
    ],
    ["Vorbis comments in FLAC", flac(flacBlock(4, comments(utf8("Title=Übung"), "ARTIST=Ada"), true))],
    ["Opus", ogg(join("OpusHead", zeros(11)), join("OpusTags", comments(utf8("TITLE=Übung"), "artist=Ada")))],
    [
      "Ogg Vorbis",
      ogg(join([1], "vorbis", zeros(23)), join([3], "vorbis", comments(utf8("TITLE=Übung"), "ARTIST=Ada"))),
    ],
    ["M4A", mp4(item("\xa9nam", utf8("Übung")), item("\xa9ART", "Ada"))],
    [
      "WAV",
      wav(
        riffChunk("data", [1, 2, 3]),
        riffChunk("LIST", join("INFO", riffChunk("INAM", utf8("Übung\0")), riffChunk("IART", "Ada"))),
      ),
    ],
    ["ID3v1", join(sound, "TAG", latin1("Übung"), zeros(25), "Ada", zeros(27), zeros(65))],
  ])("are read from %s", (_, bytes) => {
    expect(readTags(bytes)).toMatchObject({ title: "Übung", artist: "Ada", album: null, cover: null });
  });

  it.each([
    ["ID3", id3(3, 0, apic(0, PNG), apic(3, JPEG), apic(3, PNG))],
    ["ID3v2.2", id3(2, 0, shortFrame("PIC", join([0], "JPG", [3], "\0", JPEG)))],
    [
      "an unsynchronised tag",
      id3(
        3,
        0x80,
        frame("APIC", join([0], "image/jpeg\0", [3], "\0", [0xff, 0, 0xd8, 0xff, 0, 0xe0], "a picture")).map(
          (byte, index) => (index === 7 ? JPEG.length + 14 : byte),
        ),
      ),
    ],
    [
      "a description in two bytes a character",
      id3(4, 0, frame("APIC", join([1], "image/jpeg\0", [3], utf16("Ā"), [0, 0], JPEG))),
    ],
    ["FLAC", flac(flacBlock(6, pictureBlock(4, PNG)), flacBlock(6, pictureBlock(3, JPEG), true))],
    [
      "Opus, over many pages",
      ogg(
        join("OpusHead", zeros(11)),
        join(
          "OpusTags",
          comments(
            join("NOTE=", zeros(700)),
            `METADATA_BLOCK_PICTURE=${btoa(String.fromCharCode(...pictureBlock(3, JPEG)))}`,
          ),
        ),
      ),
    ],
    ["M4A", mp4(item("covr", JPEG))],
    ["an ID3 tag in WAV", wav(riffChunk("id3 ", id3(3, 0, apic(3, JPEG))))],
  ])("have the front cover of %s", (_, bytes) => {
    expect(readTags(bytes)?.cover).toEqual({ type: "image/jpeg", bytes: JPEG });
  });

  it("are nothing where the file says nothing", () => {
    for (const bytes of [join(sound), flac(), wav(riffChunk("data", [1])), join("no sound at all"), join()]) {
      expect(readTags(bytes)).toBeNull();
    }
  });

  it("hold no picture that a browser would not draw as one, whatever its tag calls it", () => {
    expect(readTags(id3(3, 0, apic(3, "<svg onload='alert(1)'>")))).toBeNull();
    const large = join(JPEG, zeros(MAX_COVER_BYTES));
    expect(readTags(flac(flacBlock(6, pictureBlock(3, large), true)))).toBeNull();
  });

  it("are short, on one line, and cannot reverse it", () => {
    const title = `  evil\u202e\n\u0000 ${"x".repeat(9_999)}`;
    const shown = readTags(flac(flacBlock(4, comments(utf8(`TITLE=${title}`)), true)))?.title ?? "";
    expect(shown).toMatch(/^evil x+$/);
    expect(shown.length).toBe(MAX_TAG_CHARS);
  });

  it("keep what stands before the place where a file is cut off", () => {
    const whole = id3(3, 0, frame("TIT2", join([0], "Title")), apic(3, JPEG));
    expect(readTags(whole.subarray(0, 40))?.title).toBe("Title");
  });

  it("are read of anything without throwing, and never longer than allowed", () => {
    const heads = [
      id3(3, 0, frame("TIT2", join([1], utf16("Ü"))), apic(3, JPEG)),
      id3(4, 0x40, frame("TIT2", join([3], "x"), [0, 0x4f])),
      flac(flacBlock(4, comments("TITLE=x")), flacBlock(6, pictureBlock(3, JPEG))),
      ogg(join("OpusHead", zeros(11)), join("OpusTags", comments("TITLE=x"))),
      mp4(item("\xa9nam", "x"), item("covr", PNG)),
      wav(
        riffChunk("LIST", join("INFO", riffChunk("INAM", "x"))),
        riffChunk("id3 ", id3(3, 0, apic(3, PNG))),
      ),
    ];
    const damaged = fc
      .tuple(
        fc.constantFrom(...heads),
        fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 8 }),
        fc.nat(400),
      )
      .map(([head, changes, cut]) => {
        const bytes = head.slice(0, Math.max(4, head.length - (cut % 60)));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        return bytes;
      });
    fc.assert(
      fc.property(damaged, (bytes) => {
        const tags = readTags(bytes);
        expect((tags?.title ?? "").length).toBeLessThanOrEqual(MAX_TAG_CHARS);
      }),
      { numRuns: 2_000, seed: 7 },
    );
  });
});
