// A whole calibration in a Worker of its own, which ends with it.

import { realClock, within } from "../../lib/index.ts";
import type { Lateness } from "./lateness.ts";
import type { Recording } from "./listen.ts";
import type { MeasureRequest } from "./measure.worker.ts";

/** It takes a slow phone some seconds for twenty devices. */
const LIMIT_MS = 60_000;

/** The recording is gone from this side afterwards. Rejects when the Worker cannot be loaded or does not answer. */
export function measureInWorker(devices: number, recording: Recording): Promise<readonly Lateness[]> {
  const worker = new Worker(new URL("./measure.worker.ts", import.meta.url), { type: "module" });
  const request: MeasureRequest = { devices, recording };
  const measured = new Promise<readonly Lateness[]>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<readonly Lateness[]>) => resolve(data);
    worker.onerror = () => reject(new Error("the recording could not be worked on"));
    worker.postMessage(request, [recording.samples.buffer]);
  });
  return within(realClock, LIMIT_MS, measured).finally(() => worker.terminate());
}
