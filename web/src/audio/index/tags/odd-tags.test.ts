// Tags as programs really write them, beside what the standards say, and in containers that few songs come in.

import { describe, expect, it } from "vitest";
import { readTags } from "./song-tags.ts";
import {
  aiff,
  aiffChunk,
  ape,
  apic,
  big,
  box,
  ebml,
  flac,
  flacBlock,
  frame,
  id3,
  id3v1,
  item,
  JPEG,
  join,
  little,
  mp4,
  type Part,
  PNG,
  pictureBlock,
  sevenBits,
  shortFrame,
  sound,
  stuffed,
  utf8,
  utf16,
  zeros,
} from "./testing/tag-bytes.ts";

const text = (value: string): Part => join([3], utf8(value));
const large = join(JPEG, new Uint8Array(900).fill(0x41));
/** A frame with its size in seven bits a byte, as 2.4 wants it. */
const frame24 = (name: string, content: Part, flags = [0, 0]): Uint8Array =>
  join(name, sevenBits(join(content).length), flags, content);
const apic24 = (picture: Part): Uint8Array => frame24("APIC", join([0], "image/jpeg\0", [3], "\0", picture));
/** A tag with its footer, before or behind a sound. */
const withFooter = (tag: Uint8Array): Uint8Array =>
  join(tag.subarray(0, 5), [0x10], tag.subarray(6), "3DI", [4, 0, 0x10], tag.subarray(6, 10));
const [title, artist] = [frame24("TIT2", text("Übung")), frame24("TPE1", text("Ada"))];
const both = join(title, artist);

describe("[P58] ID3 as it is written", () => {
  it.each<[string, Uint8Array]>([
    [
      "plain sizes in 2.4",
      id3(4, 0, frame("TIT2", text("Übung")), apic(3, large), frame("TPE1", text("Ada")), zeros(30)),
    ],
    [
      "plain sizes in 2.4 without padding",
      id3(4, 0, apic(3, large), frame("TIT2", text("Übung")), frame("TPE1", text("Ada"))),
    ],
    [
      "sizes of 2.4 in 2.3",
      id3(3, 0, frame24("TIT2", text("Übung")), apic24(large), frame24("TPE1", text("Ada"))),
    ],
    [
      "a picture whose bytes look like a frame",
      id3(4, 0, title, apic24(join(large.subarray(0, 0x103), "TALB", zeros(9), large)), artist),
    ],
    [
      "stuffed frames of which only the header tells",
      id3(4, 0x80, frame24("TIT2", join([1], stuffed(utf16("Übung")))), apic24(stuffed(large)), artist),
    ],
    [
      "a tag stuffed as a whole, as before 2.4",
      stuffedTag(frame24("TIT2", join([1], utf16("Übung"))), apic24(large), artist),
    ],
    [
      "a header that says stuffed where nothing is",
      id3(4, 0x80, frame24("TIT2", join([1], utf16("Übung"))), apic24(large), artist),
    ],
    [
      "frames that say so themselves",
      id3(
        4,
        0x80,
        title,
        frame24("APIC", stuffed(join([0], "image/jpeg\0", [3], "\0", large)), [0, 2]),
        artist,
      ),
    ],
    [
      "names of 2.2 in 2.3",
      id3(3, 0, frame("TT2\0", text("Übung")), frame("TP1 ", text("Ada")), apic(3, large)),
    ],
    ["two tags in a row", join(id3(3, 0, apic(3, large)), id3(4, 0, both))],
    ["an empty tag before another", join(id3(3, 0, zeros(40)), id3(4, 0, both, apic24(large)))],
    [
      "a footer before the sound",
      join(withFooter(id3(4, 0, title, apic24(large))), id3(3, 0, frame("TPE1", text("Ada")))),
    ],
    ["a tag behind the sound", join(sound, withFooter(id3(4, 0, both, apic24(large))))],
    [
      "a tag behind the sound, before ID3v1 and APE",
      join(sound, withFooter(id3(4, 0, both, apic24(large))), ape({ Album: "x" }), id3v1("cut")),
    ],
    [
      "an empty title with ID3v1 behind",
      join(
        id3(3, 0, frame("TIT2", [0]), frame("TPE1", [1, 0xff, 0xfe, 0, 0]), apic(3, large)),
        sound,
        id3v1(utf8("Übung"), "Ada"),
      ),
    ],
    [
      "a link before the picture",
      id3(
        3,
        0,
        frame("APIC", join([0], "-->\0", [3], "\0http://x.test/a.jpg")),
        apic(4, large),
        frame("TIT2", text("Übung")),
        frame("TPE1", text("Ada")),
      ),
    ],
    [
      "APE behind MP3",
      join(sound, ape({ TITLE: utf8("Übung"), artist: "Ada", "Cover Art (Front)": join("a.jpg\0", large) })),
    ],
    [
      "APE without a header, and ID3v1",
      join(
        sound,
        ape({ Title: utf8("Übung"), Artist: "Ada", "Cover Art (Front)": join("a.jpg\0", large) }, false),
        id3v1("cut"),
      ),
    ],
    [
      "APE before the sound",
      join(ape({ Title: utf8("Übung"), Artist: "Ada", "Cover Art (Front)": join("a.jpg\0", large) }), sound),
    ],
    [
      "several values and an empty one before",
      id3(4, 0, frame24("TIT2", join([3], "\0", utf8("Übung\0Study"))), artist, apic24(large)),
    ],
    [
      "UTF-16 without a mark, either way",
      id3(
        3,
        0,
        frame("TIT2", join([1], utf16("Übung").slice(2))),
        frame("TPE1", join([1], [0, 0x41, 0, 0x64, 0, 0x61])),
        apic(3, large),
      ),
    ],
    [
      "UTF-16 where Latin-1 is announced",
      id3(3, 0, frame("TIT2", join([0], utf16("Übung"))), frame("TPE1", "Ada"), apic(3, large)),
    ],
    [
      "2.2 with a link before",
      id3(
        2,
        0,
        shortFrame("PIC", join([0], "-->", [3], "\0x")),
        shortFrame("TT2", text("Übung")),
        shortFrame("TP1", text("Ada")),
        shortFrame("PIC", join([0], "JPG", [0], "\0", large)),
      ),
    ],
  ])("%s", (_, bytes) => {
    const tags = readTags(bytes);
    expect(tags).toMatchObject({ title: "Übung", artist: "Ada" });
    expect(tags?.cover?.bytes.subarray(0, JPEG.length)).toEqual(JPEG);
  });
});

