import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../../lib/testing/index.ts";
import { join, zeros } from "../tags/testing/tag-bytes.ts";
import { FileReader } from "./file-reader.ts";
import { soundEnd, soundStart } from "./lead-in.ts";
import { adtsFrame, ape, flac, ID3V1, id3, mp3Frame, repeat, sourceOf } from "./testing/sound-files.ts";

const junk = new SeededRandom(11).bytes(400).map((byte) => byte & 0x7f);
const mp3 = repeat(mp3Frame(), 5);
const adts = repeat(adtsFrame(), 5);
const startOf = (...parts: Uint8Array[]) => soundStart(new FileReader(sourceOf(join(...parts))));

describe("where the sound begins", () => {
  it.each<[string, Uint8Array, Uint8Array]>([
    ["nothing", new Uint8Array(0), flac(1)],
    ["tags of both kinds", join(id3(zeros(2_000_000)), id3("x"), ape(90), id3(zeros(9))), mp3],
    ["a tag and zeros", join(id3("x"), zeros(70_000)), flac(1)],
    ["zeros", join(zeros(1_000_000)), mp3],
    ["junk", junk, mp3],
    ["much junk", repeat(junk, 2_000), adts],
    ["junk before a whole file of two frames", junk, repeat(mp3Frame(), 2)],
    ["a tag and junk", join(id3("x"), junk), adts],
    ["a single frame, then junk", join(mp3Frame(), junk), adts],
  ])("is behind %s", async (_, before, sound) => {
    expect(await startOf(before, sound)).toBe(before.length);
  });

  it("is at the size of an MP4's first box, whose first bytes are zero", async () => {
    expect(await startOf(join(zeros(500)), join([0, 0, 0, 24], "ftypM4A "))).toBe(500);
  });

  it("is behind the tags where nothing is recognised", async () => {
    expect(await startOf(id3("x"), junk)).toBe(11);
    expect(await startOf(id3("x"), repeat(junk, 3_000), mp3)).toBe(11);
  });

  it("is no further than the end of the file, whatever a tag claims", async () => {
    expect(await startOf(id3(zeros(5_000)).subarray(0, 100))).toBe(100);
    expect(await startOf(join("ID3", [4, 0, 0, 0, 0, 0, 0]))).toBe(10);
  });
});

describe("where the sound ends", () => {
  it.each<[string, Uint8Array]>([
    ["a tag", ID3V1],
    ["a tag and its extension", join("TAG+", zeros(223), ID3V1)],
    ["a tag of items", ape(3_000_000)],
    ["lyrics and tags", join("LYRICSBEGIN", zeros(40), "000051LYRICS200", ape(99), ID3V1)],
  ])("is before %s", async (_, behind) => {
    const bytes = join(mp3, behind);
    expect(await soundEnd(new FileReader(sourceOf(bytes)), 0)).toBe(mp3.length);
  });

  it("is at the end where a tag claims more than there is", async () => {
    const bytes = join(mp3, ape(3_000).subarray(3_000));
    expect(await soundEnd(new FileReader(sourceOf(bytes)), 0)).toBe(bytes.length);
  });
});
