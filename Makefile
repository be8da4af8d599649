# Each target sets up what it needs, pinned by lock files, and finds it done the next time.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
BIN := .venv/bin
PANEL := server/tapelens/web/page/panel.js
ON_A_NEWER_PYTHON := tests/sessions tests/e2e/test_seed_numbers.py tests/e2e/test_same_program.py
TWO_AT_ONCE := -n 2 --dist loadfile
PANEL_SOURCES := $(shell find client/panel client/protocol -type f -not -name '*.test.ts' 2>/dev/null)

.PHONY: help demo test test-matrix test-laws test-sound check bench package pictures generate
help:  ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

demo: .venv/.ready $(PANEL)  ## the seed notebook's story, in a terminal and in a browser page
	@if [ -t 1 ]; then exec $(BIN)/tapelens demo --serve; else exec $(BIN)/tapelens demo; fi

test: check browser interpreter  ## everything: checks, the panel's unit tests, then pytest with the real browser and workbench
	@npm test --silent
	@newer=$$($(BIN)/python tests/interpreters/newer.py) && if [ -n "$$newer" ]; then \
	  echo "programs on $$newer:" && TAPELENS_TEST_DEBUGGEE=$$newer $(BIN)/python -m pytest -q $(TWO_AT_ONCE) $(ON_A_NEWER_PYTHON); fi
	@$(BIN)/python -m pytest -q $(TWO_AT_ONCE)

test-matrix: .venv/.ready $(PANEL)  ## the suites that an interpreter can change, on Python 3.10 to 3.13 and the oldest torch
	@$(BIN)/python tests/interpreters/matrix.py

test-laws: build/laws/packages/.ready  ## every program of the law corpus and models of transformers, written to docs/evidence.md (half an hour)
	@$(BIN)/python tests/laws/evidence.py

test-sound: build/sound/site-packages/.ready  ## faults put into sound programs, and real libraries' own loops, under all rules
	@$(BIN)/python tests/mutations/evidence.py
	@$(BIN)/python tests/sound/evidence.py

check: .venv/.ready node_modules/.ready $(PANEL)  ## lint, formats, types, import contracts, generated files
	@mkdir -p build
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/basedpyright --level error | grep -v '^0 errors' || test $${PIPESTATUS[0]} -eq 0
	@$(BIN)/lint-imports --no-cache > build/imports.log || { cat build/imports.log; exit 1; }
	@$(BIN)/python -m tapelens.wire.generate --check
	@$(BIN)/python -m tapelens.report.pages --check
	@npm run check --silent

bench: .venv/.ready $(PANEL)  ## ratios against peers in one run, written to docs/performance.md
	@$(BIN)/python benchmarks/run.py

package: .venv/.ready node_modules/.ready $(PANEL)  ## build/tapelens-VERSION.vsix and the wheel, for every platform
	@npm run package --silent
	@$(BIN)/python -m hatchling build -d build/dist

pictures:  ## docs/pictures from what the last make test painted: look at them before you commit
	@cp build/pictures/page/1200x700-light.png docs/pictures/page-light.png
	@cp build/pictures/workbench/paused.png docs/pictures/vscode-paused.png

generate: .venv/.ready  ## client/protocol from server/tapelens/wire, docs/rules from the rules' own pages
	@$(BIN)/python -m tapelens.wire.generate
	@$(BIN)/python -m tapelens.report.pages

.PHONY: browser interpreter
interpreter: .venv/.ready
	@$(BIN)/python tests/interpreters/provide.py

browser: .venv/.ready node_modules/.ready
	@$(BIN)/python tests/e2e/workbench/install.py

.venv/.ready: requirements.lock pyproject.toml
	@mkdir -p build
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null \
	  || { echo "tapelens needs Python 3.10 or newer: install it, or name one with make PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
	  || { echo "Python has no venv module here: install it (Debian: apt-get install python3-venv), then run make again."; exit 1; }
	@echo "setting up .venv (once, a few minutes: torch is large) ..."
	@rm -rf .venv && $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock 2> build/pip.log \
	  || { cat build/pip.log; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . 2>> build/pip.log \
	  || { cat build/pip.log; exit 1; }
	@touch $@

# Beside .venv, in the folder of the target: what the lock file named last among its needs pins.
define install_beside
	@mkdir -p $(dir $(@D))
	@rm -rf $(@D)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(@D) \
	  -r $(lastword $^) 2> $(dir $(@D))pip.log || { cat $(dir $(@D))pip.log; exit 1; }
	@touch $@
endef

build/laws/packages/.ready: .venv/.ready tests/laws/requirements.lock
	$(install_beside)

build/sound/site-packages/.ready: .venv/.ready tests/sound/requirements.lock
	$(install_beside)

node_modules/.ready: package-lock.json package.json
	@node -e 'process.exit(+process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null \
	  || { echo "tapelens needs Node 20 or newer to build its panel: install it, then run make again."; exit 1; }
	@echo "setting up node_modules (once) ..."
	@npm ci --silent --no-audit --no-fund
	@touch $@

$(PANEL): node_modules/.ready $(PANEL_SOURCES)
	@npm run build:panel --silent
	@touch $@
