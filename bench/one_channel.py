"""What one WebRTC data channel alone carries between two members of a network, bytes per second.

The measure of all swarms behind the same shaper: headers, acknowledgements and the sender's own caution are
in it. Nothing of Unisono is: a bare connection of the browser's, on a page that serves only as its home.
"""

from __future__ import annotations

from lab.browsers.device import Device

_OPEN = """async () => {
  const connection = new RTCPeerConnection();
  window.oneConnection = connection;
  window.oneChannel = connection.createDataChannel("bulk", { negotiated: true, id: 1 });
  oneChannel.binaryType = "arraybuffer";
}"""

_DESCRIBE = """async (remote) => {
  if (remote) await oneConnection.setRemoteDescription(remote);
  if (remote?.type === "answer") return null;
  const own = await (remote ? oneConnection.createAnswer() : oneConnection.createOffer());
  await oneConnection.setLocalDescription(own);
  while (oneConnection.iceGatheringState !== "complete")
    await new Promise((resolve) => oneConnection.addEventListener("icegatheringstatechange", resolve,
      { once: true }));
  return oneConnection.localDescription.toJSON();
}"""

_LISTEN = """() => {
  window.oneArrival = { bytes: 0, firstBytes: 0, firstMs: 0, lastMs: 0 };
  oneChannel.onmessage = ({ data }) => {
    const nowMs = performance.now();
    if (oneArrival.bytes === 0) Object.assign(oneArrival, { firstMs: nowMs, firstBytes: data.byteLength });
    oneArrival.bytes += data.byteLength;
    oneArrival.lastMs = nowMs;
  };
}"""

# 64 KiB messages, at most 256 KiB ahead, refilled by event: what research and practice found quickest.
_SEND = """async (sizeBytes) => {
  const message = new Uint8Array(64 * 1024);
  if (oneChannel.readyState !== "open")
    await new Promise((resolve) => oneChannel.addEventListener("open", resolve, { once: true }));
  oneChannel.bufferedAmountLowThreshold = 128 * 1024;
  const drained = () => new Promise((resolve) =>
    oneChannel.addEventListener("bufferedamountlow", resolve, { once: true }));
  for (let sent = 0; sent < sizeBytes; sent += message.length) {
    if (oneChannel.bufferedAmount > 192 * 1024) await drained();
    oneChannel.send(message);
  }
}"""

_ARRIVED = "(sizeBytes) => window.oneArrival.bytes >= sizeBytes"
_CLOSE = "() => window.oneConnection.close()"

ARRIVAL_POLL_MS = 500
ARRIVAL_LIMIT_MS = 120_000


def measure_goodput(sender: Device, receiver: Device, size_bytes: int) -> float:
    """From the arrival of the first message to that of the last; `size_bytes` a multiple of 64 KiB."""
    for device in (sender, receiver):
        device.page.evaluate(_OPEN)
    offer = sender.page.evaluate(_DESCRIBE, None)
    sender.page.evaluate(_DESCRIBE, receiver.page.evaluate(_DESCRIBE, offer))
    receiver.page.evaluate(_LISTEN)
    sender.page.evaluate(_SEND, size_bytes)
    receiver.page.wait_for_function(
        _ARRIVED, arg=size_bytes, polling=ARRIVAL_POLL_MS, timeout=ARRIVAL_LIMIT_MS
    )
    arrival = receiver.page.evaluate("oneArrival")
    for device in (sender, receiver):
        device.page.evaluate(_CLOSE)
    taken_sec = (arrival["lastMs"] - arrival["firstMs"]) / 1000
    return float((arrival["bytes"] - arrival["firstBytes"]) / taken_sec)
