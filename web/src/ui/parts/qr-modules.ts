// A text as the modules of a QR code (ISO/IEC 18004:2015): bytes, error correction M, versions 1 to 20, which is 666 bytes.
// Only what an invitation needs, and so a third of what a general encoder costs. Pure.

/** Of level M, for version 1 and up: codewords of correction in each block, and how many blocks. */
const CORRECTION = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26];
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16];

const MASKS: readonly ((x: number, y: number) => number)[] = [
  (x, y) => (x + y) % 2,
  (_, y) => y % 2,
  (x) => x % 3,
  (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2,
  (x, y) => ((x * y) % 2) + ((x * y) % 3),
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
];

/** Rows of 0 and 1 (dark). Throws RangeError where the text is too long. */
export function qrModules(text: string): number[][] {
  const bytes = [...new TextEncoder().encode(text)];
  let version = 1;
  while (version <= BLOCKS.length && roomBytes(version) < bytes.length + (version < 10 ? 2 : 3)) version++;
  if (version > BLOCKS.length) throw new RangeError("too long for a QR code");
  const codewords = withCorrection(version, dataOf(version, bytes));
  const drawn = MASKS.map((_, mask) => draw(version, codewords, mask));
  return drawn.reduce((best, each) => (penalty(each) < penalty(best) ? each : best));
}

/** Codewords of data and correction together. */
function rawBytes(version: number): number {
  const marks = version > 1 ? Math.floor(version / 7) + 2 : 0;
  const aligning = marks > 0 ? (25 * marks - 10) * marks - 55 : 0;
  return Math.floor(((16 * version + 128) * version + 64 - aligning - (version > 6 ? 36 : 0)) / 8);
}

const ofVersion = (table: readonly number[], version: number): number => table[version - 1] ?? 0;
const roomBytes = (version: number): number =>
  rawBytes(version) - ofVersion(CORRECTION, version) * ofVersion(BLOCKS, version);

/** Mode, length, the bytes, an end, padding: in half bytes, since the mode is one. */
function dataOf(version: number, bytes: readonly number[]): number[] {
  const { length } = bytes;
  const count = version < 10 ? [length] : [length >> 8, length & 255];
  const halves = [4, ...[...count, ...bytes].flatMap((byte) => [byte >> 4, byte & 15]), 0];
  const data = Array.from({ length: halves.length / 2 }, (_, index) => {
    const [high = 0, low = 0] = halves.slice(2 * index);
    return 16 * high + low;
  });
  for (let pad = 236; data.length < roomBytes(version); pad ^= 253) data.push(pad);
  return data;
}

/** In the field of 256 elements over 0x11d. */
function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--)
    product = (product << 1) ^ ((product >> 7) * 285) ^ (((b >> bit) & 1) * a);
  return product;
}

/** Reed-Solomon, block by block; the blocks take turns, first their data, then their correction. */
function withCorrection(version: number, data: readonly number[]): number[] {
  const count = ofVersion(BLOCKS, version);
  const length = ofVersion(CORRECTION, version);
  const divisor: number[] = [...new Array(length - 1).fill(0), 1];
  for (let step = 0, root = 1; step < length; step++, root = times(root, 2))
    divisor.forEach((term, index) => {
      divisor[index] = times(term, root) ^ (divisor[index + 1] ?? 0);
    });
  const shortBytes = Math.floor(data.length / count);
  const firstLong = count - (data.length % count);
  const turns = Array.from({ length: shortBytes + 1 + length }, (): number[] => []);
  let from = 0;
  for (let block = 0; block < count; block++) {
    const part = data.slice(from, from + shortBytes + (block < firstLong ? 0 : 1));
    from += part.length;
    const rest: number[] = new Array(length).fill(0);
    for (const byte of part) {
      const factor = byte ^ (rest.shift() ?? 0);
      rest.push(0);
      divisor.forEach((term, index) => {
        rest[index] = (rest[index] ?? 0) ^ times(term, factor);
      });
    }
    for (const [index, byte] of part.entries()) turns[index]?.push(byte);
    for (const [index, byte] of rest.entries()) turns[shortBytes + 1 + index]?.push(byte);
  }
  return turns.flat();
}

