// Holds decoded sound and renders segments of it, so that neither costs the page a frame.

import type { Rendered, RenderRequest } from "./render-protocol.ts";
import { renderSegment } from "./resample.ts";

const sources = new Map<string, readonly Float32Array[]>();

self.onmessage = (event: MessageEvent<RenderRequest>) => {
  const request = event.data;
  if (request.type === "load") {
    sources.set(request.sourceId, request.channels);
  } else if (request.type === "unload") {
    sources.delete(request.sourceId);
  } else {
    const source = sources.get(request.sourceId);
    const channels = source ? renderSegment(source, request.segment) : [];
    const answer: Rendered = { id: request.id, channels };
    self.postMessage(answer, { transfer: channels.map((channel) => channel.buffer) });
  }
};
