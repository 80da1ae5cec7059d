// What a browser tells of its network, and what follows from it for how much a device gives.

/** The part of NetworkInformation that matters here (Chromium; other browsers tell nothing). */
export interface NetworkHint {
  readonly saveData?: boolean;
  readonly type?: string;
  addEventListener?(type: "change", listener: () => void): void;
  removeEventListener?(type: "change", listener: () => void): void;
}

export const isUnmetered = (network: NetworkHint | undefined): boolean =>
  network?.saveData !== true && network?.type !== "cellular";
