// Doubles for tests: a clock that is told the time and a random source with a seed.

export * from "./seeded-random.ts";
export * from "./virtual-clock.ts";
