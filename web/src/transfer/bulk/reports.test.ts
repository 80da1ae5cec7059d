// When reports leave the plane's thread, in virtual time: how often the page is woken for what.

import { expect, it } from "vitest";
import type { FileId } from "../../lib/index.ts";
import { VirtualClock } from "../../lib/testing/index.ts";
import type { BulkReport } from "./messages.ts";
import { Reports, SOON_MS } from "./reports.ts";

const SONG = "50".repeat(32) as FileId;

function reporting() {
  const clock = new VirtualClock();
  const sent: string[][] = [];
  const reports = new Reports(clock, SOON_MS, (batch: readonly BulkReport[]) => {
    sent.push(batch.map(({ type }) => type));
  });
  reports.add({ type: "sent", upload: 0 }, true);
  sent.length = 0; // the first leaves at once
  return { clock, reports, sent };
}

it("what nothing waits for goes with what something waits for, in order", () => {
  const { clock, reports, sent } = reporting();
  reports.addAlong({ type: "read", upload: 1, sizeBytes: 4 });
  for (let ping = 0; ping < 4; ping++) {
    reports.addPace({ bytesPerSec: ping, queueMs: null }, false);
    clock.advance(100);
  }
  expect(sent).toEqual([]);
  reports.add({ type: "sent", upload: 1 }, true);
  expect(sent).toEqual([["read", "pace", "sent"]]);
});

it("what nothing waits for leaves by itself after a while", () => {
  const { clock, reports, sent } = reporting();
  reports.addPace({ bytesPerSec: 1, queueMs: null }, false);
  clock.advance(1_000);
  expect(sent).toEqual([["pace"]]);
});

it("a piece of 64 chunks that comes in a second wakes the page eleven times at most", () => {
  const { clock, reports, sent } = reporting();
  for (let chunk = 1; chunk <= 64; chunk++) {
    const isWhole = chunk === 64;
    const arrived = {
      link: 1,
      askedId: SONG,
      fileId: SONG,
      piece: 0,
      epoch: 1,
      payloadBytes: 4,
      wastedBytes: 0,
    };
    reports.addChunks({ ...arrived, isWhole, isChecked: isWhole });
    clock.advance(1_000 / 64);
  }
  clock.advance(1_000);
  expect(sent.length).toBeLessThanOrEqual(11);
});
