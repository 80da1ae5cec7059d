// The rows of docs/experience.md that the source itself can prove, and that no row or named test is missing there.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { words } from "./copy/index.ts";

const ROOT = join(import.meta.dirname, "../../..");
const DOCUMENT = readFileSync(join(ROOT, "docs/experience.md"), "utf8");
/** How many rows each letter has. */
const ROWS = { J: 5, A: 4, S: 7, C: 3, D: 1, E: 2, X: 6, L: 1, P: 3, V: 2, Q: 6 };

const screens = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".tsx"))
  .map((path) =>
    readFileSync(join(import.meta.dirname, path), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ""),
  );
const count = (pattern: RegExp): number =>
  screens.reduce((sum, source) => sum + [...source.matchAll(pattern)].length, 0);

describe("the checklist of the experience", () => {
  it("has every row, in order", () => {
    const wanted = Object.entries(ROWS).flatMap(([letter, rows]) =>
      Array.from({ length: rows }, (_, index) => `${letter}${index + 1}`),
    );
    const found = [...DOCUMENT.matchAll(/^\| ([A-Z]\d+) \|/gm)].map((match) => match[1]);
    expect(found).toEqual(wanted);
  });

  it("names tests that exist", () => {
    const named = [...DOCUMENT.matchAll(/`((?:tests|web)\/[\w/.-]+)(?:::(\w+))?`/g)];
    expect(named.length).toBeGreaterThan(30);
    for (const [, path = "", test] of named) {
      expect(existsSync(join(ROOT, path)), path).toBe(true);
      if (test) expect(readFileSync(join(ROOT, path), "utf8"), path).toContain(`def ${test}(`);
    }
  });
});

describe("the screens", () => {
  it("have one status region, no other that speaks by itself, and an alert for lost sound alone (X3)", () => {
    expect(count(/role="status"/g)).toBe(1);
    expect(count(/role="alert"/g)).toBe(1);
    expect(count(/<output|aria-live="assertive"|role="log"/g)).toBe(0);
    expect(screens.find((source) => source.includes('role="alert"'))).toContain("function LostSound");
  });

  it("say limits beforehand: how many, which kinds, how large (S7)", () => {
    expect(words.files.limits).toMatch(/ten.*MP3, FLAC and WAV/);
    expect(words.error("file-too-large", "Song.wav")).toMatch(/4 GB/);
  });
});
