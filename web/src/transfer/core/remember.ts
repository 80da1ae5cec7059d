// A memory with an end: of whom it is told it keeps the latest.

/** Adds `item` as the latest; beyond `most` the earliest are forgotten. */
export function remember<T>(memory: Set<T>, item: T, most: number): void {
  memory.delete(item);
  memory.add(item);
  for (const earliest of memory) {
    if (memory.size <= most) return;
    memory.delete(earliest);
  }
}
