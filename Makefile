# Two commands set everything up by themselves: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOWEST := .venv-lowest
JUDGES := .venv-judges

# As users have it: else each of the tests' many processes compiles the whole program anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-lowest judges check format docs bench faults clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

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

# Three processes, each with whole files: most tests wait for others most of the time.
PARALLEL ?= -n 3 --dist loadfile

test: $(VENV)/dev ## set up and run all tests
	$(BIN)/python -m pytest $(PARALLEL) $(TESTS)

# The lowest version of everything that pyproject.toml names, in an environment of its own.
$(LOWEST)/dev: pyproject.toml .ci/lowest.py
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(LOWEST)/bin/python .ci/lowest.py > $(LOWEST)/lowest.txt
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check --constraint $(LOWEST)/lowest.txt --editable '.[uvloop]' --group test-crawls
	@touch $@

test-lowest: $(LOWEST)/dev ## run the tests of crawls with the lowest supported versions
	$(LOWEST)/bin/python -m pytest -q tests/integration/test_verbatim.py tests/integration/test_connections.py tests/integration/test_politeness.py tests/integration/test_demo_crawl.py

# Indexers that cannot share an environment with ours: the tests hear them where they are.
$(JUDGES)/done: Makefile
	$(PYTHON) -m venv $(JUDGES)
	$(JUDGES)/bin/python -m pip install --quiet --disable-pip-version-check 'pywb==2.10.*' 'cdxj-indexer==1.5.*' 'memento_client==0.6.*' 'wacz==0.6.*' 'setuptools<81'
	@touch $@

judges: $(JUDGES)/done ## set up pywb, another indexer, a Memento client and py-wacz as further judges

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
	$(BIN)/python benchmarks/extraction.py
	$(BIN)/python benchmarks/discovery.py
	$(BIN)/python benchmarks/daemon.py
	$(BIN)/python benchmarks/storage.py
	$(BIN)/python benchmarks/storage.py --faults
	$(BIN)/python benchmarks/duplicates.py
	$(BIN)/python benchmarks/revisions.py
	$(BIN)/python benchmarks/replay.py
	$(BIN)/python benchmarks/rechecks.py
	$(BIN)/python benchmarks/fleet.py

faults: $(VENV)/dev ## kill, starve and cut off a thousand crawls; writes benchmarks/results.md
	$(BIN)/python benchmarks/faults.py $(FAULTS)

clean: ## remove what setting up made
	rm -rf $(VENV) $(LOWEST) $(JUDGES) .mypy_cache .ruff_cache .pytest_cache
