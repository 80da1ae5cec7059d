"""The page object against a page that has the contract's names and nothing else, in real browsers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Error

from lab.browsers.device import Device, wait_for_all
from lab.browsers.folder_server import serve_folder
from lab.browsers.launch import Fleet
from lab.browsers.process_tree import processes_marked

pytestmark = pytest.mark.e2e

PAGES = Path(__file__).parent / "pages"
SHORT_LIMIT_SEC = 0.5  # of waits that are meant to fail


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve_folder(PAGES) as root:
        yield f"{root}/contract.html"


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def ada(request: pytest.FixtureRequest, address: str) -> Iterator[Device]:
    with Fleet(address) as fleet:
        yield fleet.chromium("ada", {}) if request.param == "chromium" else fleet.firefox("ada", {})


@pytest.fixture
def swarm(ada: Device) -> Device:
    ada.open()
    ada.new_swarm()
    return ada


def test_joining_with_a_typed_key_waits_until_it_is_in(ada: Device) -> None:
    ada.open()
    ada.enter_key("K7QF-9TXM-2B4D")
    ada.join()
    assert ada.snapshot()["phase"] == "joined"
    assert ada.status() == "You are alone here"


def test_the_invite_link_is_read_from_the_dialog_and_the_dialog_closed(swarm: Device) -> None:
    assert swarm.invite_link().endswith("/#K7QF-9TXM-2B4D")
    assert not swarm.page.get_by_role("dialog").is_visible()


def test_play_waits_for_the_file_and_presses_the_right_row(swarm: Device, tmp_path: Path) -> None:
    for name in ("one.mp3", "two.mp3"):
        (tmp_path / name).write_bytes(b"x" * 10)
    swarm.add_file(tmp_path / "one.mp3", tmp_path / "two.mp3")
    swarm.play("two.mp3")
    assert swarm.snapshot()["pressed"] == ["play two.mp3"]
    swarm.wait_for_seeded("one.mp3")
    swarm.set_enabled("one.mp3", enabled=False)
    swarm.set_enabled("two.mp3", enabled=True)
    one, two = swarm.file("one.mp3"), swarm.file("two.mp3")
    assert one is not None
    assert two is not None
    assert (one["enabled"], two["enabled"]) == (False, True)
    assert swarm.file("three.mp3") is None


def test_every_button_is_found_by_its_name(swarm: Device) -> None:
    swarm.stop()
    swarm.start_now()
    swarm.take_over()
    swarm.resign()
    assert swarm.snapshot()["pressed"] == ["stop", "start", "take", "resign"]
    swarm.set_speaker_delay(120)
    assert swarm.snapshot()["playback"]["speakerDelayMs"] == 120
    swarm.leave()
    assert swarm.snapshot()["phase"] == "left"


def test_a_wait_in_vain_shows_the_snapshots_and_the_console(swarm: Device) -> None:
    swarm.page.evaluate("console.log('the last thing it said')")
    with pytest.raises(TimeoutError) as failure:
        swarm.wait_for(lambda shot: shot["phase"] == "playing", "to play", limit_sec=SHORT_LIMIT_SEC)
    words = str(failure.value)
    assert "ada: to play" in words
    assert '"phase": "joined"' in words
    assert "the last thing it said" in words


def test_a_mistake_in_a_predicate_is_raised_and_not_waited_out(swarm: Device) -> None:
    with pytest.raises(KeyError):
        swarm.wait_for(lambda shot: bool(shot["no such key"]), "a typo")


def test_a_reload_under_a_wait_is_waited_out(swarm: Device) -> None:
    swarm.page.evaluate("setTimeout(() => location.reload(), 10)")
    assert wait_for_all([swarm], lambda shot: shot["phase"] == "home", "to be home again")


def test_errors_of_the_page_are_collected(ada: Device) -> None:
    ada.open()
    ada.errors.clear()
    ada.page.evaluate("console.error('said as an error'); setTimeout(() => { throw new Error('thrown') }, 0)")
    ada.page.wait_for_function("true")
    ada.page.evaluate("new Promise((done) => setTimeout(done, 50))")
    assert any("said as an error" in line for line in ada.errors)
    assert any("thrown" in line for line in ada.errors)


def test_a_fleet_ends_its_browsers_also_after_a_failure(address: str) -> None:
    marks: list[str] = []

    def fail_inside() -> None:
        with Fleet(address, condition="harsh") as fleet:
            device = fleet.chromium("ada", {}, phone="android")
            device.open()
            assert device.page.evaluate("navigator.userAgent").count("Android") == 1
            marks.append(device.mark)
            assert processes_marked(device.mark)
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        fail_inside()
    assert processes_marked(marks[0]) == set()


def test_two_fleets_may_be_open_at_once_and_end_in_any_order(address: str) -> None:
    first, second = Fleet(address).__enter__(), Fleet(address).__enter__()
    try:
        bo, cy = first.chromium("bo", {}), second.chromium("cy", {})
        first.close()
        cy.open()
        assert cy.snapshot()["phase"] == "home"
        assert processes_marked(bo.mark) == set()
    finally:
        first.close()
        second.close()


def test_the_two_conditions_differ_in_size_and_only_quiet_gives_priority(address: str) -> None:
    with Fleet(address, condition="harsh") as fleet:
        bo = fleet.chromium("bo", {})
        bo.open()
        assert bo.page.evaluate("[innerWidth, innerHeight]") == [1280, 720]
        assert fleet.give_sound_priority() == {}


def test_an_error_that_is_no_reload_is_not_swallowed(swarm: Device) -> None:
    swarm.page.evaluate("void (window.unisono.snapshot = () => { throw new Error('broken page') })")
    with pytest.raises(Error, match="broken page"):
        swarm.wait_for(lambda _: True, "anything")
