# Everything a contributor does, for machines with nothing but make and Python 3.11 or newer.
# Without make (Windows): pip install -e ".[dev]", then pytest, ruff check, ruff format --check, mypy sansnet tests

PYTHON ?= python3
VENV   ?= .venv
SEEDS  ?= 2000
JOBS   ?= 2

# A plain `pytest` runs one test after the other, which is what one wants to debug it.
PARALLEL ?= --numprocesses=auto --dist=loadfile --no-loadscope-reorder --durations=10

BIN     := $(VENV)/bin
VERSION := $(shell $(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null)
# Folders that hold Python today: mypy takes one that doesn't for a mistake.
TYPED   := hatch_build.py pytest_sansnet.py $(foreach dir,sansnet tests benchmarks docs examples tools,$(if $(wildcard $(dir)/*.py $(dir)/*/*.py),$(dir)))

# Many tests start processes of their own, each of which would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-compiled test-windows check check-model campaign format bench bench-guard coverage venv clean interpreter

help: ## print this list
	@echo "usage: make TARGET [PYTHON=python3.13]"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "%-13s %s\n", $$1, $$2 }'

demo: interpreter ## see it work: straight from the checkout, nothing to install
	@$(PYTHON) -m sansnet demo

# Who covers sansnet/state are its own tests; the others would only take three times as long under coverage.
test: $(VENV)/.has-dev ## run the test suite; tests/state must cover every branch of sansnet/state
	$(BIN)/python -m pytest --cov=sansnet/state --cov-branch --cov-fail-under=100 tests/state
	$(BIN)/python -m pytest $(PARALLEL) --ignore=tests/state

test-all: interpreter ## run the test suite on every other Python >= 3.11 of this machine
	@PYTHON='$(PYTHON)' MAKE='$(MAKE)' tools/test_all.sh $(PARALLEL)

test-compiled: $(VENV)/.has-dev ## run the test suite on a compiled build (SANSNET_COMPILE=1), made for the purpose
	tools/test_compiled.sh $(BIN)/python $(PARALLEL)

test-windows: interpreter ## run the tests that concern Windows on a Windows Python, under Wine
	@PYTHON='$(PYTHON)' tools/test_windows.sh

check: $(VENV)/.has-dev ## lint, formatting and types, the latter for Windows too
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy $(TYPED)
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32 sansnet

check-model: interpreter ## explore every state of our models, and say what was taken of the machines' tables
	@$(PYTHON) -m sansnet check --coverage
	@$(PYTHON) -m sansnet check pair_wide call_wide --jobs 2

campaign: interpreter ## play the mixed workload on the simulated network: SEEDS=100000, or SEEDS=5000:10000, JOBS=2
	@$(PYTHON) -m sansnet simulate tests.simulation.workload:mixed --seeds $(SEEDS) --jobs $(JOBS)

format: $(VENV)/.has-dev ## put the code into shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/.has-bench build/load ## run the benchmarks, beside whatever of the others can be had
	tools/bench_peers.sh
	$(MAKE) build/wheel || echo "No compiled build: it can't be made here."
	$(BIN)/python -m benchmarks

bench-guard: $(VENV)/.has-dev ## count instructions (needs valgrind) and fail where a path has become 5 % longer
	$(BIN)/python -m benchmarks.guard

coverage: $(VENV)/.has-dev ## measure the test suite over the whole package, without a threshold
	$(BIN)/python -m pytest $(PARALLEL) --cov --cov-report=term-missing --cov-report=html

venv: $(VENV)/.has-dev ## make or refresh the virtual environment

clean: ## remove what the other targets made
	rm -rf $(VENV) .venvs .windows build .coverage htmlcov dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# For the benchmarks, which leave a compiled build out that isn't of the sources that are there.
build/wheel: $(VENV)/.has-dev hatch_build.py pyproject.toml $(wildcard sansnet/*.py sansnet/*/*.py)
	tools/build_compiled.sh $(BIN)/python $@
	@touch $@

build/load: benchmarks/load.c
	@mkdir -p build
	$(CC) -std=c11 -O2 -Wall -Wextra -Wpedantic -o $@ $<

# The virtual environment. Its stamps name the interpreter's version, so PYTHON= makes it anew, and are older than a
# changed pyproject.toml, so that is installed anew.

interpreter:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "sansnet needs Python 3.11 or newer; '$(PYTHON)' is $(if $(VERSION),Python $(VERSION),not there, or does not run)." >&2; \
	  echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.13" >&2; exit 1; }

$(VENV)/.python-$(VERSION): | interpreter
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "'$(PYTHON)' cannot make a virtual environment: its modules venv and ensurepip are missing." >&2; \
	  echo "On Debian and Ubuntu: apt install python3-venv. Or name another one: make $(MAKECMDGOALS) PYTHON=python3.13" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.has-%: pyproject.toml $(VENV)/.python-$(VERSION)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@
