// Where decoded sound is kept and segments are rendered, so that none of it costs the page a frame.

import type { RenderAnswer, RenderRequest } from "./render-protocol.ts";
import { RenderStation } from "./render-station.ts";

const station = new RenderStation();

/** What the page takes over instead of a copy. */
function buffersOf(answer: RenderAnswer): ArrayBuffer[] {
  return answer.type === "rendered" ? answer.channels.map(({ buffer }) => buffer) : [];
}

self.onmessage = ({ data }: MessageEvent<RenderRequest>) => {
  const answer = station.handle(data);
  if (answer) self.postMessage(answer, { transfer: buffersOf(answer) });
};
