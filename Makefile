# From a bare checkout: `make demo` or `make test`; each does its own set-up in .venv first.
# `make test` takes minutes and guards behaviour; `make test-slow` is the rest.
# Needs Python 3.11 with its venv module; everything else comes from pip, in the versions of constraints.txt.

PYTHON := $(shell for p in python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
BIN := .venv/bin
STAMP := .venv/.installed
CORES := $(shell nproc)
# Whole runs of tests for each worker: what the tests of a module share is then made once, not once by every worker.
DIST := --dist worksteal
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check

.PHONY: setup demo test test-slow lint kernels format bench evidence evidence-release clean

setup: kernels

demo: kernels
	$(BIN)/swaptwin demo

test: $(STAMP)
	@$(MAKE) --no-print-directory --jobs=2 lint kernels
	$(BIN)/python -m pytest -q -n $(CORES) $(DIST) -m "not slow"

# With more examples for every test that hypothesis feeds.
test-slow: kernels
	$(BIN)/python -m pytest -q -n $(CORES) $(DIST) -m "slow or hypothesis" --hypothesis-profile slow

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Compiles all kernels once for each state of the sources: minutes then, a moment otherwise.
kernels: $(STAMP)
	@$(BIN)/python -m agents.compile_kernels

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP)
	$(BIN)/swaptwin bench

# Without build isolation, so that the build tool too is the pinned one.
$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "error: Python 3.11 is needed and was not found (python3.11 or python3); on Debian 12: apt install python3.11-venv" >&2; exit 1; }
	@$(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@echo "setting up .venv (a few minutes the first time)"
	@$(PIP) install -c constraints.txt setuptools
	@$(PIP) install -c constraints.txt --no-build-isolation -e '.[viewer,envs,train,dataset,tune,report,cluster,dev]'
	@touch $@

# The swaps of the README's tables, 40 seeds a set, and the docking drives; goes on where it stopped.
evidence: kernels
	$(BIN)/python -m tests.evidence

# Hours: the seven parts of `python -m tests.evidence --help`, of 200 seeds a set; at its end it names the other tools.
evidence-release: kernels
	$(BIN)/python -m tests.evidence --release

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
