// What a browser tells a page of its life: seen or hidden, put aside and brought back, another network, other sound devices.
// Hands it on as calls. Knows no swarm.

export interface PageLife {
  seen(isVisible: boolean): void;
  /** Time may have passed without the page; `isNewNetwork` when it may have moved as well. */
  woke(isNewNetwork: boolean): void;
  networkLost(): void;
  /** The page goes away. `mayReturn`: the browser may keep it whole and bring it back by its back or forward button. */
  left(mayReturn: boolean): void;
  /** It was kept, and is looked at again. Its sockets and connections are dead. */
  returned(): void;
  soundDevicesChanged(): void;
  addressChanged(): void;
  touched(): void;
}

export function watchPage(page: Window, life: PageLife): void {
  const { document } = page;
  document.addEventListener("visibilitychange", () => life.seen(document.visibilityState === "visible"));
  document.addEventListener("resume", () => life.woke(false)); // Chromium froze a page that nobody saw
  page.addEventListener("online", () => life.woke(true));
  page.addEventListener("offline", () => life.networkLost());
  page.addEventListener("pagehide", ({ persisted }) => life.left(persisted));
  page.addEventListener("pageshow", ({ persisted }) => (persisted ? life.returned() : life.woke(false)));
  page.addEventListener("hashchange", () => life.addressChanged());
  // Any tap may be the one that brings the sound back: the platform may have taken it at any time.
  document.addEventListener("pointerdown", () => life.touched());
  // A headset was plugged or pulled; insecure pages are not told.
  const devices = page.navigator.mediaDevices as MediaDevices | undefined;
  devices?.addEventListener("devicechange", () => life.soundDevicesChanged());
}
