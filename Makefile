PYTHON ?= python3
BIN := .venv/bin
PROGRAMS := components/__main__.py $(wildcard examples/*/__main__.py examples/*/*/__main__.py)

.PHONY: up preview test docs format

up: .venv/.ready ## deploy the dev stack on emulated accounts and prove the access
	@$(BIN)/python -m sandbox up

preview: .venv/.ready ## tell what `make up` would make
	@$(BIN)/python -m sandbox preview

test: .venv/.ready ## lint, check types, run every test
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy .
	for program in $(PROGRAMS); do $(BIN)/mypy $$program || exit 1; done
	$(BIN)/pytest -n auto

docs: .venv/.ready ## write the pages that come from the code, and the API reference into docs/api
	@PYTHONPATH=. $(BIN)/python docs/generate.py

format: .venv/.ready ## format and mend what ruff can
	$(BIN)/ruff check --fix-only -q . && $(BIN)/ruff format -q .

.venv/.ready: requirements.txt requirements-dev.txt constraints.txt components/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	@$(PYTHON) -m venv .venv && $(BIN)/pip install -q --disable-pip-version-check uv
	@$(BIN)/uv pip install -q -r requirements-dev.txt && touch $@
