.DEFAULT_GOAL := help
.PHONY: help setup setup-serving setup-other check-venv check-optional run test test-slow test-nightly test-debian13 lint typecheck format docs lock clean
.DELETE_ON_ERROR:
# `make -j clean setup` must not remove what it creates.
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SERVING_READY := .venv-serving/.ready
OTHER_READY := .venv-other/.ready
LOCKS := requirements/python3.10.lock requirements/python3.12.lock requirements/python3.12.overrides
SETUP := .ci/pythons.sh .ci/check_requirements.py setup.py $(LOCKS)
SOURCES := .ci/check_requirements.py schemas components pipeline tests setup.py $(wildcard benchmarks)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

setup: $(READY) ## create .venv from a lock (other targets do this if necessary)

$(READY): .ci/bootstrap $(SETUP) | check-venv
	@.ci/bootstrap

# Before every use of .venv: it may have been made for another Python than TWOTOWER_PYTHON names, or
# on another machine.
check-venv:
	@.ci/bootstrap check

setup-serving: $(SERVING_READY) ## create .venv-serving, an older TensorFlow that loads exported models

# A newer .venv is no reason to recreate these two.
$(SERVING_READY): requirements/serving.lock .ci/bootstrap-serving | $(READY) check-optional
	@.ci/bootstrap-serving

setup-other: $(OTHER_READY) ## create .venv-other with the version set that .venv does not contain

$(OTHER_READY): .ci/bootstrap-other $(SETUP) | $(READY) check-optional
	@.ci/bootstrap-other

check-optional: $(READY)
	@.ci/bootstrap-serving check
	@.ci/bootstrap-other check

# Options of the command, for example `make run OPTIONS="--set train.max_epochs=3"`.
OPTIONS =
run: $(READY) ## write the demo log and run the whole pipeline on it
	@$(BIN)/twotower init --demo data/demo --force
	@$(BIN)/twotower run data/demo/demo.yaml $(OPTIONS)

PYTEST = $(BIN)/python -m pytest --numprocesses=2 --dist=loadscope
# To trace lines takes about a third more time on Python 3.10.
COVERAGE =
test: $(READY) ## run the fast tests (COVERAGE=--cov prints their coverage)
	$(PYTEST) $(COVERAGE)

test-slow: $(READY) $(SERVING_READY) ## run the tests that run whole pipelines
	$(PYTEST) -m 'slow and not nightly'

test-nightly: $(READY) $(SERVING_READY) $(OTHER_READY) ## run the longest tests
	$(PYTEST) -m nightly

test-debian13: ## run TARGETS (setup test run) in a Debian 13 tree; needs root and debootstrap
	@.ci/test-debian13 $(TARGETS)

lint: $(READY) ## check style and formatting
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

typecheck: $(READY) ## check types
	$(BIN)/mypy
	$(BIN)/mypy --no-warn-unused-configs .ci/check_requirements.py

format: $(READY) ## format the source and apply safe fixes
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

docs: $(READY) ## generate docs/configuration.md from the settings
	$(BIN)/python -m pipeline.config.document > docs/configuration.md.new
	@mv docs/configuration.md.new docs/configuration.md

COMPILE = $(BIN)/uv pip compile --no-python-downloads --no-emit-index-url --no-emit-find-links \
  --custom-compile-command "make lock" --quiet

# The platform is the oldest on which a set is installed. scann depends on `tensorflow`;
# tensorflow-cpu installs the same files.
lock: $(BIN)/uv ## solve all locks again (keeps what still fits)
	$(COMPILE) setup.py --extra dev --python-version 3.10 --python-platform x86_64-manylinux_2_35 \
	  -o requirements/python3.10.lock
	$(COMPILE) setup.py --extra dev --python-version 3.12 --python-platform x86_64-manylinux_2_39 \
	  --override requirements/python3.12.overrides -o requirements/python3.12.lock
	$(COMPILE) requirements/serving.in --python-version 3.10 --no-emit-package tensorflow \
	  -o requirements/serving.lock

# Not $(READY): set-up fails while the lock contradicts setup.py, and this target resolves that.
$(BIN)/uv:
	@.ci/bootstrap

clean: ## remove the environments and caches; keeps runs/ and data/
	rm -rf $(VENV) .venv-serving .venv-other build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find schemas components pipeline tests -name __pycache__ -prune -exec rm -rf {} +
