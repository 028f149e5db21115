.DEFAULT_GOAL := help
.PHONY: help setup setup-serving run test test-slow lint typecheck format docs lock clean
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SERVING_VENV := .venv-serving
SERVING_READY := $(SERVING_VENV)/.ready
SOURCES := schemas components pipeline tests setup.py $(wildcard benchmarks)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

setup: $(READY) ## create .venv from requirements.lock (other targets do this if necessary)

$(READY): requirements.lock setup.py .ci/bootstrap
	@.ci/bootstrap

setup-serving: $(SERVING_READY) ## create .venv-serving, an older TensorFlow that loads exported models

# Uses the uv and the Python of .venv; a newer .venv is no reason to recreate this one.
$(SERVING_READY): requirements-serving.lock | $(READY)
	@echo "set-up: creating $(SERVING_VENV) from $< (1.1 GB on disk)" >&2
	@rm -rf $(SERVING_VENV)
	@$(BIN)/uv venv --quiet --no-project --python $(BIN)/python $(SERVING_VENV)
	@$(BIN)/uv pip sync --quiet --no-build --python $(SERVING_VENV)/bin/python $<
	@touch $@

run: $(READY) ## write the demo log and run the whole pipeline on it
	@$(BIN)/python -m pipeline.demo data/demo
	@$(BIN)/twotower run pipeline/configs/demo.yaml

# Tracing lines takes about a third more time on Python 3.10: `make test COVERAGE=` leaves it out.
COVERAGE = --cov --cov-report=term:skip-covered
test: $(READY) ## run the fast tests and print their coverage
	$(BIN)/python -m pytest --numprocesses=2 --dist=loadscope $(COVERAGE)

test-slow: $(READY) $(SERVING_READY) ## run the tests that run whole pipelines
	$(BIN)/python -m pytest -m slow --numprocesses=2 --dist=loadscope

lint: $(READY) ## check style and formatting
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

typecheck: $(READY) ## check types
	$(BIN)/mypy

format: $(READY) ## format the source and apply safe fixes
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

docs: $(READY) ## generate docs/configuration.md from the settings
	$(BIN)/python -m pipeline.config.document > docs/configuration.md.new
	@mv docs/configuration.md.new docs/configuration.md

COMPILE = $(BIN)/uv pip compile --python-version 3.10 --no-emit-index-url --no-emit-find-links \
  --custom-compile-command "make lock" --quiet

# scann depends on `tensorflow`; tensorflow-cpu installs the same files.
lock: $(BIN)/uv ## solve both locks again (keeps what still fits)
	$(COMPILE) setup.py --extra dev -o requirements.lock
	$(COMPILE) requirements-serving.in --no-emit-package tensorflow -o requirements-serving.lock

# Not $(READY): set-up fails while the lock contradicts setup.py, and this target resolves that.
$(BIN)/uv:
	@.ci/bootstrap

clean: ## remove the environments and caches; keeps runs/ and data/
	rm -rf $(VENV) $(SERVING_VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find schemas components pipeline tests -name __pycache__ -prune -exec rm -rf {} +
