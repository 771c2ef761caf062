PYTHON ?= python3
BIN := .venv/bin
# in-process: neither use the Pulumi CLI nor install it.
ENGINE ?= auto
PROGRAMS := components/__main__.py $(wildcard examples/*/__main__.py examples/*/*/__main__.py)
# A file's tests share what they deploy, so that a file goes to one worker. In the order of folders,
# for the engine's few and long files would come last otherwise, and one worker would wait for them.
PYTEST := $(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

# The languages of `make sdks`, and what builds each one's SDK.
SDKS ?= nodejs python go
SDK_FOLDER ?= dist/sdks
BUILD_nodejs = npm install --silent --no-audit --no-fund && npm run --silent build
BUILD_python = $(CURDIR)/$(BIN)/uv build -q
BUILD_go = go mod tidy && go vet ./...

.PHONY: up preview check test engine lint docs sdks format release github-release

up: .venv/.ready ## deploy the dev stack on emulated accounts and prove the access
	@$(BIN)/python -m sandbox up --engine $(ENGINE)

preview: .venv/.ready ## show what `make up` would create: Pulumi's diff, and a table of each account
	@$(BIN)/python -m sandbox preview --engine $(ENGINE)

check: lint ## lint, check types, run the unit and component tests
	$(PYTEST) tests/unit tests/component

test: lint ## lint, check types, run every test
	$(PYTEST)

engine: .venv/.ready ## run the tests that need the Pulumi CLI and its AWS plugin
	$(PYTEST) -m engine

lint: .venv/.ready ## lint and check types
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy .
	for program in $(PROGRAMS); do $(BIN)/mypy $$program || exit 1; done

docs: .venv/.ready ## update the generated parts of the pages, and build them as a site in site/
	@PYTHONPATH=.:components $(BIN)/python docs/generate.py
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build -q

sdks: $(SDKS:%=sdk-%) ## generate and build the SDKs of other languages, which need the Pulumi CLI

sdk-%: .venv/.ready
	@for tool in pulumi $(firstword $(subst $(CURDIR)/,,$(BUILD_$*))); do command -v $$tool >/dev/null || \
	  { echo "$$tool is needed; leave $* out: make sdks SDKS='LANGUAGES'" >&2; exit 1; }; done
	@rm -rf $(SDK_FOLDER)/$* && pulumi package gen-sdk components/schema.json --language $* --out $(SDK_FOLDER)
	@cd $(SDK_FOLDER)/$* && $(BUILD_$*)

format: .venv/.ready ## format, and fix what ruff can fix
	$(BIN)/ruff check --fix-only -q . && $(BIN)/ruff format -q .

# The scripts read TAG from the environment, where make puts it: here it would become shell code.
release: .venv/.ready ## TAG=v0.1.0: check that all that is released agrees with the tag, and make it in dist/
	@$(BIN)/python -m release.prepare
	@$(MAKE) dist sbom
	@cp components/schema.json dist/

github-release: ## TAG=v0.1.0: publish dist/ as a release on GitHub
	@gh release create "$$TAG" --verify-tag --title "$$TAG" --notes-file dist/notes.md \
	  dist/python/* dist/sbom.cdx.json dist/schema.json

.venv/.ready: requirements.txt requirements-dev.txt constraints.txt components/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	@$(PYTHON) -m venv .venv && $(BIN)/pip install -q --disable-pip-version-check -c constraints.txt uv
	@$(BIN)/uv pip install -q -r requirements-dev.txt && touch $@
