"""What one WebRTC data channel alone carries between two members of a network, bytes per second.

The measure of all swarms behind the same shaper: headers, acknowledgements and the sender's own caution are
in it. Nothing of Unisono is: a bare connection of the browser's, on a page that serves only as its home.
"""

from __future__ import annotations

from collections.abc import Sequence

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
  window.oneArrival = { bytes: 0, firstMs: 0, lastMs: 0, samples: [] };
  oneChannel.onmessage = ({ data }) => {
    const nowMs = performance.timeOrigin + performance.now();
    if (oneArrival.bytes === 0) oneArrival.firstMs = nowMs;
    oneArrival.bytes += data.byteLength;
    oneArrival.lastMs = nowMs;
    oneArrival.samples.push([nowMs, data.byteLength]);
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

_BEGIN = f"(sizeBytes) => {{ ({_SEND})(sizeBytes); }}"
_ARRIVED = "(sizeBytes) => window.oneArrival.bytes >= sizeBytes"
_CLOSE = "() => window.oneConnection.close()"

ARRIVAL_POLL_MS = 500
ARRIVAL_LIMIT_MS = 120_000


def measure_goodput(sender: Device, receiver: Device, size_bytes: int) -> float:
    """From the arrival of the first message to that of the last; `size_bytes` a multiple of 64 KiB."""
    return measure_together([(sender, receiver)], size_bytes)


def measure_together(pairs: Sequence[tuple[Device, Device]], size_bytes: int) -> float:
    """What channels of several pairs carry in all while all of them are busy; nobody is in two pairs.

    Counted is what all pairs bring between the last first arrival and the first end of any of them.
    """
    for pair in pairs:
        for device in pair:
            device.page.evaluate(_OPEN)
    for sender, receiver in pairs:
        offer = sender.page.evaluate(_DESCRIBE, None)
        sender.page.evaluate(_DESCRIBE, receiver.page.evaluate(_DESCRIBE, offer))
        receiver.page.evaluate(_LISTEN)
    for sender, _ in pairs:
        sender.page.evaluate(_BEGIN, size_bytes)
    for _, receiver in pairs:
        receiver.page.wait_for_function(
            _ARRIVED, arg=size_bytes, polling=ARRIVAL_POLL_MS, timeout=ARRIVAL_LIMIT_MS
        )
    arrivals = [receiver.page.evaluate("oneArrival") for _, receiver in pairs]
    for pair in pairs:
        for device in pair:
            device.page.evaluate(_CLOSE)
    from_ms: float = max(each["firstMs"] for each in arrivals)
    to_ms: float = min(each["lastMs"] for each in arrivals)
    moved_bytes = sum(_between(each["samples"], from_ms, to_ms) for each in arrivals)
    return 1000 * moved_bytes / (to_ms - from_ms)


def _between(samples: list[tuple[float, int]], from_ms: float, to_ms: float) -> int:
    """What came after the first moment, until the second. Wall clock, ms: all pages run on one host."""
    return sum(size_bytes for at_ms, size_bytes in samples if from_ms < at_ms <= to_ms)
