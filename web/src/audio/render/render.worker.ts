// Holds decoded sound, renders segments of it and does the long arithmetic on it, so that none of it costs the page a
// frame. One request, one answer, in order.

import { makeAnchor, matchAnchor } from "../index/anchor.ts";
import { loudnessOf } from "../index/loudness.ts";
import type { RenderAnswer, RenderRequest } from "./render-protocol.ts";
import { renderSegment } from "./resample.ts";

const sources = new Map<string, readonly Float32Array[]>();

function answer(message: RenderAnswer, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}

self.onmessage = (event: MessageEvent<RenderRequest>) => {
  const request = event.data;
  switch (request.type) {
    case "load":
      sources.set(request.sourceId, request.channels);
      break;
    case "unload":
      sources.delete(request.sourceId);
      break;
    case "render": {
      const source = sources.get(request.sourceId);
      const channels = source ? renderSegment(source, request.segment) : [];
      answer(
        { type: "rendered", id: request.id, channels },
        channels.map((channel) => channel.buffer),
      );
      break;
    }
    case "make-anchor":
      answer({ type: "anchor", id: request.id, anchor: makeAnchor(request.channels, request.sampleRate) });
      break;
    case "loudness": {
      const loudness = loudnessOf(sources.get(request.sourceId) ?? [], request.bars);
      answer({ type: "loudness", id: request.id, loudness });
      break;
    }
    case "match-anchor": {
      const source = sources.get(request.sourceId);
      const match = source ? matchAnchor(source, request.sampleRate, request.anchor) : null;
      answer({ type: "match", id: request.id, match });
      break;
    }
  }
};
