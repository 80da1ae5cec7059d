// Which loudspeaker this device plays through, where the browser tells: by the name of its default output. Many browsers
// name outputs only after the microphone was allowed; then there is no name, but a change of the outputs is still heard of.

export interface OutputPlatform {
  /** `navigator.mediaDevices`; undefined on plain http. */
  readonly devices: Pick<MediaDevices, "enumerateDevices" | "addEventListener"> | undefined;
}

export interface OutputChange {
  /** null where the browser does not say. */
  readonly outputName: string | null;
}

/** Chromium puts these words before the name of what it calls "default"; they change with its language. */
const AFTER_DASH = /^[^-]+ - /;

export class NamedOutputs {
  readonly #platform: OutputPlatform;
  readonly #onChange: (change: OutputChange) => void;
  #outputName: string | null = null;
  /** How many outputs there are, by the last look; null before the first. */
  #count: number | null = null;

  constructor(platform: OutputPlatform, onChange: (change: OutputChange) => void) {
    this.#platform = platform;
    this.#onChange = onChange;
    platform.devices?.addEventListener("devicechange", () => void this.look());
  }

  get outputName(): string | null {
    return this.#outputName;
  }

  /** Looks which output it is now; says so when it is another one than at the last look. */
  async look(): Promise<void> {
    const devices = await this.#platform.devices?.enumerateDevices().catch(() => undefined);
    if (!devices) return;
    const outputs = devices.filter(({ kind }) => kind === "audiooutput");
    const chosen = outputs.find(({ deviceId }) => deviceId === "default") ?? outputs[0];
    const outputName = chosen?.label.replace(AFTER_DASH, "") || null;
    // A name where there was none comes with the permission to use the microphone: the loudspeaker is the same.
    const isNamedOnlyNow = this.#outputName === null && outputName !== null;
    const isFirst = this.#count === null || isNamedOnlyNow;
    const isOther =
      outputName !== this.#outputName || (outputName === null && outputs.length !== this.#count);
    this.#outputName = outputName;
    this.#count = outputs.length;
    if (!isFirst && isOther) this.#onChange({ outputName });
  }
}
