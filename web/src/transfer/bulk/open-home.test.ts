// Where bulk lives in a browser that runs no Worker, as here.

import { afterEach, describe, expect, it, vi } from "vitest";
import { LateError } from "../../lib/index.ts";
import { VirtualClock } from "../../lib/testing/index.ts";
import { outlast } from "../testing/outlast.ts";
import { openBulkHome } from "./open-home.ts";

const opened = (clock = new VirtualClock()) => outlast(clock, openBulkHome({ clock, session: "ada" }));

describe("a home of bulk without a Worker", () => {
  afterEach(() => {
    vi.doUnmock("./open-page-home.ts");
    vi.resetModules();
  });

  it("[S32] is not waited for without end where its script does not come", async () => {
    vi.doMock("./open-page-home.ts", () => new Promise(() => undefined));
    await expect(opened()).rejects.toBeInstanceOf(LateError);
  });
});
