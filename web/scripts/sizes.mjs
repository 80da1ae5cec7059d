// What the first visit costs, from the built files: brotli bytes, as the server sends them. Prints a table; exits 1 when a
// budget is exceeded. Reads ../src/unisono/_web; knows no clock.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const WEB_ROOT = join(dirname(fileURLToPath(import.meta.url)), "../../src/unisono/_web");

/** 45 kB take 0.23 s at the 1.6 Mbit/s of a slow phone connection. */
const MAX_JS_BEFORE_JOIN_BYTES = 45_000;
/**
 * All that a visit can come to fetch before a song is there, in whichever language: docs/decisions/0032, 0040, 0041, 0043 (which moved 12 kB
 * into a row of its own), 0044 (3.3 kB: whoever is in the room when a song is added has to understand a list of hashes that grows),
 * 0048 (2 kB: what every device says and remembers of its role), 0050 (1.2 kB: whoever is asked for a distance has to understand it),
 * 0053 (0.9 kB: a Worker that breaks cannot be what fetches its successor),
 * 0068 (0.5 kB: what costs less while nothing happens), 0072 (0.3 kB: a queue that keeps buttons and focus), and 0074 (0.1 kB: JSON is read
 * alike everywhere).
 */
const MAX_JS_BYTES = 154_500;
/**
 * Opens, decodes and renders songs; fetched behind the join, and no song is there before it. docs/decisions/0069 took 0.2 kB: a start needs
 * its order of work before anything else is decoded.
 */
const MAX_JS_FOR_PLAYING_BYTES = 20_500;
/** Fetched when the first song is there to be read, in the background, and nothing waits for it. */
const MAX_JS_FOR_TAGS_BYTES = 15_000;
/** Fetched by who adds a song, or plays one that came without its index; and for songs that cannot be decoded in slices. */
const MAX_JS_FOR_FILES_BYTES = 25_000;
const MAX_JS_FOR_TEMPO_BYTES = 5_000;
/** Draws roles and distances and says their words; fetched with the swarm's screens on, and nobody has a role before. */
const MAX_JS_FOR_ROLES_BYTES = 6_500;
/** Fetched by two who measure how far their phones lie apart (docs/decisions/0050). */
const MAX_JS_FOR_DISTANCES_BYTES = 3_500;
/**
 * Moves and keeps songs, in a Worker of its own that starts behind the tap on Join; the page without it is smaller by most of that. 0.3 kB of
 * it try a disc again that has fallen silent, and wait for a former page to let go of its files.
 */
const MAX_JS_FOR_BULK_BYTES = 15_500;
/** The same in the page, where no Worker runs. */
const MAX_JS_WITHOUT_WORKER_BYTES = 10_000;
/** Fits the first flight of a fresh connection (ten segments). */
const MAX_HTML_AND_CSS_BYTES = 12_000;

const brotliBytes = (path) => {
  const compressed = join(WEB_ROOT, `${path}.br`);
  if (!existsSync(compressed)) throw new Error(`${path}.br is missing: build first (vite build writes it)`);
  return statSync(compressed).size;
};
const text = (path) => readFileSync(join(WEB_ROOT, path), "utf8");
const total = (paths) => paths.reduce((sum, path) => sum + brotliBytes(path), 0);

/** Every file of the build, as paths below the root, without the compressed copies. */
const built = readdirSync(WEB_ROOT, { recursive: true })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => !/\.(br|gz)$/.test(path) && statSync(join(WEB_ROOT, path)).isFile());
const scripts = built.filter((path) => path.endsWith(".js"));

/** The scripts that index.html asks for and all that they import before they run. */
function scriptsBeforeJoin() {
  const html = text("index.html");
  const wanted = [...html.matchAll(/<(?:script|link)\b[^>]*?(?:src|href)="(?:\.?\/)?([^"]+\.js)"/g)].map(
    (match) => match[1],
  );
  const found = new Set();
  while (wanted.length > 0) {
    const path = wanted.pop();
    if (found.has(path)) continue;
    found.add(path);
    // `import"./a.js"`, `import{b}from"./c.js"`, `export*from"./d.js"`; not `import("./lazy.js")`.
    for (const match of text(path).matchAll(
      /(?:^|[;}\s])(?:import|export)\b[^"'`();]*?["'](\.[^"']+\.js)["']/g,
    )) {
      wanted.push(posix.join(posix.dirname(path), match[1]));
    }
  }
  return [...found];
}

