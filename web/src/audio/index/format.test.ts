import { describe, expect, it } from "vitest";
import { formatOf } from "./format.ts";
import { isPlainlyNotAudio } from "./sniff.ts";

type Part = string | readonly number[] | Uint8Array;
const join = (...parts: Part[]): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) => [...(typeof part === "string" ? [...part].map((c) => c.charCodeAt(0)) : part)]),
  );
const zeros = (count: number): number[] => new Array(count).fill(0);
const big = (value: number): number[] => [24, 16, 8, 0].map((shift) => (value >> shift) & 255);
const box = (name: string, ...parts: Part[]): Uint8Array => {
  const content = join(...parts);
  return join(big(8 + content.length), name, content);
};

/** A cover's track first, then the sound's with this codec. */
function m4a(codec: string, channels: number): Uint8Array {
  const entry = box(codec, zeros(16), [0, channels], zeros(10));
  const table = box("minf", box("stbl", box("stsd", zeros(4), big(1), entry)));
  const media = (kind: string, ...parts: Part[]) =>
    box("trak", box("mdia", box("hdlr", zeros(8), kind, zeros(12)), ...parts));
  return join(box("ftyp", "M4A "), box("moov", media("vide"), media("soun", table)));
}
const ogg = (packet: string): Uint8Array => join("OggS", zeros(22), [1, packet.length], packet, zeros(40));
const matroska = (kind: string, codec: string): Uint8Array =>
  join([0x1a, 0x45, 0xdf, 0xa3], zeros(8), kind, zeros(90), codec, zeros(300));
const mp3 = (second: number): Uint8Array => join([0xff, second, 0x90, 0], zeros(800));
const wav = (code: number): Uint8Array =>
  join("RIFF", zeros(4), "WAVEfmt ", [16, 0, 0, 0, code, 0, 1, 0], zeros(12), "data", zeros(4));

describe("the name of a format", () => {
  it.each<[string | null, Uint8Array]>([
    ["Apple Lossless (ALAC)", m4a("alac", 2)],
    ["AAC", m4a("mp4a", 2)],
    ["Dolby AC-3", m4a("ac-3", 6)],
    ["AAC with copy protection", m4a("drms", 2)],
    ["MP4", m4a("XYZ9", 2)],
    ["QuickTime", join(big(8), "wide", big(30), "mdat", zeros(30))],
    ["Opus", ogg("OpusHead")],
    ["Ogg Vorbis", ogg("\x01vorbis")],
    ["Speex", ogg("Speex   1.2")],
    ["Ogg", ogg("\x80theora")],
    ["FLAC in Matroska", matroska("matroska", "A_FLAC")],
    ["Opus in WebM", matroska("webm", "A_OPUS")],
    ["WAV", wav(1)],
    ["WAV (ADPCM)", wav(17)],
    ["MP3 in WAV", wav(0x55)],
    ["AIFF", join("FORM", zeros(4), "AIFF")],
    ["WMA", join([0x30, 0x26, 0xb2, 0x75], zeros(30))],
    ["FLAC", join("ID3", [4, 0, 0, 0, 0, 0, 9], zeros(9), "fLaC", zeros(40))],
    ["MP3", mp3(0xfb)],
    ["MP2", mp3(0xfd)],
    ["MIDI", join("MThd", zeros(20))],
    [null, join("What?", zeros(30))],
    [null, join()],
  ])("is %s", (name, file) => {
    expect(formatOf(file).name).toBe(name);
  });

  it("comes with what the order of its channels depends on", () => {
    expect(formatOf(ogg("\x01vorbis")).codec).toBe("vorbis");
    expect(formatOf(matroska("webm", "A_VORBIS")).codec).toBe("vorbis");
    expect(formatOf(m4a("mp4a", 4))).toMatchObject({ codec: "aac", channels: 4 });
  });

  it("is looked for in a file that was cut off anywhere", () => {
    const whole = [m4a("alac", 2), ogg("OpusHead"), wav(1), matroska("webm", "A_OPUS")];
    for (const file of whole) for (let end = 0; end <= file.length; end++) formatOf(file.subarray(0, end));
  });
});

describe("the door", () => {
  it.each<[string, Uint8Array]>([
    ["text", join("Milk, bread and tea")],
    ["text in UTF-8", new TextEncoder().encode("Ein Stück für Flöte")],
    [
      "text in UTF-16",
      join(
        [0xff, 0xfe],
        [..."A note to all"].flatMap((char) => [char.charCodeAt(0), 0]),
      ),
    ],
    ["text cut within a letter", new TextEncoder().encode("Flöte und Stück ü").subarray(0, 18)],
    ["a web page", join("<!DOCTYPE html><html>")],
    ["a playlist", join("#EXTM3U\r\n#EXTINF:1,Song\r\n")],
    ["PNG", join("\x89PNG\r\n\x1a\n", zeros(50))],
    ["JPEG", join([0xff, 0xd8, 0xff, 0xe0], zeros(50))],
    ["WebP", join("RIFF", zeros(4), "WEBP", zeros(50))],
    ["HEIC", join(big(24), "ftypheic", zeros(50))],
    ["PDF", join("%PDF-1.7\n", [0xe2, 0xe3])],
    ["ZIP", join("PK\x03\x04", zeros(50))],
    ["gzip", join([0x1f, 0x8b, 8], zeros(50))],
    ["a program for Linux", join("\x7fELF", zeros(50))],
    ["a program for Windows", join("MZ", zeros(50))],
  ])("[P36] lets in no %s", (_, head) => {
    expect(isPlainlyNotAudio(head)).toBe(true);
  });

  it.each<[string, Uint8Array]>([
    ["MP3", mp3(0xfb)],
    ["zeros", join(zeros(64))],
    ["noise", Uint8Array.from({ length: 64 }, (_, at) => (at * 97 + 131) % 256)],
    ["RF64", join("RF64", [0xff, 0xff, 0xff, 0xff], "WAVEds64", zeros(40))],
    ["an APE tag", join("APETAGEX", [0xd0, 7, 0, 0], zeros(50))],
    ["AU", join(".snd", big(24), zeros(50))],
    ["CAF", join("caff", [0, 1, 0, 0], zeros(50))],
    ["AMR", join("#!AMR\n", [0x3c, 0x91, 0x17], zeros(50))],
    ["QuickTime without ftyp", join(big(8), "wide", big(0), "mdat", zeros(40))],
    ["QuickTime whose first box looks like an icon", join([0, 0, 1, 0], "free", zeros(50))],
    ["M4A", join(big(24), "ftypM4A ", zeros(50))],
    ["WMA", join([0x30, 0x26, 0xb2, 0x75], zeros(60))],
    ["nothing, which is refused elsewhere", join()],
    ["two bytes", join("Hi")],
  ])("[P36] lets the decoder judge %s", (_, head) => {
    expect(isPlainlyNotAudio(head)).toBe(false);
  });
});
