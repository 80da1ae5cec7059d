"""What `make release-check` finds fault with, on small stand-ins; its builds take minutes and stay out."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

import release_check as release
from unisono import __version__

BILL = {
    "bomFormat": "CycloneDX",
    "metadata": {"component": {"version": "1.2.3"}},
    "components": [{"name": "aiohttp"}, {"name": "msgspec"}],
}


def packages(folder: Path, without: str = "", version: str = "1.2.3") -> Path:
    """An sdist and a wheel as they should be, but for one file."""
    folder.mkdir()
    in_wheel = ["unisono-1.2.3.dist-info/licenses/LICENSE", release.NOTICES, "unisono/_web/index.html"]
    with zipfile.ZipFile(folder / f"unisono-{version}-py3-none-any.whl", "w") as wheel:
        for name in in_wheel:
            if name != without:
                wheel.writestr(name, name)
        wheel.writestr(
            "unisono-1.2.3.dist-info/METADATA",
            "Name: unisono\nRequires-Dist: aiohttp<4,>=3.14\nRequires-Dist: Msgspec>=0.20\n"
            "Requires-Dist: uvloop>=0.22; extra == 'fast'\n\nRequires-Dist: a word in the README\n",
        )
    with tarfile.open(folder / f"unisono-{version}.tar.gz", "w:gz") as sdist:
        for name in ("LICENSE", "CHANGELOG.md", f"src/{release.NOTICES}"):
            if name != without:
                sdist.addfile(tarfile.TarInfo(f"unisono-1.2.3/{name}"), io.BytesIO())
    return folder


def test_the_version_stands_in_one_place_and_is_the_package_s() -> None:
    source = (release.ROOT / release.VERSION_FILE).read_text(encoding="utf-8")
    assert release.version_in(source) == __version__
    assert f'"{__version__}"' not in (release.ROOT / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "source", ["", '__version__ = "next"\n', '__version__ = "1.0.0"\n__version__ = "1.0.1"\n']
)
def test_a_version_that_is_none_is_refused(source: str) -> None:
    with pytest.raises(release.ReleaseError):
        release.version_in(source)


def test_a_changelog_of_this_version_passes() -> None:
    release.check_changelog(
        "# Changelog\n\n## 1.2.3 (2026-11-26)\n\n- New.\n\n## 1.2.2 (2026-01-01)\n", "1.2.3"
    )


@pytest.mark.parametrize(
    "text",
    [
        "# Changelog\n",
        "# Changelog\n\n## Unreleased\n\n- New.\n",
        "## 1.2.2 (2026-11-26)\n\n- Old.\n",
        "## 1.2.3\n\n- Without a date.\n",
        "## 1.2.3 (2026-11-26)\n\n## 1.2.2 (2026-01-01)\n\n- Old.\n",
    ],
)
def test_a_changelog_of_another_version_is_refused(text: str) -> None:
    with pytest.raises(release.ReleaseError):
        release.check_changelog(text, "1.2.3")


def test_what_is_not_committed_or_was_released_before_is_refused() -> None:
    release.check_tree("", "", "c0ffee", "1.2.3")
    release.check_tree("", "c0ffee", "c0ffee", "1.2.3")
    with pytest.raises(release.ReleaseError, match=r"README\.md"):
        release.check_tree(" M README.md\n", "", "c0ffee", "1.2.3")
    with pytest.raises(release.ReleaseError, match="another commit"):
        release.check_tree("", "decade", "c0ffee", "1.2.3")


def test_packages_that_differ_between_two_builds_are_named(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.whl").write_text("same")
        (tmp_path / folder / "other.whl").write_text(folder)
    with pytest.raises(release.ReleaseError, match=r"not the same: other\.whl$"):
        release.check_same(tmp_path / "one", tmp_path / "two")
    release.check_same(tmp_path / "one", tmp_path / "one")


def test_packages_with_all_their_licences_pass(tmp_path: Path) -> None:
    release.check_contents(packages(tmp_path / "dist"), "1.2.3")


@pytest.mark.parametrize("without", ["LICENSE", release.NOTICES, "unisono-1.2.3.dist-info/licenses/LICENSE"])
def test_packages_without_a_licence_are_refused(tmp_path: Path, without: str) -> None:
    with pytest.raises(release.ReleaseError, match="missing"):
        release.check_contents(packages(tmp_path / "dist", without=without), "1.2.3")


def test_packages_of_another_version_are_refused(tmp_path: Path) -> None:
    with pytest.raises(release.ReleaseError, match="expected"):
        release.check_contents(packages(tmp_path / "dist", version="1.2.4"), "1.2.3")


def test_the_bill_of_materials_names_all_that_the_wheel_asks_for(tmp_path: Path) -> None:
    [wheel] = packages(tmp_path / "dist").glob("*.whl")
    assert release.requirements_of(wheel) == ["aiohttp", "msgspec"]
    release.check_bill(BILL, "1.2.3", ["aiohttp", "msgspec"])
    with pytest.raises(release.ReleaseError, match="lacks segno"):
        release.check_bill(BILL, "1.2.3", ["aiohttp", "segno"])
    with pytest.raises(release.ReleaseError, match=r"not one of 1\.2\.4"):
        release.check_bill(BILL, "1.2.4", [])


def test_sums_are_what_sha256sum_checks(tmp_path: Path) -> None:
    (tmp_path / "a.whl").write_bytes(b"abc")
    release.write_sums(tmp_path)
    release.write_sums(tmp_path)  # not of itself
    assert (tmp_path / release.SUMS).read_text() == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a.whl\n"
    )
