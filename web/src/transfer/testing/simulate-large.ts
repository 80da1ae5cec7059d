// The figures of docs/swarm.md for swarms too large for a unit test. By hand, with Node 22.12 or later:
//   node --experimental-transform-types web/src/transfer/testing/simulate-large.ts [20|100|1000] [seed]
// Prints one line a run; 1000 peers take about a minute of processor time.

import { simulate } from "./simulation.ts";

const UPLINK_BYTES_PER_SEC = 1_000_000;
const SIZE_BYTES = 8 * 2 ** 20;
const [peersText = "100", seedText = "1"] = process.argv.slice(2);
const common = { seed: Number(seedText), peers: Number(peersText), sizeBytes: SIZE_BYTES };

for (const [name, uplinks, churnPerSec] of [
  ["equal uplinks", [1], 0],
  ["mixed uplinks (½ · 1 · 1 · 2), 1 %/s leave", [1, 2, 0.5, 1], 0.01],
] as const) {
  const uplinksBytesPerSec = uplinks.map((share) => share * UPLINK_BYTES_PER_SEC);
  const outcome = simulate({ ...common, uplinksBytesPerSec, churnPerSec });
  const { ratio, medianSec, boundSec, neededShare, left, longestDrySec } = outcome;
  console.log(
    `${common.peers} peers, ${name}: last ${ratio.toFixed(3)} × bound, median ${(medianSec / boundSec).toFixed(2)}, ` +
      `needed ${(100 * neededShare).toFixed(1)} %, left ${left}, longest wait for a piece ${(longestDrySec / boundSec).toFixed(2)}`,
  );
}
