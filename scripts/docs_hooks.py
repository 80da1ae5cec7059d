"""What MkDocs does beside mkdocs.yml: pages and files from outside docs/, and links that hold in both places.

Pages link to each other and to files of the repository as a repository browser wants it: relative to where
they lie. On the site the same links lead to copies: what lies outside docs/ is put under files/, three pages
get a name of their own, and a link to a folder without a README becomes plain text. A link to nothing stays
as it is, for `--strict` to find.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
DOCS = "docs"

# Pages of the repository's root, by the name they have on the site.
ROOT_PAGES = {
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "reporting.md": "SECURITY.md",
}
# Files that every page needs. `make docs` fetches the script; a build without it shows diagrams as text.
ASSETS = {
    "assets/icon.svg": "web/public/icon.svg",
    "assets/mermaid.min.js": ".make/mermaid.min.js",
}
COPIES = "files"

_LINK = re.compile(
    r'(?P<head>!?\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\()(?P<target>[^)\s]+)(?P<tail>(?:\s+"[^"]*")?\))'
)
_FENCE = re.compile(r"^ *(```|~~~).*?^ *\1\s*$", re.MULTILINE | re.DOTALL)
_SCHEME = re.compile(r"^([a-z][a-z+.-]*:|#|/)", re.IGNORECASE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Patterns in the navigation become the pages that fit and are not named beside them."""
    if config.nav is not None:
        config.nav = expand(config.nav, named_in(config.nav))
    return config


def named_in(entries: list[Any]) -> set[str]:
    found: set[str] = set()
    for entry in entries:
        for value in entry.values() if isinstance(entry, dict) else [entry]:
            found |= named_in(value) if isinstance(value, list) else {value}
    return found


def expand(entries: list[Any], named: set[str]) -> list[Any]:
    expanded: list[Any] = []
    for entry in entries:
        if isinstance(entry, dict):
            expanded.append(
                {
                    title: expand(value, named) if isinstance(value, list) else value
                    for title, value in entry.items()
                }
            )
        elif "*" in entry:
            pages = sorted(path.relative_to(ROOT / DOCS).as_posix() for path in (ROOT / DOCS).glob(entry))
            expanded += [page for page in pages if page not in named]
        else:
            expanded.append(entry)
    return expanded


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    for uri, source in {**ROOT_PAGES, **ASSETS}.items():
        if (ROOT / source).is_file():
            files.append(File.generated(config, uri, abs_src_path=str(ROOT / source)))
    for source in sorted(linked_files(files)):
        files.append(File.generated(config, f"{COPIES}/{source}", abs_src_path=str(ROOT / source)))
    return files


def linked_files(files: Files) -> set[str]:
    """Files outside docs/ that some page links to, by their path in the repository."""
    found: set[str] = set()
    for file in files.documentation_pages():
        source = source_of(file.src_uri)
        text = _FENCE.sub("", (ROOT / source).read_text(encoding="utf-8"))
        for match in _LINK.finditer(text):
            path = resolve(source, match["target"])
            if path and is_copied(path):
                found.add(path)
    return found


def is_copied(path: str) -> bool:
    return (
        not path.startswith((f"{DOCS}/", "../"))
        and path not in ROOT_PAGES.values()
        and (ROOT / path).is_file()
    )


def source_of(uri: str) -> str:
    """Where a page of the site lies in the repository."""
    return ROOT_PAGES.get(uri, f"{DOCS}/{uri}")


def resolve(source: str, target: str) -> str:
    """The repository path a link leads to, "" for what is no path."""
    if _SCHEME.match(target):
        return ""
    path = target.partition("#")[0]
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), path))


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    return outside_fences(markdown, lambda text: relink(text, page.file.src_uri))


def outside_fences(markdown: str, change: Callable[[str], str]) -> str:
    """The text with everything changed but its fenced blocks."""
    parts, end = [], 0
    for fence in _FENCE.finditer(markdown):
        parts += [change(markdown[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, change(markdown[end:])])


def relink(text: str, uri: str) -> str:
    source = source_of(uri)

    def change(match: re.Match[str]) -> str:
        target = match["target"]
        path = resolve(source, target)
        site_path = path_on_site(path) if path else None
        if site_path is None:
            return (
                match[0]
                if not path or path.startswith(f"{DOCS}/") or not (ROOT / path).exists()
                else match["text"]
            )
        _, hash_mark, anchor = target.partition("#")
        relative = posixpath.relpath(site_path, posixpath.dirname(uri) or ".")
        return f"{match['head']}{relative}{hash_mark}{anchor}{match['tail']}"

    return _LINK.sub(change, text)


def path_on_site(path: str) -> str | None:
    """Where a path of the repository is on the site, as MkDocs names sources; None when it is nowhere."""
    for uri, source in ROOT_PAGES.items():
        if path == source:
            return uri
    if path == "README.md":
        return "README.md"
    if path == DOCS or path.startswith(f"{DOCS}/"):
        inside = posixpath.relpath(path, DOCS)
        return posixpath.normpath(f"{inside}/README.md") if (ROOT / path).is_dir() else inside
    return f"{COPIES}/{path}" if is_copied(path) else None
