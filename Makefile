# Two commands set everything up by themselves: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test check format docs bench clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'

# The core alone: all that the demo needs.
$(VENV)/core: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# The core, what the tests need and what the checks need.
$(VENV)/dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[postgres]' --group test --group check
	@touch $@ $(VENV)/core

demo: $(VENV)/core ## set up, crawl the bundled outlet twice, then serve replay until Ctrl-C
	$(BIN)/archiver demo $(DEMO)

test: $(VENV)/dev ## set up and run all tests
	$(BIN)/python -m pytest $(TESTS)

check: $(VENV)/dev ## style, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/dev ## put the code into its style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/dev ## write docs/reference anew from the code
	$(BIN)/python -m archiver.cli.reference docs/reference

bench: $(VENV)/dev ## measure beside peers; writes benchmarks/results.md (needs nginx, wget, curl)
	$(BIN)/python benchmarks/capture.py $(BENCH)

clean: ## remove what setting up made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
