// What a reload may leave behind: pieces checked twice, told once or never, shown to somebody who has them already.

import { describe, expect, it } from "vitest";
import type { KeptFile } from "./core/resume-state.ts";
import { FakeSwarm, fakeFile } from "./testing/fake-swarm.ts";

const song = fakeFile(12 * 65_536);
const kept: KeptFile = { ...song, isMine: false, isEnabled: true, annotation: null, index: null };

const seeds = Array.from({ length: 40 }, (_, seed) => seed);

describe("[S31] a page that was reloaded", () => {
  it.each(seeds)(
    "tells the giver of every piece it found, so that it is shown the rest (seed %i)",
    (seed) => {
      const swarm = new FakeSwarm(seed);
      const ada = swarm.join("ada");
      ada.add(song);
      const store = new Map(
        [0, 1, 2, 3, 4, 5].map((piece) => [
          `${song.fileId}/${piece}`,
          swarm.contentOf(song.manifest.sizeBytes, piece),
        ]),
      );
      const bo = swarm.join("bo", { store });
      swarm.link(ada, bo);
      // The catalog opens the file, one piece has been checked and listed, and then the page's own memory of it comes.
      swarm.runUntil(() => (bo.file(song)?.heldBytes ?? 0) > 0, 5);
      bo.handle({ type: "file-restored", file: kept, pieces: [0, 1, 2, 3, 4, 5] });
      swarm.runUntil(() => bo.hasAllOf(song), 60);
      expect(bo.transfer.totals().receivedBytes).toBe(6 * 65_536);
    },
  );
});
