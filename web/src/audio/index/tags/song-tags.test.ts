// Tags built by hand in testing/tag-bytes.ts, a byte at a time.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_COVER_BYTES, MAX_TAG_CHARS, readTags } from "./song-tags.ts";
import {
  aiff,
  aiffChunk,
  ape,
  apic,
  big,
  box,
  comments,
  ebml,
  flac,
  flacBlock,
  frame,
  id3,
  id3v1,
  item,
  JPEG,
  join,
  latin1,
  lyrics3,
  mp4,
  ogg,
  PNG,
  pictureBlock,
  png,
  riffChunk,
  shortFrame,
  sound,
  stuffed,
  unpaddedChunk,
  utf8,
  utf16,
  wav,
  zeros,
} from "./testing/tag-bytes.ts";

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
    [
      "WAV whose writer forgot the padding",
      wav(
        unpaddedChunk("data", [1, 2, 3]),
        riffChunk("LIST", join("INFO", unpaddedChunk("INAM", utf8("Übung\0")), unpaddedChunk("IART", "Ada"))),
      ),
    ],
    [
      "APEv2 before Lyrics3 and ID3v1",
      join(sound, ape({ Title: utf8("Übung"), Artist: "Ada" }), lyrics3("la la"), id3v1("Ubung cut")),
    ],
    [
      "APEv2 before Lyrics3 of version 1",
      join(sound, ape({ Title: utf8("Übung"), Artist: "Ada" }), "LYRICSBEGINla laLYRICSEND", id3v1("Ubung")),
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
        frame("APIC", join([0], "image/jpeg\0", [3], "\0", stuffed(JPEG))).map((byte, index) =>
          index === 7 ? JPEG.length + 14 : byte,
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
    expect(readTags(bytes)?.cover).toEqual({ type: "image/jpeg", widthPx: 600, heightPx: 400, bytes: JPEG });
  });

  it("are nothing where the file says nothing", () => {
    for (const bytes of [join(sound), flac(), wav(riffChunk("data", [1])), join("no sound at all"), join()]) {
      expect(readTags(bytes)).toBeNull();
    }
  });

  it("[P60] hold no picture that a browser would not draw as one, and none that is far too large", () => {
    expect(readTags(id3(3, 0, apic(3, "<svg onload='alert(1)'>")))).toBeNull();
    const large = join(JPEG, new Uint8Array(MAX_COVER_BYTES));
    expect(readTags(mp4(item("covr", large)))).toBeNull();
    for (const [width, height] of [
      [40_000, 40_000],
      [0, 300],
      [1, 0xffffffff],
    ] as const) {
      expect(readTags(mp4(item("covr", png(width, height))))).toBeNull();
    }
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

  it("[P61] are read of anything without throwing, and never longer than allowed", () => {
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
      aiff(aiffChunk("NAME", [0xd1, 0xf2]), aiffChunk("ID3 ", id3(4, 0x80, frame("TIT2", [0, 0xff, 0xfe])))),
      join(sound, ape({ Title: [0x8f, 0xe3], "Cover Art (Front)": PNG }), id3v1([0xc3, 0xf0])),
      join(
        ebml(0x1a45dfa3),
        ebml(0x18538067, ebml(0x114d9b74, ebml(0x4dbb)), ebml(0x1549a966, ebml(0x7ba9, "x"))),
      ),
      join(
        box("wide"),
        box("moov", box("udta", box("\xa9nam", [0, 1, 0, 0, 0x78])), box("meta", box("keys", zeros(20)))),
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
