// Where decoded sound is kept and segments are rendered, so that none of it costs the page a frame. What stretches sound is loaded with
// the first lane at another tempo; requests behind that one wait, so that all are answered in order.

import type { RenderAnswer, RenderRequest } from "./render-protocol.ts";
import { RenderStation } from "./render-station.ts";

const station = new RenderStation();
let loading: Promise<void> | null = null;

/** What the page takes over instead of a copy. */
function buffersOf(answer: RenderAnswer): ArrayBuffer[] {
  return answer.type === "rendered" ? answer.channels.map(({ buffer }) => buffer) : [];
}

function handle(request: RenderRequest): void {
  const answer = station.handle(request);
  if (answer) self.postMessage(answer, { transfer: buffersOf(answer) });
}

const isAtOtherTempo = (request: RenderRequest): boolean =>
  request.type === "render" && [...request.lanes, ...request.lanesBefore].some(({ stretch }) => stretch);

/** What cannot be loaded now is tried again with the next request; until then such lanes are silent. */
async function load(): Promise<void> {
  try {
    station.stretching = (await import("./stretch.ts")).StretchedSource;
  } catch (error) {
    console.warn(`no other tempo: ${String(error)}`);
  }
}

self.onmessage = ({ data }: MessageEvent<RenderRequest>) => {
  if (!loading && !(isAtOtherTempo(data) && !station.stretching)) {
    handle(data);
    return;
  }
  const before = (loading ?? load()).then(() => handle(data));
  loading = before;
  void before.then(() => {
    if (loading === before) loading = null;
  });
};
