// What a browser remembers for the page, or the page's own memory where the browser does not: cookies are blocked, the disc is
// full, storage is switched off. Reading and writing never throw, so nothing that a person does stops at a note of it.

export type Memory = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** `open` reads `window.localStorage` or the like, which throws where cookies are blocked and may be null. */
export function storageOrMemory(open: () => Memory | null): Memory {
  /** What the browser did not take; null stands for what it did not remove. */
  const refused = new Map<string, string | null>();
  const storage = (): Memory => {
    const opened = open();
    if (!opened) throw new TypeError("storage is switched off");
    return opened;
  };
  return {
    getItem(name) {
      const kept = refused.get(name);
      if (kept !== undefined) return kept;
      try {
        return storage().getItem(name);
      } catch {
        return null;
      }
    },
    setItem(name, text) {
      try {
        storage().setItem(name, text);
        refused.delete(name);
      } catch {
        refused.set(name, text);
      }
    },
    removeItem(name) {
      try {
        storage().removeItem(name);
        refused.delete(name);
      } catch {
        refused.set(name, null);
      }
    },
  };
}
