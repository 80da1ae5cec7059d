"""The bill of materials of a release, CycloneDX 1.6 as JSON: `python scripts/sbom.py > unisono.cdx.json`.

What the server needs at run time, as installed here, and what the page was built from, as
web/package-lock.json pins it with hashes. Tools that only build and test are left out. No network, no time
stamp: the same input gives the same bytes.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

LOCK = Path(__file__).resolve().parent.parent / "web" / "package-lock.json"
ROOT_PACKAGE = "unisono"
_NAME = re.compile(r"^[A-Za-z0-9._-]+")


def python_parts() -> list[dict[str, Any]]:
    """The closure of the package's own requirements, without extras that are not installed."""
    found: dict[str, metadata.Distribution] = {}
    waiting = [ROOT_PACKAGE]
    while waiting:
        for requirement in metadata.distribution(waiting.pop()).requires or []:
            match = _NAME.match(requirement)
            if match is None or "extra ==" in requirement:
                continue
            name = match[0].lower().replace("_", "-")
            try:
                distribution = metadata.distribution(name)
            except metadata.PackageNotFoundError:
                continue  # for other platforms or older Pythons
            if name not in found:
                found[name] = distribution
                waiting.append(name)
    return [part("pypi", name, found[name].version, licence_of(found[name])) for name in sorted(found)]


def licence_of(distribution: metadata.Distribution) -> str:
    """As an expression; "" where the package states none."""
    stated = distribution.metadata.json.get("license_expression", "")
    return str(stated)


def page_parts() -> list[dict[str, Any]]:
    packages: dict[str, dict[str, Any]] = json.loads(LOCK.read_text(encoding="utf-8"))["packages"]
    parts = []
    for path, package in sorted(packages.items()):
        # devOptional: typescript, which valibot would use for its types if it were there.
        if not path or any(package.get(mark) for mark in ("dev", "optional", "devOptional")):
            continue
        made = part(
            "npm", path.rpartition("node_modules/")[2], package["version"], package.get("license", "")
        )
        algorithm, _, digest = package["integrity"].partition("-")
        content = base64.b64decode(digest).hex()
        made["hashes"] = [{"alg": algorithm.upper().replace("SHA", "SHA-"), "content": content}]
        parts.append(made)
    return parts


def part(kind: str, name: str, version: str, licence: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "library",
        "bom-ref": f"pkg:{kind}/{name.replace('@', '%40')}@{version}",
        "name": name,
        "version": version,
        "purl": f"pkg:{kind}/{name.replace('@', '%40')}@{version}",
    }
    if licence:
        made["licenses"] = [{"expression": licence}]
    return made


def main() -> int:
    version = metadata.version(ROOT_PACKAGE)
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": part("pypi", ROOT_PACKAGE, version, "MIT") | {"type": "application"}},
        "components": [*python_parts(), *page_parts()],
    }
    json.dump(bill, sys.stdout, indent=2)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
