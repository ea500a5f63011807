# make demo    evaluate the example suites, offline
# make test    lint, types, import contracts, the whole test suite with coverage
# make bench   measure, and measure other tools beside it; writes benchmarks/RESULTS.md, benchmarks/peers/RESULTS.md
# make soak    100,000 cases, killed workers, killed runs; writes benchmarks/soak/RESULTS.md
# make fuzz    an hour of fuzzing for all readers of files and replies; MINUTES=... for another time
# make clean   remove what these made

PYTHON ?= python3
MINUTES ?= 60
VENV ?= .venv
BIN := $(VENV)/bin
# one more than there are processors, for many tests wait
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

# Tested apart: all that they import makes every look for garbage, in every other test, take half a second.
FRAMEWORKS := tests/unit/agents/frameworks tests/integration/test_frameworks.py

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test lint types check bench soak fuzz clean

demo: $(VENV)/.installed
	$(BIN)/pytest -p no:randomly --eval-suite example_suites  # in order, also where `make test` was first

test: lint types check

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: $(VENV)/.installed-dev
	$(BIN)/mypy

check: $(VENV)/.installed-dev
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(WORKERS) $(FRAMEWORKS:%=--ignore=%)
	$(BIN)/coverage run -m pytest -n $(WORKERS) $(FRAMEWORKS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

bench: $(VENV)/.installed-bench
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/run.py peers
	$(BIN)/python benchmarks/readme.py

soak: $(VENV)/.installed-dev
	PYTHONPATH=benchmarks $(BIN)/python -m soak --keep
	$(BIN)/python benchmarks/readme.py

fuzz: $(VENV)/.installed-fuzz
	$(BIN)/python benchmarks/fuzz.py --minutes $(MINUTES)

clean:
	rm -rf $(VENV) .fuzz .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .nox \
	  build dist .evalsuite benchmarks/.environments

$(VENV)/.pip:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'  # the first with --group
	touch $@

$(VENV)/.installed: $(VENV)/.pip pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[http,otel,schema]'  # for some of the example suites
	touch $@

$(VENV)/.installed-dev: $(VENV)/.pip pyproject.toml
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $@

$(VENV)/.installed-bench: $(VENV)/.pip pyproject.toml
	$(BIN)/python -m pip install --quiet --editable . --group bench
	touch $@

$(VENV)/.installed-fuzz: $(VENV)/.pip pyproject.toml
	$(BIN)/python -m pip install --quiet --editable . --group fuzz
	touch $@
