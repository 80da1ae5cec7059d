// The house rules that a linter's patterns cannot say: which folder may import which, and that cores are told the time.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const SRC = import.meta.dirname;
/** Imports go right to left only. */
const ORDER = ["lib", "control", "timing", "swarm", "director", "playback", "app", "ui"];
/** The only places that may read ambient time, timers or chance; what a screen shows goes by its own pictures. */
const AMBIENT_ALLOWED = new Set([
  "lib/clock.ts",
  "lib/random.ts",
  "ui/parts/notice.tsx",
  "ui/parts/glow.tsx",
]);
const AMBIENT = /\b(Date\.now|performance\.now|setTimeout|setInterval|Math\.random|requestAnimationFrame)\b/;

/** Ways from a string to markup or to code. */
const MARKUP =
  /innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write|createContextualFragment|srcdoc|\beval\(|new Function\(|DOMParser/;

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => /\.tsx?$/.test(path) && !path.includes(".test.") && !path.includes("testing/"));

function importsOf(path: string): string[] {
  const source = readFileSync(join(SRC, path), "utf8");
  return [...source.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)].map((match) =>
    relative(SRC, resolve(SRC, dirname(path), match[1] ?? "")).replaceAll("\\", "/"),
  );
}

const SPEC = join(SRC, "../../docs/spec");
const PYTHON_TESTS = join(SRC, "../../tests");

const folderOf = (path: string): string => path.split("/")[0] ?? "";
const codeOf = (path: string): string =>
  readFileSync(join(SRC, path), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");

describe("the shape of the source", () => {
  it("imports go from ui towards lib, never back", () => {
    const wrong = files.flatMap((path) =>
      importsOf(path)
        .filter((target) => ORDER.indexOf(folderOf(target)) > ORDER.indexOf(folderOf(path)))
        .filter(() => ORDER.includes(folderOf(path)))
        .map((target) => `${path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it("another folder is entered by its door", () => {
    const wrong = files.flatMap((path) =>
      importsOf(path)
        .filter((target) => folderOf(target) !== folderOf(path) && ORDER.includes(folderOf(target)))
        .filter((target) => !target.endsWith("/index.ts") && target !== "app/view.ts")
        .map((target) => `${path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it("nobody but the real clock and the real random source reads ambient time or chance", () => {
    const wrong = files.filter((path) => !AMBIENT_ALLOWED.has(path) && AMBIENT.test(codeOf(path)));
    expect(wrong).toEqual([]);
  });

  it("[X2] no markup is made of text, and no text is run", () => {
    const wrong = files.filter((path) => MARKUP.test(codeOf(path)));
    expect(files.length).toBeGreaterThan(100);
    expect(wrong).toEqual([]);
  });

  it("no file is longer than 500 lines", () => {
    const long = files.filter((path) => readFileSync(join(SRC, path), "utf8").split("\n").length > 500);
    expect(long).toEqual([]);
  });

  it("every rule of the specification has a test that carries its id", () => {
    const rules = readdirSync(SPEC).flatMap((name) =>
      [...readFileSync(join(SPEC, name), "utf8").matchAll(/^- \*\*([A-Z]+\d+)\*\*/gm)].map(
        (match) => match[1],
      ),
    );
    const textsIn = (folder: string, isTest: (path: string) => boolean): string[] =>
      readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter(isTest)
        .map((path) => readFileSync(join(folder, path), "utf8"));
    const tests = [
      ...textsIn(SRC, (path) => path.includes(".test.")),
      ...textsIn(PYTHON_TESTS, (path) => path.endsWith(".py")),
    ].join("\n");
    expect(rules.length).toBeGreaterThan(30);
    expect(rules.filter((rule) => !tests.includes(`[${rule}]`))).toEqual([]);
  });
});
