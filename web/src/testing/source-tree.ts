// The source as a graph: its folders, its files and what they import. For the tests of its shape, and for the table of
// docs/architecture.md, which scripts/draw-architecture.mjs writes.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

export const SRC = join(import.meta.dirname, "..");

interface Folder {
  readonly about: string;
  /** Told events and the time, it touches nothing of a browser. */
  readonly isPure?: boolean;
}

/** In the order of imports: a top folder imports only from those before it. A folder within another stands right after it. */
export const FOLDERS: Readonly<Record<string, Folder>> = {
  lib: { about: "time, chance, ids, bytes, errors: all that is handed to the others" },
  protocol: { about: "messages and constants that both languages share, generated", isPure: true },
  control: {
    about: "the way to the server and, sealed, through it: keys, envelopes, a WebSocket that comes back",
  },
  clock: { about: "global time on this device: probes to offset and drift to a clock", isPure: true },
  transfer: { about: "the file swarm: runs what its core decides" },
  "transfer/core": {
    about: "who has what, whom to ask for which piece, what is given to whom",
    isPure: true,
  },
  "transfer/bulk": { about: "content on its way, in a Worker where one runs: framing, checking, sending" },
  "transfer/net": { about: "who is linked, and when which bytes leave: WebRTC, pacing, sending" },
  "transfer/store": { about: "where pieces are kept: OPFS, IndexedDB, memory; hashing" },
  director: { about: "who directs, what plays, when a prepared file starts", isPure: true },
  audio: { about: "the player: one song along a timeline, in step to the sample" },
  "audio/index": { about: "what a file is: format, length, tags, loudness, the anchors of its decode" },
  "audio/decode": { about: "from a file's bytes to samples: repair before, checks after, downmix, memory" },
  "audio/render": { about: "which sample is due when: segments, resampling, servo, repair" },
  "audio/output": {
    about: "when a sample leaves the loudspeaker: the output clock, what each engine's timestamps mean",
  },
  "audio/calibration": { about: "speaker delays through a microphone" },
  session: { about: "the shell of a session in a swarm: engines, events to its core, effects from it" },
  "session/core": { about: "who is here, who directs, what is heard and what is told", isPure: true },
  view: { about: "what people see, and `snapshot()`, made of a session's facts", isPure: true },
  app: { about: "the page's life: joining, leaving, sound, files on their way in" },
  "app/storage": { about: "what rests in the browser from one page to the next" },
  ui: { about: "draws a view, turns taps into actions" },
  offline: { about: "the service worker and the page's side of it; stands beside the others" },
};

/** All source files but tests, as paths from `SRC`. */
export const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => /\.tsx?$/.test(path) && !path.includes(".test.") && !path.includes("testing/"));

export const sourceOf = (path: string): string => readFileSync(join(SRC, path), "utf8");

/** What a file imports of the source, types and lazy parts included. */
export function importsOf(path: string): string[] {
  return [...sourceOf(path).matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)].map((match) =>
    relative(SRC, resolve(SRC, dirname(path), match[1] ?? "")).replaceAll("\\", "/"),
  );
}

/** The folder of the table that a file belongs to: the innermost. */
export function folderOf(path: string): string {
  const inner = path.split("/").slice(0, 2).join("/");
  return inner in FOLDERS ? inner : (path.split("/")[0] ?? "");
}

/** Each ring of files that import each other; empty when there is none. */
export function importCycles(): string[][] {
  const imports = new Map(files.map((path) => [path, importsOf(path)]));
  const done = new Set<string>();
  const cycles: string[][] = [];
  const visit = (path: string, way: readonly string[]): void => {
    const at = way.indexOf(path);
    if (at >= 0) cycles.push(way.slice(at));
    if (at >= 0 || done.has(path)) return;
    for (const next of imports.get(path) ?? []) visit(next, [...way, path]);
    done.add(path);
  };
  for (const path of files) visit(path, []);
  return cycles;
}

const BEGIN = "<!-- drawn from web/src/testing/source-tree.ts and the imports by `make generate` -->";
const END = "<!-- end of what is drawn -->";

/** The page with its table of folders replaced by that of the source as it is. */
export function drawArchitectureInto(page: string): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined)
    throw new Error("the page lost the marks around its table");
  return `${before}${BEGIN}\n\n${table()}\n\n${END}${after}`;
}

function table(): string {
  const names = Object.keys(FOLDERS);
  const rows = names.map((name) => {
    const own = files.filter((path) => folderOf(path) === name);
    const imported = new Set(own.flatMap(importsOf).map(folderOf));
    imported.delete(name);
    const from = names.filter((other) => imported.has(other)).map((other) => `\`${other}\``);
    const { about, isPure } = FOLDERS[name] as Folder;
    return `| \`${name}\` | ${about} | ${isPure ? "yes" : ""} | ${own.length} | ${from.join(" ") || "–"} |`;
  });
  return ["| folder | in charge of | pure | files | imports |", "|---|---|---|---|---|", ...rows].join("\n");
}
