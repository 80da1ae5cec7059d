"""What a page shows of songs whose tags are in a country's own letters, damaged, or have a large cover."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from lab.file_room import MIB, FileRoom, make_tune

pytestmark = [pytest.mark.e2e, pytest.mark.shares]

# What a camera sees in the dark: no encoder makes it small.
NOISE = "testsrc=size=1500x1500:rate=1:duration=1,noise=alls=100"
COVER_SIDE_PX = 700
# A family, and Persian with a joiner and a non-joiner; before the extension a mark that turns it around.
FAMILY = "👨\u200d👩\u200d👧 می\u200cخواهم"  # noqa: RUF001


def id3v1(title: bytes, artist: bytes) -> bytes:
    return b"TAG" + title.ljust(30, b"\0") + artist.ljust(30, b"\0") + bytes(65)


def test_songs_are_called_what_their_tags_say_in_any_letters(
    file_room: FileRoom, tmp_path: Path, out_dir: Path
) -> None:
    """[P57] [P60] [P61] [P62] Titles are read in a Worker; a cover above 1 MiB is shown, scaled."""
    tune = make_tune(tmp_path / "large cover.mp3", 2, cover=NOISE)
    assert tune.stat().st_size > MIB
    # Without its ID3v2 tag and with one of another encoding behind.
    sound = b"\xff\xfb\x90\x00" + bytes(413)
    tags = {
        "ru.mp3": ("Группа крови", "Кино", "cp1251"),
        "ja.mp3": ("上を向いて歩こう", "坂本九", "shift_jis"),
        "utf8.mp3": ("Déjà Vu Beyoncé", "Ada", "utf-8"),
    }
    for name, (title, artist, encoding) in tags.items():
        (tmp_path / name).write_bytes(20 * sound + id3v1(title.encode(encoding), artist.encode(encoding)))
    (tmp_path / "unknown.mp3").write_bytes(20 * sound + id3v1(b"\xff\xd8\x81\xfe\x8d\x90\xa0\x9d\xff", b""))
    (tmp_path / f"{FAMILY}\u202e.mp3").write_bytes(21 * sound)

    ada, bo = file_room.enter_together("ada", "bo")
    for device in (ada, bo):
        device.page.set_viewport_size({"width": 390, "height": 844})
    others = sorted(path for path in tmp_path.iterdir() if path != tune)
    ada.add_file(tune, *others[:2])
    bo.add_file(*others[2:])
    for device in (ada, bo):
        rows = device.page.get_by_role("list", name="Files").get_by_role("listitem")
        for title, artist, _ in tags.values():
            expect(rows.filter(has_text=title)).to_contain_text(artist)
        expect(rows.filter(has_text=f"{FAMILY}.mp3")).to_have_count(1)
        expect(rows.filter(has_text="unknown.mp3").locator(".file-name")).to_have_text("unknown.mp3")
        cover = rows.filter(has_text="Glass Harbour").locator("img")
        expect(cover).to_have_js_property("naturalWidth", COVER_SIDE_PX)
    for scheme in ("light", "dark"):
        ada.page.emulate_media(color_scheme=scheme)
        ada.page.screenshot(path=out_dir / f"tags-{scheme}.png", full_page=True)
    assert (ada.errors, bo.errors) == ([], [])
