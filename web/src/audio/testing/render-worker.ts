// The render Worker in this thread: it answers a little later, as a Worker does.

import type { RenderAnswer, RenderRequest } from "../render/render-protocol.ts";
import { RenderStation } from "../render/render-station.ts";
import { StretchedSource } from "../render/stretch.ts";

export function renderWorker(): Worker {
  const station = new RenderStation();
  station.stretching = StretchedSource;
  const worker = {
    onmessage: null as ((event: { data: RenderAnswer }) => void) | null,
    postMessage(request: RenderRequest) {
      const answer = station.handle(request);
      if (answer) void Promise.resolve().then(() => worker.onmessage?.({ data: answer }));
    },
    terminate: () => undefined,
  };
  return worker as unknown as Worker;
}
