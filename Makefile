# From a bare checkout: `make demo` or `make test`; each does its own set-up in .venv first.
# Needs Python 3.11 with its venv module; everything else comes from pip, in the versions of constraints.txt.

PYTHON := $(shell for p in python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
BIN := .venv/bin
STAMP := .venv/.installed
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check

.PHONY: setup demo test lint kernels format bench evidence clean

setup: kernels

demo: kernels
	$(BIN)/swaptwin demo

test: $(STAMP)
	@$(MAKE) --no-print-directory --jobs=2 lint kernels
	$(BIN)/python -m pytest -q -n 2

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
	@$(PIP) install -c constraints.txt --no-build-isolation -e '.[viewer,envs,train,dev]'
	@touch $@

# Slow: hundreds of swaps. Goes on where it stopped; remove tests/evidence/*.jsonl to start afresh.
evidence: $(STAMP)
	for station in top_lift chassis; do for parking in guided unguided; do \
		$(BIN)/python -m tests.evidence.campaign $$station $$parking || exit 1; done; done
	$(BIN)/python -m tests.evidence.phases > docs/phases.md
	$(BIN)/python -m tests.evidence.readme
	$(BIN)/python -m tests.evidence.agreement

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
