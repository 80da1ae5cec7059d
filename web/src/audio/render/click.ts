// The click test's sound: one second with one sharp, broadband click at its start, so that ears hear who is late. Pure.

const CLICK_SEC = 0.012;
const TONE_HZ = 2_000;
const DECAY_SEC = 0.002;
const LEVEL = 0.7;

/** `durationSec` of clicks, one at each whole second, at `sampleRate`; one channel. */
export function makeClicks(sampleRate: number, durationSec: number): Float32Array<ArrayBuffer> {
  const channel = new Float32Array(Math.round(sampleRate * durationSec));
  const clickFrames = Math.round(CLICK_SEC * sampleRate);
  for (let second = 0; second < durationSec; second++) {
    const startFrame = Math.round(second * sampleRate);
    for (let i = 0; i < clickFrames && startFrame + i < channel.length; i++) {
      const sec = i / sampleRate;
      channel[startFrame + i] = LEVEL * Math.exp(-sec / DECAY_SEC) * Math.cos(2 * Math.PI * TONE_HZ * sec);
    }
  }
  return channel;
}
