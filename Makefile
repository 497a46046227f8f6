# Everything runs from .venv, which `make setup` makes. `make` alone prints the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

UV := 0.13.9
FITS := import sys; assert (3, 11) <= sys.version_info[:2] <= (3, 12)
# the first that fits: `python3` may be another version, or missing where `python3.11` is there
ifeq ($(origin PYTHON),undefined)
PYTHON := $(shell for p in python3 python3.12 python3.11; do \
  if "$$p" -c '$(FITS)' 2>/dev/null; then command -v "$$p"; exit; fi; done; echo python3)
endif
UI_PORT ?= 5000
PREFECT_PORT ?= 4200
# more arguments for pytest: make test PYTEST_ARGS="-k store"
PYTEST_ARGS ?=

# stages are started as `python -m …`, and must find this environment's python first
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# compiled once and kept: where this is set, every stage would compile torch and the rest again, 10 s each
export PYTHONDONTWRITEBYTECODE :=
# nothing here reports to anybody
export DVC_NO_ANALYTICS := 1
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := 1
export GX_ANALYTICS_ENABLED := false
# weights and artefacts are data: MLflow must not unpickle what lies in its store
export MLFLOW_ALLOW_PICKLE_DESERIALIZATION ?= false
export PREFECT_SERVER_ANALYTICS_ENABLED := false
# torch's wheels are large: the default of 30 s without a byte is short on a slow line
export UV_HTTP_TIMEOUT ?= 300

.PHONY: help setup run test test-all check lock footage ui server worker deploy clean

help: ## print this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready ## make .venv with every package of requirements.lock (Python 3.11 or 3.12)

run: .venv/.ready ## set up, run the pipeline of the active tier, print the comparison
	@.venv/bin/python -m pipelines.run

# processes of tests side by side already fill the cores: threads of each would wait for those of the others, spinning
test test-all: export OMP_NUM_THREADS ?= 1

test: .venv/.ready ## the fast tests and one small run from end to end
	@.venv/bin/python -m pytest -n 2 --dist loadscope -m "not slow" $(PYTEST_ARGS)

test-all: .venv/.ready ## every test
	@.venv/bin/python -m pytest -n 2 --dist loadscope $(PYTEST_ARGS)

check: .venv/.ready ## style, types, the floors of the house, params.yaml
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python .ci/params.py

# for the older Python; tests/house/test_lock.py sees that the newer one needs nothing more
lock: .venv/.uv-$(UV) ## compile requirements.in into requirements.lock, with hashes
	.venv/bin/uv pip compile requirements.in --generate-hashes --no-emit-index-url --python-version 3.11 \
	  --no-header --quiet -o requirements.lock

footage: .venv/.ready ## fetch the ten-minute film Big Buck Bunny (CC-BY 3.0) into footage/
	@.venv/bin/python -m ntlbg.corpus.footage

ui: .venv/.ready ## look at the arms of the latest comparison at http://127.0.0.1:5000 (UI_PORT=… for another port)
	@.venv/bin/python -m pipelines.ui --port $(UI_PORT)

# Prefect's own files stay in this folder; another server is named by PREFECT_API_URL
server worker deploy: export PREFECT_HOME ?= $(CURDIR)/.ntlbg/prefect
worker deploy: export PREFECT_API_URL ?= http://127.0.0.1:$(PREFECT_PORT)/api

server: .venv/.ready ## start the Prefect server on this machine alone, http://127.0.0.1:4200 (PREFECT_PORT=…)
	@.venv/bin/python -m prefect --no-prompt server start --host 127.0.0.1 --port $(PREFECT_PORT)

worker: .venv/.ready ## start a worker, which runs what is scheduled or asked for
	@.venv/bin/python -m prefect --no-prompt worker start --pool ntlbg --type process

deploy: .venv/.ready ## tell the server the nightly run, the GPU's limit and how to notice dead runs
	@.venv/bin/python -m pipelines.deploy

clean: ## remove what stages wrote; .venv, the store, DVC's cache, MLflow's runs and tracked reports stay
	rm -rf data/corpus data/accepted data/frames data/features models/encoder models/answerer \
	  models/select models/joint models/full
	rm -rf reports/runs reports/validation data/.*.partial models/.*.partial reports/.*.partial reports/evaluation/.*.partial

# The environment, in two steps, so that `make lock` needs no package but uv.

.venv/.uv-$(UV):
	@$(PYTHON) -c '$(FITS)' 2>/dev/null || { \
	  echo "error: Python 3.11 or 3.12 is needed, and '$(PYTHON)' is $$($(PYTHON) --version 2>/dev/null || echo missing)" >&2; \
	  echo "hint: make setup PYTHON=/path/to/python3.11" >&2; exit 1; }
	@.venv/bin/python -c '$(FITS); import pip' 2>/dev/null || { echo "making .venv"; $(PYTHON) -m venv --clear .venv; }
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV)
	@touch $@

.venv/.ready: requirements.lock requirements.in pyproject.toml | .venv/.uv-$(UV)
	.venv/bin/uv pip sync --require-hashes --python .venv/bin/python requirements.lock
	.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .
	@touch $@
