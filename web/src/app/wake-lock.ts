// Keeps the screen on from join to leave, where the browser can: a sleeping phone loses its network and its clock.
// The lock falls when the page is hidden and is taken again when it returns. Insecure pages have no wake lock.

export class WakeLock {
  #isWanted = false;
  #sentinel: WakeLockSentinel | null = null;

  /** Inside a tap or on return to the page. Being refused (battery saver) is no error: the music plays all the same. */
  async take(): Promise<void> {
    this.#isWanted = true;
    if (!("wakeLock" in navigator) || document.visibilityState !== "visible") return;
    if (this.#sentinel && !this.#sentinel.released) return;
    try {
      const sentinel = await navigator.wakeLock.request("screen");
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
