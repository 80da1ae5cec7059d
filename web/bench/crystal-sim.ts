// One device in virtual time whose crystals are off: `crystal-sim.ts <minutes> <seeds>`. Prints JSON: how far it is from
// its place in the song, ms. See src/audio/testing/simulated-device.ts and bench/crystal.py.

import { SimulatedDevice } from "../src/audio/testing/simulated-device.ts";
import { LAN, type PathModel, WIFI } from "../src/clock/testing/path.ts";

const MINUTE_MS = 60_000;
const BEFORE_MS = 10_000;
const CASES: readonly (readonly [string, number, number, PathModel])[] = [
  ["local clock 100 ppm fast, LAN", 100, -60, LAN],
  ["local clock 100 ppm slow, LAN", -100, -60, LAN],
  ["local clock 100 ppm fast, Wi-Fi", 100, -60, WIFI],
  ["local clock 100 ppm fast, card 300 ppm fast, LAN", 100, 300, LAN],
];

const [minutes = "10", seeds = "5"] = process.argv.slice(2);
const results = CASES.map(([name, localPpm, cardPpm, network]) => {
  const runs = Array.from({ length: Number(seeds) }, (_, index) => {
    const device = new SimulatedDevice(index + 1, network, { localPpm, cardPpm, stampNoiseMs: 0.1 });
    device.play(BEFORE_MS);
    return { seed: index + 1, errorsMs: device.errorsMs(Number(minutes) * MINUTE_MS) };
  });
  return { name, runs };
});
console.log(JSON.stringify(results));
