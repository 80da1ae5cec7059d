import { describe, expect, it } from "vitest";
import { makeFormat, songTitle } from "./format.ts";

const format = makeFormat("en-GB");

describe("numbers and lists", () => {
  it("write a position as players do", () => {
    expect(format.position(0)).toBe("0:00");
    expect(format.position(187.9)).toBe("3:07");
    expect(format.position(3_729)).toBe("1:02:09");
    expect(format.position(-2)).toBe("0:00");
  });

  it("round sizes to what people compare", () => {
    expect(format.bytes(8_412_345)).toBe("8.4 MB");
    expect(format.bytes(1)).toBe("1 kB");
    expect(format.bytes(0)).toBe("0 kB");
  });

  it("choose plural forms by the rules of the language, and fall back to the general one", () => {
    const people = { one: "person", other: "people" };
    expect([0, 1, 2].map((count) => format.plural(count, people))).toEqual(["people", "person", "people"]);
    const polish = makeFormat("pl");
    expect(polish.plural(3, { one: "osoba", few: "osoby", other: "osób" })).toBe("osoby");
    expect(polish.plural(3, { other: "osób" })).toBe("osób");
  });

  it("fence names that run right to left, and leave the others as they are", () => {
    expect(format.list(["Ada", "Bo"])).toBe("Ada and Bo");
    expect(format.list(["שרה", "Bo"])).toBe("\u2068שרה\u2069 and Bo");
  });
});

describe("a song's title", () => {
  it("loses the ending that only machines need, and no other", () => {
    expect(songTitle("Glass Harbour.FLAC")).toBe("Glass Harbour");
    expect(songTitle("Symphony No. 9")).toBe("Symphony No. 9");
    expect(songTitle("notes.pdf")).toBe("notes.pdf");
  });
});
