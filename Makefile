# Each target sets up what it needs: Python 3.11 or later and make are enough.
# PYTHON=python3.13 on the command line takes that Python and a folder of its own, .venv-3.13.

VENV := $(if $(PYTHON),.venv-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null),.venv)
PY := $(VENV)/bin/python
READY := $(VENV)/.toolreel
WORKERS := -n auto --maxprocesses 8

.PHONY: help test soak demo lint types format build lock schema pages bench clean FORCE

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

test: $(READY) ## run the tests (ARGS="…" goes to pytest)
	$(PY) -m pytest $(WORKERS) -m "not soak" $(ARGS)

soak: $(READY) ## run the long counts
	$(PY) -m pytest -m soak $(ARGS)

demo: $(READY) ## record a conversation, replay it, look at it; no network, no key
	$(VENV)/bin/toolreel demo

lint: $(READY) ## ruff: rules and format
	$(PY) -m ruff check
	$(PY) -m ruff format --check

types: $(READY) ## mypy, strict: the package, then tests and tools
	$(PY) -m mypy -p toolreel
	$(PY) -m mypy tests .ci/wheel_smoke.py $(wildcard bench/*.py)

format: $(READY) ## ruff: repair what it can, and format
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

build: $(READY) ## sdist and wheel into dist/
	rm -rf build dist
	$(PY) -m build --no-isolation

lock: ## write .ci/lock anew (LOCK_FLAGS=--upgrade: take the newest of everything)
	sh .ci/relock "$$(sh .ci/python $(PYTHON))" $(LOCK_FLAGS)

schema: $(READY) ## write the published descriptions in docs anew
	$(PY) -m toolreel.store.schema > docs/cassette.schema.json
	$(PY) -m toolreel.server.openapi > docs/control.openapi.json

pages: $(READY) ## run the commands in docs/ again, and write down what they say
	$(PY) -m tests.docs.food
	$(PY) -m tests.docs.pages

bench: $(READY) ## measure beside peers and floors, write docs/benchmarks.* (ARGS="--quick": try it)
	$(PY) -m bench $(ARGS)

clean: ## remove what building and checking left; the virtual environments stay
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name '.venv*' -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment knows the checkout it was made for: a copied or moved one gets its own.
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
$(READY): FORCE
endif
$(READY): .ci/lock/build.txt .ci/lock/dev.txt pyproject.toml .ci/setup
	@sh .ci/setup $(VENV) $(PYTHON)
