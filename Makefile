# Works with make, a C compiler and Python 3.11 or newer; everything else comes from requirements.lock.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
LOCKED := $(VENV)/.locked
STAMP := $(VENV)/.installed
PYTEST_ARGS ?=
WORKERS ?= 2

.PHONY: help install demo check test bench docs lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' \
	  | while IFS=$$'\t' read -r name what; do printf '  make %-9s %s\n' "$$name" "$$what"; done

install: $(STAMP) ## the locked environment in .venv (nothing to do the second time)

# Two stamps: another lock rebuilds the environment, another pyproject.toml only installs ourselves again.
$(LOCKED): requirements.lock
	@if [ -z "$(PYTHON)" ]; then \
	  echo "No python3 found. Install Python 3.11 or newer, or say: make PYTHON=/path/to/python3.11" >&2; exit 1; fi
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is $$("$(PYTHON)" -V 2>&1), but 3.11 or newer is needed. Say: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	rm -rf $(VENV)
	"$(PYTHON)" -m venv $(VENV)
	$(PIP) install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m compileall -q $(VENV)/lib
	touch $@

$(STAMP): $(LOCKED) pyproject.toml
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q connector mappings schemas jobs
	touch $@

demo: $(STAMP) ## a simulated school arrives in portal.db
	$(BIN)/connector demo

bench: $(STAMP) ## how fast and how large, beside a bare loop: a table, kept (QUICK=1: a small one, not kept)
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick)

docs: $(STAMP) ## what is drawn from the code anew: tables and views, the life of a correction
	$(BIN)/python docs/draw_tables.py
	$(BIN)/python docs/draw_corrections.py

check: $(STAMP) ## style, types and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: $(STAMP) ## the whole suite, on SQLite and on a real PostgreSQL
	$(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_ARGS)

lock: ## requirements.lock anew from pyproject.toml (needs uv; UPGRADE=1 takes the newest versions)
	@command -v uv >/dev/null || { echo "make lock needs uv on the PATH: python3 -m pip install uv" >&2; exit 1; }
	uv pip compile --universal --python-version 3.11 --extra dev --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) --quiet --output-file requirements.lock pyproject.toml

clean: ## what the other targets made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find connector mappings schemas jobs tests -name __pycache__ -type d -prune -exec rm -rf {} +
