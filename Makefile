PYTHON ?= python3
BIN := .venv/bin
VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' components/cross_account_access/__init__.py)
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
BUILD_python = "$(CURDIR)"/$(BIN)/uv build -q
BUILD_go = go mod tidy && go vet ./...

# The bytes of what is built hold no time but this. Outside of a clone it is hatchling's own default.
dist sbom: export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 1580601600)

.PHONY: up preview check check-lowest check-newest test engine lint docs sdks dist plugin sbom format release github-release

up: .venv/.ready ## deploy the dev stack on emulated accounts and prove the access
	@$(BIN)/python -m sandbox up --engine $(ENGINE)

preview: .venv/.ready ## show what `make up` would create: Pulumi's diff, and a table of each account
	@$(BIN)/python -m sandbox preview --engine $(ENGINE)

check: lint ## lint, check types, run the unit and component tests
	$(PYTEST) tests/unit tests/component

check-lowest: RESOLUTION = lowest-direct
check-newest: RESOLUTION = highest
check-lowest: .venv/.ready ## run the component and provider tests with the lowest versions that are supported
check-newest: .venv/.ready ## run the component and provider tests with the newest versions that are supported
check-lowest check-newest: check-%:
	@$(PYTHON) -m venv .venv-$*
	@grep -E '^(hypothesis|moto|pytest|pyyaml)' requirements-dev.txt | $(BIN)/uv pip install -q --upgrade \
	  --resolution $(RESOLUTION) --python .venv-$*/bin/python -e './components[cli]' -r -
	.venv-$*/bin/pytest -n auto --dist loadfile --no-loadscope-reorder tests/component

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
	$(if $(BUILD_$*),,$(error SDKS: $* must be one of nodejs, python, go))
	@for tool in pulumi $(firstword $(subst "$(CURDIR)"/,,$(BUILD_$*))); do command -v $$tool >/dev/null || \
	  { echo "$$tool is needed; leave $* out: make sdks SDKS='LANGUAGES'" >&2; exit 1; }; done
	@rm -rf $(SDK_FOLDER)/$* && pulumi package gen-sdk components/schema.json --language $* --out $(SDK_FOLDER)
	@cd $(SDK_FOLDER)/$* && $(BUILD_$*)

dist: .venv/.ready ## build the sdist and the wheel in dist/python, the same bytes for the same commit
	@rm -rf dist/python && $(BIN)/uv build -q --build-constraint constraints.txt \
	  --no-create-gitignore -o dist/python components

plugin: .venv/.ready ## pack the package as the plugin that the Pulumi CLI downloads, in dist/plugin
	@$(BIN)/python -m release.pack_plugin

# Python would list what is there beside the environment.
sbom: export PYTHONPATH =
sbom: dist ## list what the wheel and its tool bring along, in dist/sbom.cdx.json
	@$(BIN)/uv venv -q --clear --python $(BIN)/python dist/installed
	@$(BIN)/uv pip install -q --python dist/installed -c constraints.txt "$$(echo dist/python/*.whl)[cli]"
	@sed 's/^dynamic = .*/version = "$(VERSION)"/' \
	  components/pyproject.toml > dist/installed/pyproject.toml
	@$(BIN)/cyclonedx-py environment --validate --output-reproducible --mc-type library \
	  --pyproject dist/installed/pyproject.toml -o dist/sbom.cdx.json dist/installed/bin/python
	@rm -rf dist/installed

format: .venv/.ready ## format, and fix what ruff can fix
	$(BIN)/ruff check --fix-only -q . && $(BIN)/ruff format -q .

# The scripts read TAG from the environment, where make puts it: here it would become shell code.
release: .venv/.ready ## TAG=v0.1.0: check that all that is released agrees with the tag, and make it in dist/
	@$(BIN)/python -m release.prepare
	@$(MAKE) --no-print-directory dist plugin sbom
	@cp components/schema.json dist/
	@echo "Made what $$TAG publishes:"
	@ls dist/notes.md dist/python/* dist/plugin/* dist/sbom.cdx.json dist/schema.json

github-release: ## TAG=v0.1.0: publish dist/ as a release on GitHub
	@gh release create "$$TAG" --verify-tag --title "$$TAG" --notes-file dist/notes.md \
	  dist/python/* dist/plugin/* dist/sbom.cdx.json dist/schema.json

.venv/.ready: requirements.txt requirements-dev.txt constraints.txt components/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	@$(PYTHON) -m venv .venv && $(BIN)/pip install -q --disable-pip-version-check -c constraints.txt uv
	@$(BIN)/uv pip install -q -r requirements-dev.txt && touch $@
