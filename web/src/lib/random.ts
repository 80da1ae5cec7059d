// Randomness as an argument, so that cores can be replayed from a seed. `realRandom` is cryptographic.

export interface Random {
  bytes(length: number): Uint8Array;
  /** Uniform in [0, 1). */
  fraction(): number;
}

export const realRandom: Random = {
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  fraction() {
    const word = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
    return word / 2 ** 32;
  },
};

/** Uniform integer in [0, limit). */
export function randomBelow(random: Random, limit: number): number {
  return Math.floor(random.fraction() * limit);
}

/** Picks one element; throws on an empty list, because a caller without choices has a bug. */
export function pickOne<T>(random: Random, choices: readonly T[]): T {
  const choice = choices[randomBelow(random, choices.length)];
  if (choice === undefined) throw new RangeError("nothing to pick from");
  return choice;
}