function stuffedTag(...frames: Part[]): Uint8Array {
  const body = stuffed(join(...frames));
  return join("ID3", [4, 0, 0x80], sevenBits(body.length), body);
}

const quickTime = (value: Part): Part => join(big(join(value).length, 2), [0x55, 0xc4], value);
const movie = (...parts: Uint8Array[]): Uint8Array =>
  join(box("ftyp", "qt  "), box("moov", box("mvhd", zeros(100)), ...parts));
const hdlr = box("hdlr", zeros(20));
const asset = (value: Part): Part => join(zeros(4), [0x15, 0xc7], value, [0]);
const key = (name: string): Part => join(big(8 + name.length, 4), "mdta", name);
const data = (value: Part): Uint8Array => box("data", big(1, 4), zeros(4), value);
const numbered = (index: number, value: Part): Uint8Array =>
  join(big(8 + data(value).length, 4), big(index, 4), data(value));

const SIMPLE = (name: string, value: Part): Uint8Array =>
  ebml(0x67c8, ebml(0x45a3, name), ebml(0x4487, value));
const info = ebml(0x1549a966, ebml(0x7ba9, utf8("Übung")));
const matroskaTags = ebml(
  0x1254c367,
  ebml(0x7373, SIMPLE("ARTIST", "Ada")),
  ebml(0x7373, ebml(0x63c0, ebml(0x68ca, [50])), SIMPLE("TITLE", "An album")),
);
const webm = (...parts: Uint8Array[]): Uint8Array =>
  join(ebml(0x1a45dfa3, "webm"), ebml(0x18538067, ...parts));
const cluster = ebml(0x1f43b675, zeros(50));
const endless = join([0x1f, 0x43, 0xb6, 0x75, 0x01], new Uint8Array(7).fill(0xff), zeros(40));
const seekTo = (at: number): Uint8Array =>
  ebml(0x114d9b74, ebml(0x4dbb, ebml(0x53ab, [0x12, 0x54, 0xc3, 0x67]), ebml(0x53ac, big(at, 4))));

