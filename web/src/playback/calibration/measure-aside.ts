// A whole measurement in a Worker of its own, which ends with it.

import type { Lateness } from "./lateness.ts";
import type { Recording } from "./listen.ts";
import type { MeasureRequest } from "./measure.worker.ts";

/** The recording is gone from this side afterwards. Rejects when the Worker cannot be loaded. */
export function measureAside(devices: number, recording: Recording): Promise<readonly Lateness[]> {
  const worker = new Worker(new URL("./measure.worker.ts", import.meta.url), { type: "module" });
  const request: MeasureRequest = { devices, recording };
  return new Promise<readonly Lateness[]>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<readonly Lateness[]>) => resolve(data);
    worker.onerror = () => reject(new Error("the recording could not be worked on"));
    worker.postMessage(request, [recording.samples.buffer]);
  }).finally(() => worker.terminate());
}
