// A campaign of storms over simulated rooms: `chaos.ts <depth, "queue" or "roles"> <first seed> <runs>`. Prints failing seeds as they come and
// a line of JSON at the end. See src/session/testing/chaos.ts and bench/chaos.py.

import { runChaos } from "../src/session/testing/chaos.ts";
import type { Depth } from "../src/session/testing/sim-device.ts";

const [depth = "control", firstSeed = "1", runs = "1000"] = process.argv.slice(2);
console.warn = () => undefined; // what is ignored on the wire is no news here
const failed: number[] = [];
const begunMs = process.cpuUsage().user / 1000;
for (let seed = Number(firstSeed); seed < Number(firstSeed) + Number(runs); seed++) {
  const isSubject = depth === "queue" || depth === "roles";
  const outcome = isSubject ? await runChaos(seed, "control", depth) : await runChaos(seed, depth as Depth);
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