/** `value` with the remainder of its division by the polynomial, which readers check. */
function withCheck(value: number, bits: number, polynomial: number): number {
  let rest = value;
  for (let step = 0; step < bits; step++) rest = (rest << 1) ^ ((rest >> (bits - 1)) * polynomial);
  return (value << bits) | rest;
}

function draw(version: number, codewords: readonly number[], mask: number): number[][] {
  const side = 17 + 4 * version;
  const rows = Array.from({ length: side }, () => new Array<number>(side));
  const set = (x: number, y: number, isDark: boolean | number) => {
    const row = rows[y];
    if (row && x >= 0 && x < side) row[x] = Number(isDark);
  };
  const square = (x: number, y: number, reach: number, isDark: (away: number) => boolean) => {
    for (let dy = -reach; dy <= reach; dy++)
      for (let dx = -reach; dx <= reach; dx++)
        set(x + dx, y + dy, isDark(Math.max(Math.abs(dx), Math.abs(dy))));
  };
  for (let at = 0; at < side; at++) {
    set(6, at, at % 2 === 0);
    set(at, 6, at % 2 === 0);
  }
  const marks = version > 1 ? Math.floor(version / 7) + 2 : 0;
  const step = 2 * Math.ceil((4 * version + 4) / (2 * marks - 2));
  const places = Array.from({ length: marks }, (_, index) =>
    index === 0 ? 6 : side - 7 - (marks - 1 - index) * step,
  );
  for (const x of places)
    for (const y of places) {
      const isCorner = (x === 6 && y === 6) || Math.abs(x - y) === side - 13;
      if (!isCorner) square(x, y, 2, (away) => away !== 1);
    }
  for (const [x, y] of [
    [3, 3],
    [side - 4, 3],
    [3, side - 4],
  ] as const)
    square(x, y, 4, (away) => away !== 2 && away !== 4);

  const format = withCheck(mask, 10, 0x537) ^ 0x5412; // level M is 00
  for (let bit = 0; bit < 15; bit++) {
    const isDark = (format >> bit) & 1;
    set(8, bit < 6 ? bit : bit < 8 ? bit + 1 : side - 15 + bit, isDark);
    set(bit < 8 ? side - 1 - bit : bit < 9 ? 7 : 14 - bit, 8, isDark);
  }
  set(8, side - 8, true);
  const versionBits = withCheck(version, 12, 0x1f25);
  for (let bit = 0; version > 6 && bit < 18; bit++) {
    const [long, short] = [side - 11 + (bit % 3), Math.floor(bit / 3)];
    set(long, short, (versionBits >> bit) & 1);
    set(short, long, (versionBits >> bit) & 1);
  }

  let bit = 0;
  for (let right = side - 1; right > 0; right -= right === 8 ? 3 : 2)
    for (let along = 0; along < side; along++)
      for (const x of [right, right - 1]) {
        const isUpwards = (((right < 6 ? right + 1 : right) / 2) & 1) === (((side - 1) / 2) & 1);
        const y = isUpwards ? side - 1 - along : along;
        if (rows[y]?.[x] !== undefined) continue;
        const value = ((codewords[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1;
        set(x, y, value ^ Number(MASKS[mask]?.(x, y) === 0));
        bit++;
      }
  return rows;
}

/** What makes a code hard to read: long runs, blocks of one colour, what looks like a corner. */
function penalty(rows: readonly (readonly number[])[]): number {
  const across = rows.map((row) => row.join(""));
  const down = rows.map((_, x) => rows.map((row) => row[x]).join(""));
  let points = 0;
  for (const line of [...across, ...down]) {
    for (const [run] of line.matchAll(/0{5,}|1{5,}/g)) points += run.length - 2;
    points += 40 * [...line.matchAll(/(?=00001011101|10111010000)/g)].length;
  }
  for (const [y, row] of rows.entries())
    for (const [x, dark] of row.entries()) {
      const below = rows[y + 1];
      if (dark === row[x + 1] && dark === below?.[x] && dark === below[x + 1]) points += 3;
    }
  return points;
}
