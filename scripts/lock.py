"""Pins what the server needs at run time, with hashes: `python scripts/lock.py` writes them to deploy/.

Versions are the newest that pyproject.toml allows; hashes are those of the wheels for Linux on x86-64 and
ARM64, for the Pythons that are tested. Install with `pip install --require-hashes -r
deploy/requirements.lock`, then the package itself with `--no-deps`. Elsewhere the versions hold and the
hashes must be added.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "deploy" / "requirements.lock"
PYTHONS = ("3.11", "3.12", "3.13")
ARCHITECTURES = ("x86_64", "aarch64")
# Newest first: pip takes a wheel that fits any of them.
GLIBCS = ("2_34", "2_28", "2_17")
_WHEEL = re.compile(r"^(?P<name>.+?)-(?P<version>[^-]+)-.+\.whl$")


def download(requirements: list[str], python: str, architecture: str, folder: Path) -> None:
    platforms = [f"--platform=manylinux_{glibc}_{architecture}" for glibc in GLIBCS]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:"]
    command += [f"--python-version={python}", *platforms, f"--dest={folder}", *requirements]
    subprocess.run(command, check=True)  # noqa: S603 - all of it written above


def main() -> int:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    fast = [requirement.partition(";")[0] for requirement in project["optional-dependencies"]["fast"]]
    requirements = [*project["dependencies"], *fast]
    hashes: dict[tuple[str, str], set[str]] = defaultdict(set)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for python in PYTHONS:
            for architecture in ARCHITECTURES:
                download(requirements, python, architecture, folder)
        for path in folder.glob("*.whl"):
            match = _WHEEL.match(path.name)
            assert match is not None, path.name
            key = (match["name"].lower().replace("_", "-"), match["version"])
            hashes[key].add(hashlib.sha256(path.read_bytes()).hexdigest())
    lines = ["# Written by scripts/lock.py. Wheels for Linux, x86-64 and ARM64.", ""]
    for (package, version), digests in sorted(hashes.items()):
        pins = "".join(f" \\\n    --hash=sha256:{digest}" for digest in sorted(digests))
        lines.append(f"{package}=={version}{pins}")
    LOCK.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
