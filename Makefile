# One command each; every target sets up what it needs in .venv on a machine that has Python 3.11 and make.
.PHONY: setup test demo check bench clean

VENV := .venv
RUN := $(VENV)/bin
STAMP := $(VENV)/.derive-installed

# The first Python that is new enough and runs (a pyenv shim may stand there and not run).
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3.14 python3; do \
	if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$name; break; fi; done)

setup: $(STAMP)

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "derive needs Python 3.11 or newer and found none on PATH; install it, or call make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(RUN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make a virtual environment; on Debian or Ubuntu: apt install python3-venv"; exit 1; }
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

test: setup
	$(RUN)/python -m pytest -n auto

demo: setup
	$(RUN)/derive show softmax --wrt x
	$(RUN)/derive verify
	$(RUN)/derive check examples/softmax_student.md

# What has to be green before a change goes in; the import-direction test runs by name first, being the quickest to break.
check: setup
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/python -m pytest -q tests/test_imports.py
	$(RUN)/python -m pytest -n auto

bench: setup
	$(RUN)/python -m pytest -s -m '' benchmarks/bench_*.py

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
