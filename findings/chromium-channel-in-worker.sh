#!/bin/sh
# Chromium (Debian, 156), an RTCDataChannel that the answering side creates as negotiated and transfers to a Worker at once, as
# webrtc-extensions allows: in the Worker its `message` events begin while `readyState` is still "connecting" and before `open`,
# so that an answer sent from the message handler throws InvalidStateError. On the offering side, and for channels that stay on
# the main thread, `open` comes first.
# Exits 1 when this has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check playwright==1.58.0
chromium --version
"$folder/venv/bin/python" - <<'PYTHON'
import json
import sys

from playwright.sync_api import sync_playwright

RUN = """async (where) => {
  const inWorker = `onmessage = ({data: channel}) => {
    const log = [];
    const tell = () => postMessage(log);
    channel.onopen = () => { log.push('open'); tell(); };
    channel.onmessage = () => {
      let sent = 'sent';
      try { channel.send('answer'); } catch (error) { sent = error.name; }
      log.push('message while ' + channel.readyState + ': ' + sent);
      tell();
    };
  };`;
  const [offerer, answerer] = [new RTCPeerConnection(), new RTCPeerConnection()];
  offerer.onicecandidate = ({candidate}) => candidate && answerer.addIceCandidate(candidate);
  answerer.onicecandidate = ({candidate}) => candidate && offerer.addIceCandidate(candidate);
  const make = (connection) => connection.createDataChannel('any', {negotiated: true, id: 0});
  const far = make(offerer);
  far.onopen = () => { for (let n = 0; n < 3; n++) far.send('hello ' + n); };
  const near = make(answerer);
  let log = [];
  if (where === 'worker') {
    const worker = new Worker(URL.createObjectURL(new Blob([inWorker])));
    worker.onmessage = ({data}) => { log = data; };
    worker.postMessage(near, [near]);
  } else {
    near.onopen = () => log.push('open');
    near.onmessage = () => {
      let sent = 'sent';
      try { near.send('answer'); } catch (error) { sent = error.name; }
      log.push('message while ' + near.readyState + ': ' + sent);
    };
  }
  await offerer.setLocalDescription();
  await answerer.setRemoteDescription(offerer.localDescription);
  await answerer.setLocalDescription();
  await offerer.setRemoteDescription(answerer.localDescription);
  for (let waits = 0; waits < 100 && log.filter((line) => line !== 'open').length < 3; waits++)
    await new Promise((resolve) => setTimeout(resolve, 100));
  return log;
}"""

with sync_playwright() as api:
    browser = api.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    page = browser.new_page()
    page.goto("about:blank")
    seen = {where: page.evaluate(RUN, where) for where in ("main thread", "worker")}
    browser.close()

print(json.dumps(seen, indent=1))
is_early = seen["worker"][:1] == ["message while connecting: InvalidStateError"]
sys.exit(0 if seen["main thread"][:1] == ["open"] and is_early else 1)
PYTHON
