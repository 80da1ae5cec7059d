#!/bin/sh
# aiortc 1.16.0 accepts an offer that asks for an ICE restart (new ufrag and password, RFC 8839 section 4.4.1.1.1) and answers it
# with its former ufrag and password, without an error. RFC 8839 wants new ones, and the offerer's checks with the new password
# are not the ones it waits for, so the connection keeps its former path: a restart repairs nothing.
# Exits 1 when this has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check aiortc==1.16.0
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import re
import sys

import aiortc
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

print("aiortc", aiortc.__version__)


def ufrag(sdp: str) -> str:
    return re.search(r"a=ice-ufrag:(\S+)", sdp).group(1)


async def main() -> int:
    caller, callee = (RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(2))
    caller.createDataChannel("any")
    opened = asyncio.Event()
    callee.on("datachannel", lambda channel: opened.set())
    await caller.setLocalDescription(await caller.createOffer())
    await callee.setRemoteDescription(caller.localDescription)
    await callee.setLocalDescription(await callee.createAnswer())
    await caller.setRemoteDescription(callee.localDescription)
    await asyncio.wait_for(opened.wait(), 20)
    before = ufrag(callee.localDescription.sdp)

    # What a browser's restartIce() changes in its next offer.
    restart = re.sub(r"(a=ice-ufrag:)\S+", r"\g<1>new1", caller.localDescription.sdp)
    restart = re.sub(r"(a=ice-pwd:)\S+", r"\g<1>abcdefghijklmnopqrstuvwx", restart)
    await callee.setRemoteDescription(RTCSessionDescription(restart, "offer"))
    await callee.setLocalDescription(await callee.createAnswer())
    after = ufrag(callee.localDescription.sdp)
    print("ufrag of the answerer is", "the same" if after == before else "another", "after the restart")
    print("connection:", callee.connectionState)
    await caller.close()
    await callee.close()
    return 0 if after == before else 1


sys.exit(asyncio.run(main()))
PYTHON
