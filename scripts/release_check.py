"""Everything a release needs, made and checked: `make release-check`; see docs/releasing.md.

It builds what is committed, not what lies in the folder: twice, in two places, to see that the same bytes
come out. What people download is left in dist/: sdist, wheel, bill of materials, the page's hashes, and the
hashes of all these. Every check is made, also after one that failed, so a run is a rehearsal at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
VERSION_FILE = "src/unisono/__init__.py"
SUMS = "SHA256SUMS"
NOTICES = "unisono/_web/third-party-licences.txt"

# What pip and semantic versioning both understand, without the forms that only one of them has.
_VERSION = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")


Made = TypeVar("Made")


class ReleaseError(Exception):
    """Why this is no release; the text is one line for people."""


# --- what is checked ----------------------------------------------------------------------------------------


def version_in(source: str) -> str:
    """The version as the package states it, which is the only place that does."""
    found = re.findall(r'^__version__ = "([^"]+)"$', source, re.MULTILINE)
    if len(found) != 1 or not _VERSION.fullmatch(found[0]):
        raise ReleaseError(f"{VERSION_FILE} must state one version like 1.2.3, not {found}")
    return str(found[0])


def check_changelog(text: str, version: str) -> None:
    """The newest section is this version's, dated, and says something."""
    _, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    heading, _, body = sections[0].partition("\n") if sections else ("nothing", "", "")
    if not re.fullmatch(rf"{re.escape(version)} \(\d{{4}}-\d\d-\d\d\)", heading.strip()):
        raise ReleaseError(f"CHANGELOG.md begins with “{heading.strip()}”, not with “{version} (its date)”")
    if not body.strip():
        raise ReleaseError(f"CHANGELOG.md says nothing about {version}")


def check_tree(status: str, tag_commit: str, head: str, version: str) -> None:
    """Nothing changed or left over, and no other commit that bears this version."""
    if status.strip():
        raise ReleaseError(f"not committed: {', '.join(line[3:] for line in status.splitlines())}")
    if tag_commit and tag_commit != head:
        raise ReleaseError(f"v{version} is the tag of another commit; the version must change")


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_same(first: Path, second: Path) -> None:
    """Two folders hold the same names with the same bytes."""
    sums = [{path.name: sha256_of(path) for path in folder.iterdir()} for folder in (first, second)]
    different = sorted(name for name in sums[0] | sums[1] if sums[0].get(name) != sums[1].get(name))
    if different:
        raise ReleaseError(f"built twice and not the same: {', '.join(different)}")


def check_contents(dist: Path, version: str) -> None:
    """One sdist and one wheel of this version, both with the licence and the licences of the page's parts."""
    names = {path.name for path in dist.iterdir()}
    wheel, sdist = f"unisono-{version}-py3-none-any.whl", f"unisono-{version}.tar.gz"
    if names != {wheel, sdist}:
        raise ReleaseError(f"built {', '.join(sorted(names))}, expected {sdist} and {wheel}")
    with zipfile.ZipFile(dist / wheel) as archive:
        wanted = [f"unisono-{version}.dist-info/licenses/LICENSE", NOTICES]
        missing = [name for name in wanted if name not in archive.namelist()]
    with tarfile.open(dist / sdist) as source:
        wanted = [f"unisono-{version}/{name}" for name in ("LICENSE", "CHANGELOG.md", f"src/{NOTICES}")]
        missing += [name for name in wanted if name not in source.getnames()]
    if missing:
        raise ReleaseError(f"missing in the packages: {', '.join(missing)}")


def check_bill(bill: dict[str, Any], version: str, requirements: Iterable[str]) -> None:
    """CycloneDX, of this version, with all that the server asks for and the licence of each part."""
    if bill.get("bomFormat") != "CycloneDX" or bill["metadata"]["component"]["version"] != version:
        raise ReleaseError(f"the bill of materials is not one of {version}")
    parts = {part["name"]: part for part in bill["components"]}
    missing = sorted(set(requirements) - set(parts))
    if missing:
        raise ReleaseError(f"the bill of materials lacks {', '.join(missing)}")


# --- how it is made -----------------------------------------------------------------------------------------


