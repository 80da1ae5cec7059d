// As much of IndexedDB as indexeddb-store.ts asks for, in memory, with the refusals of each engine. Put in place with `install`.

/** What a transaction ends with. `request`: its requests fail first, as in Firefox and WebKit; `commit`: none does, as in Chromium. */
export interface Refusal {
  readonly at: "request" | "commit";
  readonly error: DOMException;
}

type Key = string | readonly unknown[];
const textOf = (key: unknown): string => JSON.stringify(key);

/** Everything whose key begins so: the only ranges there are here. */
class FakeKeyRange {
  constructor(readonly prefix: readonly unknown[]) {}
  static bound = (lower: readonly unknown[]): FakeKeyRange => new FakeKeyRange(lower);
  includes(key: Key): boolean {
    return Array.isArray(key) && this.prefix.every((part, at) => key[at] === part);
  }
}

class FakeRequest {
  onsuccess: (() => void) | null = null;
  onerror: (() => void) | null = null;
  onupgradeneeded: (() => void) | null = null;
  result: unknown = undefined;
  error: DOMException | null = null;
}

type Records = Map<string, { readonly key: Key; readonly value: unknown }>;

class FakeTransaction {
  oncomplete: (() => void) | null = null;
  onabort: (() => void) | null = null;
  onerror: (() => void) | null = null;
  error: DOMException | null = null;
  readonly #work: (() => void)[] = [];
  readonly #requests: FakeRequest[] = [];

  constructor(
    readonly stores: Map<string, Records>,
    readonly refuses: (isWrite: boolean) => Refusal | null,
    ended: () => void,
  ) {
    queueMicrotask(() => {
      this.#end();
      ended();
    });
  }

  objectStore(name: string) {
    const records = this.stores.get(name) ?? new Map();
    const ask = (result: () => unknown): FakeRequest => {
      const request = new FakeRequest();
      request.result = result();
      this.#requests.push(request);
      return request;
    };
    const matching = (range?: FakeKeyRange) =>
      [...records.values()].filter(({ key }) => range?.includes(key) ?? true);
    return {
      get: (key: Key) => ask(() => records.get(textOf(key))?.value),
      getAll: () => ask(() => matching().map(({ value }) => value)),
      getAllKeys: (range?: FakeKeyRange) => ask(() => matching(range).map(({ key }) => key)),
      put: (value: unknown, key: Key) => {
        this.#work.push(() => records.set(textOf(key), { key, value }));
        return ask(() => key);
      },
      delete: (key: Key | FakeKeyRange) => {
        this.#work.push(() => {
          if (key instanceof FakeKeyRange) for (const each of matching(key)) records.delete(textOf(each.key));
          else records.delete(textOf(key));
        });
        return ask(() => undefined);
      },
    };
  }

  #end(): void {
    const refusal = this.refuses(this.#work.length > 0);
    for (const request of this.#requests) {
      if (refusal?.at !== "request") request.onsuccess?.();
      else {
        request.error = refusal.error;
        request.onerror?.();
        this.onerror?.(); // it comes up from the request, before the transaction has an error of its own
      }
    }
    if (refusal) {
      this.error = refusal.error;
      this.onabort?.();
      return;
    }
    for (const each of this.#work) each();
    this.oncomplete?.();
  }
}

export class FakeIndexedDb {
  openDatabases = 0;
  /** What the next changes come to. */
  refusal: Refusal | null = null;
  /** The browser has closed every database, as when it evicts them. */
  isEvicted = false;
  /** Databases open once this has settled. */
  opens: Promise<void> = Promise.resolve();
  readonly #stores = new Map<string, Records>();
  readonly #open = new Set<{ onversionchange: (() => void) | null }>();

  /** A page of a later version opens it. */
  changeVersion(): void {
    for (const database of [...this.#open]) database.onversionchange?.();
  }

  /** The globals that a page has of it. */
  globals(): { indexedDB: unknown; IDBKeyRange: unknown } {
    return { indexedDB: { open: () => this.#openOne() }, IDBKeyRange: FakeKeyRange };
  }

  #openOne(): FakeRequest {
    const request = new FakeRequest();
    const isNew = this.#stores.size === 0;
    this.opens.then(() => {
      this.openDatabases += 1;
      let isClosed = false;
      let running = 0;
      const closeWhenIdle = (): void => {
        if (isClosed && running === 0) this.openDatabases -= 1;
      };
      const database = {
        onversionchange: null,
        createObjectStore: (name: string) => this.#stores.set(name, new Map()),
        transaction: () => {
          if (isClosed || this.isEvicted) throw new DOMException("closing", "InvalidStateError");
          running += 1;
          return new FakeTransaction(
            this.#stores,
            (isWrite) => (isWrite ? this.refusal : null),
            () => {
              running -= 1;
              closeWhenIdle();
            },
          );
        },
        close: () => {
          if (isClosed) return;
          isClosed = true;
          this.#open.delete(database);
          closeWhenIdle();
        },
      };
      this.#open.add(database);
      request.result = database;
      if (isNew) request.onupgradeneeded?.();
      request.onsuccess?.();
    });
    return request;
  }
}
