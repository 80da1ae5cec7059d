// Memories with an end: of what they are told they keep the latest, so that nobody fills them.

/** Adds `item` as the latest; beyond `most` the earliest are forgotten. */
export function remember<Item>(memory: Set<Item>, item: Item, most: number): void {
  memory.delete(item);
  memory.add(item);
  forgetEarliest(memory, most);
}

/** Sets what is known of `key`, as the latest; beyond `most` the earliest are forgotten. */
export function rememberOf<Key, Value>(memory: Map<Key, Value>, key: Key, value: Value, most: number): void {
  memory.delete(key);
  memory.set(key, value);
  forgetEarliest(memory, most);
}

function forgetEarliest<Key>(memory: Set<Key> | Map<Key, unknown>, most: number): void {
  for (const earliest of memory.keys()) {
    if (memory.size <= most) return;
    memory.delete(earliest);
  }
}
