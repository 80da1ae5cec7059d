// The house rules that a linter's patterns cannot say: which folder may import which, and that cores are told the time.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  drawArchitectureInto,
  FOLDERS,
  files,
  folderOf,
  importCycles,
  importsOf,
  SRC,
  sourceOf,
} from "./testing/source-tree.ts";

/** The folders whose doors others come in by; imports go right to left only. */
const ORDER = Object.keys(FOLDERS).filter((name) => !name.includes("/") && name !== "offline");
const topOf = (path: string): string => path.split("/")[0] ?? "";
/** The one file that brings what is behind the join screen, past the doors that are loaded before it. */
const LATER = "later.ts";
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

/** What only a browser has. */
const BROWSER =
  /\b(document|window|navigator|localStorage|sessionStorage|indexedDB|fetch)\b[.([]|new (Worker|WebSocket|RTCPeerConnection|AudioContext|OfflineAudioContext)\b/;

const SPEC = join(SRC, "../../docs/spec");
const PYTHON_TESTS = join(SRC, "../../tests");

const ARCHITECTURE = join(SRC, "../../docs/architecture.md");
const codeOf = (path: string): string => sourceOf(path).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");

describe("the shape of the source", () => {
  it("imports go from ui towards lib, never back", () => {
    const wrong = files.flatMap((path) =>
      importsOf(path)
        .filter((target) => ORDER.indexOf(topOf(target)) > ORDER.indexOf(topOf(path)))
        .filter(() => ORDER.includes(topOf(path)))
        .map((target) => `${path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it("another folder is entered by its door", () => {
    const wrong = files.flatMap((path) =>
      importsOf(path)
        .filter((target) => topOf(target) !== topOf(path) && ORDER.includes(topOf(target)))
        .filter(() => path !== LATER)
        .filter((target) => !target.endsWith("/index.ts") && !target.endsWith(".gen.ts"))
        .map((target) => `${path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it("no two files import each other, not even by way of others", () => {
    expect(importCycles()).toEqual([]);
  });

  it("a core imports nothing of the shell around it", () => {
    const wrong = files.flatMap((path) =>
      importsOf(path)
        .filter((target) => folderOf(path).endsWith("/core") && topOf(target) === topOf(path))
        .filter((target) => folderOf(target) !== folderOf(path))
        .map((target) => `${path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it("what is called pure touches nothing of a browser", () => {
    const pure = files.filter((path) => FOLDERS[folderOf(path)]?.isPure);
    expect(pure.length).toBeGreaterThan(40);
    expect(pure.filter((path) => BROWSER.test(codeOf(path)))).toEqual([]);
  });

  it("docs/architecture.md shows the folders as they are; else run `make generate`", () => {
    const page = readFileSync(ARCHITECTURE, "utf8");
    expect(drawArchitectureInto(page) === page).toBe(true);
    const unknown = files.filter((path) => path.includes("/") && !(folderOf(path) in FOLDERS));
    expect(unknown).toEqual([]);
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

  it("nothing is exported that no other file names", () => {
    const all = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((path) =>
      /\.tsx?$/.test(path),
    );
    const words = new Map(all.map((path) => [path, new Set(sourceOf(path).match(/[\w$]+/g))]));
    const bench = join(SRC, "../bench");
    const outside = new Set(
      readdirSync(bench).flatMap((name) => readFileSync(join(bench, name), "utf8").match(/[\w$]+/g) ?? []),
    );
    const unused = files
      .filter((path) => !path.endsWith(".gen.ts"))
      .flatMap((path) =>
        [...sourceOf(path).matchAll(/^export (?:async )?(?:const|function\*?|class) ([\w$]+)/gm)]
          .map(([, name = ""]) => name)
          .filter((name) => !outside.has(name))
          .filter((name) => !all.some((other) => other !== path && words.get(other)?.has(name)))
          .map((name) => `${path}: ${name}`),
      );
    expect(unused).toEqual([]);
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
