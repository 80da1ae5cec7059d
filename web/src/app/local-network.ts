// Chromium's Local Network Access: a page from an address on the internet asks the person before it connects to devices on the
// same network. WebSockets are asked for since Chromium 147, data channels behind a flag in 156
// (`--enable-features=LocalNetworkAccessChecksWebRTC`). Watches the permission, so that a connection that waits for it can be
// told from one that fails. Other browsers do not know the permission, and then nothing is barred.

/** The newer name and the older, which now stands for both. */
const NEARBY_NAMES = ["local-network", "local-network-access"];
const LOOPBACK_NAMES = ["loopback-network", "local-network-access"];

type Zone = "internet" | "local" | "loopback";

/** Where a host is, as far as its name tells. A name that only the local network knows counts as local. */
export function zoneOf(host: string): Zone {
  const name = host.toLowerCase().replace(/^\[|\]$/g, "");
  if (/^(?:localhost|.*\.localhost|127(?:\.\d+){3}|::1)$/.test(name)) return "loopback";
  const isPrivate =
    /^(?:10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/;
  if (isPrivate.test(name) || /^f[cd][0-9a-f]{2}:|^fe[89ab][0-9a-f]:/.test(name)) return "local";
  const isLocalName = /(?:^[^.:]+|\.(?:local|lan|home|internal|home\.arpa))$/.test(name);
  return isLocalName ? "local" : "internet";
}

export class LocalNetwork {
  readonly #states = new Map<Zone, PermissionStatus>();
  readonly #onChange: () => void;

  /** Asks for the permissions' states, which opens no prompt. */
  constructor(page: Pick<Window, "isSecureContext" | "location" | "navigator">, onChange: () => void) {
    this.#onChange = onChange;
    // On plain http every answer is "denied", and nothing can be allowed.
    if (!page.isSecureContext || zoneOf(page.location.hostname) !== "internet") return;
    void this.#watch(page.navigator, "local", NEARBY_NAMES);
    void this.#watch(page.navigator, "loopback", LOOPBACK_NAMES);
  }

  /** Whether the browser holds connections to devices on the same network back. */
  get isNearbyBarred(): boolean {
    return this.#isZoneBarred("local");
  }

  /** Whether the browser holds connections to the host of this URL back. */
  isBarred(url: string): boolean {
    return this.#isZoneBarred(zoneOf(new URL(url).hostname));
  }

  #isZoneBarred(zone: Zone): boolean {
    const state = this.#states.get(zone)?.state;
    return state === "prompt" || state === "denied";
  }

  async #watch({ permissions }: Navigator, zone: Zone, names: readonly string[]): Promise<void> {
    for (const name of names) {
      try {
        const status = await permissions.query({ name: name as PermissionName });
        this.#states.set(zone, status);
        status.addEventListener("change", this.#onChange);
        this.#onChange();
        return;
      } catch {
        // A browser that does not know the name, or has no permissions to ask.
      }
    }
  }
}
