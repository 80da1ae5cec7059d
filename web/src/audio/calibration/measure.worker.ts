// Finds the chirps in a recording, away from the page: a second and more of arithmetic. One request, one answer.

import { measureLateness, type Recording } from "./listen.ts";

export interface MeasureRequest {
  readonly devices: number;
  readonly recording: Recording;
}

self.onmessage = ({ data }: MessageEvent<MeasureRequest>) =>
  self.postMessage(measureLateness(data.devices, data.recording));
