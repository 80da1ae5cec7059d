// A campaign of storms over simulated rooms: `chaos.ts <depth, "queue", "roles", "both" or "drafts"> <first seed> <runs>`. Prints failing seeds as they come and
// a line of JSON at the end. See src/session/testing/chaos.ts and bench/chaos.py.

import { runChaos, type Subject } from "../src/session/testing/chaos.ts";
import type { Depth } from "../src/session/testing/sim-device.ts";

const SUBJECTS: Readonly<Record<string, Subject>> = {
  queue: "queue",
  roles: "roles",
  both: "queue and roles",
  drafts: "drafts",
};
const [depth = "control", firstSeed = "1", runs = "1000"] = process.argv.slice(2);
console.warn = () => undefined; // what is ignored on the wire is no news here
const failed: number[] = [];
const begunMs = process.cpuUsage().user / 1000;
for (let seed = Number(firstSeed); seed < Number(firstSeed) + Number(runs); seed++) {
  const subject = SUBJECTS[depth];
  const subjectDepth = subject === "drafts" ? "whole" : "control"; // where files are real
  const outcome = await runChaos(seed, subject ? subjectDepth : (depth as Depth), subject);
  if (outcome.trouble === null) continue;
  failed.push(seed);
  console.log(`seed ${seed}: ${outcome.trouble}`);
  if (runs === "1") console.log(outcome.story.join("\n"));
}
console.log(
  JSON.stringify({
    depth,
    runs: Number(runs),
    failed,
    cpuSec: (process.cpuUsage().user / 1000 - begunMs) / 1000,
  }),
);
