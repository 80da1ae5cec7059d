#!/bin/sh
# linearRampToValueAtTime and exponentialRampToValueAtTime behind setTargetAtTime, as for a duck that ends in a fade. The Web Audio
# specification: where the setTargetAtTime event has not started, the ramp begins at that event's start time, from the value before it,
# and replaces it; where it has, the ramp begins now. "In both cases, the automation curve is continuous." Chromium 156 does so. Firefox
# 153 ESR lets the value fall to its target until the very end of the ramp and leaps there: a click instead of a fade.
# The gain is 1, falls towards 0.1 from 20 ms on (time constant 10 ms), and is to be back at 1 at 80 ms. setValueAtTime
# between the two events, with the value reckoned by hand, makes both alike.
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

PLACES_MS = (10, 25, 40, 60, 79, 81)
RUN = """async ([kind, isPinned, placesMs]) => {
  const context = new OfflineAudioContext(1, 4800, 48000);
  const source = context.createConstantSource();
  const node = context.createGain();
  source.connect(node).connect(context.destination);
  source.start();
  node.gain.setValueAtTime(1, 0);
  node.gain.setTargetAtTime(0.1, 0.02, 0.01);
  if (isPinned) node.gain.setValueAtTime(0.1 + 0.9 * Math.exp(-2), 0.04);
  node.gain[kind + 'RampToValueAtTime'](1, 0.08);
  const samples = (await context.startRendering()).getChannelData(0);
  return placesMs.map((ms) => samples[48 * ms].toFixed(2)).join(" ");
}"""
EXPECTED = {
    "Chromium": {
        "linear": "1.00 1.00 1.00 1.00 1.00 1.00",
        "exponential": "1.00 1.00 1.00 1.00 1.00 1.00",
    },
    "Firefox": {
        "linear": "1.00 0.65 0.22 0.12 0.10 1.00",
        "exponential": "1.00 0.65 0.22 0.12 0.10 1.00",
    },
}
with sync_playwright() as api:
    browsers = {
        "Chromium": api.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"]),
        "Firefox": api.firefox.launch(channel="moz-firefox", executable_path="/usr/bin/firefox-esr"),
    }
    seen, pinned = {}, {}
    for name, browser in browsers.items():
        page = browser.new_page()
        page.goto("about:blank")
        kinds = ("linear", "exponential")
        seen[name] = {kind: page.evaluate(RUN, [kind, False, PLACES_MS]) for kind in kinds}
        pinned[name] = {kind: page.evaluate(RUN, [kind, True, PLACES_MS]) for kind in kinds}
        browser.close()
print("gain after", *PLACES_MS, "ms")
for name, found in seen.items():
    for kind, values in found.items():
        print(f"{name}, {kind}: {values}; with setValueAtTime between: {pinned[name][kind]}")
sys.exit(0 if seen == EXPECTED and pinned["Chromium"] == pinned["Firefox"] else 1)
PYTHON
