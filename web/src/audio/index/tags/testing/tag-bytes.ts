// Tags built a byte at a time, so that every field is named.

export type Part = string | readonly number[] | Uint8Array;

export function join(...parts: Part[]): Uint8Array {
  const all = parts.map((part) => (typeof part === "string" ? latin1(part) : part));
  const whole = new Uint8Array(all.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of all) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
export const latin1 = (text: string): number[] => Array.from(text, (char) => char.charCodeAt(0));
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const utf16 = (text: string): number[] =>
  [0xff, 0xfe].concat(Array.from(text, (char) => [char.charCodeAt(0) & 255, char.charCodeAt(0) >> 8]).flat());
export const big = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, index) => Math.floor(value / 256 ** (bytes - 1 - index)) % 256);
export const little = (value: number, bytes: number): number[] => big(value, bytes).reverse();
export const sevenBits = (value: number): number[] => [21, 14, 7, 0].map((shift) => (value >> shift) & 0x7f);
export const zeros = (count: number): number[] => new Array<number>(count).fill(0);

/** As far as a picture's first bytes go: a JPEG of 600 by 400 pixels, a PNG of any size. */
export const JPEG = join(
  [0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0],
  [0xff, 0xc2, 0, 11, 8, ...big(400, 2), ...big(600, 2), 1, 1, 0x11, 0],
  "a picture",
);
export const png = (widthPx: number, heightPx: number, rest: Part = "another picture"): Uint8Array =>
  join(
    [0x89],
    "PNG\r\n",
    [0x1a],
    "\n",
    big(13, 4),
    "IHDR",
    big(widthPx, 4),
    big(heightPx, 4),
    [8, 2, 0, 0, 0],
    rest,
  );
export const PNG = png(300, 300);

export const id3 = (version: number, flags: number, ...frames: Part[]): Uint8Array => {
  const body = join(...frames);
  return join("ID3", [version, 0, flags], sevenBits(body.length), body);
};
export const frame = (name: string, content: Part, flags = [0, 0]): Uint8Array => {
  const bytes = join(content);
  return join(name, big(bytes.length, 4), flags, bytes);
};
export const shortFrame = (name: string, content: Part): Uint8Array => {
  const bytes = join(content);
  return join(name, big(bytes.length, 3), bytes);
};
export const apic = (kind: number, picture: Part): Uint8Array =>
  frame("APIC", join([0], "image/jpeg\0", [kind], "cover\0", picture));
export const sound = [0xff, 0xfb, 0x90, 0x00, ...zeros(413)];

export const id3v1 = (title: Part, artist: Part = [], album: Part = []): Uint8Array => {
  const field = (text: Part): Uint8Array => join(text, zeros(30)).subarray(0, 30);
  return join("TAG", field(title), field(artist), field(album), zeros(35));
};
/** `id` as its bytes; sizes in eight bytes, as no one needs and everybody reads. */
export const ebml = (id: number, ...parts: Part[]): Uint8Array => {
  const content = join(...parts);
  return join(big(id, Math.ceil(Math.log2(id + 1) / 8)), [1], big(content.length, 7), content);
};
const apeItem = (name: string, value: Part): Uint8Array =>
  join(little(join(value).length, 4), zeros(4), name, [0], value);
export const ape = (items: Readonly<Record<string, Part>>, hasHeader = true): Uint8Array => {
  const all = Object.entries(items);
  const body = join(...all.map(([name, value]) => apeItem(name, value)));
  const frame = (flags: number): Uint8Array =>
    join(
      "APETAGEX",
      little(2000, 4),
      little(body.length + 32, 4),
      little(all.length, 4),
      little(flags, 4),
      zeros(8),
    );
  return hasHeader ? join(frame(0xa0000000), body, frame(0x80000000)) : join(body, frame(0));
};

export const comments = (...entries: Part[]): Uint8Array =>
  join(
    little(4, 4),
    "test",
    little(entries.length, 4),
    ...entries.flatMap((entry) => [little(join(entry).length, 4), entry]),
  );
export const pictureBlock = (kind: number, picture: Uint8Array): Uint8Array =>
  join(big(kind, 4), big(10, 4), "image/jpeg", big(1, 4), "x", zeros(16), big(picture.length, 4), picture);
export const flacBlock = (type: number, content: Uint8Array, isLast = false): Uint8Array =>
  join([type + (isLast ? 128 : 0)], big(content.length, 3), content);
export const flac = (...blocks: Uint8Array[]): Uint8Array =>
  join("fLaC", flacBlock(0, join(zeros(34))), ...blocks);

/** Pages of at most two laces, so that a packet goes over several. */
export function ogg(...packets: Uint8Array[]): Uint8Array {
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

export const box = (name: string, ...parts: Part[]): Uint8Array => {
  const content = join(...parts);
  return join(big(8 + content.length, 4), name, content);
};
export const item = (name: string, value: Part): Uint8Array =>
  box(name, box("data", big(1, 4), zeros(4), value));
export const mp4 = (...items: Uint8Array[]): Uint8Array =>
  join(
    box("ftyp", "M4A "),
    box(
      "moov",
      box("mvhd", zeros(20)),
      box("udta", box("meta", zeros(4), box("hdlr", zeros(8)), box("ilst", ...items))),
    ),
  );
export const aiffChunk = (name: string, content: Part): Uint8Array => {
  const bytes = join(content);
  return join(name, big(bytes.length, 4), bytes, zeros(bytes.length % 2));
};
export const aiff = (...chunks: Uint8Array[]): Uint8Array => join("FORM", zeros(4), "AIFF", ...chunks);
export const riffChunk = (name: string, content: Part): Uint8Array => {
  const bytes = join(content);
  return join(name, little(bytes.length, 4), bytes, zeros(bytes.length % 2));
};
/** As programs write it that forget the padding. */
export const unpaddedChunk = (name: string, content: Part): Uint8Array =>
  join(name, little(join(content).length, 4), content);
/** Lyrics3 of version 2, with one field. */
export const lyrics3 = (text: string): Uint8Array => {
  const body = `LYRICSBEGINLYR${String(text.length).padStart(5, "0")}${text}`;
  return join(body, String(body.length).padStart(6, "0"), "LYRICS200");
};
export const wav = (...chunks: Uint8Array[]): Uint8Array => join("RIFF", zeros(4), "WAVE", ...chunks);

/** As unsynchronisation writes it: a zero behind each 0xff. */
export const stuffed = (content: Part): Uint8Array =>
  join(...Array.from(join(content), (byte) => (byte === 0xff ? [0xff, 0] : [byte])));