def run(*words: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    """What it printed; also what it complained of, when it failed."""
    done = subprocess.run(  # noqa: S603 - all words are written in this file
        [str(word) for word in words], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
        raise ReleaseError(f"`{' '.join(str(word) for word in words)}` ended with {done.returncode}")
    return done.stdout


def build_commit(folder: Path) -> Path:
    """The packages of what is committed, built in a folder of their own."""
    folder.mkdir(parents=True)
    archive = folder.with_suffix(".tar")
    run("git", "archive", "--output", archive, "HEAD")
    with tarfile.open(archive) as source:
        source.extractall(folder, filter="data")
    run(sys.executable, "-m", "build", cwd=folder)
    return folder / "dist"


def bill_of(wheel: Path, folder: Path) -> dict[str, Any]:
    """Made where nothing but the wheel is installed, so that it lists what people get and no tool of ours."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    run(python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", wheel)
    bill: dict[str, Any] = json.loads(run(python, ROOT / "scripts" / "sbom.py"))
    return bill


def requirements_of(wheel: Path) -> list[str]:
    """The names of what the wheel asks for, without extras."""
    with zipfile.ZipFile(wheel) as archive:
        [metadata] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        lines = archive.read(metadata).decode().partition("\n\n")[0].splitlines()
    asked = [
        line.partition(": ")[2]
        for line in lines
        if line.startswith("Requires-Dist: ") and "extra ==" not in line
    ]
    return [re.split(r"[^A-Za-z0-9._-]", each, maxsplit=1)[0].lower().replace("_", "-") for each in asked]


def page_sums(wheel: Path) -> str:
    """As scripts/hashes.py prints them, of the page that is in the wheel."""
    prefix = "unisono/_web/"
    with zipfile.ZipFile(wheel) as archive:
        names = sorted(name for name in archive.namelist() if name.startswith(prefix))
        return "".join(
            f"{hashlib.sha256(archive.read(name)).hexdigest()}  {name.removeprefix(prefix)}\n"
            for name in names
        )


def write_sums(dist: Path) -> None:
    """For `sha256sum --check`."""
    paths = sorted(path for path in dist.iterdir() if path.name != SUMS)
    (dist / SUMS).write_text("".join(f"{sha256_of(path)}  {path.name}\n" for path in paths), encoding="utf-8")


class Checks:
    """Makes each check, says how it went, and remembers those that failed."""

    def __init__(self) -> None:
        self.failed: list[str] = []

    def make(self, what: str, attempt: Callable[[], Made]) -> Made | None:
        """What the attempt made, or None when it found fault."""
        try:
            made = attempt()
        except ReleaseError as fault:
            print(f"NO  {what}: {fault}", flush=True)
            self.failed.append(what)
            return None
        print(f"ok  {what}", flush=True)
        return made


def main() -> int:
    version = version_in((ROOT / VERSION_FILE).read_text(encoding="utf-8"))
    print(f"Unisono {version}", flush=True)
    checks = Checks()
    check_sources(checks, version)
    if build_twice(checks, version):
        finish(checks, version)
    if checks.failed:
        print(f"\nFailed: {', '.join(checks.failed)}")
        return 1
    print(f"\n{version} can be released: dist/")
    return 0


def check_sources(checks: Checks, version: str) -> None:
    """What git and the changelog say."""
    status = run("git", "status", "--porcelain")
    head = run("git", "rev-parse", "HEAD").strip()
    # Of a signed tag the second name is the commit's.
    tags = run(
        "git", "for-each-ref", f"refs/tags/v{version}", "--format=%(objectname) %(*objectname)"
    ).split()
    tag_commit = tags[-1] if tags else ""
    checks.make("everything is committed", lambda: check_tree(status, tag_commit, head, version))
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    checks.make("the changelog speaks of it", lambda: check_changelog(changelog, version))


def build_twice(checks: Checks, version: str) -> bool:
    """Leaves the packages in dist/ and says whether they are there."""
    with tempfile.TemporaryDirectory(prefix="unisono-release-") as name:
        folder = Path(name)
        first = checks.make("packages are built", lambda: build_commit(folder / "one"))
        second = checks.make("packages are built again", lambda: build_commit(folder / "another" / "place"))
        if first is None or second is None:
            return False
        checks.make("both have the same bytes", lambda: check_same(first, second))
        checks.make("licences are in the packages", lambda: check_contents(first, version))
        shutil.rmtree(DIST, ignore_errors=True)
        shutil.copytree(first, DIST)
        return True


def finish(checks: Checks, version: str) -> None:
    """From packages in dist/ to all that is published, and the last proof: they are installed and used."""
    [wheel] = DIST.glob("*.whl")
    with tempfile.TemporaryDirectory(prefix="unisono-release-") as name:
        bill = checks.make("the wheel installs", lambda: bill_of(wheel, Path(name) / "venv"))
    if bill is not None:
        asked = requirements_of(wheel)
        checks.make("the bill of materials is whole", lambda: check_bill(bill, version, asked))
        text = json.dumps(bill, indent=2) + "\n"
        (DIST / f"unisono-{version}.cdx.json").write_text(text, encoding="utf-8")
    (DIST / f"unisono-{version}-page.sha256").write_text(page_sums(wheel), encoding="utf-8")
    write_sums(DIST)
    tests = (sys.executable, "-m", "pytest", "-q", "tests/test_package.py")
    environment = {**os.environ, "UNISONO_DIST": str(DIST)}
    checks.make("installed without Node, it serves", lambda: run(*tests, env=environment))


if __name__ == "__main__":
    sys.exit(main())
