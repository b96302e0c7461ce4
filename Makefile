# From a bare checkout: `make demo` or `make test`; each does its own set-up in .venv first.
# Needs Python 3.11 with its venv module; everything else comes from pip, in the versions of constraints.txt.

PYTHON := $(shell for p in python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
BIN := .venv/bin
STAMP := .venv/.installed
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check

.PHONY: setup demo test lint format bench clean clean-kernels

setup: $(STAMP)

demo: $(STAMP)
	$(BIN)/swaptwin demo

test: lint
	$(BIN)/python -m pytest -q -n 2

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

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
	@$(PIP) install -c constraints.txt --no-build-isolation -e '.[dev]'
	@touch $@

# numba sees a change only in a kernel's own file, not in the kernels it calls from others.
clean-kernels:
	find twin envs agents tests \( -name '*.nbi' -o -name '*.nbc' \) -delete 2>/dev/null || true

clean: clean-kernels
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
