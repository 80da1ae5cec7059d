#!/bin/sh
# A DynamicsCompressorNode looks ahead, so its output comes 6 ms later (288 frames at 48 kHz) in Chromium 156 and Firefox 153 ESR
# alike. The specification gives it a tail time for that. In Firefox the node falls silent with the block of 128 in which its source ends, and
# drops what it still holds: of 480 frames of sound the last 256, of 4800 the last 224, and of a click of 100 everything. Chromium gives
# all of it.
# A ConstantSourceNode of 0 that plays beside the sound into the compressor keeps it awake, and nothing is lost.
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

LENGTHS = (100, 480, 4800)
RUN = """async ([lengths, isKeptAwake]) => {
  const heard = [];
  for (const length of lengths) {
    const context = new OfflineAudioContext(1, 9600, 48000);
    const buffer = context.createBuffer(1, length, 48000);
    buffer.getChannelData(0).fill(0.5);
    const source = context.createBufferSource();
    source.buffer = buffer;
    const compressor = context.createDynamicsCompressor();
    source.connect(compressor).connect(context.destination);
    source.start();
    if (isKeptAwake) {
      const silence = context.createConstantSource();
      silence.offset.value = 0;
      silence.connect(compressor);
      silence.start();
    }
    const samples = (await context.startRendering()).getChannelData(0);
    heard.push(samples.reduce((count, value) => count + (Math.abs(value) > 0.001), 0));
  }
  return heard;
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
        seen[name] = [page.evaluate(RUN, [LENGTHS, is_kept_awake]) for is_kept_awake in (False, True)]
        browser.close()
print("frames of sound that went in:", *LENGTHS)
for name, (alone, beside_silence) in seen.items():
    print(f"{name}: came out {alone}, beside a silent source {beside_silence}")
whole = list(LENGTHS)
[cut, kept] = seen["Firefox"]
is_cut = cut[0] == 0 and all(0 < length - left <= 288 for length, left in zip(LENGTHS[1:], cut[1:]))
sys.exit(0 if seen["Chromium"] == [whole, whole] and is_cut and kept == whole else 1)
PYTHON
