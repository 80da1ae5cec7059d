#!/bin/sh
# Times in Web Audio are in seconds, and the playback algorithm of AudioBufferSourceNode keeps what lies between two frames ("set to
# include any sub-sample offset"). Rendered by an OfflineAudioContext at 48 kHz, whose output can be counted:
#  - loopEnd at 100.5 frames: a lap takes 100.5 frames in Chromium 156, but 101 in Firefox 153 ESR. It rounds the lap, not the moment,
#    so the error adds up: laps of 480.25 frames lie 104 ms apart after 200 s, without any clock being off.
#  - start() at half a frame: in its place in Chromium, on the next whole frame in Firefox.
#  - the offset of start(), which a player that seeks gives: rounded to a whole frame by both.
# A bell-shaped pulse shows where sound lies, by its centre. Needs Debian's chromium and firefox-esr. Exits 1 when this has changed.
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
  const rate = 48000;
  const render = async (frames, prepare) => {
    const context = new OfflineAudioContext(1, frames, rate);
    const buffer = context.createBuffer(1, 2400, rate);
    buffer.getChannelData(0).forEach((_, at, samples) => { samples[at] = Math.exp(-(((at - 50) / 8) ** 2)); });
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(context.destination);
    prepare(source);
    return (await context.startRendering()).getChannelData(0);
  };
  const centre = (samples, from, to) => {
    let [weight, moment] = [0, 0];
    for (let at = from; at < to; at++) {
      weight += samples[at];
      moment += samples[at] * at;
    }
    return moment / weight;
  };
  const lap = async (frames) => {
    const sound = await render(200 * rate, (source) => {
      source.loop = true;
      source.loopEnd = frames / rate;
      source.start();
    });
    const centres = [];
    for (let at = 50; at + 50 < sound.length; at++) {
      if (sound[at] < 0.5 || sound[at - 1] >= 0.5) continue;
      centres.push(centre(sound, at - 20, at + 40));
    }
    return (centres.at(-1) - centres[0]) / (centres.length - 1);
  };
  const text = (figures) => figures.map((figure) => figure.toFixed(2)).join(" ");
  const moved = async (from, prepare) => text(await Promise.all([0.25, 0.5, 0.75].map(async (part) =>
    centre(await render(400, (source) => prepare(source, part)), 0, 400) - from)));
  return {
    lap: text([await lap(100.5), await lap(480.25)]),
    start: await moved(150, (source, part) => source.start((100 + part) / rate)),
    offset: await moved(40, (source, part) => source.start(0, (10 + part) / rate)),
  };
}"""

EXPECTED = {
    "Chromium": {"lap": "100.50 480.25", "start": "0.25 0.50 0.75", "offset": "0.00 -1.00 -1.00"},
    "Firefox": {"lap": "101.00 480.00", "start": "0.00 1.00 1.00", "offset": "0.00 -1.00 -1.00"},
}
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
    print("  frames a lap, asked for 100.50 480.25:", found["lap"])
    print("  started so much later, asked for 0.25 0.50 0.75:", found["start"])
    print("  moved by the offset, asked for -0.25 -0.50 -0.75:", found["offset"])
sys.exit(0 if seen == EXPECTED else 1)
PYTHON