const first = scriptsBeforeJoin();
if (first.length === 0) throw new Error("index.html asks for no script: is this the build of the SPA?");
const forTags = scripts.filter((path) => /tags\.worker/.test(path));
if (forTags.length === 0) throw new Error("no script reads tags: is it named otherwise now?");
const forFiles = scripts.filter((path) => /sound-index\.worker|decode-/.test(path));
if (forFiles.length !== 2) throw new Error("what indexes and decodes whole files is named otherwise now");
const forTempo = scripts.filter((path) => /(?:^|\/)stretch-/.test(path));
if (forTempo.length !== 1) throw new Error("what plays at another tempo is named otherwise now");
const forPlaying = scripts.filter((path) => /player-parts|render\.worker/.test(path));
if (forPlaying.length !== 2) throw new Error("what plays songs is named otherwise now");
const forRoles = scripts.filter((path) => /(?:^|\/)roles-[\w-]{8}\.js$/.test(path));
if (forRoles.length !== 1) throw new Error("what draws roles is named otherwise now");
/** As of all words, one language's are fetched, the largest stands for it; English ones lie within the part that draws. */
const roleWords = scripts
  .filter((path) => /(?:^|\/)roles-[a-z]{2}-[\w-]{8}\.js$/.test(path))
  .sort((a, b) => brotliBytes(b) - brotliBytes(a));
if (roleWords.length === 0)
  throw new Error("no words of roles among the scripts: are they named otherwise now?");
const forDistances = scripts.filter((path) => /(?:^|\/)distance-/.test(path));
if (forDistances.length !== 1) throw new Error("what measures distances is named otherwise now");
const forBulk = scripts.filter((path) => /(?:bulk|opfs)\.worker/.test(path));
if (forBulk.length !== 2) throw new Error("what moves songs is named otherwise now");
const withoutWorker = scripts.filter((path) => /open-page-home-/.test(path));
if (withoutWorker.length !== 1) throw new Error("what moves songs without a Worker is named otherwise now");
const apart = [
  ...forRoles,
  ...roleWords,
  ...forDistances,
  ...forPlaying,
  ...forTags,
  ...forFiles,
  ...forTempo,
  ...forBulk,
  ...withoutWorker,
];
const workers = scripts.filter((path) => /worker|^sw\.js$/i.test(path) && !apart.includes(path));
/** One visit speaks one language; the largest stands for it. */
const languages = scripts
  .filter((path) => /^(?:assets\/)?[a-z]{2}-[\w-]{8}\.js$/.test(path))
  .sort((a, b) => brotliBytes(b) - brotliBytes(a));
if (languages.length === 0) throw new Error("no words among the scripts: are they named otherwise now?");
const lazy = scripts.filter((path) => ![...first, ...workers, ...apart, ...languages].includes(path));
const markup = built.filter((path) => path === "index.html" || path.endsWith(".css"));

const rows = [
  { what: "JS before Join", paths: first, budgetBytes: MAX_JS_BEFORE_JOIN_BYTES },
  { what: "JS fetched when needed", paths: lazy, budgetBytes: null },
  { what: "JS of workers", paths: workers, budgetBytes: null },
  { what: "JS of one language", paths: languages.slice(0, 1), budgetBytes: null },
  {
    what: "all JS before a song",
    paths: [...first, ...lazy, ...workers, ...languages.slice(0, 1)],
    budgetBytes: MAX_JS_BYTES,
  },
  { what: "JS that plays songs", paths: forPlaying, budgetBytes: MAX_JS_FOR_PLAYING_BYTES },
  { what: "JS loaded lazily for tags", paths: forTags, budgetBytes: MAX_JS_FOR_TAGS_BYTES },
  { what: "JS that moves songs", paths: forBulk, budgetBytes: MAX_JS_FOR_BULK_BYTES },
  { what: "the same without Workers", paths: withoutWorker, budgetBytes: MAX_JS_WITHOUT_WORKER_BYTES },
  { what: "JS for whole files", paths: forFiles, budgetBytes: MAX_JS_FOR_FILES_BYTES },
  { what: "JS for another tempo", paths: forTempo, budgetBytes: MAX_JS_FOR_TEMPO_BYTES },
  {
    what: "JS for roles",
    paths: [...forRoles, ...roleWords.slice(0, 1)],
    budgetBytes: MAX_JS_FOR_ROLES_BYTES,
  },
  { what: "JS for distances", paths: forDistances, budgetBytes: MAX_JS_FOR_DISTANCES_BYTES },
  { what: "HTML + CSS", paths: markup, budgetBytes: MAX_HTML_AND_CSS_BYTES },
];

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
console.log(`${"brotli, first visit".padEnd(26)}${"size".padStart(10)}${"budget".padStart(10)}   files`);
let isOver = false;
for (const { what, paths, budgetBytes } of rows) {
  const bytes = total(paths);
  const isRowOver = budgetBytes !== null && bytes > budgetBytes;
  isOver ||= isRowOver;
  const budget = budgetBytes === null ? "" : kilobytes(budgetBytes);
  const verdict = isRowOver ? "  OVER BUDGET" : "";
  console.log(
    `${what.padEnd(26)}${kilobytes(bytes).padStart(10)}${budget.padStart(10)}   ${paths.length}${verdict}`,
  );
}
process.exit(isOver ? 1 : 0);
