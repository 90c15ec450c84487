# Every command of the project. Needs python3 >= 3.11 and nothing else; `make` alone lists the targets.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: help demo test check soak fuzz format proto bench gpu-test gpu-bench clean

help:  ## list the targets
	@grep -E '^[a-z.-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

.venv: .venv/installed  ## the environment that runs the product

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "hinterland needs Python 3.11 or newer; set PYTHON=python3.x" >&2; exit 1; }
	@test -x $(BIN)/python || { echo "making .venv"; $(PYTHON) -m venv .venv; }
	@echo "installing hinterland and what it needs into .venv (a minute or two, once)"
	@$(PIP) -e .
	@$(BIN)/python -m compileall -q service kernels
	@$(BIN)/hinterland doctor --warm
	@touch $@

.venv/installed-dev: .venv/installed
	@echo "installing the developers' tools into .venv (once)"
	@$(PIP) -e '.[dev]'
	@touch $@

demo: .venv/installed  ## two real frames to a published panorama
	@$(BIN)/hinterland demo

test: .venv/installed-dev  ## the test suite
	@$(BIN)/python -m pytest -n $$(($$(nproc) + 1)) --dist worksteal  # some wait for processes of their own

check: .venv/installed-dev  ## formatting, lint, types, layers, the contract
	@$(BIN)/ruff format --check --diff .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python tests/contract check

format: .venv/installed-dev  ## rewrite the sources in the house format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

soak: .venv/installed-dev  ## 200 crashes of a service under load, and a check of its history
	@$(BIN)/python tests/soak.py

fuzz: .venv/installed-dev  ## 100 000 cases for the parsers of bytes from strangers
	@HINTERLAND_FUZZ_CASES=6000 $(BIN)/python -m pytest -n auto tests/fuzz

proto: .venv/installed-dev  ## generate service/hinterland/api/v1 from proto/
	@$(BIN)/python tests/contract generate

bench: .venv/installed-dev  ## the benchmarks; one JSON line a run in benchmarks/results, docs/performance.md
	@$(BIN)/python -m benchmarks

# On a GPU machine the interpreter that holds CuPy is used as it is: GPU_PYTHON=python3 make gpu-test
GPU_PYTHON ?= $(BIN)/python
gpu-test:  ## the kernels' tests on an NVIDIA GPU
	@PYTHONPATH=service:kernels:$$PYTHONPATH $(GPU_PYTHON) -m pytest tests/kernels -m cuda --run-cuda -p no:randomly

gpu-bench:  ## the kernels' benchmarks on an NVIDIA GPU
	@PYTHONPATH=service:kernels:.:$$PYTHONPATH $(GPU_PYTHON) -m benchmarks --backend cuda

clean:  ## remove what the other targets made
	@rm -rf .venv build
