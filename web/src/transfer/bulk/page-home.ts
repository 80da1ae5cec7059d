// The home of bulk in the page's own thread: for browsers without Workers, and for tests. Nothing is copied, and nothing waits.

import type { Clock } from "../../lib/index.ts";
import { Content } from "../store/content.ts";
import { type Hasher, InlineHasher } from "../store/hash.ts";
import type { PieceStore } from "../store/store.ts";
import {
  type BulkHome,
  type BulkLine,
  type BulkReport,
  CONTENT_METHODS,
  type ContentCalls,
} from "./messages.ts";
import { BulkPlane } from "./plane.ts";

export class PageHome implements BulkHome {
  readonly #store: PieceStore;
  readonly #clock: Clock;
  readonly #hasher: Hasher;
  #plane: BulkPlane | null = null;

  constructor(store: PieceStore, clock: Clock, hasher: Hasher = new InlineHasher()) {
    this.#store = store;
    this.#clock = clock;
    this.#hasher = hasher;
  }

  get capacityBytes(): number {
    return this.#store.capacityBytes;
  }

  open(report: (reports: readonly BulkReport[]) => void): BulkLine {
    this.#plane?.close();
    const content = new Content(this.#store, this.#hasher, this.#clock);
    const plane = new BulkPlane({ clock: this.#clock, content, reportsApartMs: 0, report });
    this.#plane = plane;
    return {
      content: Object.fromEntries(
        CONTENT_METHODS.map((method) => [method, (...args: unknown[]) => plane.ask(method, args)]),
      ) as unknown as ContentCalls,
      tell: (call) => plane.take(call),
      close: () => plane.close(),
    };
  }

  close(): Promise<void> {
    this.#plane?.close();
    return this.#store.close();
  }
}
