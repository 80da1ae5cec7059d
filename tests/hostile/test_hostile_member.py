"""What a member who means harm can do: he knows the key, so he is let in; then he is contained, and named.

Eve's page is the real one with a hook on its data channels, through which each test sends what no honest page
would. Ada and bo live through all of it. Terms, plans and statuses that no page would seal are in
web/src/app/edges.test.ts; damaged pieces in tests/e2e/test_bad_input.py.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from lab.browsers.device import Device, wait_for_all
from lab.browsers.launch import Fleet
from lab.file_room import KEEP_BULK_IN_PAGE, NO_SOUND, SILENT, FileRoom, make_noise
from lab.room import has_peers, holds
from lab.server_process import ServerProcess

pytestmark = pytest.mark.e2e

# Numbers the control messages of each data channel anew, so that others fit in between, and sends into all
# of them. The page's own catalogs, which would take the place of a made-up one, are held back while
# `isListing`. A page lists its files once it has been greeted; what comes before that is nonsense to the
# other.
HOOK = """
(() => {
  const channels = new Map();
  const create = RTCPeerConnection.prototype.createDataChannel;
  RTCPeerConnection.prototype.createDataChannel = function (...rest) {
    const channel = create.apply(this, rest);
    channels.set(channel, { seq: -1 });
    return channel;
  };
  const send = RTCDataChannel.prototype.send;
  RTCDataChannel.prototype.send = function (data) {
    if (this.label !== "ctl") return send.call(this, data);
    const said = JSON.parse(data);
    if (said.message.type === "catalog") channels.get(this).hasSaidHello = true;
    if (window.isListing && said.message.type === "catalog") return;
    return send.call(this, JSON.stringify({ ...said, seq: ++channels.get(this).seq }));
  };
  const each = (label, act) => {
    for (const [channel, known] of channels)
      if (channel.label === label && channel.readyState === "open") act(channel, known);
  };
  window.countGreeted = () => {
    let count = 0;
    each("ctl", (_, known) => { count += known.hasSaidHello ? 1 : 0; });
    return count;
  };
  window.sayCtl = (message) => each("ctl", (channel, known) =>
    send.call(channel, JSON.stringify({ seq: ++known.seq, message })));
  window.sayRaw = (label, data) => each(label, (channel) => send.call(channel, data));
})();
"""

FILE_ID = "f" * 64
LISTED = (
    f'{{slot: 9, fileId: "{FILE_ID}", name: "x.mp3", sizeBytes: 1000, pieceLength: 65536, isOwn: true,'
    " isWhole: true}"
)

# Each closes eve's links for good, with words that name her.
OFFENCES = {
    "a message that is no JSON": 'sayRaw("ctl", "{")',
    "a message without an end": 'sayRaw("ctl", "x".repeat(70_000))',
    "a binary control message": 'sayRaw("ctl", new Uint8Array(100))',
    "text among the pieces": 'sayCtl({type: "pong", id: 1}); sayRaw("bulk", "text")',
    "a file of endless size": f"sayCtl({{type: 'catalog', files: [{{...{LISTED}, sizeBytes: 2 ** 53}}]}})",
    "a thousand files": f"sayCtl({{type: 'catalog', files: Array.from({{length: 1000}}, () => ({LISTED}))}})",
    "an endless name": f"sayCtl({{type: 'catalog', files: [{{...{LISTED}, name: 'x'.repeat(5000)}}]}})",
    "a flood": f"for (let n = 0; n < 999; n++) sayCtl({{type: 'cancel', fileId: '{FILE_ID}', pieces: []}})",
    "pieces nobody asked for": """sayRaw("bulk", new Uint8Array([1, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 7]))""",
}
MARKUP = "<img src=x onerror='window.isOwned = true'>"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FileRoom]:
    """Ada and bo, with a file of ada's."""
    folder = tmp_path_factory.mktemp("member")
    process = ServerProcess(folder / "server.log", ["--stun-port", "0"])
    try:
        with Fleet(process.url) as fleet:
            room = FileRoom(fleet, process.url)
            ada, bo = room.enter("ada", "bo")
            ada.add_file(make_noise(folder / "song.mp3", 100_000))
            wait_for_all([ada, bo], lambda shot: holds(shot, "song.mp3"), "to hold the song")
            yield room
    finally:
        process.stop()


@pytest.fixture
def eve(room: FileRoom) -> Iterator[Device]:
    """Somebody new each time, linked with both and greeted by both; her browser is gone afterwards."""
    device = room.fleet.chromium("eve", SILENT, extra_args=NO_SOUND)
    device.page.add_init_script(KEEP_BULK_IN_PAGE + HOOK)
    room.join(device)
    wait_for_all([*room.fleet.devices[:2], device], has_peers(3), "to be linked with eve")
    device.page.wait_for_function("() => countGreeted() === 2")
    yield device
    device.leave()
    device.context.close()
    wait_for_all(room.fleet.devices[:2], has_peers(2), "to be two again")
    for honest in room.fleet.devices[:2]:
        assert honest.errors == []


@pytest.mark.parametrize("what", OFFENCES)
def test_who_sends_nonsense_is_parted_from_and_named(room: FileRoom, eve: Device, what: str) -> None:
    ada, bo = room.fleet.devices[:2]
    name, eve_id = eve.snapshot()["name"], eve.snapshot()["userId"]
    eve.page.evaluate(OFFENCES[what])
    wait_for_all(
        [ada, bo],
        lambda shot: all(peer["linked"] == (peer["userId"] != eve_id) for peer in shot["peers"]),
        "to be linked with each other and not with eve",
    )
    expect(ada.page.get_by_text(name).first).to_be_visible()
    expect(ada.page.locator("body")).to_contain_text("made no sense")
    assert holds(bo.snapshot(), "song.mp3")


def test_names_are_text_whatever_they_say(room: FileRoom, eve: Device) -> None:
    """Markup, direction overrides and control characters in the name of a person and of a file."""
    ada, bo = room.fleet.devices[:2]
    eve.page.evaluate("window.isListing = true")
    entry = f"{{...{LISTED}, name: {MARKUP!r} + '\\u202e\\u0000gnp.mp3'}}"
    eve.page.evaluate(f"sayCtl({{type: 'catalog', files: [{entry}]}})")
    for device in (ada, bo):
        shot = device.wait_for(lambda shot: len(shot["files"]) == 2, "to see eve's file")
        expect(device.page.get_by_text(MARKUP).first).to_be_visible()
        assert device.page.evaluate("window.isOwned") is None
        assert device.page.locator("main img, [onerror]").count() == 0
        shown = next(each["name"] for each in shot["files"] if each["name"] != "song.mp3")
        assert shown == f"{MARKUP} gnp.mp3"
