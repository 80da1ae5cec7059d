"""Links between pages, and to pictures and files, as a repository browser follows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import ALL_PAGES, ROOT, anchors, links


def broken(page: Path) -> list[str]:
    """What the page links to that is not there; addresses of other hosts are not looked at."""
    found = []
    for target in links(page.read_text(encoding="utf-8")):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        is_there = goal.exists()
        if is_there and anchor and goal.suffix == ".md":
            is_there = anchor in anchors(goal.read_text(encoding="utf-8"))
        if not is_there:
            found.append(target)
    return found


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_a_link_to_nothing_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One two\n\n[a](#one-two) [b](#three) [c](gone.md)\n\n```\n[d](code.md)\n```\n")
    assert broken(page) == ["#three", "gone.md"]
