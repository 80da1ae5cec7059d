// Finds the chirps in a recording, away from the page: a second and more of arithmetic. One request, one answer.

import { heardIn, type Recording } from "./listen.ts";

export interface MeasureRequest {
  readonly devices: number;
  readonly recording: Recording;
}

self.onmessage = ({ data }: MessageEvent<MeasureRequest>) =>
  self.postMessage(heardIn(data.devices, data.recording));
