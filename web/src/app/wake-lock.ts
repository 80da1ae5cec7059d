// Keeps the screen on from join to leave, where the browser can: a sleeping phone loses its network and its clock.
// The lock falls when the page is hidden and is taken again when it returns. Insecure pages have no wake lock.

export interface WakeLockPlatform {
  readonly isVisible: () => boolean;
  /** Absent where the browser has no wake lock. */
  readonly request: (() => Promise<WakeLockSentinel>) | undefined;
}

const browserScreen = (): WakeLockPlatform => ({
  isVisible: () => document.visibilityState === "visible",
  request: "wakeLock" in navigator ? () => navigator.wakeLock.request("screen") : undefined,
});

export class WakeLock {
  readonly #platform: WakeLockPlatform;
  #isWanted = false;
  #sentinel: WakeLockSentinel | null = null;

  constructor(platform = browserScreen()) {
    this.#platform = platform;
  }

  /** Inside a tap or on return to the page. Being refused (battery saver) is no error: the music plays all the same. */
  async take(): Promise<void> {
    this.#isWanted = true;
    const { request, isVisible } = this.#platform;
    if (!request || !isVisible()) return;
    if (this.#sentinel && !this.#sentinel.released) return;
    try {
      const sentinel = await request();
      if (this.#isWanted) this.#sentinel = sentinel;
      else await sentinel.release();
    } catch (error) {
      console.info(`the screen may go dark: ${String(error)}`);
    }
  }

  /** Call when the page becomes visible again. */
  async retake(): Promise<void> {
    if (this.#isWanted) await this.take();
  }

  async release(): Promise<void> {
    this.#isWanted = false;
    const sentinel = this.#sentinel;
    this.#sentinel = null;
    await sentinel?.release();
  }
}
