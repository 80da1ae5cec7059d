"""The documentation as a site: it builds strictly, and nothing in it asks another host."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

LIMIT_SEC = 120.0

# What a browser fetches by itself: a link that somebody follows is none.
_FETCHED = re.compile(r'<(?:script|img|iframe|source|link)\b[^>]*?\b(?:src|href)="(https?:)?//[^"]*"')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make docs` does, but for the script that draws diagrams."""
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_SEC, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_no_page_fetches_anything_from_another_host(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert _FETCHED.search(re.sub(r'<link rel="canonical"[^>]*>', "", text)) is None, page.name
        assert "Content-Security-Policy" in text, page.name


def test_plots_and_files_from_outside_the_pages_are_on_the_site(site: Path) -> None:
    text = (site / "benchmarks.html").read_text(encoding="utf-8")
    [plot] = re.findall(r'src="([^"]+/clock\.png)"', text)
    assert (site / plot).is_file()
    assert (site / "changelog.html").is_file()
    assert 'href="security.html"' in (site / "changelog.html").read_text(encoding="utf-8")