describe("[P59] titles in rarer containers", () => {
  it.each<[string, Uint8Array]>([
    [
      "AIFF with names",
      aiff(aiffChunk("NAME", utf8("Übung")), aiffChunk("SSND", zeros(9)), aiffChunk("AUTH", "Ada")),
    ],
    [
      "AIFF with an ID3 tag",
      aiff(aiffChunk("NAME", "cut"), aiffChunk("SSND", zeros(9)), aiffChunk("ID3 ", id3(4, 0, both))),
    ],
    [
      "M4A whose meta has no version",
      join(
        box("ftyp", "M4A "),
        box(
          "moov",
          box("udta", box("meta", hdlr, box("ilst", item("\xa9nam", utf8("Übung")), item("\xa9ART", "Ada")))),
        ),
      ),
    ],
    [
      "QuickTime's user data",
      movie(
        box("udta", box("\xa9nam", quickTime(utf8("Übung"))), box("\xa9ART", quickTime("Ada")), zeros(4)),
      ),
    ],
    [
      "QuickTime's keys",
      movie(
        box(
          "meta",
          hdlr,
          box(
            "keys",
            zeros(4),
            big(2, 4),
            key("com.apple.quicktime.artist"),
            key("com.apple.quicktime.title"),
          ),
          box("ilst", numbered(2, utf8("Übung")), numbered(1, "Ada")),
        ),
      ),
    ],
    [
      "QuickTime without a type in front",
      join(
        box("wide"),
        box("mdat", zeros(30)),
        box("moov", box("udta", box("\xa9nam", quickTime(utf8("Übung"))), box("\xa9ART", quickTime("Ada")))),
      ),
    ],
    [
      "3GP",
      join(
        box("ftyp", "3gp6"),
        box("moov", box("udta", box("titl", asset(utf8("Übung"))), box("perf", asset("Ada")))),
      ),
    ],
    [
      "3GP in UTF-16",
      join(
        box("ftyp", "3gp6"),
        box(
          "moov",
          box("udta", box("titl", join(zeros(6), utf16("Übung"))), box("auth", join(zeros(6), utf16("Ada")))),
        ),
      ),
    ],
    ["Matroska", webm(info, matroskaTags, cluster)],
    ["Matroska with tags behind the clusters", webm(info, cluster, cluster, matroskaTags)],
    [
      "Matroska with tags behind a cluster without a size",
      webm(seekTo(seekTo(0).length + info.length + endless.length), info, endless, matroskaTags),
    ],
    [
      "Matroska with a title among its tags",
      webm(cluster, ebml(0x1254c367, ebml(0x7373, SIMPLE("title", utf8("Übung")), SIMPLE("ARTIST", "Ada")))),
    ],
    [
      "M4A in UTF-16",
      mp4(box("\xa9nam", box("data", big(2, 4), zeros(4), utf16("Übung"))), item("\xa9ART", "Ada")),
    ],
  ])("%s", (_, bytes) => {
    expect(readTags(bytes)).toMatchObject({ title: "Übung", artist: "Ada" });
  });

  it("have the cover where there is one", () => {
    const attached = ebml(
      0x1941a469,
      ebml(0x61a7, ebml(0x4660, "text/plain"), ebml(0x465c, "x")),
      ebml(0x61a7, ebml(0x4660, "image/png"), ebml(0x465c, PNG)),
    );
    expect(readTags(webm(cluster, attached))?.cover?.bytes).toEqual(PNG);
    const link = join(big(3, 4), big(3, 4), "-->", big(0, 4), zeros(16), big(4, 4), "http");
    expect(
      readTags(flac(flacBlock(6, link), flacBlock(6, pictureBlock(4, JPEG), true)))?.cover?.bytes,
    ).toEqual(JPEG);
  });

  it("end where a file of a stranger has no end", () => {
    const empty = new Uint8Array(4 << 20);
    for (const head of [
      webm(),
      movie(),
      aiff(),
      join("RIFF", zeros(4), "WAVE"),
      join("APETAGEX", little(1, 4)),
    ]) {
      expect(readTags(join(head, empty))).toBeNull();
    }
  });
});
