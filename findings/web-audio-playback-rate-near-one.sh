#!/bin/sh
# AudioBufferSourceNode.playbackRate a few ppm from 1, as a player sets it to follow another clock (rendered offline at 48 kHz):
#  - Chromium 156 interpolates linearly. As the place wanders between two samples, a tone of 15 kHz pulses between 0 and -5 dB, here (100 ppm)
#    4.8 times a second; and when the rate is 1 again, it stays as quiet as it was at that moment, up to 5 dB (in Firefox 1 dB). What is
#    never bent is exact in both.
#  - Firefox 153 ESR reckons the rate as a whole number of Hz, cut off: 1.00001 plays as 1.0000208, 1.00003 as 1.0000417, and 0.99999 as 1.
#    So the finest step is 21 ppm, and up to that much too fast is what a rate between two steps gives.
#  - Firefox clicks when the rate leaves 1: its resampler begins with silence behind it. Of a tone of 1 kHz two samples are off by 0.08
#    and 0.05 of full scale. Chromium does not.
# Needs Debian's chromium and firefox-esr. Exits 1 when this has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check playwright==1.58.0
chromium --version
firefox-esr --version
"$folder/venv/bin/python" - <<'PYTHON'
import sys

from playwright.sync_api import sync_playwright

RUN = """async () => {
  const RATE = 48000;
  const render = async (frames, sample, bend) => {
    const context = new OfflineAudioContext(1, frames, RATE);
    const buffer = context.createBuffer(1, frames + RATE, RATE);
    buffer.getChannelData(0).forEach((_, at, samples) => { samples[at] = sample(at); });
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(context.destination);
    bend(source.playbackRate);
    source.start();
    return (await context.startRendering()).getChannelData(0);
  };
  const tone = (hertz) => (at) => Math.sin(2 * Math.PI * hertz * at / RATE);
  const levels = (samples, from, to) => {
    const found = [];
    for (let at = from; at < to; at += 480) {
      const power = samples.subarray(at, at + 480).reduce((sum, value) => sum + value * value, 0) / 240;
      found.push(10 * Math.log10(power));
    }
    return [Math.max(...found), Math.min(...found)];
  };
  // A bell-shaped pulse 20 s into the buffer: where its centre comes out tells the rate at which it was played.
  const played = async (rate) => {
    const place = 20 * RATE;
    const samples = await render(place + 4000, (at) => Math.exp(-(((at - place) / 50) ** 2)), (param) => { param.value = rate; });
    let [weight, moment] = [0, 0];
    for (let at = place - 2000; at < place + 2000; at++) {
      weight += samples[at];
      moment += samples[at] * at;
    }
    return (place / (moment / weight) - 1) * 1e6;
  };
  // What a sine does not do: a sample that is not where its two neighbours want it.
  const click = async () => {
    const samples = await render(RATE, tone(1000), (param) => {
      param.setValueAtTime(1, 0);
      param.setValueAtTime(1.0005, 0.5);
    });
    const twice = 2 * Math.cos(2 * Math.PI * 1000 / RATE);
    let most = 0;
    for (let at = 1; at < RATE - 1; at++)
      most = Math.max(most, Math.abs(samples[at + 1] - twice * samples[at] + samples[at - 1]));
    return most;
  };
  const bent = await render(2 * RATE, tone(15000), (param) => { param.value = 1.0001; });
  // 5120 frames at 1.0001 end half a frame between two samples.
  const unbent = await render(RATE, tone(15000), (param) => {
    param.setValueAtTime(1.0001, 0);
    param.setValueAtTime(1, 5000 / RATE);
  });
  const straight = await render(2 * RATE, tone(15000), (param) => { param.value = 1; });
  const ppm = [];
  for (const rate of [1.00001, 1.00003, 0.99999]) ppm.push(await played(rate));
  return {bent: levels(bent, 4800, 90000), unbent: levels(unbent, 9600, 43200), straight: levels(straight, 4800, 90000), ppm, click: await click()};
}"""

with sync_playwright() as api:
    browsers = {
        "Chromium": api.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"]),
        "Firefox": api.firefox.launch(channel="moz-firefox", executable_path="/usr/bin/firefox-esr"),
    }
    seen = {}
    for name, browser in browsers.items():
        page = browser.new_page()
        page.goto("about:blank")
        seen[name] = page.evaluate(RUN)
        browser.close()
for name, found in seen.items():
    print(name)
    print("  15 kHz at rate 1: {:.2f} to {:.2f} dB".format(*found["straight"]))
    print("  15 kHz at rate 1.0001: {:.2f} to {:.2f} dB".format(*found["bent"]))
    print("  15 kHz at rate 1 again: {:.2f} to {:.2f} dB".format(*found["unbent"]))
    print("  asked for 10, 30 and -10 ppm, played at", ", ".join(f"{ppm:.1f}" for ppm in found["ppm"]))
    print("  largest step in a 1 kHz tone whose rate leaves 1: {:.4f}".format(found["click"]))


def spread(levels: list[float]) -> float:
    return levels[0] - levels[1]


def near(found: list[float], wanted: tuple[float, ...]) -> bool:
    return all(abs(one - other) < 0.5 for one, other in zip(found, wanted, strict=True))


chromium, firefox = seen["Chromium"], seen["Firefox"]
as_found = (
    spread(chromium["straight"]) < 0.1 and spread(firefox["straight"]) < 0.1,
    spread(chromium["bent"]) > 4 and spread(firefox["bent"]) < 0.5,
    chromium["unbent"][0] < -4 and firefox["unbent"][0] < -0.5,
    near(chromium["ppm"], (10, 30, -10)) and near(firefox["ppm"], (20.8, 41.7, 0)),
    chromium["click"] < 0.01 and firefox["click"] > 0.05,
)
sys.exit(0 if all(as_found) else 1)
PYTHON
