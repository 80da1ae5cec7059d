// What a browser tells of the network it is on, and whether files may be passed on freely there. Pure.

/** The part of NetworkInformation that matters here (Chromium; other browsers tell nothing). */
export interface NetworkHint {
  readonly saveData?: boolean;
  readonly type?: string;
  addEventListener?(type: "change", listener: () => void): void;
  removeEventListener?(type: "change", listener: () => void): void;
}

/** Neither cellular nor asked to save data; where nothing is told, it is taken for free. */
export const isUnmetered = (network: NetworkHint | undefined): boolean =>
  network?.saveData !== true && network?.type !== "cellular";
