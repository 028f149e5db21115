.DEFAULT_GOAL := help
.PHONY: help setup run test test-slow lint typecheck format lock clean
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SOURCES := schemas components pipeline tests setup.py $(wildcard benchmarks)

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: $(READY) ## make .venv from requirements.lock (the other targets do this where needed)

$(READY): requirements.lock setup.py .ci/bootstrap
	@.ci/bootstrap

run: $(READY) ## write the demo log and run the whole pipeline on it
	@$(BIN)/python -m pipeline.demo data/demo
	@$(BIN)/twotower run pipeline/configs/demo.yaml

test: $(READY) ## run the fast tests
	$(BIN)/python -m pytest --numprocesses=2 --dist=loadscope

test-slow: $(READY) ## run the tests that run whole pipelines
	$(BIN)/python -m pytest -m slow

lint: $(READY) ## check style and formatting
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

typecheck: $(READY) ## check types
	$(BIN)/mypy

format: $(READY) ## format the source and apply safe fixes
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

lock: $(BIN)/uv ## solve requirements.lock again from setup.py (keeps what still fits)
	$(BIN)/uv pip compile setup.py --extra dev --python-version 3.10 --no-emit-index-url \
	  --no-emit-find-links --custom-compile-command "make lock" --quiet -o requirements.lock

# Not $(READY): set-up fails while the lock does not fit setup.py, which is when it is solved again.
$(BIN)/uv:
	@.ci/bootstrap

clean: ## remove the environment and caches; keeps runs/ and data/
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find schemas components pipeline tests -name __pycache__ -prune -exec rm -rf {} +
